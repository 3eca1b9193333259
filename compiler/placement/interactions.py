"""The error of a placement: gates times their Pauli errors, and readout errors, summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.targets.target import Target

# What a circuit asks of a placement: which qubits meet how often, and which are measured.


@dataclass(frozen=True)
class Interactions:
    """The interaction graph of a program of one- and two-qubit gates.

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
    def of(cls, program: Program) -> Interactions:
        """Of a program; raises ValueError for gates on three qubits or more."""
        one, two = Counter[cirq.Qid](), Counter[frozenset[cirq.Qid]]()
        for operation in program.operations:
            if len(operation.qubits) > 2:
                raise ValueError(f"{operation} acts on {len(operation.qubits)} qubits; decompose it first")
            if len(operation.qubits) == 2:
                two[frozenset(operation.qubits)] += 1
            else:
                one[operation.qubits[0]] += 1
        return cls(tuple(sorted(program.qubits)), one, two, frozenset(program.measured))


_ONE_QUBIT_GATES_PER_SEQUENCE = 2
"""One-qubit gates that a CZ adds on each of its qubits where it is made from two other native gates."""


@dataclass(frozen=True)
class Costs:
    """Interactions and a target as arrays.

    Args:
        logical: the logical qubits, (L,).
        physical: the target's qubits, (D,).
        node: expected errors (L, D) of logical qubit l on physical qubit d: one-qubit gates and readout.
        weight: two-qubit gates (L, L) between logical qubits.
        edge: expected errors (D, D) of one such gate; infinite where there is no pair.
    """

    logical: tuple[cirq.Qid, ...]
    physical: tuple[cirq.GridQubit, ...]
    node: NDArray[np.float64]
    weight: NDArray[np.int64]
    edge: NDArray[np.float64]

    @classmethod
    def of(cls, interactions: Interactions, target: Target) -> Costs:
        """Expected numbers of errors from the calibration of the target."""
        logical, physical = interactions.qubits, target.qubits
        index = {qubit: number for number, qubit in enumerate(logical)}
        place = {qubit: number for number, qubit in enumerate(physical)}
        weight = np.zeros((len(logical), len(logical)), dtype=np.int64)
        for pair, count in interactions.two_qubit_gates.items():
            first, second = pair
            weight[index[first], index[second]] = weight[index[second], index[first]] = count
        edge = np.full((len(physical), len(physical)), np.inf)
        for pair, error in target.p_2q_pauli.items():
            first, second = pair
            cost = target.native.uses_per_cz * error
            edge[place[first], place[second]] = edge[place[second], place[first]] = cost
        one = np.array([interactions.one_qubit_gates.get(qubit, 0) for qubit in logical], dtype=np.float64)
        if target.native.uses_per_cz > 1:
            one += _ONE_QUBIT_GATES_PER_SEQUENCE * weight.sum(axis=1)
        read = np.array([qubit in interactions.measured for qubit in logical], dtype=np.float64)
        p_gate = np.array([target.p_1q_pauli[qubit] for qubit in physical])
        p_read = np.array([target.readout[qubit].mean for qubit in physical])
        return cls(logical, physical, np.outer(one, p_gate) + np.outer(read, p_read), weight, edge)

    def total(self, mapping: Mapping[cirq.Qid, cirq.GridQubit]) -> float:
        """The expected number of errors of a placement; infinite where a pair is not connected."""
        index = {place: number for number, place in enumerate(self.physical)}
        places = np.array([index[mapping[qubit]] for qubit in self.logical])
        first, second = np.nonzero(np.triu(self.weight))
        gates = self.weight[first, second] * self.edge[places[first], places[second]]
        return float(self.node[np.arange(len(places)), places].sum() + gates.sum())
