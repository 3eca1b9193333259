"""Circuits as networks: the values of a statevector simulator, whatever the gates, starts and ends."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.networks.build import PATCH, NetworkBuilder, dense_start, gate_tensor, mps_start
from qpbae_tn.compiler.networks.contraction import prepare
from qpbae_tn.compiler.networks.questions import literal_network, without_last_on
from qpbae_tn.compiler.networks.trees import TreeStore
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.conversion import states_to_mps
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
QUBITS = cirq.LineQubit.range(5)
PLACES = {qubit: place for place, qubit in enumerate(QUBITS)}
PHASED = cirq.PhasedXZGate(x_exponent=0.2, z_exponent=0.4, axis_phase_exponent=0.1)
GATES = (
    *(cirq.H, cirq.X, cirq.Y, cirq.Z, cirq.T, cirq.ry(0.3), cirq.rz(0.7), PHASED),
    *(cirq.CNOT, cirq.CZ, cirq.CZ**0.3, cirq.SWAP, cirq.ISWAP, cirq.SQRT_ISWAP, cirq.XX**0.2),
    *(cirq.CSWAP, cirq.TOFFOLI, cirq.CCZ),
)


def random_circuit(rng: np.random.Generator, length: int) -> cirq.Circuit:
    chosen = [GATES[index] for index in rng.integers(len(GATES), size=length)]
    return cirq.Circuit(
        gate.on(*(QUBITS[index] for index in rng.permutation(5)[: cirq.num_qubits(gate)])) for gate in chosen
    )


@pytest.mark.parametrize("seed", range(8))
def test_amplitudes_are_those_of_a_simulator(seed: int) -> None:
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, 25)
    state = rng.normal(size=4) + 1j * rng.normal(size=4)
    state /= np.linalg.norm(state)
    builder = NetworkBuilder()
    register = (QUBITS[3], QUBITS[1])  # neither sorted nor neighbours
    ends = builder.add_copy(circuit.all_operations(), [dense_start(register, state)], PLACES, "ket")
    for qubit in QUBITS:
        builder.join(ends[qubit], str(qubit))
    network = builder.network([str(qubit) for qubit in QUBITS])
    initial = np.einsum("ba,c,d,e->cadbe", state.reshape(2, 2), *[np.array([1.0, 0])] * 3).ravel()
    expected = cirq.Simulator(dtype=np.complex128).simulate(circuit, qubit_order=QUBITS, initial_state=initial)
    found = prepare(network, TreeStore()).value()
    np.testing.assert_allclose(found.ravel(), expected.final_state_vector, atol=1e-7)
    by_quimb = network.quimb().contract(output_inds=network.output).data
    np.testing.assert_allclose(found, by_quimb, atol=1e-12)


@pytest.mark.parametrize("gate", [cirq.CNOT, cirq.CZ, cirq.CSWAP, cirq.rz(0.4), cirq.H, cirq.SWAP], ids=str)
def test_a_gate_shares_an_index_where_it_is_diagonal(gate: cirq.Gate) -> None:
    operation = gate.on(*QUBITS[: cirq.num_qubits(gate)])
    tensor, source, diagonal = gate_tensor(operation)
    expected = {"CNOT": (True, False), "CZ": (True, True), "FREDKIN": (True, False, False), "SWAP": (False, False)}
    assert diagonal == expected.get(str(gate), (gate != cirq.H,))
    assert source == ""
    assert tensor.ndim == len(diagonal) + diagonal.count(False)
    assert np.iscomplexobj(tensor) == (gate == cirq.rz(0.4))


def test_what_is_known_is_left_out() -> None:
    """CNOTs whose control is at |0>, or whose target starts there, are names; SWAPs always are."""
    first, second, third = QUBITS[:3]
    circuit = [cirq.CNOT(first, second), cirq.SWAP(second, third), cirq.CNOT(third, second), cirq.ry(0.3)(third)]
    builder = NetworkBuilder()
    ends = builder.add_copy(circuit, [], {qubit: PLACES[qubit] for qubit in QUBITS[:3]}, "ket")
    for qubit in QUBITS[:2]:
        builder.join(ends[qubit], str(qubit))
    builder.zeros.add(ends[third])
    network = builder.network([str(first), str(second)])
    assert max(piece.array.ndim for piece in network.pieces) <= 2
    assert len(network.pieces) <= 3
    np.testing.assert_allclose(prepare(network, TreeStore()).value(), [[np.cos(0.15), 0], [0, 0]], atol=1e-15)
    builder = NetworkBuilder()
    ends = builder.add_copy([cirq.H(first), cirq.CNOT(first, second)], [], {first: 0, second: 1}, "ket")
    builder.join(ends[first], "a")
    builder.join(ends[second], "b")
    bell = prepare(builder.network(["a", "b"]), TreeStore())
    np.testing.assert_allclose(bell.value(), np.eye(2) / np.sqrt(2), atol=1e-15)


def test_operations_that_act_last_on_traced_qubits_are_left_out() -> None:
    first, second, third = QUBITS[:3]
    early, late = cirq.CZ(second, third), cirq.CNOT(second, third)
    kept = without_last_on([early, cirq.CNOT(first, second), cirq.X(third), late], {second, third})
    assert kept == [early, cirq.CNOT(first, second)]


@pytest.mark.parametrize("training", [True, False], ids=["training", "test"])
@pytest.mark.parametrize("kind", BLOCK_KINDS.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("size", "bottleneck", "layers", "trash"), [(2, 1, 2, "first"), (4, 2, 2, "last"), (8, 3, 1, "first")]
)
def test_literal_circuits_have_the_scores_of_the_model(
    size: int, bottleneck: int, layers: int, trash: str, kind: object, training: bool, rng: np.random.Generator
) -> None:
    """Ancilla, CSWAPs and all, from dense patches and from matrix product states."""
    specification = ModelSpecification.build(size, 1, bottleneck, kind=kind, layers=layers, trash=trash)
    angles = dc_angles(specification.ansatz) + 0.1 * rng.normal(size=specification.ansatz.parameter_count)
    state = 1 + 0.3 * rng.normal(size=size * size)
    state /= np.linalg.norm(state)
    tensors = [tensor[0] for tensor in states_to_mps(state[None]).tensors]
    engine = ExactEngine()
    score = engine.trash_fidelity if training else engine.reconstruction_fidelity
    expected = score(specification, angles, state[None])[0]
    assert expected > 0.3
    for start in (lambda qubits: dense_start(qubits, state), lambda qubits: mps_start(qubits, tensors)):
        network = literal_network(specification, angles, start, training=training)
        assert float(prepare(network, TreeStore()).value()) == pytest.approx(expected, rel=1e-10)


def test_a_stack_of_patches_shares_an_open_index(rng: np.random.Generator) -> None:
    states = rng.normal(size=(3, 8))
    stack = states_to_mps(states / np.linalg.norm(states, axis=1, keepdims=True))
    builder = NetworkBuilder()
    register = tuple(QUBITS[:3])
    ends = builder.add_copy([], [mps_start(register, stack.tensors)], {q: PLACES[q] for q in register}, "ket")
    names = [str(qubit) for qubit in register]
    for qubit in register:
        builder.join(ends[qubit], str(qubit))
    found = prepare(builder.network([PATCH, *names]), TreeStore()).value()
    np.testing.assert_allclose(found.reshape(3, 8), stack.to_dense(), atol=1e-14)
