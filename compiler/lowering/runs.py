"""Runs of gates on one pair of qubits, written anew where that takes fewer CZ.

A run is CZ on the same pair with numeric one-qubit gates in between; CZ with other qubits may stand between them where
they can be moved out, since all CZ commute. It is a matrix on two qubits, for which two or three CZ are enough. Symbols
end a run, and so does the border of the preparation: to write the encoder into it would run the model classically.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cirq

from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.pair_synthesis import fewest_cz, matrix_of, pair_gates
from qpbae_tn.compiler.lowering.real_program import Cz, RealGate, RealProgram, Ry
from qpbae_tn.compiler.lowering.schedule import cz_layers


def merge_runs(program: RealProgram) -> RealProgram:
    """The program with every run in its fewest CZ; itself where nothing is gained or the CZ would take more layers."""
    merged = program
    while (shorter := _merged_once(merged)) is not None:
        merged = shorter
    if merged is program or len(cz_layers(merged)) <= len(cz_layers(program)):
        return merged
    merged = program
    skip = 0
    while (shorter := _merged_once(merged, skip)) is not None:
        if len(cz_layers(shorter)) <= len(cz_layers(merged)):
            merged = shorter
        else:
            skip += 1
    return merged


@dataclass(frozen=True)
class _Run:
    """CZ on one pair and the one-qubit gates between them, by their places in the program."""

    pair: tuple[cirq.Qid, cirq.Qid]
    members: tuple[int, ...]
    cz_count: int
    stage: Stage


def _merged_once(program: RealProgram, skip: int = 0) -> RealProgram | None:
    """The program with one run written anew; None where none of them gains. `skip`: gains to pass over."""
    gates = program.gates
    for run in _Runs(gates).all():
        matrix = matrix_of([gates[index] for index in run.members], *run.pair)
        if fewest_cz(matrix) >= run.cz_count:
            continue
        anew = pair_gates(matrix, *run.pair, run.stage)
        order = None if anew is None else _contracted(gates, run.members)
        if anew is None or order is None:
            continue
        if skip:
            skip -= 1
            continue
        result: list[RealGate] = []
        for index in order:
            result += anew if index == run.members[0] else (gates[index],)
        return program.with_gates(result)
    return None


class _Runs:
    """Finds the runs of a program."""

    def __init__(self, gates: Sequence[RealGate]) -> None:
        self._gates = gates
        # For each gate, the number of rotations before it on each of its qubits.
        self._groups: list[tuple[int, ...]] = []
        self._alone: dict[cirq.Qid, list[int]] = defaultdict(list)
        self._turns: dict[cirq.Qid, list[int]] = defaultdict(list)
        self._in_group: dict[tuple[cirq.Qid, int], list[int]] = defaultdict(list)
        self._by_pair: dict[frozenset[cirq.Qid], list[int]] = defaultdict(list)
        for index, gate in enumerate(gates):
            if isinstance(gate, Cz):
                groups = (len(self._turns[gate.first]), len(self._turns[gate.second]))
                self._groups.append(groups)
                self._by_pair[gate.pair].append(index)
                for qubit, group in zip((gate.first, gate.second), groups, strict=True):
                    self._in_group[qubit, group].append(index)
            else:
                self._groups.append((len(self._turns[gate.qubit]),))
                self._alone[gate.qubit].append(index)
                if isinstance(gate, Ry):
                    self._turns[gate.qubit].append(index)

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
        first, last = self._gates[chain[0]], self._gates[chain[-1]]
        assert isinstance(first, Cz)
        assert isinstance(last, Cz)
        members = list(chain)
        for qubit in (first.first, first.second):
            low, high = self._group(chain[0], qubit), self._group(chain[-1], qubit)
            for group in range(low + 1, high):
                if not set(self._in_group.get((qubit, group), ())).issubset(chain):
                    return None
            if low < high:
                begin, end = self._turns[qubit][low], self._turns[qubit][high - 1]
                members += (index for index in self._alone[qubit] if begin <= index <= end)
        inside = [self._gates[index] for index in members]
        if any(isinstance(gate, Ry) and gate.angle.rest is not None for gate in inside):
            return None
        if len({gate.stage is Stage.PREPARATION for gate in inside}) > 1:
            return None
        return _Run((first.first, first.second), tuple(sorted(members)), len(chain), last.stage)

    def _group(self, index: int, qubit: cirq.Qid) -> int:
        gate = self._gates[index]
        assert isinstance(gate, Cz)
        return self._groups[index][0 if gate.first == qubit else 1]


def _contracted(gates: Sequence[RealGate], members: Sequence[int]) -> list[int] | None:
    """An order of the gates in which these come all at once, as their first one; None where there is none."""
    lead = dict.fromkeys(members, members[0])
    after: dict[int, set[int]] = defaultdict(set)
    free: dict[cirq.Qid, list[int]] = defaultdict(list)
    turn: dict[cirq.Qid, int] = {}

    def link(earlier: int, later: int) -> None:
        earlier, later = lead.get(earlier, earlier), lead.get(later, later)
        if earlier != later:
            after[earlier].add(later)

    for index, gate in enumerate(gates):
        for qubit in (gate.first, gate.second) if isinstance(gate, Cz) else (gate.qubit,):
            if qubit in turn:
                link(turn[qubit], index)
            if isinstance(gate, Ry):
                for earlier in free.pop(qubit, ()):
                    link(earlier, index)
                turn[qubit] = index
            else:
                free[qubit].append(index)
    nodes = [index for index in range(len(gates)) if lead.get(index, index) == index]
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
