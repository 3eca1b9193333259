"""Places to start routing from: qubits that share many gates side by side, on a connected part of the device.

Cirq's own initial mapper lays circuits on lines. The circuits that have to be routed here hang on one ancilla, and from
starts made for them `cirq.RouteCQC` adds a third of the SWAPs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random

import cirq
import networkx as nx

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
