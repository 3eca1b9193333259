"""Exact noisy outcome distributions against Cirq's density matrices, and what noise makes of weighted maps."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.analysis.noise.calibrated import Source
from qpbae_tn.analysis.noise.outcomes import NoisyOutcomes, noisy_outcomes
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.program import MEASUREMENT_KEY
from qpbae_tn.compiler.readouts import get_readout, outcomes_readout
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.metrics.ranked import Labels
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.model import Model
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]


def compiled(kind: str = "trash", size: int = 4, target: str = "willow_pink") -> tuple[Model, CompiledProgram]:
    specification = ModelSpecification.build(size, 4, 1, image_size=16)
    angles = np.random.default_rng(2).uniform(-1.5, 0.3, size=specification.ansatz.parameter_count)
    images = np.random.default_rng(1).random((3, 16, 16))
    model = Model(specification, angles, normal=learn_normal(specification, angles, ExactEngine(), images))
    readout = outcomes_readout(model, kind)  # type: ignore[arg-type]
    return model, compile_program(specification, angles, readout, MpsPreparation(2), load_target(target))


def some_states(count: int, pixels: int = 16) -> Array:
    states = np.random.default_rng(7).uniform(0.2, 1.0, size=(count, pixels))
    return np.asarray(states / np.linalg.norm(states, axis=1, keepdims=True))


@pytest.mark.parametrize("kind", ["trash", "all", "classes"])
def test_agrees_with_the_density_matrix(kind: str) -> None:
    _, program = compiled(kind)
    states = some_states(2)
    found = noisy_outcomes(program, states)
    estimator = program.estimator
    assert isinstance(estimator, OutcomeEstimator)
    for state, own in zip(states, found, strict=True):
        circuit = program.bind(state).circuit.with_noise(program.target.noise_model())
        before = cirq.Circuit(moment for moment in circuit if not any(map(cirq.is_measurement, moment)))
        qubits = sorted(before.all_qubits())
        rho = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(before, qubit_order=qubits).final_density_matrix
        weights = np.real(np.diag(rho)).reshape((2,) * len(qubits))
        order = [qubits.index(qubit) for qubit in program.measured]
        rest = tuple(axis for axis in range(len(qubits)) if axis not in order)
        bits = weights.transpose([*order, *rest]).reshape(1 << len(order), -1).sum(axis=1)
        np.testing.assert_allclose(own, estimator.gathered(bits), atol=1e-8)
        assert MEASUREMENT_KEY in cirq.measurement_key_names(circuit)


def test_without_sources_it_is_the_model() -> None:
    model, program = compiled("all")
    states = some_states(5)
    prepared = program.prepared_states(program.fit(states)[0])
    expected = outcome_probabilities(model.specification, model.angles, prepared, "all")
    np.testing.assert_allclose(noisy_outcomes(program, states, ()), expected, atol=1e-7)
    noisy = noisy_outcomes(program, states, tuple(Source))
    np.testing.assert_allclose(noisy.sum(axis=1), 1.0, atol=1e-9)
    assert np.abs(noisy - expected).max() > 1e-3


def test_eight_pixels_a_side() -> None:
    model, program = compiled("trash", 8)
    states = some_states(2, 64)
    prepared = program.prepared_states(program.fit(states)[0])
    expected = outcome_probabilities(model.specification, model.angles, prepared, "trash")
    np.testing.assert_allclose(noisy_outcomes(program, states, ()), expected, atol=1e-7)


def test_other_readouts_and_large_patches_are_refused() -> None:
    model, _ = compiled()
    direct = compile_program(
        model.specification, model.angles, get_readout("direct"), MpsPreparation(2), load_target("willow_pink")
    )
    with pytest.raises(InputError, match="has no outcomes"):
        noisy_outcomes(direct, some_states(1))


def test_noise_on_nothing_changes_no_metric(rng: np.random.Generator) -> None:
    grid = PatchGrid(8, 8, 4, 2)
    masks = np.zeros((3, 8, 8), dtype=bool)
    masks[0, 2:5, 3:6] = True
    clean = rng.dirichlet(np.ones(8), size=(3, grid.count))
    shares = clean.mean(axis=(0, 1))
    labels = Labels.of(masks, by_pixel=True)
    same = NoisyOutcomes(grid, labels, clean, clean, shares, shares, np.ones(8))
    for row in same.rows((1e-3, 1e-1)):
        assert row["aupro_exact"] == row["aupro_noisy"] == row["aupro_noisy_weights"]
        assert row["mean_score"] == pytest.approx(1.0)
    erased = NoisyOutcomes(grid, labels, clean, np.full_like(clean, 1 / 8), shares, shares, np.ones(8))
    assert erased.rows((1e-3,))[0]["auroc_noisy"] == pytest.approx(0.5)
