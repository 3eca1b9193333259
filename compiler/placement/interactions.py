"""What a circuit asks of a placement: which qubits meet how often, and which are measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import cirq
import networkx as nx


@dataclass(frozen=True)
class Interactions:
    """The interaction graph of a circuit of one- and two-qubit gates.

    Args:
        qubits: all qubits, in order.
        one_qubit_gates: number of one-qubit gates, by qubit.
        two_qubit_gates: number of two-qubit gates, by pair.
        measured: the measured qubits.
    """

    qubits: tuple[cirq.Qid, ...]
    one_qubit_gates: Mapping[cirq.Qid, int]
    two_qubit_gates: Mapping[frozenset[cirq.Qid], int]
    measured: frozenset[cirq.Qid]

    @classmethod
    def of(cls, circuit: cirq.AbstractCircuit) -> Interactions:
        """Of a circuit; raises ValueError for gates on three qubits or more."""
        one, two = Counter[cirq.Qid](), Counter[frozenset[cirq.Qid]]()
        measured: set[cirq.Qid] = set()
        for operation in circuit.all_operations():
            if cirq.is_measurement(operation):
                measured.update(operation.qubits)
            elif len(operation.qubits) == 1:
                one[operation.qubits[0]] += 1
            elif len(operation.qubits) == 2:
                two[frozenset(operation.qubits)] += 1
            else:
                raise ValueError(f"{operation} acts on {len(operation.qubits)} qubits; decompose it first")
        return cls(tuple(sorted(circuit.all_qubits())), one, two, frozenset(measured))

    @property
    def graph(self) -> nx.Graph[cirq.Qid]:
        """Qubits and pairs; pairs carry their number of gates as `weight`."""
        graph: nx.Graph[cirq.Qid] = nx.Graph()
        graph.add_nodes_from(self.qubits)
        for pair, count in self.two_qubit_gates.items():
            first, second = sorted(pair)
            graph.add_edge(first, second, weight=count)
        return graph
