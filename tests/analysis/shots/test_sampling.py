"""The sampler against circuits: shots of the simulated circuit and draws of the sampler, by exact tests."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
from scipy.stats import multinomial, multivariate_hypergeom

from qpbae_tn.analysis.shots.sampling import law_of, value_sums
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import READOUTS, one_shot_variance
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.model.blocks import RY, SO4
from qpbae_tn.model.specification import ModelSpecification

SHOTS = 250
ERROR_RATE = 0.01
"""Chance that any of the tests below fails for a right sampler, were the seeds not fixed."""

CASES = [
    (size, kind, name)
    for size, kind in ((2, RY), (4, RY), (4, SO4))
    for name in READOUTS
    if not (kind is SO4 and name == "ancilla")
]
IDS = [f"P{size}-{kind.name}-{name}" for size, kind, name in CASES]
TESTS = 3 * len(CASES)


def example(size: int, kind) -> tuple[ModelSpecification, np.ndarray, np.ndarray, float, float]:
    """A model near the DC solution, where F is neither 0 nor 1, and a patch."""
    specification = ModelSpecification.build(size, 1, 1, kind=kind)
    rng = np.random.default_rng(size)
    angles = rng.normal(scale=0.7, size=specification.ansatz.parameter_count)
    state = rng.uniform(size=specification.pixel_count)
    state /= np.linalg.norm(state)
    engine = ExactEngine()
    trash = float(engine.trash_fidelity(specification, angles, state[None])[0])
    return (
        specification,
        angles,
        state,
        trash,
        float(engine.reconstruction_fidelity(specification, angles, state[None])[0]),
    )


def circuit_counts(program: Program, state: np.ndarray, shots: int, seed: int) -> np.ndarray:
    """Shots of the readout's circuit with the values -1, 0 and +1."""
    basis, _ = np.linalg.qr(np.column_stack([state, np.eye(len(state))[:, 1:]]))
    basis *= np.sign(basis[:, 0] @ state)
    circuit = cirq.Circuit(
        (cirq.MatrixGate(basis)(*register) for register in program.inputs),
        program.circuit,
        (cirq.MatrixGate(basis.T)(*register) for register in program.outputs),
        cirq.measure(*program.measured, key="bits"),
    )
    bits = cirq.Simulator(dtype=np.complex128, seed=seed).run(circuit, repetitions=shots).measurements["bits"]
    values = program.estimator.values(bits)
    return np.array([(values == value).sum() for value in (-1, 0, 1)])


def outcomes(shots: int) -> np.ndarray:
    minus, zero = np.triu_indices(shots + 1)
    zero = zero - minus
    return np.column_stack([minus, zero, shots - minus - zero])


def multinomial_test(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """Exact: the chance of an outcome that is no more likely than this one."""
    possible = outcomes(int(counts.sum()))
    chances = multinomial.pmf(possible, counts.sum(), probabilities)
    return float(chances[chances <= multinomial.pmf(counts, counts.sum(), probabilities) * (1 + 1e-9)].sum())


def same_law_test(first: np.ndarray, second: np.ndarray) -> float:
    """Exact: the chance of a split of all shots between the two samples that is no more likely than this one."""
    possible = outcomes(int(first.sum()))
    possible = possible[(possible <= first + second).all(axis=1)]
    chances = multivariate_hypergeom.pmf(possible, first + second, first.sum())
    own = multivariate_hypergeom.pmf(first, first + second, first.sum())
    return float(chances[chances <= own * (1 + 1e-9)].sum())


@pytest.mark.parametrize(("size", "kind", "name"), CASES, ids=IDS)
def test_circuit_and_sampler_follow_the_same_law(size, kind, name) -> None:
    specification, angles, state, trash, fidelity = example(size, kind)
    readout = READOUTS[name]
    stated = readout.value_probabilities(trash, fidelity)
    simulated = circuit_counts(readout.program(specification, list(angles)), state, SHOTS, seed=size)
    single = value_sums(np.broadcast_to(stated, (SHOTS, 3)), 1, 1, np.random.default_rng(size))
    drawn = np.array([(single == value).sum() for value in (-1, 0, 1)])

    assert simulated[stated == 0].sum() == drawn[stated == 0].sum() == 0
    assert multinomial_test(simulated, stated) > ERROR_RATE / TESTS
    assert multinomial_test(drawn, stated) > ERROR_RATE / TESTS
    assert same_law_test(simulated, drawn) > ERROR_RATE / TESTS


@pytest.mark.parametrize("name", READOUTS)
def test_sums_of_several_shots_follow_the_sum_of_that_many_values(name) -> None:
    """The distribution of a sum of 3 shots, against the convolution of three single ones."""
    stated = READOUTS[name].value_probabilities(0.8, 0.7)
    three = np.convolve(np.convolve(stated, stated), stated)
    sums = value_sums(np.broadcast_to(stated, (400, 3)), 3, 50, np.random.default_rng(1))
    assert sums.shape == (400, 50)
    found = np.bincount(sums.ravel() + 3, minlength=7)
    assert not found[three == 0].any()
    error = np.sqrt(three * (1 - three) / sums.size)
    assert (np.abs(found / sums.size - three) <= 5 * error).all()


@pytest.mark.parametrize("name", READOUTS)
@pytest.mark.parametrize("shots", [1, 40, 100_000])
def test_mean_and_variance_are_those_of_the_readout(name, shots) -> None:
    trash, full = np.array([0.0, 0.3, 0.9, 0.999, 1.0, 1.0]), np.array([0.0, 0.1, 0.88, 0.998, 0.999, 1.0])
    readout = READOUTS[name]
    repetitions = 40_000
    sums = value_sums(readout.value_probabilities(trash, full), shots, repetitions, np.random.default_rng(7)) / shots
    mean = full if readout.quantity.value == "F" else trash
    variance = one_shot_variance(readout, trash, full) / shots
    assert (np.abs(sums.mean(axis=1) - mean) <= 5 * np.sqrt(variance / repetitions) + 1e-12).all()
    certain = variance < 1e-15
    assert (sums[certain] == mean[certain, None]).all()
    spread = sums[~certain].var(axis=1)
    fourth = ((sums[~certain] - mean[~certain, None]) ** 4).mean(axis=1)
    assert (np.abs(spread - variance[~certain]) <= 5 * np.sqrt(fourth / repetitions)).all()


def test_rounding_is_forgiven_and_wrong_probabilities_are_not() -> None:
    rounded = np.array([[-1e-16, 0.0, 1.0 + 1e-16]])
    assert value_sums(rounded, 5, 2, np.random.default_rng(0)).tolist() == [[5, 5]]
    with pytest.raises(ValueError, match="probabilities from"):
        value_sums(np.array([[0.0, -0.1, 1.1]]), 5, 2, np.random.default_rng(0))


def test_readouts_of_the_same_law() -> None:
    assert {name: law_of(readout) for name, readout in READOUTS.items()} == {
        "latent": "latent",
        "destructive": "destructive",
        "echo": "echo",
        "ancilla": "destructive",
        "direct": "direct",
        "ancilla_training": "ancilla_training",
    }
