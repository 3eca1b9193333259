"""The one type of a value with its interval, against scipy and numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from qpbae_tn.interval import LEAST_REPETITIONS, Interval, central_range


def test_resamples_give_the_central_95_percent(rng: np.random.Generator) -> None:
    values = rng.normal(size=1002)
    found = Interval.of_resamples(0.5, np.append(values, np.nan))
    assert found.value == 0.5
    # By counting: 26 of 1,002 values lie below the lower end, and as many above the upper one.
    assert (values < found.low).sum() == (values > found.high).sum() == 26
    assert Interval.of_resamples(0.5, [math.nan]).to_json() == {"value": 0.5, "low": None, "high": None}
    assert Interval.of_resamples(0.5, []).bounded is False


def test_a_mean_has_a_normal_interval(rng: np.random.Generator) -> None:
    values = rng.normal(2.0, 3.0, size=400)
    low, high = stats.norm.interval(0.95, values.mean(), values.std() / math.sqrt(400))
    found = Interval.of_mean(values)
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


def test_repetitions_need_three() -> None:
    assert LEAST_REPETITIONS == 3
    assert not Interval.of_repetitions([1.0, 2.0]).bounded
    assert Interval.of_repetitions([1.0, 2.0]).value == 1.5
    found = Interval.of_repetitions([3.0, 1.0, 2.0])
    assert (found.low, found.value, found.high) == (*np.quantile([1, 2, 3], [0.025, 0.975])[:1], 2.0, found.high)
    assert not Interval.of_repetitions([1.0, math.nan, 2.0]).defined


def test_json_has_null_for_what_is_not_known_and_reads_it_back() -> None:
    for interval in (Interval(0.5, 0.25, 0.75), Interval(0.5), Interval(math.nan)):
        again = Interval.from_json(interval.to_json())
        assert [str(x) for x in vars(again).values()] == [str(x) for x in vars(interval).values()]
    assert Interval(0.5, -math.inf, math.inf).to_json() == {"value": 0.5, "low": None, "high": None}
    assert central_range([1.0, 1.0]) == (1.0, 1.0)
