"""Weights of outcomes: what the weighted score is, in its special cases and under changes that must not matter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.fidelity import outcome_probabilities, trash_fidelity
from qpbae_tn.model.outcomes import Outcomes, side_qubits
from qpbae_tn.model.score import Score, outcome_weights
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**31)


def drawn(seed: int, specification: ModelSpecification, count: int = 30) -> tuple[Array, Array, Array]:
    """Angles, states with a spectrum that falls like that of images, and weights of patches."""
    rng = np.random.default_rng(seed)
    scales = np.exp(-rng.uniform(0, 4, size=specification.pixel_count))
    states = np.eye(1, specification.pixel_count)[0] + scales * rng.normal(size=(count, specification.pixel_count))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    return rng.normal(size=specification.ansatz.parameter_count), states, rng.dirichlet(np.ones(count))


def with_matrix(matrix: Array, states: Array) -> Array:
    """p over all strings for an encoder given as an orthogonal matrix."""
    return np.square(states @ matrix.T)


@given(SEEDS, st.sampled_from(["trash", "all", "classes"]), st.sampled_from(["first", "last"]), st.floats(1e-8, 0.5))
def test_sum_rule(seed, kind, trash, epsilon) -> None:  # type: ignore[no-untyped-def]
    """The mean over the weighted training patches is sum_k lambda_k w_k, w_k = 1 / (lambda_k / size_k + eps)."""
    specification = ModelSpecification.build(4, 1, 1 + seed % 3, trash=trash, layers=1 + seed % 2)
    angles, states, shares = drawn(seed, specification)
    probabilities = outcome_probabilities(specification, angles, states, kind)
    lam, sizes = shares @ probabilities, Outcomes(specification, kind).sizes
    scores = probabilities @ outcome_weights("inverse", lam, sizes, epsilon)
    assert shares @ scores == pytest.approx((lam / (lam / sizes + epsilon)).sum(), rel=1e-10)


@given(SEEDS, st.sampled_from(["first", "last"]))
def test_step_weights_give_the_papers_question(seed, trash) -> None:  # type: ignore[no-untyped-def]
    specification = ModelSpecification.build(4, 1, 2, trash=trash)
    angles, states, shares = drawn(seed, specification)
    probabilities = outcome_probabilities(specification, angles, states, "trash")
    scores = probabilities @ outcome_weights("step", shares @ probabilities)
    np.testing.assert_allclose(scores, 1 - trash_fidelity(specification, angles, states), atol=1e-12)


@given(SEEDS, st.floats(1e-6, 0.1))
def test_an_encoder_of_eigenvectors_gives_the_mahalanobis_distance(seed, epsilon) -> None:  # type: ignore[no-untyped-def]
    specification = ModelSpecification.build(4, 1, 1)
    _, states, shares = drawn(seed, specification)
    sigma = states.T @ (shares[:, None] * states)
    _, vectors = np.linalg.eigh(sigma)
    probabilities = with_matrix(vectors.T, states)
    scores = probabilities @ outcome_weights("inverse", shares @ probabilities, 1.0, epsilon)
    expected = np.einsum("pi,ij,pj->p", states, np.linalg.inv(sigma + epsilon * np.eye(16)), states)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


@given(SEEDS, st.sampled_from(["trash", "all"]), st.sampled_from(["inverse", "log", "linear"]))
def test_relabelling_measured_outcomes_changes_nothing(seed, kind, rule) -> None:  # type: ignore[no-untyped-def]
    """X and CNOT within the measured register at the end, and a CNOT from a measured to an unmeasured qubit."""
    specification = ModelSpecification.build(4, 1, 1 + seed % 2)
    rng = np.random.default_rng(seed)
    _, states, shares = drawn(seed, specification)
    matrix = np.linalg.qr(rng.normal(size=(16, 16)))[0]
    outcomes = Outcomes(specification, kind)
    strings = np.arange(16)
    moved = strings.copy()
    bit = {qubit: 3 - qubit for qubit in range(4)}
    for _ in range(4):
        first, second = rng.choice(outcomes.measured, 2, replace=False)
        moved ^= 1 << bit[first]
        moved ^= ((moved >> bit[first]) & 1) << bit[second]
    for latent in set(range(4)) - set(outcomes.measured):
        moved ^= ((moved >> bit[int(rng.choice(outcomes.measured))]) & 1) << bit[latent]
    permuted = np.zeros((16, 16))
    permuted[moved, strings] = 1.0

    def scores(encoder: Array) -> Array:
        probabilities = outcomes.gather(with_matrix(encoder, states))
        return probabilities @ outcome_weights(rule, shares @ probabilities)

    np.testing.assert_allclose(scores(permuted @ matrix), scores(matrix), rtol=1e-9)


@given(SEEDS)
def test_weights_fall_with_lambda_and_rarer_outcomes_weigh_more_down_the_family(seed) -> None:  # type: ignore[no-untyped-def]
    lam = np.sort(np.random.default_rng(seed).dirichlet(np.full(16, 0.2)))
    ratios = []
    for rule in ("linear", "log", "inverse"):
        weights = outcome_weights(rule, lam, 1.0, 1e-4)
        assert (weights >= 0).all()
        assert (np.diff(weights) <= 1e-9 * weights.max()).all()
        ratios.append((weights[0] - weights[-2]) / max(weights[-2] - weights[-1], 1e-300))
    assert ratios[0] <= ratios[1] * (1 + 1e-9)
    assert ratios[1] <= ratios[2] * (1 + 1e-9)


@pytest.mark.parametrize("order", ["row", "column", "morton"])
def test_classes_are_the_subbands_of_the_walsh_functions(order) -> None:  # type: ignore[no-untyped-def]
    """A Walsh function of class (j, i) is constant over blocks of P / 2^j x P / 2^i pixels and over no larger ones."""
    from qpbae_tn.model.embedding import pixel_permutation

    specification = ModelSpecification.build(8, 1, 1, pixel_order=order)
    walsh = np.ones((1, 1))
    for _ in range(6):
        walsh = np.kron(walsh, np.array([[1.0, 1.0], [1.0, -1.0]]))
    outcomes = Outcomes(specification, "classes")
    members = outcomes.of_strings(np.arange(64))
    pixels = np.empty((64, 64))
    pixels[:, pixel_permutation(8, order)] = walsh
    for function, member in zip(pixels.reshape(64, 8, 8), members, strict=True):
        for axis, scale in zip((0, 1), divmod(int(member), 4), strict=True):
            turned = np.moveaxis(function, axis, 0)
            constant = [
                level for level in range(4) if (turned.reshape(1 << level, 8 >> level, 8).std(axis=1) == 0).all()
            ]
            assert min(constant) == scale
    assert np.bincount(members).tolist() == outcomes.sizes.astype(int).tolist()
    assert sorted([*side_qubits(specification)[0], *side_qubits(specification)[1]]) == list(range(6))


def test_a_score_survives_its_file_and_refuses_nonsense() -> None:
    score = Score("weighted", "log", True, "classes", "log", 1e-3)
    assert Score.from_json(score.to_json()) == score
    assert Score().label == "reconstruction"
    assert Score("trash").label == "trash"
    labels = {
        dataclasses.replace(score, **change).label
        for change in ({}, {"fold": "mean"}, {"positions": False}, {"weights": "inverse"}, {"epsilon": 1e-5})
    }
    assert len(labels) == 5
    for change in ({"kind": "best"}, {"fold": "max"}, {"outcomes": "some"}, {"weights": "exp"}, {"epsilon": 0.0}):
        with pytest.raises(InputError):
            dataclasses.replace(score, **change)
    for document in ({}, {**score.to_json(), "epsilon": "1"}, {**score.to_json(), "positions": 1}, None):
        with pytest.raises(InputError):
            Score.from_json(document)
