"""The law of a weighted shot, and maps from many of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.analysis.shots.law import (
    epsilon_for,
    log_bias,
    mean_value,
    shot_variance,
    shots_for_spread,
    standard_error,
)
from qpbae_tn.analysis.shots.outcomes import (
    FAMILY,
    OutcomeScores,
    WeightChoice,
    law_table,
    measure,
    run_outcome_study,
    shots_within,
)
from qpbae_tn.data.textures import Textures
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.descent import hadamard_angles
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.ranked import Aupro
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.model.model import Model
from qpbae_tn.model.score import Score, outcome_weights
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]


@given(st.integers(0, 2**31), st.integers(2, 20))
def test_the_law_is_that_of_a_sum_over_outcomes(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities, weights = rng.dirichlet(np.full(count, 0.5)), 10.0 ** rng.uniform(-1, 4, size=count)
    mean = sum(p * w for p, w in zip(probabilities, weights, strict=True))
    variance = sum(p * (w - mean) ** 2 for p, w in zip(probabilities, weights, strict=True))
    assert mean_value(probabilities, weights) == pytest.approx(mean)
    assert shot_variance(probabilities, weights) == pytest.approx(variance, rel=1e-6, abs=1e-9 * mean**2)
    assert standard_error(probabilities, weights, 25) == pytest.approx(np.sqrt(variance) / 5, rel=1e-4, abs=1e-5 * mean)


def test_sampled_means_follow_the_law_and_logarithms_are_biased(rng: np.random.Generator) -> None:
    probabilities, weights = np.array([0.7, 0.2, 0.1]), np.array([1.0, 3.0, 10.0])
    shots, draws = 100, 200_000
    found = rng.multinomial(shots, probabilities, size=draws) / shots @ weights
    error = standard_error(probabilities, weights, shots)
    assert found.mean() == pytest.approx(mean_value(probabilities, weights), abs=5 * error / np.sqrt(draws))
    assert found.std() == pytest.approx(error, rel=0.03)
    bias = np.log(found).mean() - np.log(mean_value(probabilities, weights))
    assert bias == pytest.approx(log_bias(probabilities, weights, shots), rel=0.15)


def test_a_smaller_epsilon_takes_more_shots(rng: np.random.Generator) -> None:
    spectrum = np.exp(-np.linspace(0, 12, 16))
    states = np.sqrt(spectrum) * rng.normal(size=(4000, 16))
    probabilities = states**2 / (states**2).sum(axis=1, keepdims=True)
    shares = probabilities.mean(axis=0)
    needed = [
        shots_for_spread(probabilities, outcome_weights("inverse", shares, 1.0, e)) for e in (1e-1, 1e-2, 1e-3, 1e-4)
    ]
    assert needed == sorted(needed)
    for budget in (1, 10, 100, 10**9):
        chosen = epsilon_for(budget, probabilities, shares)
        if chosen < 1e-1:
            assert shots_for_spread(probabilities, outcome_weights("inverse", shares, 1.0, chosen)) <= budget
    assert epsilon_for(10**9, probabilities, shares) == 1e-6
    with pytest.raises(InputError, match="shots"):
        epsilon_for(0, probabilities, shares)


@pytest.fixture(scope="module")
def scored() -> OutcomeScores:
    textures = Textures("brick")
    train, test = textures.train(32).images, textures.test(32)
    specification = ModelSpecification.build(4, 2, 1)
    angles, engine = hadamard_angles(specification.ansatz), ExactEngine()
    model = Model(specification, angles, normal=learn_normal(specification, angles, engine, train[:40]))
    return OutcomeScores.of(model, engine, "all", test.images, test.masks, train[40:60])


def test_exact_maps_are_those_of_the_score(scored: OutcomeScores) -> None:
    """Two ways to the same AUPRO: from probabilities here, from images in the experiment."""
    textures = Textures("brick")
    test, specification = textures.test(32), ModelSpecification.build(4, 2, 1)
    angles, engine = hadamard_angles(specification.ansatz), ExactEngine()
    normal = learn_normal(specification, angles, engine, textures.train(32).images[:40])
    for fold in ("mean", "log"):
        score = Score("weighted", fold, outcomes="all")
        maps, _ = anomaly_maps(
            specification, test.images, {"it": model_scorer(specification, angles, engine, score, normal)}, fold=fold
        )
        weights = scored.weights(WeightChoice("inverse", 1e-5))
        found = measure(scored, scored.probabilities, weights, fold)
        assert found[1] == pytest.approx(Aupro().value(PixelTable(maps["it"], test.masks, 0.0)), abs=1e-4)


def test_more_shots_come_closer_to_exact_maps(scored: OutcomeScores) -> None:
    family = (WeightChoice("inverse", 1e-4), WeightChoice("log", 1e-5))
    rows = run_outcome_study(scored, (30, 300, 3000), family, repetitions=2)
    assert len(rows) == 3 * 2 * 2
    for choice in family:
        for fold in ("mean", "log"):
            losses = [row.exact_aupro - row.aupro.value for row in rows if (row.weights, row.fold) == (choice, fold)]
            assert losses[0] > losses[1] > losses[2] - 0.003
            assert losses[2] < 0.01
    within = shots_within(rows, 0.02)
    assert all(30 <= number <= 3000 for pair in within.values() for number in pair)
    assert rows == run_outcome_study(scored, (30, 300, 3000), family, repetitions=2)


def test_the_family_takes_more_shots_as_it_sharpens(scored: OutcomeScores) -> None:
    table = {(row["weights"], row["epsilon"]): row["shots_for_spread"] for row in law_table(scored, FAMILY)}
    sharpening = [table["inverse", e] for e in (1e-2, 1e-3, 1e-4, 1e-5)]
    assert sharpening == sorted(sharpening)
    assert table["log", 1e-5] < sharpening[-1]
