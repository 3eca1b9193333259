from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine, MeanState, mean_state
from qpbae_tn.errors import InputError
from qpbae_tn.experiment import baselines as patch_pca_module
from qpbae_tn.experiment.baselines import (
    BASELINES,
    DcOverlap,
    FittedPatchPca,
    PatchPca,
    Untrained,
    fit_baselines,
    leading_eigenvectors,
)
from qpbae_tn.experiment.ceilings import pca_ceiling
from qpbae_tn.experiment.description import BASELINE_NAMES, Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import PatchBatch, anomaly_maps
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import PixelOrder


def batch_of(patches: NDArray[np.floating], order: PixelOrder = "row") -> PatchBatch:
    """Patches of shape (N, P, P) on their way to a scorer."""
    states, _ = embed(patches, order)
    return PatchBatch(patches.reshape(states.shape), states)


@pytest.fixture
def images(rng: np.random.Generator) -> NDArray[np.float64]:
    columns = np.linspace(0, 6, 14)
    return 0.5 + 0.3 * np.sin(columns + rng.random((6, 14, 1)) * 6) + 0.1 * rng.random((6, 14, 14))


def loaded(images: NDArray[np.float64], **settings: Any) -> LoadedExperiment:
    """Images of 14 px to train on."""
    return LoadedExperiment.of_arrays(Experiment(image_size=14, **settings), images, images[:0])


def test_dc_overlap_is_its_formula_and_a_zero_patch_has_one_over_n(rng: np.random.Generator) -> None:
    patches = rng.random((20, 4, 4))
    patches[0], patches[1] = 0.3, 0.0
    found = DcOverlap().similarity(batch_of(patches))
    expected = patches.sum(axis=(1, 2)) ** 2 / (16 * (patches**2).sum(axis=(1, 2)).clip(1e-300))
    np.testing.assert_allclose(np.delete(found, 1), np.delete(expected, 1))
    assert found[0] == pytest.approx(1)
    assert found[1] == pytest.approx(1 / 16)


@pytest.mark.parametrize(("size", "bottleneck"), [(4, 1), (4, 3), (8, 2)])
@pytest.mark.parametrize("order", ["row", "morton"])
def test_patch_pca_reaches_the_ceiling_on_its_training_images(
    images: NDArray[np.float64], size: int, bottleneck: int, order: PixelOrder
) -> None:
    given = loaded(images, patch_size=size, bottleneck=bottleneck, pixel_order=order)
    specification, grid = given.specification, given.grid
    fitted = PatchPca().fit(given)
    batches = [batch_of(grid.cut(image), order) for image in images]
    mean = np.mean([grid.weights @ fitted.similarity(batch) for batch in batches])
    ceiling = pca_ceiling(specification, mean_state([batch.states for batch in batches], grid.weights))
    assert mean == pytest.approx(ceiling, abs=1e-12)
    np.testing.assert_allclose(fitted.vectors.T @ fitted.vectors, np.eye(2**bottleneck), atol=1e-12)
    assert fitted.parameter_count == 2**bottleneck * size**2


def test_fidelity_of_an_encoder_made_from_pca_lies_between_the_projection_weight_and_its_square(
    images: NDArray[np.float64], rng: np.random.Generator
) -> None:
    fitted = PatchPca().fit(loaded(images))
    batch = batch_of(rng.random((50, 4, 4)))
    weight = fitted.similarity(batch)
    unitary = np.linalg.qr(np.concatenate([fitted.vectors, rng.normal(size=(16, 12))], axis=1))[0].T
    blocks = (batch.states @ unitary.T).reshape(50, 4, 4)
    fidelity = (np.einsum("pl,pkl->pk", blocks[:, 0], blocks) ** 2).sum(axis=1)
    assert (weight**2 <= fidelity + 1e-12).all()
    assert (fidelity <= weight + 1e-12).all()
    projected = batch.states @ fitted.vectors @ fitted.vectors.T
    overlap = np.einsum("pk,pk->p", batch.states, projected) ** 2 / (projected**2).sum(axis=1)
    np.testing.assert_allclose(overlap, weight)


