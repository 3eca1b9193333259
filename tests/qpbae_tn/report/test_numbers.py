"""How numbers look."""

from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qpbae_tn.interval
import qpbae_tn.tables
from qpbae_tn.interval import Interval
from qpbae_tn.report import numbers


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_fixed_number_reads_back_and_no_zero_is_signed(value: float, digits: int) -> None:
    text = numbers.fixed(value, digits, sign=True)
    assert float(text) == pytest.approx(value, abs=0.5000001 * 10**-digits)
    assert (float(text) == 0) == (text.lstrip("+-") == text and set(text) <= set("0."))


@given(st.floats(0, 1))
def test_a_bare_share_lacks_the_zero_only(value: float) -> None:
    assert float(numbers.bare(value)) == float(numbers.fixed(value))
    assert not numbers.bare(value).startswith("0.")


def test_what_is_not_defined_is_a_dash() -> None:
    for value in (None, math.nan, math.inf):
        assert numbers.fixed(value) == numbers.bare(value) == "-"
    assert numbers.ranged(Interval(math.nan)) == "-"
    assert numbers.bare_ranged(Interval(0.5)) == ".500"
    assert numbers.bare_ranged(Interval(0.93, 0.902, 0.949)) == ".930 .902-.949"
    assert numbers.ranged(Interval(0.5, 0.25, 0.75), 0, kind="%") == "50% (25% to 75%)"


@given(st.floats(1e-9, 1e9))
def test_times_read_back(seconds: float) -> None:
    number, unit = numbers.short_time(seconds).split()
    assert float(number) * {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[unit] == pytest.approx(seconds, rel=6e-3)
    number, unit = numbers.duration(seconds).split()
    size = {"s": 1, "minutes": 60, "hours": 3600, "days": 86400, "years": 365.25 * 86400}[unit]
    assert float(number.replace(",", "")) * size == pytest.approx(seconds, rel=0.06)


@pytest.mark.parametrize("module", [numbers, qpbae_tn.interval, qpbae_tn.tables])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
