from __future__ import annotations

import math

import pytest

from qpbae_tn.analysis.shots.needed import Bound, crossing, needed_shots
from qpbae_tn.analysis.shots.study import ShotCost, ShotRow, ShotStudy
from qpbae_tn.compiler.readouts import Quantity
from qpbae_tn.interval import LEAST_REPETITIONS, Interval

SHOTS = [10, 100, 1000, 10_000]


@pytest.mark.parametrize("power", [0.5, 1.0, 1.7])
def test_a_power_law_is_interpolated_exactly(power) -> None:
    losses = [2.0 * shots**-power for shots in SHOTS]
    for shots in (10.5, 77.0, 4000.0):
        assert crossing(SHOTS, losses, 2.0 * shots**-power) == pytest.approx(shots)


def test_beyond_the_numbers_sampled() -> None:
    assert crossing(SHOTS, [0.5, 0.4, 0.3, 0.2], 0.1) == math.inf
    assert crossing(SHOTS, [0.05, 0.04, 0.03, 0.02], 0.1) == 10


def test_noise_does_not_bring_the_crossing_forward() -> None:
    """A loss that dips below zero by chance is taken to have fallen like 1/shots^2, and the last crossing counts."""
    assert crossing(SHOTS, [0.02, 0.004, -0.001, 0.0], 0.002) == pytest.approx(100 * 2**0.5)
    assert crossing(SHOTS, [0.02, 0.0005, 0.002, 0.0], 0.001) == pytest.approx(1000 * 2**0.5)
    assert crossing(SHOTS, [0.2, 0.0, 0.0, 0.0], 0.001) == pytest.approx(100)


def study(values: dict[int, list[float]]) -> ShotStudy:
    rows = [
        ShotRow(
            "latent",
            Quantity.FIDELITY,
            shots,
            ShotCost(8, 2),
            841,
            {"auroc": Interval.of_repetitions(auroc)},
            tuple(auroc),
        )
        for shots, auroc in values.items()
    ]
    return ShotStudy({Quantity.FIDELITY: {"auroc": 0.9}}, tuple(rows))


def test_value_and_range_over_repetitions() -> None:
    curves = {10: [0.8, 0.82] * 3, 100: [0.89, 0.892] * 3, 1000: [0.899, 0.8992] * 3}
    found = needed_shots(study(curves), [0.01, 0.0005])
    assert (found[0].low, found[0].high) == (pytest.approx(80), pytest.approx(100))
    assert found[0].low <= found[0].shots <= found[0].high
    assert found[0].bound is Bound.EQUAL
    assert found[0].to_json()["preparations_per_image"] == pytest.approx(found[0].shots * 2 * 841)
    assert found[1].bound is Bound.MORE_THAN
    assert found[1].to_json()["shots_per_patch"] == {"value": None, "low": None, "high": None}


def test_fewer_than_sampled_and_undefined() -> None:
    found = needed_shots(study({10: [0.8995], 100: [0.9]}), [0.01])
    assert (found[0].bound, found[0].shots) == (Bound.AT_MOST, 10)
    nothing = ShotStudy({Quantity.FIDELITY: {"auroc": math.nan}}, study({10: [0.8]}).rows)
    assert needed_shots(nothing) == []


def test_few_repetitions_tell_no_range() -> None:
    few = study({10: [0.8, 0.82], 100: [0.89, 0.892], 1000: [0.899, 0.8992]})
    (needed,) = needed_shots(few, [0.01])
    ends = needed.to_json()["shots_per_patch"]
    assert ends["value"] == pytest.approx(needed.shots)
    assert (ends["low"], ends["high"]) == (None, None)
    assert few.rows[0].metrics["auroc"].to_json() == {"value": pytest.approx(0.81), "low": None, "high": None}
    assert Interval.of_repetitions([0.1] * LEAST_REPETITIONS).to_json()["low"] is not None
