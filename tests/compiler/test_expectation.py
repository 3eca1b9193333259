from __future__ import annotations

from itertools import pairwise
from typing import Any

import cirq
import numpy as np
import pytest

from qpbae_tn.compiler import expectation as module
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.expectation import Boundary, Expectation, TooLarge, expectation

QUBITS = tuple(cirq.LineQubit.range(7))


def random_circuit(seed: int, gates: int = 30) -> cirq.Circuit:
    rng = np.random.default_rng(seed)
    circuit = cirq.Circuit()
    for _ in range(gates):
        first, second = rng.choice(len(QUBITS), 2, replace=False)
        x, z, a = rng.uniform(-1, 1, 3)
        circuit.append(cirq.PhasedXZGate(x_exponent=x, z_exponent=z, axis_phase_exponent=a)(QUBITS[first]))
        circuit.append(rng.choice([cirq.CZ, cirq.CNOT, cirq.SQRT_ISWAP])(QUBITS[first], QUBITS[second]))
    return circuit


def random_state(seed: int, qubits: int) -> np.ndarray:
    state = np.random.default_rng(seed).normal(size=2**qubits)
    return state / np.linalg.norm(state)


def dense(circuit: cirq.Circuit, measured: tuple[cirq.Qid, ...], estimator: Estimator, start: np.ndarray) -> float:
    order = [*measured, *(qubit for qubit in QUBITS if qubit not in measured)]
    axes = [QUBITS.index(qubit) for qubit in order]
    initial = start.reshape((2,) * len(QUBITS)).transpose(axes).ravel().astype(np.complex128)
    simulator = cirq.Simulator(dtype=np.complex128)
    state = simulator.simulate(circuit, qubit_order=order, initial_state=initial).final_state_vector
    return estimator.expectation((np.abs(state) ** 2).reshape(2 ** len(measured), -1).sum(axis=1))


def found_in(circuit: cirq.Circuit, *args: Any, **options: Any) -> Expectation:
    return expectation([*circuit.all_operations()], *args, **options)


@pytest.mark.parametrize("state_qubits", [16, 1])
@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_a_state_vector_simulator(seed: int, state_qubits: int) -> None:
    circuit = random_circuit(seed, gates=4 + 6 * seed)
    measured = (QUBITS[2], QUBITS[0], QUBITS[5], QUBITS[6], QUBITS[1])
    estimator = Estimator(5, zeros=(1,), pairs=((0, 3),), signs=(2, 4))
    phi = random_state(seed, 3)
    start = np.kron(phi, np.eye(1, 16)[0])
    found = found_in(circuit, measured, estimator, [Boundary(QUBITS[:3], phi)], state_qubits=state_qubits)
    assert found.value == pytest.approx(dense(circuit, measured, estimator, start), abs=1e-12)


@pytest.mark.parametrize("state_qubits", [16, 1])
def test_a_projected_output_is_an_inverse_preparation(state_qubits: int) -> None:
    circuit, phi = random_circuit(11), random_state(5, 3)
    register = (QUBITS[4], QUBITS[1], QUBITS[3])
    inverse = cirq.MatrixGate(_unitary_with_first_column(phi).T)(*register)
    estimator = Estimator(3, zeros=(0, 1, 2))
    explicit = dense(circuit + cirq.Circuit(inverse), register, estimator, np.eye(1, 128)[0])
    found = found_in(circuit, register, estimator, outputs=[Boundary(register, phi)], state_qubits=state_qubits)
    assert found.value == pytest.approx(explicit, abs=1e-12)


def test_gates_outside_the_light_cone_cost_nothing() -> None:
    wide = cirq.LineQubit.range(60)
    circuit = cirq.Circuit(cirq.ry(0.4)(wide[0]), (cirq.CNOT(a, b) for a, b in pairwise(wide)))
    found = found_in(circuit, (wide[0],), Estimator(1, zeros=(0,)))
    assert found.value == pytest.approx(np.cos(0.2) ** 2, abs=1e-14)


def wide_circuit(qubits: int, layers: int) -> tuple[cirq.Circuit, list[cirq.LineQubit]]:
    """Rotations on all qubits and CZ gates on random pairs, layer after layer."""
    rng = np.random.default_rng(0)
    wide = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit()
    for _ in range(layers):
        order = rng.permutation(qubits)
        circuit.append(cirq.ry(float(angle))(qubit) for angle, qubit in zip(rng.normal(size=qubits), wide, strict=True))
        circuit.append(cirq.CZ(wide[a], wide[b]) for a, b in order.reshape(-1, 2))
    circuit.append(cirq.H.on_each(*wide))
    return circuit, wide


def test_a_circuit_past_what_can_be_contracted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit, wide = wide_circuit(10, 4)
    measured, estimator = tuple(wide), Estimator(10, signs=tuple(range(10)))
    monkeypatch.setattr(module, "MOST_FLOPS", 1000.0)
    with pytest.raises(TooLarge, match=r"cannot be verified here: its expectation takes [\d.e+]+ flops"):
        found_in(circuit, measured, estimator, state_qubits=1)


def test_gate_by_gate_is_a_second_route_to_the_same_number() -> None:
    circuit, wide = wide_circuit(6, 4)
    for estimator in (Estimator(6, zeros=tuple(range(6))), Estimator(6, (1,), ((0, 3), (2, 4)), (5,))):
        ways = [found_in(circuit, tuple(wide), estimator, by=by) for by in ("auto", "quimb")]
        assert ways[0].value == pytest.approx(ways[1].value, abs=1e-13)
        assert ways[1].method.startswith("tensor network of ")
        assert "flops" in ways[1].method


def test_the_projector_on_zeros_does_not_join_the_two_sides() -> None:
    circuit, wide = wide_circuit(12, 6)
    found = found_in(circuit, tuple(wide), Estimator(12, zeros=tuple(range(12))), state_qubits=4)
    assert found.method.startswith("tensor network")
    state = cirq.Simulator(dtype=np.complex128).simulate(circuit, qubit_order=wide).final_state_vector
    assert found.value == pytest.approx(abs(state[0]) ** 2, rel=1e-9)


def _unitary_with_first_column(column: np.ndarray) -> np.ndarray:
    basis, _ = np.linalg.qr(np.column_stack([column, np.eye(len(column))[:, 1:]]))
    return basis * np.sign(basis[:, 0] @ column)


def test_the_method_says_when_nothing_but_the_observable_is_left() -> None:
    circuit = cirq.Circuit(cirq.ry(0.3)(QUBITS[0]), cirq.CZ(QUBITS[0], QUBITS[1]), cirq.ry(0.2)(QUBITS[1]))
    found = found_in(circuit, QUBITS[:2], Estimator(2, zeros=(0, 1)))
    assert found.method == "the observable pulled back to |0...0>"
    assert found.value == pytest.approx((np.cos(0.15) * np.cos(0.1)) ** 2)
    held = found_in(circuit, QUBITS[:2], Estimator(2, zeros=(0, 1)), [Boundary(QUBITS[:2], random_state(1, 2))])
    assert held.method == "state vectors of up to 2 qubits"
