import cirq
import numpy as np
import pytest

from qpbae_tn.analysis.noise.depolarising import depolarised
from qpbae_tn.analysis.noise.engine import DepolarisedEngine
from qpbae_tn.analysis.noise.expectation import pull_back
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification


def _states(count, size):
    states = np.abs(np.random.default_rng(1).normal(size=(count, size))) + 0.2
    return states / np.linalg.norm(states, axis=1, keepdims=True)


@pytest.mark.parametrize("name", [name for name in READOUTS if name != "echo"])
def test_paper_noise_equals_an_independent_density_matrix(name):
    specification = ModelSpecification.build(2, 1, 1)
    angles, states = np.array([-1.1, -0.6]), _states(2, 4)
    program = READOUTS[name].program(specification, angles)
    found = pull_back(depolarised(program, 0.2)).means(states)
    noisy = cirq.Circuit()
    for op in program.circuit.all_operations():
        noisy.append([op, *(cirq.depolarize(0.2).on(qubit) for qubit in op.qubits)])
    registered = [qubit for register in program.inputs for qubit in register]
    order = registered + sorted(program.qubits - set(registered))
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    for state, value in zip(states, found, strict=True):
        start = state if len(program.inputs) == 1 else np.kron(state, state)
        start = np.kron(start, np.eye(2 ** (len(order) - len(registered)))[0]).astype(complex)
        final = simulator.simulate(noisy, qubit_order=order, initial_state=start).final_density_matrix
        kept = [order.index(qubit) for qubit in program.measured]
        reduced = cirq.partial_trace(final.reshape((2,) * (2 * len(order))), kept)
        probabilities = np.diag(reduced.reshape(2 ** len(kept), -1)).real
        assert value == pytest.approx(program.estimator.expectation(probabilities), abs=1e-9)


@pytest.mark.parametrize("name", READOUTS)
def test_without_noise_every_readout_gives_the_closed_formula(name):
    specification, states = ModelSpecification.build(4, 2, 2), _states(4, 16)
    angles = np.random.default_rng(0).uniform(-1.2, -0.2, specification.ansatz.parameter_count)
    readout, engine = READOUTS[name], ExactEngine()
    trash = readout.quantity is Quantity.TRASH_FIDELITY
    exact = (engine.trash_fidelity if trash else engine.reconstruction_fidelity)(specification, angles, states)
    found = pull_back(depolarised(readout.program(specification, angles), 0.0)).means(states)
    np.testing.assert_allclose(found, exact, atol=1e-12)


def test_noisy_loss_is_the_weighted_mean_of_noisy_scores_with_its_gradient():
    specification, states, angles = ModelSpecification.build(2, 1, 1), _states(5, 4), np.array([-1.0, -0.4])
    weights, engine = np.full(5, 0.2), DepolarisedEngine(0.2)
    loss = engine.prepare_loss(specification, [states], weights)
    value, gradient = loss.value_and_gradient(angles)
    assert value == pytest.approx(1 - weights @ engine.trash_fidelity(specification, angles, states), abs=1e-12)
    step = 1e-5
    for index, slope in enumerate(gradient):
        shift = step * np.eye(2)[index]
        assert slope == pytest.approx((loss.value(angles + shift) - loss.value(angles - shift)) / (2 * step), abs=1e-8)


def test_full_noise_leaves_nothing_of_the_patch():
    specification, states = ModelSpecification.build(2, 1, 1), _states(3, 4)
    found = DepolarisedEngine(0.75).reconstruction_fidelity(specification, np.array([-1.0, -0.4]), states)
    np.testing.assert_allclose(found, 0.0, atol=1e-12)


def test_strength_outside_its_range_is_refused():
    with pytest.raises(InputError, match=r"^p: "):
        DepolarisedEngine(0.8)
