"""Runs of gates on one pair of qubits, written again where that takes fewer CZ.

A run is CZ on the same pair with numeric one-qubit gates in between; CZ with other qubits may stand between them where
they can be moved out, since all CZ commute. It is a matrix on two qubits, for which two or three CZ are enough. Symbols
end a run, and so does the border of the preparation: to write the encoder into it would run the model classically.
(Cirq's `merge_k_qubit_unitaries` moves nothing out of the way and knows neither border.)
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.gates import Stage, angle_of, cz, is_cz, is_ry, ry, split, stage_of, z_power
from qpbae_tn.compiler.lowering.native import euler
from qpbae_tn.compiler.lowering.schedule import cz_layers
from qpbae_tn.compiler.preparation.so4 import rotation_angles
from qpbae_tn.compiler.program import Program

Matrix = NDArray[np.complex128]
Operations = Sequence[cirq.Operation]


def merge_runs(program: Program) -> Program:
    """The program with every run in its fewest CZ; itself where nothing is gained or the CZ would take more layers."""
    given = program.operations
    merged: Operations = given
    while (shorter := _merged_once(merged)) is not None:
        merged = shorter
    if merged is not given and len(cz_layers(merged)) > len(cz_layers(given)):
        merged, skip = given, 0
        while (shorter := _merged_once(merged, skip)) is not None:
            if len(cz_layers(shorter)) <= len(cz_layers(merged)):
                merged = shorter
            else:
                skip += 1
    return program.with_operations(merged)


@dataclass(frozen=True)
class _Run:
    """CZ on one pair and the one-qubit gates between them, by their places in the program."""

    pair: tuple[cirq.Qid, cirq.Qid]
    members: tuple[int, ...]
    cz_count: int
    stage: Stage


def _merged_once(operations: Operations, skip: int = 0) -> Operations | None:
    """The program with one run written again; None where none of them gains. `skip`: gains to pass over."""
    for run in _Runs(operations).all():
        matrix = matrix_of([operations[index] for index in run.members], *run.pair)
        if fewest_cz(matrix) >= run.cz_count:
            continue
        again = pair_gates(matrix, *run.pair, run.stage)
        order = None if again is None else _contracted(operations, run.members)
        if again is None or order is None:
            continue
        if skip:
            skip -= 1
            continue
        result: list[cirq.Operation] = []
        for index in order:
            result += again if index == run.members[0] else (operations[index],)
        return result
    return None


class _Runs:
    """Finds the runs of a program."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        # For each CZ, the number of rotations before it on each of its qubits.
        self._groups: dict[int, dict[cirq.Qid, int]] = {}
        self._alone: dict[cirq.Qid, list[int]] = defaultdict(list)
        self._turns: dict[cirq.Qid, list[int]] = defaultdict(list)
        self._in_group: dict[tuple[cirq.Qid, int], set[int]] = defaultdict(set)
        self._by_pair: dict[frozenset[cirq.Qid], list[int]] = defaultdict(list)
        self._symbolic: set[int] = set()
        for index, op in enumerate(operations):
            if is_cz(op):
                self._groups[index] = {qubit: len(self._turns[qubit]) for qubit in op.qubits}
                self._by_pair[frozenset(op.qubits)].append(index)
                for group in self._groups[index].items():
                    self._in_group[group].add(index)
                continue
            self._alone[op.qubits[0]].append(index)
            if is_ry(op):
                self._turns[op.qubits[0]].append(index)
                if split(angle_of(op))[1] is not None:
                    self._symbolic.add(index)

    def all(self) -> list[_Run]:
        """Runs of two CZ or more, each as long as it can be."""
        found: list[_Run] = []
        for chain in self._by_pair.values():
            begin = 0
            while begin + 1 < len(chain):
                run, end = None, begin + 2
                while end <= len(chain) and (longer := self._run(chain[begin:end])) is not None:
                    run, end = longer, end + 1
                if run is None:
                    begin += 1
                else:
                    found.append(run)
                    begin += max(1, run.cz_count - 1)
        return found

    def _run(self, chain: Sequence[int]) -> _Run | None:
        """The run of these CZ, or None if something stands in between."""
        first, last = self._operations[chain[0]], self._operations[chain[-1]]
        members = list(chain)
        for qubit in first.qubits:
            low, high = self._groups[chain[0]][qubit], self._groups[chain[-1]][qubit]
            if any(not self._in_group[qubit, group].issubset(chain) for group in range(low + 1, high)):
                return None
            if low < high:
                begin, end = self._turns[qubit][low], self._turns[qubit][high - 1]
                members += (index for index in self._alone[qubit] if begin <= index <= end)
        if not self._symbolic.isdisjoint(members):
            return None
        if len({stage_of(self._operations[index]) is Stage.PREPARATION for index in members}) > 1:
            return None
        return _Run((first.qubits[0], first.qubits[1]), tuple(sorted(members)), len(chain), stage_of(last))


