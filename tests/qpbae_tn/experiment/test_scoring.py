"""Anomaly maps against a map put together pixel by pixel, and their independence of how the work is cut up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment import scoring
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.scoring import PatchBatch, anomaly_maps, fidelity_map, maps_whole_image, model_scorer
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import Fold, ScoreKind, check_score
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

ENGINE = ExactEngine()


def pixel_by_pixel(
    specification: ModelSpecification, angles: NDArray[np.float64], image: NDArray[np.float64], score: str
) -> NDArray[np.float64]:
    """Eqs. 2 and 3 as they stand, where (H - P) / S is whole."""
    size, stride = specification.patch_size, specification.stride
    total, count = np.zeros(image.shape), np.zeros(image.shape)
    for top in range(0, image.shape[0] - size + 1, stride):
        for left in range(0, image.shape[1] - size + 1, stride):
            state, _ = embed(image[None, top : top + size, left : left + size], specification.pixel_order)
            if score == "trash":
                fidelity = ENGINE.trash_fidelity(specification, angles, state)[0]
            else:
                fidelity = ENGINE.reconstruction_fidelity(specification, angles, state)[0]
            total[top : top + size, left : left + size] += (1 + fidelity) / 2
            count[top : top + size, left : left + size] += 1
    return 1 - total / count


@pytest.mark.parametrize("score", ["reconstruction", "trash"])
@pytest.mark.parametrize("order", ["row", "column", "morton"])
@pytest.mark.parametrize(("stride", "shape"), [(1, (7, 9)), (2, (8, 10)), (4, (8, 12))])
def test_maps_are_those_of_the_equations(
    rng: np.random.Generator, score: str, order: str, stride: int, shape: tuple[int, int]
) -> None:
    specification = ModelSpecification.build(4, stride, 2, image_size=8, pixel_order=order)
    angles = initial_angles(specification.ansatz, "dc", 3)
    images = rng.random((3, *shape))
    maps, zero = anomaly_maps(specification, images, {"it": model_scorer(specification, angles, ENGINE, score)})
    assert zero == 0
    for found, image in zip(maps["it"], images, strict=True):
        np.testing.assert_allclose(found, pixel_by_pixel(specification, angles, image, score), atol=1e-13)


@given(
    st.integers(4, 15),
    st.integers(4, 15),
    st.integers(1, 6),
    st.sampled_from([1, 7, 16, 100, 1000]),
    st.integers(0, 2**31),
)
def test_maps_do_not_depend_on_the_memory_budget(height: int, width: int, stride: int, budget: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    specification = ModelSpecification.build(4, stride, 1)
    angles = initial_angles(specification.ansatz, "dc", 0)
    images = rng.random((3, height, width)) * (rng.random((3, height, width)) < 0.3)
    scorers = {score: model_scorer(specification, angles, ENGINE, score) for score in ("reconstruction", "trash")}
    wanted, wanted_zero = anomaly_maps(specification, images, scorers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "AMPLITUDE_BUDGET", budget)
        found, zero = anomaly_maps(specification, images, scorers)
    assert zero == wanted_zero
    for score in scorers:
        np.testing.assert_allclose(found[score], wanted[score], atol=1e-14)
        assert ((found[score] >= -1e-12) & (found[score] <= 0.5 + 1e-12)).all()
    assert (wanted["reconstruction"] >= wanted["trash"] - 1e-12).all()


def test_no_more_patches_than_the_budget_are_held(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(4, 1, 1)
    monkeypatch.setattr(scoring, "AMPLITUDE_BUDGET", 16 * 40)
    sizes = []

    def scorer(batch: PatchBatch) -> NDArray[np.float64]:
        sizes.append(len(batch.states))
        return np.ones(len(batch.states))

    anomaly_maps(specification, rng.random((2, 20, 30)), {"it": scorer})
    assert max(sizes) <= 40
    assert sum(sizes) == 2 * PatchGrid(20, 30, 4, 1).count


def test_single_precision_costs_a_millionth(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2)
    scorers = {
        "it": model_scorer(specification, initial_angles(specification.ansatz, "dc", 0), ENGINE, "reconstruction")
    }
    images = rng.random((2, 20, 20))
    double, single = (anomaly_maps(specification, images, scorers, dtype=d)[0]["it"] for d in (np.float64, np.float32))
    error = np.abs(double - single).max()
    assert 0 < error < 1e-6


def test_scorers_share_batches_and_images_are_counted(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(2, 2, 1)
    images = rng.random((5, 6, 6))
    images[1, :4, :4] = 0
    done = []
    seen: dict[str, list[PatchBatch]] = {"a": [], "b": []}

    def watch(name: str) -> scoring.Scorer:
        def scorer(batch: PatchBatch) -> NDArray[np.float64]:
            seen[name].append(batch)
            return np.full(len(batch.states), 0.5)

        return scorer

    maps, zero = anomaly_maps(specification, images, {n: watch(n) for n in seen}, on_image=lambda: done.append(1))
    assert zero == 4
    assert len(done) == 5
    assert all(first is second for first, second in zip(seen["a"], seen["b"], strict=True))
    np.testing.assert_allclose(maps["a"], 0.25)
    batch = seen["a"][0]
    assert batch.pixels.shape == batch.states.shape == (45, 4)
    np.testing.assert_allclose(np.linalg.norm(batch.states, axis=1), 1)


def test_an_unknown_score_is_told() -> None:
    with pytest.raises(InputError, match="reconstruction, trash"):
        check_score("both")


def test_a_constant_image_has_a_constant_map(rng: np.random.Generator) -> None:
    """Equal patches stand at different places of a stack, where products may be summed in another order."""
    specification = ModelSpecification.build(4, 1, 2, image_size=32)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    engine = ExactEngine()
    scorers = {score: model_scorer(specification, angles, engine, score) for score in ("reconstruction", "trash")}
    for level in (0.0, 0.2, 0.5, 1.0):
        maps, _ = anomaly_maps(specification, np.full((2, 32, 32), level), scorers)
        assert all(np.ptp(found) == 0 for found in maps.values())


@pytest.mark.parametrize("kind", ["reconstruction", "trash"])
@pytest.mark.parametrize(("patch_size", "stride", "fold"), [(4, 1, "mean"), (2, 3, "log"), (8, 5, "mean")])
def test_a_map_from_all_patches_at_once_is_that_of_cut_patches(
    kind: ScoreKind, patch_size: int, stride: int, fold: Fold
) -> None:
    specification = ModelSpecification.build(patch_size, stride, 1, image_size=64)
    angles = np.random.default_rng(2).normal(-0.8, 0.4, specification.ansatz.parameter_count)
    image = np.random.default_rng(3).uniform(0.2, 0.9, (41, 57))
    image[5:19, 7:26] = 0.0
    score = Score(kind, fold=fold)
    scorer = model_scorer(specification, angles, ExactEngine(), score)
    maps, zero = anomaly_maps(specification, image[None], {"model": scorer}, fold=fold)
    found, zero_at_once = fidelity_map(specification, angles, image, score)
    assert zero_at_once == zero > 0
    np.testing.assert_allclose(found, maps["model"][0], rtol=0, atol=1e-12)
    assert not maps_whole_image(specification, score, image.shape)
    assert maps_whole_image(specification, score, (20_000, 20_000))
