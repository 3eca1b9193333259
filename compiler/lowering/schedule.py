"""When gates happen: CZ in few layers, one-qubit gates in few moments between them, the measurement last.

All CZ commute, so between two rotations of a qubit its CZ may come in any order. Layers are filled from the end of the
program (or from its beginning, where that gives fewer), each with CZ on different qubits, those with the longest chain
of others still to come first. Cirq's own transformers keep the order of gates on a qubit, and cannot do this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

import cirq

from qpbae_tn.compiler.gates import is_cz, is_ry
from qpbae_tn.compiler.program import Program

# Layers of CZ. A group holds the CZ of a qubit between two of its rotations.

_Group = tuple[cirq.Qid, int]


def cz_layers(operations: Sequence[cirq.Operation]) -> list[list[int]]:
    """The CZ of a program in layers, by their places in it; rotations about Z commute with all of them."""
    rotations: dict[cirq.Qid, int] = defaultdict(int)
    places: list[int] = []
    forwards: list[tuple[_Group, ...]] = []
    for place, op in enumerate(operations):
        if is_cz(op):
            places.append(place)
            forwards.append(tuple((qubit, rotations[qubit]) for qubit in op.qubits))
        elif is_ry(op):
            rotations[op.qubits[0]] += 1
    backwards = [tuple((qubit, -group) for qubit, group in groups) for groups in forwards]
    late = _fill(backwards, range(len(places)))[::-1]
    early = _fill(forwards, range(len(places) - 1, -1, -1))
    chosen = late if len(late) <= len(early) else early
    return [[places[index] for index in sorted(layer)] for layer in chosen]


def _fill(gates: Sequence[tuple[_Group, ...]], last_first: Sequence[int]) -> list[list[int]]:
    """List scheduling; on a qubit, CZ of a lower group come first. `last_first`: the gates, dependants first."""
    members: dict[_Group, list[int]] = defaultdict(list)
    numbers: dict[cirq.Qid, set[int]] = defaultdict(set)
    for index, groups in enumerate(gates):
        for qubit, number in groups:
            members[qubit, number].append(index)
            numbers[qubit].add(number)
    following = {
        (qubit, before): (qubit, after)
        for qubit, present in numbers.items()
        for before, after in pairwise(sorted(present))
    }
    tails: dict[int, int] = {}

    def rest(group: _Group) -> int:
        """A lower bound of the layers that the groups after this one take on its qubit."""
        if group not in following:
            return 0
        inside = [tails[index] for index in members[following[group]]]
        return max(max(inside), len(inside) - 1 + min(inside))

    for index in last_first:
        tails[index] = 1 + max(rest(group) for group in gates[index])

    open_count = {group: len(inside) for group, inside in members.items()}
    current = {qubit: min(present) for qubit, present in numbers.items()}
    waiting = sorted(range(len(gates)), key=lambda index: -tails[index])
    layers: list[list[int]] = []
    while waiting:
        busy: set[cirq.Qid] = set()
        layer: list[int] = []
        for index in waiting:
            if all(current[qubit] == number and qubit not in busy for qubit, number in gates[index]):
                layer.append(index)
                busy.update(qubit for qubit, _ in gates[index])
        taken = set(layer)
        waiting = [index for index in waiting if index not in taken]
        for index in layer:
            for group in gates[index]:
                open_count[group] -= 1
                if not open_count[group] and group in following:
                    current[group[0]] = following[group][1]
        layers.append(layer)
    return layers


# Moments.

Factor = TypeVar("Factor")


class Dialect(Protocol[Factor]):
    """How RY, Z to a power and CZ are written; a factor is a one-qubit gate that is still to be merged."""

    @property
    def uses_per_cz(self) -> int:
        """Two-qubit gates that a CZ takes, one layer each."""

    def two_qubit_gate(self, cz: cirq.Operation) -> cirq.Operation:
        """One of them, on the qubits of the CZ and with its tags."""

    def around(self, cz: cirq.Operation, use: int, side: int) -> Sequence[Factor]:
        """One-qubit gates that a CZ takes on one of its qubits (0 or 1) before its two-qubit gate `use`, or at last."""

    def factor(self, operation: cirq.Operation) -> Factor:
        """A one-qubit gate of the program."""

    def merged(self, qubit: cirq.Qid, factors: Sequence[Factor], measured_next: bool) -> tuple[cirq.Operation, ...]:
        """Factors in order of time as operations; `measured_next`: whether only a measurement follows."""


class _AsTheyAre:
    """RY, Z to a power and CZ as themselves."""

    uses_per_cz = 1

    def two_qubit_gate(self, cz: cirq.Operation) -> cirq.Operation:
        return cz

    def around(self, cz: cirq.Operation, use: int, side: int) -> Sequence[cirq.Operation]:
        return ()

    def factor(self, operation: cirq.Operation) -> cirq.Operation:
        return operation

    def merged(
        self, qubit: cirq.Qid, factors: Sequence[cirq.Operation], measured_next: bool
    ) -> tuple[cirq.Operation, ...]:
        return tuple(factors)


def scheduled(program: Program) -> cirq.Circuit:
    """The program's moments, its gates as they are."""
    return arranged(program, _AsTheyAre())


