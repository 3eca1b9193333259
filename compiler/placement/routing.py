"""Routing with SWAPs, for circuits that fit on no device without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import cirq
import networkx as nx

from qpbae_tn.compiler.lowering import Cz, RealProgram, Ry
from qpbae_tn.compiler.lowering.real_program import Phase, operation_of
from qpbae_tn.compiler.placement.swaps import Course, Field, Meetings, Swap
from qpbae_tn.compiler.placement.trials import best_courses
from qpbae_tn.compiler.stages import Stage

CHOICE = 3
"""Results handed on, of which the caller keeps the best after the next step."""


@dataclass(frozen=True)
class Routed:
    """A routed circuit on physical qubits, and where each logical qubit starts.

    Args:
        circuit: measurements stand in the last moment, on the qubits where the measured ones end; SWAPs are gates.
        start: physical qubit of each logical one at the beginning.
        swaps: number of SWAPs added.
    """

    circuit: cirq.Circuit
    start: dict[cirq.Qid, cirq.GridQubit]
    swaps: int


def route(circuit: cirq.AbstractCircuit, graph: nx.Graph[cirq.GridQubit], seed: int = 0) -> tuple[Routed, ...]:
    """Route a tagged circuit; a few results that promise the fewest two-qubit gates, the most promising first.

    Args:
        circuit: real gates on logical qubits, and terminal measurements.
        graph: a connected device graph with at least as many qubits.
        seed: of the trials.
    """
    program = RealProgram.from_circuit(circuit)
    order = sorted(graph)
    meetings, field = Meetings.of(program), Field.of(graph, order)
    best = best_courses(meetings, field, seed)[:CHOICE]
    return tuple(_routed(program, course, order) for course in best)


def _routed(program: RealProgram, course: Course, order: list[cirq.GridQubit]) -> Routed:
    number = {qubit: index for index, qubit in enumerate(program.qubits)}
    place = {qubit: order[course.start[index]] for qubit, index in number.items()}
    end = {qubit: order[course.end[index]] for qubit, index in number.items()}
    operations = list(_staged(list(_operations(program, course, order))))
    placed = cirq.Circuit(operations)
    placed.append(cirq.Moment(op.with_qubits(*(end[qubit] for qubit in op.qubits)) for op in program.measurements))
    return Routed(placed, place, sum(isinstance(step, Swap) for step in course.steps))


def _operations(program: RealProgram, course: Course, order: list[cirq.GridQubit]) -> Iterator[cirq.Operation]:
    """The gates where their qubits stand; one-qubit gates as late as can be, so that a SWAP follows a CZ at once."""
    entangling = [gate for gate in program.gates if isinstance(gate, Cz)]
    before: dict[int, dict[cirq.Qid, int]] = {}
    waiting: dict[cirq.Qid, list[Ry | Phase]] = defaultdict(list)
    index = 0
    for gate in program.gates:
        if isinstance(gate, Cz):
            before[index] = {qubit: _rotations(waiting[qubit]) for qubit in (gate.first, gate.second)}
            index += 1
        else:
            waiting[gate.qubit].append(gate)
    guest: dict[int, cirq.Qid] = dict(zip(course.start, program.qubits, strict=True))
    place = {qubit: spot for spot, qubit in guest.items()}
    sent: dict[cirq.Qid, int] = defaultdict(int)

    def flushed(qubit: cirq.Qid, until: int) -> Iterator[cirq.Operation]:
        for gate in waiting[qubit][sent[qubit] : until]:
            yield operation_of(gate).with_qubits(order[place[qubit]])
        sent[qubit] = max(sent[qubit], until)

    for step in course.steps:
        if isinstance(step, Swap):
            first, second = guest.pop(step.first, None), guest.pop(step.second, None)
            for qubit, spot in ((first, step.second), (second, step.first)):
                if qubit is not None:
                    guest[spot], place[qubit] = qubit, spot
            yield cirq.SWAP(order[step.first], order[step.second])
        else:
            gate = entangling[step]
            for qubit in (gate.first, gate.second):
                yield from flushed(qubit, before[step][qubit])
            yield cirq.CZ(order[place[gate.first]], order[place[gate.second]]).with_tags(gate.stage)
    for qubit in program.qubits:
        yield from flushed(qubit, len(waiting[qubit]))


def _rotations(gates: list[Ry | Phase]) -> int:
    """How many of these gates have to come before a CZ behind them: all up to the last RY, as CZ and Z commute."""
    return max((index + 1 for index, gate in enumerate(gates) if isinstance(gate, Ry)), default=0)


def _staged(operations: list[cirq.Operation]) -> Iterator[cirq.Operation]:
    """Give each SWAP a stage: that of a CZ of its pair just before it, else that of the next gate on its qubits."""
    following: dict[int, Stage] = {}
    later: dict[cirq.Qid, Stage] = {}
    for index in reversed(range(len(operations))):
        op = operations[index]
        stage = next((Stage(tag) for tag in op.tags), None)
        if stage is None:
            stage = next((later[qubit] for qubit in op.qubits if qubit in later), Stage.READOUT)
            following[index] = stage
        later.update(dict.fromkeys(op.qubits, stage))
    recent: dict[frozenset[cirq.Qid], Stage] = {}
    for index, op in enumerate(operations):
        pair = frozenset(op.qubits)
        if index in following:
            yield op.with_tags(recent.get(pair, following[index]))
        else:
            yield op
        if op.gate == cirq.CZ:
            recent[pair] = Stage(op.tags[0])
        else:
            recent = {other: stage for other, stage in recent.items() if pair.isdisjoint(other)}
