from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qpbae_tn.report.tables import html_table, interval, number


@pytest.mark.parametrize(
    ("value", "specification", "shown"),
    [
        (40700, ".3f", "40,700"),
        (np.int64(1000), ".4g", "1,000"),
        (2.0, ".1f", "2.0"),
        (np.float64(0.12345), ".4g", "0.1235"),
        (0.5, ".0%", "50%"),
        (np.bool_(True), ".4g", "yes"),
        (False, ".4g", "no"),
        (None, ".4g", ""),
        (float("nan"), ".4g", ""),
        ("text", ".4g", "text"),
    ],
)
def test_numbers_for_readers(value: object, specification: str, shown: str) -> None:
    assert number(value, specification) == shown


def test_a_value_without_an_interval_stands_alone() -> None:
    assert interval({"value": 0.5, "low": None, "high": None}, ".2f") == "0.50"
    assert interval({"value": 0.5, "low": 0.25, "high": 0.75}, ".2f") == "0.50 (0.25 to 0.75)"


def test_long_text_wraps_and_text_is_not_aligned_as_numbers() -> None:
    html = html_table(pd.DataFrame({"a": ["x", "y " * 30], "b": [1, 2]}))
    assert "<td class=text>x</td><td>1</td>" in html
    assert "<td class=long>y y" in html
