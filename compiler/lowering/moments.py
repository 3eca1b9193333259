"""Moments: one-qubit gates go between layers of two-qubit gates, in as few moments as hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cirq


@dataclass(frozen=True)
class Run:
    """One-qubit gates of a qubit between two of its two-qubit gates.

    Args:
        operations: in order of time, at least one.
        low: the first gap between layers that they may stand in; gap i is before layer i, the last after all layers.
        high: the last such gap.
    """

    operations: tuple[cirq.Operation, ...]
    low: int
    high: int


def gap_sizes(runs: Sequence[Run], layer_count: int) -> list[int]:
    """The least numbers of one-qubit moments (layer_count + 1,) that hold all runs, as late as possible."""
    sizes = [0] * (layer_count + 1)
    for run in sorted(runs, key=lambda run: run.high):
        missing = len(run.operations) - sum(sizes[run.low : run.high + 1])
        if missing > 0:
            sizes[run.high] += missing
    return sizes


def assemble(
    layers: Sequence[Sequence[cirq.Operation]], runs: Sequence[Run], measurements: Sequence[cirq.Operation]
) -> cirq.Circuit:
    """The circuit: one-qubit gates as late as their runs allow, layers, measurements last in one moment."""
    sizes = gap_sizes(runs, len(layers))
    gaps: list[list[list[cirq.Operation]]] = [[[] for _ in range(size)] for size in sizes]
    for run in runs:
        slots = [slot for gap in gaps[run.low : run.high + 1] for slot in gap]
        for slot, operation in zip(slots[-len(run.operations) :], run.operations, strict=True):
            slot.append(operation)
    moments: list[cirq.Moment] = []
    for index, gap in enumerate(gaps):
        moments.extend(cirq.Moment(slot) for slot in gap)
        if index < len(layers):
            moments.append(cirq.Moment(layers[index]))
    moments.append(cirq.Moment(measurements))
    return cirq.Circuit(moments)
