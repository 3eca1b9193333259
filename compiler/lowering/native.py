"""From real programs to circuits: in RY and CZ, or in PhasedXZ and one native two-qubit gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cirq

from qpbae_tn.compiler.lowering.moments import Run, assemble
from qpbae_tn.compiler.lowering.one_qubit import Factor, Local, merge_run
from qpbae_tn.compiler.lowering.real_program import RealProgram, operation_of
from qpbae_tn.compiler.lowering.schedule import cz_layers
from qpbae_tn.compiler.lowering.synthesis import CzSequence, cz_sequence
from qpbae_tn.compiler.lowering.timeline import LayeredCz, Timeline, timelines
from qpbae_tn.compiler.targets.target import NativeGate


class Merge(Protocol):
    """Writes the factors between two two-qubit gates of a qubit as operations."""

    def __call__(
        self, qubit: cirq.Qid, factors: Sequence[Factor], *, measured_next: bool
    ) -> tuple[cirq.Operation, ...]:
        """Operations on `qubit`; `measured_next` says that only a measurement follows."""
        ...


def to_native(program: RealProgram, native: NativeGate) -> cirq.Circuit:
    """Schedule a program and write it in native gates.

    Each CZ becomes the fixed sequence of `cz_sequence`; the one-qubit gates around it merge (`merge_run`). Measurements
    stand together in the last moment.
    """
    return _written(program, native, merge_run)


def scheduled(program: RealProgram) -> cirq.Circuit:
    """Schedule a program and write it in cirq.ry, powers of Z and CZ."""
    return _written(program, NativeGate.CZ, _rotations)


def _rotations(qubit: cirq.Qid, factors: Sequence[Factor], *, measured_next: bool) -> tuple[cirq.Operation, ...]:
    return tuple(operation_of(factor) for factor in factors if not isinstance(factor, Local))


def _written(program: RealProgram, native: NativeGate, merge: Merge) -> cirq.Circuit:
    sequence = cz_sequence(native)
    uses = native.uses_per_cz
    layers = cz_layers(program)
    native_layers = [
        [native.gate.on(item.gate.first, item.gate.second).with_tags(item.gate.stage) for item in layer]
        for layer in layers
        for _ in range(uses)
    ]
    measured = set() if program.any_basis else set(program.measured)
    runs = [
        run
        for qubit, timeline in timelines(program, layers).items()
        for run in _runs(qubit, timeline, sequence, uses * len(layers), qubit in measured, merge)
    ]
    return assemble(native_layers, runs, program.measurements)


def _runs(
    qubit: cirq.Qid, timeline: Timeline, sequence: CzSequence, layer_count: int, measured: bool, merge: Merge
) -> list[Run]:
    """The one-qubit gates of a qubit, merged between its native two-qubit gates."""
    uses = len(sequence.locals) - 1
    runs: list[Run] = []
    factors: list[Factor] = []
    low = 0

    def close(high: int, *, last: bool = False) -> None:
        operations = merge(qubit, factors, measured_next=last and measured)
        if operations:
            runs.append(Run(operations, low, high))
        factors.clear()

    def add(slot: int, item: LayeredCz) -> None:
        matrix = sequence.locals[slot][item.side]
        if matrix is not None:
            factors.append(Local(matrix, item.gate.stage))

    for item in timeline:
        if not isinstance(item, LayeredCz):
            factors.append(item)
            continue
        for use in range(uses):
            layer = uses * item.layer + use
            add(use, item)
            close(layer)
            low = layer + 1
        add(uses, item)
    close(layer_count, last=True)
    return runs