def test_leading_eigenvectors_span_the_same_space_by_every_route(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    factor = rng.normal(size=(30, 64)) * np.linspace(3, 0.1, 30)[:, None]
    sigma = MeanState(factor.T @ factor, factored=False)
    found = [leading_eigenvectors(sigma, 4), leading_eigenvectors(MeanState(factor, factored=True), 4)]
    monkeypatch.setattr(patch_pca_module, "DENSE_SIZE", 16)
    found.append(leading_eigenvectors(sigma, 4))
    for vectors in found:
        np.testing.assert_allclose(vectors @ vectors.T, found[0] @ found[0].T, atol=1e-8)


def test_images_with_few_patches_are_handled_by_their_factor(rng: np.random.Generator) -> None:
    images = rng.random((3, 14, 14))
    given = loaded(images, patch_size=8, stride=6, bottleneck=3)
    grid = given.grid
    fitted = PatchPca().fit(given)
    assert isinstance(fitted, FittedPatchPca)
    states = np.concatenate([batch_of(grid.cut(image)).states for image in images])
    values, vectors = np.linalg.eigh((states * np.tile(grid.weights / 3, 3)[:, None]).T @ states)
    assert values[-8] > 1e-6
    np.testing.assert_allclose(fitted.vectors @ fitted.vectors.T, vectors[:, -8:] @ vectors[:, -8:].T, atol=1e-8)


@pytest.mark.parametrize("score", ["reconstruction", "trash"])
def test_untrained_is_the_circuit_at_its_initial_angles(
    images: NDArray[np.float64], rng: np.random.Generator, score
) -> None:
    engine, angles = ExactEngine(), rng.normal(size=6)
    batch = batch_of(rng.random((9, 4, 4)))
    given = loaded(images, initial_angles=tuple(angles), score=score)
    fidelity = engine.trash_fidelity if score == "trash" else engine.reconstruction_fidelity
    np.testing.assert_array_equal(
        Untrained().fit(given).similarity(batch), fidelity(given.specification, angles, batch.states)
    )
    with pytest.raises(InputError, match="angles"):
        Untrained().fit(given.variant(initial_angles=tuple(angles[1:])))


def test_every_baseline_scores_patches_as_a_model_does(images: NDArray[np.float64]) -> None:
    assert list(BASELINES) == list(BASELINE_NAMES)
    given = loaded(images, bottleneck=1, batch_size=2)
    fitted, left_out = fit_baselines(given)
    assert not left_out
    counts = {one.name: one.parameter_count for one in fitted}
    assert list(counts) == list(BASELINES)
    known = {"dc_overlap": 0, "patch_pca": 32, "untrained": 0, "classical": 148, "classical_4_4": 168}
    known |= {"walsh": 16, "mahalanobis": 16 + 136}
    assert known.items() <= counts.items()
    maps, _ = anomaly_maps(given.specification, images, {one.name: one.similarity for one in fitted})
    for name, found in maps.items():
        assert found.shape == images.shape
        assert found.min() >= -1e-7
        assert name in ("walsh", "mahalanobis") or found.max() <= 0.5
        assert np.ptp(found) > 1e-4


def test_all_follow_the_score_of_the_model(images: NDArray[np.float64]) -> None:
    """Positions reach every baseline, weights the untrained circuit; without training images they are left out."""
    given = loaded(images, bottleneck=1, score="weighted", outcomes="all", positions=True, fold="log", epochs=1)
    fitted, left_out = fit_baselines(given)
    assert not left_out
    plain = {one.name: one for one in fit_baselines(given.variant(positions=False))[0]}
    scorers = {one.name: one.similarity for one in fitted}
    maps, _ = anomaly_maps(given.specification, images, scorers)
    others, _ = anomaly_maps(given.specification, images, {name: one.similarity for name, one in plain.items()})
    for name, found in maps.items():
        # Divided by what is normal at its place, the mean anomaly of the training images is about one at every pixel.
        assert found[: len(given.train)].mean() == pytest.approx(1.0, abs=0.25), name
        assert (found != others[name]).any(), name
    assert {one.name: one.parameter_count for one in fitted}["untrained"] == 16


def test_what_a_baseline_cannot_have_leaves_it_out(images: NDArray[np.float64]) -> None:
    """Data without normal images, and a model that does not say where it began."""
    given = loaded(images[:0], bottleneck=1)
    model = Model(given.specification, np.zeros(6))
    fitted, left_out = fit_baselines(given.with_model(model))
    assert "dc_overlap" in [one.name for one in fitted]
    assert {"patch_pca", "classical"} <= set(left_out)
    assert "initial angles" in left_out["untrained"]


def test_an_unknown_baseline_is_refused() -> None:
    with pytest.raises(InputError, match="unknown baseline 'pca'"):
        Experiment(baselines=("pca",))  # type: ignore[arg-type]
