"""Every engine on the same input, against the Cirq circuits' own statevector."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.circuits import (
    Registers,
    reconstruction_circuit,
    reconstruction_registers,
    training_circuit,
    training_registers,
)
from qpbae_tn.engines import make_engine
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
TOLERANCE = {"exact": 1e-12, "qsim": 1e-6, "mps": 1e-10, "quimb": 1e-12, "auto": 1e-12}


def statevector_expectation(circuit: cirq.Circuit, registers: Registers, state: Array) -> float:
    parts = [state, np.eye(1, 1 << len(registers.fresh))[0]]
    if registers.copy:
        parts.append(state)
    parts.append(np.array([1.0, 0.0]))
    initial = np.array([1.0])
    for part in parts:
        initial = np.kron(initial, part)
    simulator = cirq.Simulator(dtype=np.complex128, split_untangled_states=False)
    final = simulator.simulate(circuit, qubit_order=registers.order, initial_state=initial.astype(np.complex128))
    weights = np.abs(final.final_state_vector.reshape(-1, 2)) ** 2
    return float(weights[:, 0].sum() - weights[:, 1].sum())


def smooth_states(specification: ModelSpecification, rng: np.random.Generator, count: int) -> Array:
    """Bright, slowly varying patches, as real images have them, and one that is not."""
    states = 1.0 + 0.2 * rng.normal(size=(count, specification.pixel_count))
    states[0] = rng.normal(size=specification.pixel_count)
    return states / np.linalg.norm(states, axis=1, keepdims=True)


def cases() -> list[ModelSpecification]:
    chosen = []
    for size in (2, 4, 8):
        qubits = 2 * (size.bit_length() - 1)
        # The 8 x 8 circuits have up to 18 qubits: every bottleneck once, kinds, layers and trash in turn.
        for index, bottleneck in enumerate(range(1, qubits)):
            kinds = list(BLOCK_KINDS.values()) if size < 8 else [list(BLOCK_KINDS.values())[index % 2]]
            for kind in kinds:
                for layers in (1, 2) if size < 8 else (1 + index % 2,):
                    trash = "last" if (index + layers) % 3 == 0 else "first"
                    pattern = "brick" if index % 2 else "staircase"
                    chosen.append(
                        ModelSpecification.build(
                            size, 1, bottleneck, pattern=pattern, kind=kind, layers=layers, trash=trash
                        )
                    )
    return chosen


def identify(specification: ModelSpecification) -> str:
    kind, blocks = specification.ansatz.blocks[0].kind.name, len(specification.ansatz.blocks)
    return f"P{specification.patch_size}-BD{specification.bottleneck}-{specification.ansatz.name}-{kind}-{blocks}blocks"


@pytest.mark.parametrize("specification", cases(), ids=identify)
@pytest.mark.parametrize("near_dc", [False, True], ids=["random", "near-dc"])
def test_engines_agree_with_the_circuits(
    specification: ModelSpecification, near_dc: bool, rng: np.random.Generator
) -> None:
    angles = rng.normal(size=specification.ansatz.parameter_count)
    if near_dc:
        angles = dc_angles(specification.ansatz) + 0.1 * angles
    states = smooth_states(specification, rng, 2)
    training, testing = training_registers(specification), reconstruction_registers(specification)
    trash_circuit = training_circuit(specification, angles, training)
    full_circuit = reconstruction_circuit(specification, angles, testing)
    trash = np.array([statevector_expectation(trash_circuit, training, state) for state in states])
    full = np.array([statevector_expectation(full_circuit, testing, state) for state in states])
    if near_dc:
        assert full[1] > 0.5  # a case in which an engine that returns nothing would not pass
    for name, tolerance in TOLERANCE.items():
        engine = make_engine(name)
        np.testing.assert_allclose(engine.trash_fidelity(specification, angles, states), trash, atol=tolerance, rtol=0)
        found = engine.reconstruction_fidelity(specification, angles, states)
        np.testing.assert_allclose(found, full, atol=tolerance, rtol=0)


@pytest.mark.parametrize("specification", cases()[::3], ids=identify)
def test_gradient_is_that_of_the_parameter_shift(specification: ModelSpecification, rng: np.random.Generator) -> None:
    angles = rng.normal(size=specification.ansatz.parameter_count)
    batch = [smooth_states(specification, rng, 5), smooth_states(specification, rng, 5)]
    weights = rng.dirichlet(np.ones(5))
    loss = ExactEngine().prepare_loss(specification, batch, weights)
    value, gradient = loss.value_and_gradient(angles)
    by_patch = np.mean([weights @ ExactEngine().trash_fidelity(specification, angles, states) for states in batch])
    assert value == pytest.approx(1 - by_patch, abs=1e-12)
    assert loss.value(angles) == pytest.approx(value, abs=1e-14)
    for index in range(angles.size):
        shift = np.zeros(angles.size)
        shift[index] = np.pi / 2
        slope = (loss.value(angles + shift) - loss.value(angles - shift)) / 2
        assert gradient[index] == pytest.approx(slope, abs=1e-9)


def test_qsim_trains_to_the_same_gradient(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(4, 1, 1)
    angles = rng.normal(size=6)
    states, weights = smooth_states(specification, rng, 30), np.full(30, 1 / 30)
    exact = make_engine("exact").prepare_loss(specification, [states], weights).value_and_gradient(angles)
    qsim = make_engine("qsim").prepare_loss(specification, [states], weights).value_and_gradient(angles)
    assert qsim[0] == pytest.approx(exact[0], abs=1e-6)
    np.testing.assert_allclose(qsim[1], exact[1], atol=1e-6)


@pytest.mark.parametrize("specification", cases()[1::4], ids=identify)
def test_float32_costs_what_its_docstring_says(specification: ModelSpecification, rng: np.random.Generator) -> None:
    engine, states = ExactEngine(), smooth_states(specification, rng, 200)
    angles = dc_angles(specification.ansatz) + 0.1
    for method in (engine.trash_fidelity, engine.reconstruction_fidelity):
        double, single = (method(specification, angles, states.astype(dtype)) for dtype in (np.float64, np.float32))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, atol=2e-6, rtol=0)


def test_past_the_dense_limit_blocks_are_applied_one_by_one(rng: np.random.Generator) -> None:
    for trash in ("first", "last"):
        specification = ModelSpecification.build(32, 1, 2, trash=trash)
        angles = dc_angles(specification.ansatz) + 0.1 * rng.normal(size=18)
        states = smooth_states(specification, rng, 3)
        full = np.eye(1024)
        for block, own in specification.ansatz.split(angles):
            left, right = np.eye(1 << block.first), np.eye(1 << (9 - block.second))
            full = np.kron(np.kron(left, block.kind.matrix(own)), right) @ full
        psi = (states @ full.T).reshape((3, 256, 4) if trash == "first" else (3, 4, 256))
        psi = psi if trash == "first" else psi.swapaxes(1, 2)
        expected = (np.einsum("pkl,pl->pk", psi, psi[:, 0]) ** 2).sum(axis=1)
        found = ExactEngine().reconstruction_fidelity(specification, angles, states)
        np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)
        assert found[1] > 0.5
