"""Weighted scores of images: what is learned, how it is folded, and what it needs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.normal import learn_normal, learn_places
from qpbae_tn.experiment.scoring import PatchBatch, anomaly_maps, at_places, model_scorer
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.score import PLACE_SHARE, Score
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
ENGINE = ExactEngine()
SPECIFICATION = ModelSpecification.build(4, 2, 1, image_size=12)


@pytest.fixture
def angles(rng: np.random.Generator) -> Array:
    return rng.normal(size=6)


@pytest.fixture
def images(rng: np.random.Generator) -> Array:
    return np.clip(0.5 + 0.2 * rng.normal(size=(7, 12, 12)), 0, 1)


def by_hand(angles: Array, normal: Array, images: Array, score: Score) -> Array:
    """The definition, patch by patch: lambda, weights, score, fold."""
    grid = ImagePatches.of(images, SPECIFICATION).grid
    seen = np.stack(
        [
            outcome_probabilities(SPECIFICATION, angles, s, score.outcomes)
            for s in ImagePatches.of(normal, SPECIFICATION)
        ]
    )
    at_place = seen.mean(axis=0)
    everywhere = grid.weights @ at_place
    lam = PLACE_SHARE * at_place + (1 - PLACE_SHARE) * everywhere if score.positions else np.tile(everywhere, (25, 1))
    weights = 1 / (lam + score.epsilon)
    mean = sum(grid.weights[p] * (at_place[p] if score.positions else everywhere) @ weights[p] for p in range(25))
    maps = np.zeros(images.shape)
    for index, states in enumerate(ImagePatches.of(images, SPECIFICATION)):
        found = outcome_probabilities(SPECIFICATION, angles, states, score.outcomes)
        values = np.array([found[p] @ weights[p] for p in range(25)]) / mean
        folded = np.log(values) if score.fold == "log" else values
        total, covered = np.zeros((12, 12)), np.zeros((12, 12))
        for p, (row, column) in enumerate(np.ndindex(5, 5)):
            total[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += folded[p]
            covered[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += 1
        maps[index] = total / covered
    return maps


@pytest.mark.parametrize("outcomes", ["trash", "all"])
@pytest.mark.parametrize("fold", ["mean", "log"])
@pytest.mark.parametrize("positions", [False, True])
def test_maps_are_those_of_the_definition(outcomes, fold, positions, angles, images) -> None:  # type: ignore[no-untyped-def]
    score = Score("weighted", fold, positions, outcomes, epsilon=1e-3)
    record = learn_normal(SPECIFICATION, angles, ENGINE, images[:5], score)
    scorer = model_scorer(SPECIFICATION, angles, ENGINE, score, record)
    maps, _ = anomaly_maps(SPECIFICATION, images[5:], {"it": scorer}, fold=fold)
    np.testing.assert_allclose(maps["it"], by_hand(angles, images[:5], images[5:], score), atol=1e-8)


def test_the_mean_anomaly_of_the_training_images_is_one(angles, images) -> None:  # type: ignore[no-untyped-def]
    for positions in (False, True):
        for outcomes in ("trash", "all", "classes"):
            score = Score("weighted", positions=positions, outcomes=outcomes)
            record = learn_normal(SPECIFICATION, angles, ENGINE, images, score)
            scorer = model_scorer(SPECIFICATION, angles, ENGINE, score, record)
            maps, _ = anomaly_maps(SPECIFICATION, images, {"it": scorer})
            assert maps["it"].mean() == pytest.approx(1.0, abs=1e-8)


def test_what_is_learned_does_not_depend_on_the_engine(angles, images) -> None:  # type: ignore[no-untyped-def]
    score = Score("weighted", positions=True, outcomes="classes")
    exact, mps = (learn_normal(SPECIFICATION, angles, engine, images, score) for engine in (ENGINE, MpsEngine()))
    assert set(exact.shares) == set(mps.shares) == {"all", "trash", "classes"}
    for kind, shares in exact.shares.items():
        np.testing.assert_allclose(mps.shares[kind], shares, atol=1e-12)
        assert shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(mps.place_shares["classes"], exact.place_shares["classes"], atol=1e-12)
    assert set(exact.place_means) == {"reconstruction", "trash"}


def test_a_fidelity_is_divided_by_its_mean_at_the_place(angles, images) -> None:  # type: ignore[no-untyped-def]
    score = Score("trash", positions=True)
    record = learn_normal(SPECIFICATION, angles, ENGINE, images, score)
    placed = model_scorer(SPECIFICATION, angles, ENGINE, score, record)
    plain = model_scorer(SPECIFICATION, angles, ENGINE, "trash")
    again = at_places(plain, learn_places(SPECIFICATION, plain, images))
    patches = ImagePatches.of(images, SPECIFICATION)
    batch = PatchBatch(patches.pixels(0), patches[0], np.arange(25))
    np.testing.assert_allclose(placed(batch), again(batch))
    means = np.mean([(1 - plain(PatchBatch(patches.pixels(i), patches[i]))) / 2 for i in range(7)], axis=0)
    expected = (1 - plain(batch)) / 2 / (0.9 * means + 0.1 * (patches.grid.weights @ means))
    np.testing.assert_allclose((1 - placed(batch)) / 2, expected)


def test_places_are_those_of_the_training_images(angles, images, rng) -> None:  # type: ignore[no-untyped-def]
    score = Score("weighted", positions=True)
    record = learn_normal(SPECIFICATION, angles, ENGINE, images, score)
    scorer = model_scorer(SPECIFICATION, angles, ENGINE, score, record)
    with pytest.raises(InputError, match="positions: what is normal was learned for images of 25 patches"):
        anomaly_maps(SPECIFICATION, rng.random((1, 30, 30)), {"it": scorer})


def test_images_taken_in_bands_find_their_places(angles, images, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    score = Score("weighted", positions=True)
    record = learn_normal(SPECIFICATION, angles, ENGINE, images, score)
    scorer = model_scorer(SPECIFICATION, angles, ENGINE, score, record)
    whole, _ = anomaly_maps(SPECIFICATION, images, {"it": scorer})
    monkeypatch.setattr("qpbae_tn.experiment.scoring.AMPLITUDE_BUDGET", 16 * 5)
    bands, _ = anomaly_maps(SPECIFICATION, images, {"it": scorer})
    np.testing.assert_allclose(bands["it"], whole["it"], atol=1e-12)


def test_a_record_says_what_it_lacks(angles, images) -> None:  # type: ignore[no-untyped-def]
    record = learn_normal(SPECIFICATION, angles, ENGINE, images)
    for score, where in (
        (Score("weighted", positions=True), "positions"),
        (Score("trash", positions=True), "positions"),
    ):
        with pytest.raises(InputError, match=where):
            model_scorer(SPECIFICATION, angles, ENGINE, score, record)
    with pytest.raises(InputError, match="knows nothing of normal patches"):
        model_scorer(SPECIFICATION, angles, ENGINE, Score("weighted"))


def test_too_many_numbers_for_places_are_refused(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(32, 1, 1, image_size=64)
    score = Score("weighted", positions=True, outcomes="all")
    with pytest.raises(InputError, match="classes"):
        learn_normal(specification, np.zeros(18), ENGINE, rng.random((1, 64, 64)), score)


def test_a_constant_image_has_a_constant_map(angles, images) -> None:  # type: ignore[no-untyped-def]
    for fold in ("mean", "log"):
        score = Score("weighted", fold, outcomes="all")
        record = learn_normal(SPECIFICATION, angles, ENGINE, images, score)
        scorer = model_scorer(SPECIFICATION, angles, ENGINE, score, record)
        scorers = {"weighted": scorer, "trash": model_scorer(SPECIFICATION, angles, ENGINE, "trash")}
        maps, _ = anomaly_maps(SPECIFICATION, np.full((1, 12, 12), 0.3), scorers, fold=fold)
        for found in maps.values():
            assert found.max() - found.min() < 1e-12


def test_a_record_survives_its_file(angles, images) -> None:  # type: ignore[no-untyped-def]
    score = Score("weighted", positions=True, outcomes="all")
    record = learn_normal(SPECIFICATION, angles, ENGINE, images, score)
    again = NormalRecord.from_json(record.to_json(), SPECIFICATION)
    assert again.to_json() == record.to_json()
    weights, mean = again.weights(SPECIFICATION, score)
    assert weights.shape == (25, 16)
    assert mean == record.weights(SPECIFICATION, score)[1]
