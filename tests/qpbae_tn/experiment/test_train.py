"""The training loop against a loop written out patch by patch, and what its outcome holds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.engines import make_engine
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import Adam, EpochRecord, fit, prepare_problem
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.loaded import PRODUCT_CEILING_QUBITS, LoadedExperiment
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.experiment.training import train
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

ENGINE = ExactEngine()


@pytest.fixture
def images(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.clip(0.5 + 0.1 * rng.normal(size=(14, 9, 11)), 0, 1)


def map_loss(specification: ModelSpecification, angles: NDArray[np.float64], images: NDArray[np.float64]) -> float:
    """Eq. 8 read literally: the mean over images and pixels of 1 - folded F_trash."""
    scorer = model_scorer(specification, angles, ENGINE, "trash")
    maps, _ = anomaly_maps(specification, images, {"it": scorer})
    return float(2 * maps["it"].mean())


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_the_loop_is_the_one_written_out(images: NDArray[np.float64], stride: int) -> None:
    specification = ModelSpecification.build(4, stride, 2, image_size=9)
    start = initial_angles(specification.ansatz, "normal", 1)
    train, validation = images[:10], images[10:]
    problem = prepare_problem(specification, ENGINE, train, validation)
    angles, history = fit(problem, start, Experiment(epochs=3, learning_rate=0.05))

    optimiser, wanted = Adam(0.05), start
    step = 1e-6
    for record in history:
        losses = []
        for first in range(0, 10, 4):
            batch = train[first : first + 4]
            losses.append(map_loss(specification, wanted, batch))
            numeric = [
                (map_loss(specification, wanted + d, batch) - map_loss(specification, wanted - d, batch)) / (2 * step)
                for d in step * np.eye(wanted.size)
            ]
            exact = prepare_problem(specification, ENGINE, batch, batch[:0]).batches[0].value_and_gradient(wanted)[1]
            np.testing.assert_allclose(exact, numeric, atol=1e-6)
            wanted = optimiser.update(wanted, exact)
        assert record.loss == pytest.approx(np.mean(losses), abs=1e-12)
        assert record.validation_loss == pytest.approx(map_loss(specification, wanted, validation), abs=1e-12)
    np.testing.assert_allclose(angles, wanted, atol=1e-12)


def test_the_outcome(images: NDArray[np.float64]) -> None:
    seen: list[EpochRecord] = []
    dark = images.copy()
    dark[0, :5, :5] = 0
    experiment = Experiment(bottleneck=1, image_size=9, init="dc", epochs=4, threshold_quantile=0.5)
    loaded = LoadedExperiment.of_arrays(experiment, dark[:10], dark[10:])
    specification, start = loaded.specification, loaded.initial_angles
    outcome = train(loaded, seen.append)
    assert tuple(seen) == outcome.history
    assert [record.epoch for record in seen] == [1, 2, 3, 4]
    assert outcome.zero_patches == 4
    assert outcome.patches_per_image == PatchGrid(9, 11, 4, 1).count == 48
    assert outcome.product_ceiling_loss is not None
    whole = prepare_problem(specification, ENGINE, dark[:10], dark[:0], batch_size=10).batches[0]
    assert outcome.ceiling_loss <= outcome.product_ceiling_loss <= whole.value(outcome.model.angles)
    assert outcome.effective_parameters == 3
    for score in ("reconstruction", "trash"):
        scorer = model_scorer(specification, outcome.model.angles, ENGINE, score)
        maps, _ = anomaly_maps(specification, dark[10:], {"it": scorer})
        assert outcome.model.thresholds[score] == np.quantile(maps["it"], 0.5)
    document = json.loads(json.dumps(outcome.to_json(), allow_nan=False))
    assert document["provenance"]["seed"] == 0
    assert document["provenance"]["split"]["val"] == [10, 11, 12, 13]
    assert document["provenance"]["initial_angles"] == start.tolist()
    assert document["provenance"]["versions"]["numpy"] == np.__version__


def test_no_epoch_gives_the_initial_angles(images: NDArray[np.float64]) -> None:
    loaded = LoadedExperiment.of_arrays(Experiment(bottleneck=1, image_size=9, epochs=0), images[:3], images[3:])
    outcome = train(loaded)
    np.testing.assert_array_equal(outcome.model.angles, loaded.initial_angles)
    assert outcome.history == ()


def test_large_patches_have_no_product_ceiling(rng: np.random.Generator) -> None:
    images = rng.random((3, 32, 32))
    loaded = LoadedExperiment.of_arrays(Experiment(patch_size=32, init="dc", epochs=2), images[:2], images[2:])
    assert loaded.specification.qubit_count > PRODUCT_CEILING_QUBITS
    outcome = train(loaded)
    assert outcome.product_ceiling_loss is None
    # Two patches in all span less than the four latent states hold.
    assert outcome.ceiling_loss == pytest.approx(0, abs=1e-12)


def test_engines_prepare_the_same_problem(images: NDArray[np.float64]) -> None:
    specification = ModelSpecification.build(2, 3, 1, image_size=9)
    angles = initial_angles(specification.ansatz, "normal", 4)
    exact, qsim = (
        prepare_problem(specification, make_engine(name), images[:3], images[3:5]) for name in ("exact", "qsim")
    )
    np.testing.assert_allclose(exact.train_mean.array, qsim.train_mean.array, atol=1e-15)
    assert exact.batches[0].value(angles) == pytest.approx(qsim.batches[0].value(angles), abs=1e-6)
    assert exact.zero_patches == qsim.zero_patches == 0


def test_wrong_images(images: NDArray[np.float64]) -> None:
    specification = ModelSpecification.build(4, 1, 1)
    with pytest.raises(InputError, match="no training image"):
        prepare_problem(specification, ENGINE, images[:0], images)
    with pytest.raises(InputError, match="batch size 0"):
        prepare_problem(specification, ENGINE, images, images, batch_size=0)
    with pytest.raises(InputError, match="smaller than a patch"):
        prepare_problem(specification, ENGINE, images[:, :3], images)


def test_training_does_not_touch_its_input(images: NDArray[np.float64]) -> None:
    specification = ModelSpecification.build(4, 1, 1, image_size=9)
    start = initial_angles(specification.ansatz, "normal", 0)
    kept, kept_start = images.copy(), start.copy()
    fit(prepare_problem(specification, ENGINE, images[:8], images[8:]), start, Experiment(epochs=1))
    np.testing.assert_array_equal(images, kept)
    np.testing.assert_array_equal(start, kept_start)
