"""Routing with Cirq's router, for circuits that fit on no device without SWAPs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import cirq
import networkx as nx

from qpbae_tn.compiler.gates import Stage, real_gates
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.program import Program

# Places to start routing from: qubits that share many gates side by side, on a connected part of the device.
#
# Cirq's own initial mapper lays circuits on lines. The circuits that have to be routed here hang on one ancilla, and
# from starts made for them `cirq.RouteCQC` adds a third of the SWAPs.


_NOISE = 1.5
"""Weight of chance, in gates, where the next qubit is chosen."""


def greedy_start(
    circuit: cirq.AbstractCircuit, graph: nx.Graph[cirq.GridQubit], random: Random
) -> dict[cirq.Qid, cirq.GridQubit]:
    """A place for each qubit: one after the other, those that meet the placed ones most, as near to them as can be.

    Args:
        circuit: gates on one and two qubits.
        graph: a connected device graph with at least as many qubits.
        random: breaks ties, and perturbs the order.

    Returns:
        A mapping onto a connected set of physical qubits, which `cirq.RouteCQC` asks for.
    """
    meetings = Counter(
        pair for op in circuit.all_operations() if len(op.qubits) == 2 for pair in (op.qubits, op.qubits[::-1])
    )
    distance = dict(nx.all_pairs_shortest_path_length(graph))
    left = sorted(circuit.all_qubits())
    total = {qubit: sum(count for pair, count in meetings.items() if pair[0] == qubit) for qubit in left}
    place: dict[cirq.Qid, cirq.GridQubit] = {}
    while left:
        weights = {qubit: _drawn(qubit, place, meetings) + _NOISE * random.random() for qubit in left}
        chosen = max(left, key=lambda qubit: (weights[qubit], total[qubit]))
        left.remove(chosen)
        place[chosen] = _spot(chosen, place, meetings, graph, distance, random)
    return place


def _drawn(qubit: cirq.Qid, place: Mapping[cirq.Qid, cirq.GridQubit], meetings: Counter[tuple[cirq.Qid, ...]]) -> int:
    return sum(meetings[qubit, other] for other in place)


def _spot(
    qubit: cirq.Qid,
    place: Mapping[cirq.Qid, cirq.GridQubit],
    meetings: Counter[tuple[cirq.Qid, ...]],
    graph: nx.Graph[cirq.GridQubit],
    distance: Mapping[cirq.GridQubit, Mapping[cirq.GridQubit, int]],
    random: Random,
) -> cirq.GridQubit:
    """The free spot beside the occupied ones that is nearest to the qubit's partners and has the most neighbours."""
    taken = set(place.values())
    beside = {spot for there in taken for spot in graph[there]} - taken
    return min(
        sorted(beside or graph),
        key=lambda here: (
            sum(meetings[qubit, other] * distance[here][there] for other, there in place.items()),
            -len(set(graph[here]) - taken),
            random.random(),
        ),
    )


TRIALS = 4
"""Starts that are routed from beside Cirq's own; each takes 0.1 to 0.4 s."""


@dataclass(frozen=True)
class Routed:
    """A routed program, and where each logical qubit starts.

    Args:
        program: on physical qubits; SWAPs are written in RY and CZ.
        start: physical qubit of each logical one at the beginning.
        swaps: number of SWAPs added.
    """

    program: Program
    start: dict[cirq.Qid, cirq.GridQubit]
    swaps: int


def route(program: Program, graph: nx.Graph[cirq.GridQubit], seed: int = 0) -> tuple[Routed, ...]:
    """Route a program of one- and two-qubit gates with `cirq.RouteCQC`.

    Args:
        program: on logical qubits.
        graph: a connected device graph with at least as many qubits.
        seed: of the starts.

    Returns:
        The results from Cirq's own start and from up to `TRIALS` others; which is best shows when SWAPs have merged
        with the gates beside them.
    """
    random = Random(seed)
    gates = [op for op in scheduled(program).all_operations() if not cirq.is_measurement(op)]
    idle = program.qubits.difference(*(op.qubits for op in gates))
    circuit = cirq.Circuit(gates, (cirq.I(qubit) for qubit in sorted(idle)))
    results = [_routed(program, circuit, graph, None)]
    for _ in range(TRIALS):
        mapper = cirq.HardCodedInitialMapper(greedy_start(circuit, graph, random))
        # Cirq looks for two SWAPs on disjoint pairs, and fails where the occupied qubits hold none, as on a star.
        with suppress(IndexError):
            results.append(_routed(program, circuit, graph, mapper))
    return tuple(results)


def _routed(
    program: Program,
    circuit: cirq.Circuit,
    graph: nx.Graph[cirq.GridQubit],
    mapper: cirq.HardCodedInitialMapper | None,
) -> Routed:
    routed, start, moved = cirq.RouteCQC(graph).route_circuit(circuit, initial_mapper=mapper, tag_inserted_swaps=True)
    end = {qubit: moved[place] for qubit, place in start.items()}
    kept = [op for op in routed.all_operations() if not isinstance(op.gate, cirq.IdentityGate)]
    real = (part for op in cirq.Circuit(_staged(kept)).all_operations() for part in real_gates(op))
    swaps = sum(cirq.RoutingSwapTag() in op.tags for op in kept)
    return Routed(program.on_qubits(start, end, real), start, swaps)


def _staged(operations: list[cirq.Operation]) -> Iterator[cirq.Operation]:
    """Give each SWAP a stage: that of a CZ of its pair just before it, else that of the next gate on its qubits."""
    following: dict[int, Stage] = {}
    later: dict[cirq.Qid, Stage] = {}
    for index in reversed(range(len(operations))):
        op = operations[index]
        if cirq.RoutingSwapTag() in op.tags:
            stage = next((later[qubit] for qubit in op.qubits if qubit in later), Stage.READOUT)
            following[index] = stage
        else:
            stage = next(Stage(tag) for tag in op.tags)
        later.update(dict.fromkeys(op.qubits, stage))
    recent: dict[frozenset[cirq.Qid], Stage] = {}
    for index, op in enumerate(operations):
        pair = frozenset(op.qubits)
        if index in following:
            yield op.untagged.with_tags(recent.get(pair, following[index]))
        else:
            yield op
        if op.gate == cirq.CZ:
            recent[pair] = Stage(op.tags[0])
        else:
            recent = {other: stage for other, stage in recent.items() if pair.isdisjoint(other)}
