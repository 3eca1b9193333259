"""Pulling back in the Pauli basis, against density matrices that are pushed forward."""

from __future__ import annotations

from dataclasses import dataclass

import cirq
import numpy as np
import pytest

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.pullback import (
    ZERO,
    Factor,
    GateStep,
    apply_to_axes,
    merged,
    observable,
    pauli_strings,
    pull_back,
    transfer_matrix,
)

QUBITS = tuple(cirq.LineQubit.range(5))
ESTIMATOR = Estimator(4, zeros=(1,), pairs=((0, 3),), signs=(2,))


@dataclass(frozen=True, eq=False)
class Channel:
    operation: cirq.Operation

    @property
    def wires(self):
        return self.operation.qubits

    @property
    def transfer(self):
        return transfer_matrix(cirq.kraus(self.operation))


def noisy_circuit(seed: int, gates: int) -> cirq.Circuit:
    rng = np.random.default_rng(seed)
    circuit = cirq.Circuit()
    for _ in range(gates):
        first, second = (QUBITS[index] for index in rng.choice(5, 2, replace=False))
        circuit.append([cirq.ry(rng.normal())(first), cirq.rz(rng.normal())(first)])
        circuit.append(
            [cirq.ISWAP(first, second) ** 0.3, cirq.depolarize(0.1)(first), cirq.amplitude_damp(0.2)(second)]
        )
    return circuit


@pytest.mark.parametrize("largest", [5, 3, 1])
@pytest.mark.parametrize("seed", range(4))
def test_channels_are_pulled_back_exactly(seed: int, largest: int) -> None:
    circuit = noisy_circuit(seed, 2 + 2 * seed)
    order = [*QUBITS[:4], QUBITS[4]]
    final = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(circuit, qubit_order=order).final_density_matrix
    expected = ESTIMATOR.expectation(np.diag(final).real.reshape(16, 2).sum(axis=1))

    steps = [Channel(op) for op in circuit.all_operations()]
    head, factors = pull_back(steps, observable(ESTIMATOR, QUBITS[:4]), largest=largest)
    assert all(len(factor.wires) <= max(largest, 2) for factor in factors)
    # What is left in front is pushed forward from |0>, all qubits at once.
    state = merged([Factor((qubit,), ZERO) for qubit in QUBITS], QUBITS).coefficients
    for place in head:
        state = apply_to_axes(steps[place].transfer, state, [QUBITS.index(wire) for wire in steps[place].wires])
    held = tuple(wire for factor in factors for wire in factor.wires)
    rest = tuple(qubit for qubit in QUBITS if qubit not in held)
    whole = merged(factors, (*held, *rest)).coefficients
    state = state.transpose([QUBITS.index(qubit) for qubit in (*held, *rest)])
    assert float((whole * state).sum()) == pytest.approx(expected, abs=1e-12)


def test_a_transfer_matrix_is_a_table_of_traces() -> None:
    unitary, strings = cirq.testing.random_unitary(4, random_state=1), pauli_strings(2)
    table = [[np.trace(a @ unitary @ b @ unitary.conj().T).real / 4 for b in strings] for a in strings]
    gate = cirq.MatrixGate(unitary)(*QUBITS[:2])
    np.testing.assert_allclose(GateStep(gate).transfer, table, atol=1e-14)


def test_a_factor_as_an_operator() -> None:
    coefficients = np.random.default_rng(0).normal(size=(4, 4, 4))
    operator = Factor(QUBITS[:3], coefficients).operator.reshape(8, 8)
    np.testing.assert_allclose(operator, np.tensordot(coefficients.ravel(), pauli_strings(3), axes=1), atol=1e-12)