def arranged(program: Program, dialect: Dialect[Factor]) -> cirq.Circuit:
    """The program's moments, its gates written in a dialect: one-qubit gates as late as can be, measurement last."""
    layers = cz_layers(program.operations)
    moments = [
        [dialect.two_qubit_gate(program.operations[place]) for place in layer]
        for layer in layers
        for _ in range(dialect.uses_per_cz)
    ]
    # A measurement sees no rotation about Z, unless it stands for one in another basis.
    blind = set() if program.outputs else set(program.measured)
    layer_of = {place: number for number, layer in enumerate(layers) for place in layer}
    runs = [
        run
        for qubit, line in sorted(_lines(program.operations, layer_of).items())
        for run in _Runs(dialect, qubit, len(moments), qubit in blind).of(line)
    ]
    return _assembled(moments, runs, program.measurement)


_Line = list[tuple[int, cirq.Operation]]
"""Operations of one qubit in order of time; CZ with the number of their layer, others with -1."""


def _lines(operations: Sequence[cirq.Operation], layer_of: Mapping[int, int]) -> dict[cirq.Qid, _Line]:
    """The line of each qubit; rotations about Z come before the CZ that they commute with."""
    lines: dict[cirq.Qid, _Line] = defaultdict(list)
    group: dict[cirq.Qid, _Line] = defaultdict(list)
    for place, op in enumerate(operations):
        for qubit in op.qubits:
            if is_cz(op):
                group[qubit].append((layer_of[place], op))
                continue
            if is_ry(op):
                lines[qubit] += sorted(group.pop(qubit, []), key=_layer)
            lines[qubit].append((-1, op))
    for qubit, left in group.items():
        lines[qubit] += sorted(left, key=_layer)
    return lines


def _layer(item: tuple[int, cirq.Operation]) -> int:
    return item[0]


@dataclass(frozen=True)
class _Run:
    """One-qubit gates of a qubit, at least one, that may stand in gaps `low` to `high`: gap i is before layer i."""

    operations: tuple[cirq.Operation, ...]
    low: int
    high: int


class _Runs(Generic[Factor]):
    """The one-qubit gates of a qubit, merged between its two-qubit gates."""

    def __init__(self, dialect: Dialect[Factor], qubit: cirq.Qid, layers: int, blind: bool) -> None:
        self._dialect, self._qubit, self._layers, self._blind = dialect, qubit, layers, blind
        self._runs: list[_Run] = []
        self._factors: list[Factor] = []
        self._low = 0

    def of(self, line: _Line) -> list[_Run]:
        for layer, op in line:
            if layer < 0:
                self._factors.append(self._dialect.factor(op))
                continue
            uses, side = self._dialect.uses_per_cz, op.qubits.index(self._qubit)
            for use in range(uses):
                self._factors += self._dialect.around(op, use, side)
                self._close(uses * layer + use)
                self._low = uses * layer + use + 1
            self._factors += self._dialect.around(op, uses, side)
        self._close(self._layers, measured_next=self._blind)
        return self._runs

    def _close(self, high: int, *, measured_next: bool = False) -> None:
        operations = self._dialect.merged(self._qubit, self._factors, measured_next)
        if operations:
            self._runs.append(_Run(operations, self._low, high))
        self._factors = []


def _assembled(
    layers: Sequence[Sequence[cirq.Operation]], runs: Sequence[_Run], measurement: cirq.Operation
) -> cirq.Circuit:
    """Layers, and one-qubit gates between them in the least number of moments, as late as their runs allow."""
    sizes = [0] * (len(layers) + 1)
    for run in sorted(runs, key=lambda run: run.high):
        missing = len(run.operations) - sum(sizes[run.low : run.high + 1])
        sizes[run.high] += max(0, missing)
    gaps: list[list[list[cirq.Operation]]] = [[[] for _ in range(size)] for size in sizes]
    for run in runs:
        slots = [slot for gap in gaps[run.low : run.high + 1] for slot in gap]
        for slot, operation in zip(slots[-len(run.operations) :], run.operations, strict=True):
            slot.append(operation)
    moments = [cirq.Moment(slot) for slot in gaps[0]]
    for layer, gap in zip(layers, gaps[1:], strict=True):
        moments += [cirq.Moment(layer), *(cirq.Moment(slot) for slot in gap)]
    return cirq.Circuit([*moments, cirq.Moment(measurement)])
