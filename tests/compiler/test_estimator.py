from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.estimator import Estimate, Estimator
from qpbae_tn.errors import InputError


def test_value_follows_its_rule_on_every_outcome() -> None:
    estimator = Estimator(5, zeros=(0,), pairs=((1, 3),), signs=(2, 4))
    outcomes = np.array([[int(bit) for bit in f"{index:05b}"] for index in range(32)])
    expected = [0 if row[0] else (-1) ** int(row[1] * row[3] + row[2] + row[4]) for row in outcomes]
    assert estimator.values(outcomes).tolist() == expected
    uniform = np.full(32, 1 / 32)
    assert estimator.expectation(uniform) == pytest.approx(np.mean(expected))
    assert Estimator.from_json(estimator.to_json()) == estimator


def test_each_bit_is_used_exactly_once() -> None:
    with pytest.raises(ValueError, match="exactly once"):
        Estimator(3, zeros=(0, 1))
    with pytest.raises(ValueError, match="exactly once"):
        Estimator(2, zeros=(0, 1), signs=(1,))


def test_wrong_shapes_and_no_shots_are_refused() -> None:
    estimator = Estimator(2, zeros=(0, 1))
    with pytest.raises(InputError, match="shape"):
        estimator.estimate(np.zeros((3, 4), dtype=int))
    with pytest.raises(InputError, match="at least 1"):
        estimator.estimate(np.zeros((0, 2), dtype=int))


def test_the_standard_error_matches_the_spread_of_repeated_estimates() -> None:
    rng = np.random.default_rng(7)
    counts = rng.multinomial(400, [0.1, 0.3, 0.6], size=4000)
    estimates = [Estimate(int(minus), int(zero), int(plus), -1) for minus, zero, plus in counts]
    spread = np.std([estimate.value for estimate in estimates])
    assert np.mean([estimate.standard_error for estimate in estimates]) == pytest.approx(spread, rel=0.05)


@pytest.mark.parametrize(("lowest", "minus"), [(0, 0), (-1, 1000)])
def test_agreeing_shots_are_not_certainty(lowest: int, minus: int) -> None:
    for estimate in (Estimate(0, 0, 1000, lowest), Estimate(minus, 1000 - minus, 0, lowest)):
        assert 0 < estimate.standard_error < 0.01
        low, high = estimate.interval()
        assert low <= estimate.value <= high
        assert high > low


@pytest.mark.parametrize(
    ("probabilities", "lowest"),
    [
        ([0, 1, 0], 0),
        ([0, 0, 1], 0),
        ([0, 0.03, 0.97], 0),
        ([0.5, 0, 0.5], -1),
        ([0, 0, 1], -1),
        ([0.02, 0, 0.98], -1),
        ([0.05, 0.3, 0.65], -1),
        ([0, 1, 0], -1),
    ],
)
def test_intervals_cover_at_their_nominal_rate(probabilities: list[float], lowest: int) -> None:
    rng = np.random.default_rng(3)
    mean = probabilities[2] - probabilities[0]
    covered = 0
    for minus, zero, plus in rng.multinomial(50, probabilities, size=1000):
        low, high = Estimate(int(minus), int(zero), int(plus), lowest).interval(0.9)
        covered += low - 1e-12 <= mean <= high + 1e-12
    assert covered >= 880  # 900 expected at least; three standard deviations below


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_the_interval_holds_the_value_and_stays_in_range(minus: int, zero: int, plus: int) -> None:
    if minus + zero + plus:
        estimate = Estimate(minus, zero, plus, -1)
        low, high = estimate.interval()
        assert -1 <= low <= estimate.value + 1e-12
        assert estimate.value - 1e-12 <= high <= 1