def _contracted(operations: Operations, members: Sequence[int]) -> list[int] | None:
    """An order of the gates in which these come all at once, as their first one; None where there is none."""
    lead = dict.fromkeys(members, members[0])
    after: dict[int, set[int]] = defaultdict(set)
    free: dict[cirq.Qid, list[int]] = defaultdict(list)
    turn: dict[cirq.Qid, int] = {}

    def link(earlier: int, later: int) -> None:
        earlier, later = lead.get(earlier, earlier), lead.get(later, later)
        if earlier != later:
            after[earlier].add(later)

    # Rotations keep their order with all that stands on their qubit; what stands between two of them is free.
    for index, op in enumerate(operations):
        turns = is_ry(op)
        for qubit in op.qubits:
            if qubit in turn:
                link(turn[qubit], index)
            if turns:
                for earlier in free.pop(qubit, ()):
                    link(earlier, index)
                turn[qubit] = index
            else:
                free[qubit].append(index)
    nodes = [index for index in range(len(operations)) if lead.get(index, index) == index]
    missing = dict.fromkeys(nodes, 0)
    for following in after.values():
        for later in following:
            missing[later] += 1
    ready = [index for index in nodes if not missing[index]]
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for later in after.get(index, ()):
            missing[later] -= 1
            if not missing[later]:
                heapq.heappush(ready, later)
    return order if len(order) == len(nodes) else None


# A matrix on two qubits in the fewest CZ: real ones with RY alone where that takes no CZ more.
#
# RY and CZ make the matrices of O(4), and each CZ turns the sign of the determinant: two CZ make all of SO(4) (`so4`),
# and one more in front of them the rest. Special matrices take fewer, and those with complex entries up to three; for
# both, Cirq finds the gates.

_TOLERANCE = 1e-10
_CZ = np.diag([1.0, 1.0, 1.0, -1.0])


def fewest_cz(matrix: Matrix) -> int:
    """The least number of CZ, 0 to 3, for a unitary, shape (4, 4), up to a global phase."""
    return _fewest(matrix.astype(np.complex128).tobytes())


@lru_cache(maxsize=4096)
def _fewest(content: bytes) -> int:
    return int(cirq.num_cnots_required(np.frombuffer(content, dtype=np.complex128).reshape(4, 4)))


def pair_gates(matrix: Matrix, first: cirq.Qid, second: cirq.Qid, stage: Stage) -> Operations | None:
    """Gates for a unitary, shape (4, 4), with `fewest_cz` CZ; None where rounding keeps Cirq from finding them.

    Args:
        matrix: indexed by 2 * (first qubit) + (second qubit).
        first: the first qubit.
        second: the second qubit.
        stage: of all gates.
    """
    count = fewest_cz(matrix)
    real = _as_real(matrix)
    if real is not None and count == 2 and np.linalg.det(real) > 0:
        gates = _rotations(real, first, second, stage)
    elif real is not None and count == 3:
        gates = [cz(first, second, stage), *_rotations(real @ _CZ, first, second, stage)]
    else:
        gates = _by_cirq(matrix, first, second, stage)
    exact = abs(abs(np.vdot(matrix_of(gates, first, second), matrix)) - 4.0) < _TOLERANCE
    return gates if exact and sum(map(is_cz, gates)) == count else None


def matrix_of(operations: Operations, first: cirq.Qid, second: cirq.Qid) -> Matrix:
    """The unitary, shape (4, 4), of numeric gates on two qubits, in order of time."""
    total = np.eye(4, dtype=np.complex128)
    for op in operations:
        own = cirq.unitary(op)
        if len(op.qubits) == 2:
            total = own @ total
        elif op.qubits[0] == first:
            total = (own @ total.reshape(2, 8)).reshape(4, 4)
        else:
            total = (own @ total.reshape(2, 2, 4)).reshape(4, 4)
    return total


def _as_real(matrix: Matrix) -> NDArray[np.float64] | None:
    """The matrix without its global phase, where that makes it real."""
    largest = matrix.flat[np.argmax(np.abs(matrix))]
    turned = matrix * (np.conj(largest) / abs(largest))
    return np.ascontiguousarray(turned.real) if np.abs(turned.imag).max() < _TOLERANCE else None


def _rotations(matrix: NDArray[np.float64], first: cirq.Qid, second: cirq.Qid, stage: Stage) -> list[cirq.Operation]:
    before, middle, after = rotation_angles(matrix[None])[0].tolist()
    layers = [
        [ry(qubit, angle, stage) for qubit, angle in zip((first, second), layer, strict=True)]
        for layer in (before, middle, after)
    ]
    return [*layers[0], cz(first, second, stage), *layers[1], cz(first, second, stage), *layers[2]]


def _by_cirq(matrix: Matrix, first: cirq.Qid, second: cirq.Qid, stage: Stage) -> list[cirq.Operation]:
    gates: list[cirq.Operation] = []
    for op in cirq.two_qubit_matrix_to_cz_operations(first, second, matrix, allow_partial_czs=False):
        if len(op.qubits) == 2:
            gates.append(cz(first, second, stage))
            continue
        before, middle, after = (_snapped(turns) for turns in euler(cirq.unitary(op)))
        (qubit,) = op.qubits
        gates += (z_power(qubit, before, stage), ry(qubit, middle * np.pi, stage), z_power(qubit, after, stage))
    return gates


def _snapped(turns: float) -> float:
    """Without the rounding beside a multiple of a quarter turn, so that the other rules know it."""
    near = round(2 * turns) / 2
    return near if abs(turns - near) < _TOLERANCE else turns
