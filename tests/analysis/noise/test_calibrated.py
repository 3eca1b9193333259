import cirq
import numpy as np
import pytest

from qpbae_tn.analysis.noise.calibrated import CalibratedNoise, Source
from qpbae_tn.analysis.noise.expectation import pull_back
from qpbae_tn.analysis.noise.response import DeviceResponse
from qpbae_tn.analysis.noise.stages import stage_rows
from qpbae_tn.compiler.execution import SamplerKind, execute, make_sampler
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.model.specification import ModelSpecification

STATES = np.abs(np.random.default_rng(3).normal(size=(3, 16))) + 0.5
STATES /= np.linalg.norm(STATES, axis=1, keepdims=True)


def _program(readout, target="willow_pink"):
    specification = ModelSpecification.build(4, 2, 1)
    angles = np.random.default_rng(0).uniform(-1.8, -1.2, specification.ansatz.parameter_count)
    return compile_program(specification, angles, get_readout(readout), MpsPreparation(2), load_target(target))


@pytest.mark.parametrize(("readout", "target"), [("echo", "willow_pink"), ("direct", "weber")])
def test_scores_equal_a_density_matrix_of_the_noise_model(readout, target):
    program = _program(readout, target)
    found = DeviceResponse(CalibratedNoise(program)).means(STATES)
    for state, value in zip(STATES[:2], found, strict=False):
        noisy = program.bind(state).circuit.with_noise(program.target.noise_model())
        noisy = cirq.Circuit(cirq.Moment(op for op in moment if not cirq.is_measurement(op)) for moment in noisy)
        order = sorted(noisy.all_qubits())
        final = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(noisy, qubit_order=order).final_density_matrix
        kept = [order.index(qubit) for qubit in program.measured]
        reduced = cirq.partial_trace(final.reshape((2,) * (2 * len(order))), kept)
        probabilities = np.diag(reduced.reshape(2 ** len(kept), -1)).real
        assert value == pytest.approx(program.estimator.expectation(probabilities), abs=1e-9)


def test_trajectories_agree_with_the_exact_score_of_latent():
    program = _program("latent")
    response = DeviceResponse(CalibratedNoise(program))
    (score,) = execute(program, STATES[:1], make_sampler(SamplerKind.NOISY, program.target, 5), 1000)
    variance = (response.squares(STATES[:1]) - response.means(STATES[:1]) ** 2)[0]
    assert abs(score.fidelity - response.means(STATES[:1])[0]) < 4 * np.sqrt(variance / 1000)


def test_without_sources_the_score_is_that_of_the_prepared_state():
    program = _program("destructive")
    prepared = program.prepared_states(program.fit(STATES)[0])
    exact = ExactEngine().reconstruction_fidelity(program.specification, program.angles, prepared)
    response = DeviceResponse(CalibratedNoise(program))
    np.testing.assert_allclose(response.only(()).means(STATES), exact, atol=1e-12)


def test_losses_of_single_sources_add_up_to_about_the_whole():
    response = DeviceResponse(CalibratedNoise(_program("latent")))
    rows = {row["source"]: row for row in stage_rows(response, STATES)}
    parts = sum(rows[source.value]["shift"] for source in Source)
    assert parts == pytest.approx(rows["all"]["shift"], rel=0.1)
    assert all(row["estimated_loss"] >= 0 for row in rows.values())


def test_splitting_differently_gives_the_same_scores(monkeypatch):
    program = CalibratedNoise(_program("latent"))
    exponents = program.program.parameters.exponents(program.program.fit(STATES)[0])
    one = pull_back(program.noisy()).means(exponents=exponents)
    monkeypatch.setattr("qpbae_tn.analysis.noise.expectation.OBSERVABLE_QUBITS", 2)
    np.testing.assert_allclose(pull_back(program.noisy()).means(exponents=exponents), one, atol=1e-12)
