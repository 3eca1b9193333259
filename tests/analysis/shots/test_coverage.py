"""Intervals of shot estimates hold the exact value at least at their nominal rate: every outcome is enumerated."""

from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.analysis.shots.coverage import OutcomeIntervals, coverage_rows, fidelity_grid
from qpbae_tn.compiler.readouts import READOUTS

LAWS = ("latent", "destructive", "echo", "direct", "ancilla_training")


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("confidence", [0.68, 0.95])
@pytest.mark.parametrize("shots", [1, 2, 7, 24])
def test_coverage_is_at_least_nominal(name, confidence, shots) -> None:
    readout = READOUTS[name]
    intervals = OutcomeIntervals.of(readout, shots, confidence)
    trash, full = fidelity_grid(9)
    coverage = intervals.coverage(readout, trash, full)
    assert {(0.0, 0.0), (1.0, 1.0)} <= set(zip(trash, full, strict=True))
    assert (coverage >= confidence - 1e-12).all()
    assert (coverage <= 1 + 1e-12).all()


@pytest.mark.parametrize("name", ["destructive", "echo", "latent"])
def test_at_a_fidelity_of_zero_and_one(name) -> None:
    """The ends, where a plain standard error vanishes and claims certainty; F_trash = 1 with F = 0 among them."""
    readout = READOUTS[name]
    for shots in (1, 10, 40):
        intervals = OutcomeIntervals.of(readout, shots)
        ends = intervals.coverage(readout, np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0]))
        assert (ends >= 0.95).all()


def test_outcomes_are_complete() -> None:
    for name in LAWS:
        readout = READOUTS[name]
        intervals = OutcomeIntervals.of(readout, 6)
        assert (intervals.counts.sum(axis=1) == 6).all()
        whole = OutcomeIntervals(intervals.counts, np.full(len(intervals.low), -1.0), np.full(len(intervals.low), 1.0))
        assert whole.coverage(readout, 0.7, 0.6) == pytest.approx(1.0)


def test_the_grid_holds_all_that_can_be() -> None:
    trash, full = fidelity_grid()
    assert ((full >= 0) & (full <= trash) & (trash <= 1)).all()
    corners = set(zip(trash, full, strict=True))
    assert {(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)} <= corners
    assert trash[trash < 1].max() > 0.9998


def test_rows_for_the_report() -> None:
    rows = coverage_rows((1, 5))
    assert len(rows) == 2 * len(LAWS)
    for row in rows:
        assert 0.95 <= row["least_coverage"] <= min(row["coverage_at_0"], row["coverage_at_1"]) <= 1 + 1e-12
