"""The exact expectation of an estimator on a circuit's outcome, in double precision.

Circuits of this model have a dozen to thirty qubits, but their readouts are products of small operators. Those are
first pulled back through the circuit as long as they stay small, which ends many qubits at their |0> and leaves out
whatever no bit depends on. What is left acts on state vectors, one for each set of qubits that gates connect; where one
of those would be large, the whole is contracted as a tensor network, gate by gate. Nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cirq

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.expectation.network import Boundary, Network, TooLarge, connected, state_vector
from qpbae_tn.compiler.expectation.operators import Register, factors_of, pull_back

__all__ = ["Boundary", "Expectation", "TooLarge", "expectation"]

STATE_QUBITS = 16
"""Up to here a state vector is quicker than a search for an order of contraction."""


@dataclass(frozen=True)
class Expectation:
    """An expectation, and how it was found.

    Args:
        value: the mean of a shot's value.
        method: "the observable pulled back to |0...0>", "state vectors of up to N qubits" or "tensor network".
    """

    value: float
    method: str


def expectation(
    circuit: cirq.Circuit,
    measured: Register,
    estimator: Estimator,
    inputs: Sequence[Boundary] = (),
    outputs: Sequence[Boundary] = (),
    *,
    state_qubits: int = STATE_QUBITS,
) -> Expectation:
    """The mean value of a shot of an ideal machine.

    Args:
        circuit: unitary gates without symbols; measurements are passed over.
        measured: the measured qubits, in the order of the estimator's bits.
        estimator: from bits to the value of a shot.
        inputs: registers that start in a given state; all other qubits start in |0>.
        outputs: registers that are projected on a state at the end instead of being measured; the estimator then has to
            ask all of their bits to be 0, as an inverse preparation before the measurement would make them.
        state_qubits: the largest state vector; past it the circuit is contracted gate by gate.

    Raises:
        TooLarge: neither way fits in memory.
    """
    operations = [op for op in circuit.all_operations() if not cirq.is_measurement(op)]
    started = {qubit for boundary in inputs for qubit in boundary.qubits}
    projected = {qubit for boundary in outputs for qubit in boundary.qubits}
    factors = [factor for factor in factors_of(measured, estimator) if projected.isdisjoint(factor.qubits)]
    kept, factors = pull_back(operations, factors, started, projected)

    read = frozenset(projected.union(*(factor.qubits for factor in factors)))
    network = Network(read)
    network.add_operators(factors, outputs)
    parts = connected(kept, inputs, read)
    largest = max((len(part) for part in parts), default=0)
    if not parts:
        return Expectation(network.contract(), "the observable pulled back to |0...0>")
    if largest <= state_qubits:
        network.add_states([state_vector(kept, part, inputs) for part in parts])
        return Expectation(network.contract(), f"state vectors of up to {largest} qubits")
    network.add_gates(kept, frozenset().union(*parts), inputs)
    return Expectation(network.contract(), "tensor network")
