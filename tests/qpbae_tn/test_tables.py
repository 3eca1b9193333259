"""Rows as data frames and as CSV."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import numpy as np
import pandas

from qpbae_tn.tables import csv_text, flatten, frame, write_csv

ROWS = [
    {"P": 4, "auroc": {"value": 0.1 + 0.2, "low": None}, "name": 'a "b", c', "ok": True},
    {"P": 8, "auroc": {"value": 1.0, "low": 0.5}, "extra": 3},
]


def test_nested_keys_become_dotted_columns_in_order() -> None:
    assert list(frame(ROWS).columns) == ["P", "auroc.value", "auroc.low", "name", "ok", "extra"]
    assert flatten({"a": {"b": {"c": 1}}}) == {"a.b.c": 1}


def test_a_frame_keeps_types() -> None:
    found = frame(ROWS)
    assert type(found.loc[1, "extra"]) is int
    assert found.loc[0, "extra"] is None
    assert found.loc[0, "ok"] is True


def test_csv_holds_numbers_in_full_and_reads_back(tmp_path: Path) -> None:
    lines = list(csv.DictReader(StringIO(csv_text(ROWS))))
    assert float(lines[0]["auroc.value"]) == 0.1 + 0.2
    assert lines[0]["name"] == 'a "b", c'
    assert (lines[0]["auroc.low"], lines[0]["extra"], lines[1]["name"]) == ("", "", "")
    write_csv(tmp_path / "a.csv", ROWS)
    assert (tmp_path / "a.csv").read_text() == csv_text(ROWS)


def test_a_data_frame_gives_the_same_csv() -> None:
    assert csv_text(frame(ROWS)) == csv_text(ROWS)
    assert csv_text(pandas.DataFrame({"a": [1.5, np.nan]})) == "a\n1.5\n\n".replace("\n\n", '\n""\n')
