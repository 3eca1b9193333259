"""One object with the images of an experiment: each read, split and digested once, and shared by variants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.data.data_set import ImageSet
from qpbae_tn.data.splits import Split, random_split
from qpbae_tn.data.textures import Textures
from qpbae_tn.engines.exact import ExactEngine, MeanStateLoss
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.ceilings import pca_ceiling
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import prepare_problem
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train
from qpbae_tn.model.model import Model

SMALL = Experiment(image_size=16, stride=4, train=6, validation=3, test=8, epochs=1)


@pytest.fixture(scope="module")
def loaded() -> LoadedExperiment:
    return LoadedExperiment(SMALL)


def test_the_images_are_those_of_the_data_set(loaded: LoadedExperiment) -> None:
    data_set = Textures()
    normal, test = data_set.train(16), data_set.test(16, limit=8)
    split = random_split(len(normal), 0, 6, 3)
    np.testing.assert_array_equal(loaded.train.images, normal.take(split.train).images)
    np.testing.assert_array_equal(loaded.validation.images, normal.take(split.validation).images)
    assert loaded.test.names == test.names
    patches = loaded.train_patches
    np.testing.assert_array_equal(patches.states, np.concatenate(list(patches)))
    assert patches.grid == loaded.grid


@pytest.mark.parametrize(
    "changes",
    [
        {"bottleneck": 1},
        {"block": "so4"},
        {"epochs": 3, "learning_rate": 0.1},
        {"score": "trash"},
        {"init": "dc"},
        {"seed": 5, "split_seed": 0, "test_seed": 0},
    ],
)
def test_variants_share_what_does_not_depend_on_the_change(
    loaded: LoadedExperiment, changes: dict[str, object]
) -> None:
    other = loaded.variant(**changes)
    assert other.train is loaded.train
    assert other.test is loaded.test
    assert other.train_patches is loaded.train_patches
    assert other.problem.train_mean is loaded.problem.train_mean
    assert other.experiment == replace(SMALL, **changes)  # type: ignore[arg-type]
    assert loaded.experiment == SMALL


def test_variants_have_of_their_own_what_depends_on_the_change(loaded: LoadedExperiment) -> None:
    assert loaded.variant(seed=1).train.names != loaded.train.names
    assert loaded.variant(train=5).train.names == loaded.train.names[:5]
    assert loaded.variant(test=4).test.names != loaded.test.names
    assert loaded.variant(image_size=8).train.images.shape == (6, 8, 8)
    assert loaded.variant(data="textures:grass").test.provenance.data_set == "textures:grass"
    assert loaded.variant(pixel_order="morton").train_patches.order == "morton"
    assert loaded.variant(stride=2).grid.count > loaded.grid.count
    assert len(loaded.variant(batch_size=6).problem.batches) == 1 < len(loaded.problem.batches)


def test_a_shared_problem_is_what_it_would_be_alone(loaded: LoadedExperiment) -> None:
    for changes in ({}, {"bottleneck": 1}, {"ansatz": "brick", "block": "so4"}, {"trash": "last"}):
        other = loaded.variant(**changes)
        alone = prepare_problem(
            other.specification, ExactEngine(), other.train.images, other.validation.images, SMALL.batch_size
        )
        angles = other.initial_angles
        for mine, theirs in zip(other.problem.batches, alone.batches, strict=True):
            value, gradient = mine.value_and_gradient(angles)
            assert (value, gradient.tolist()) == (theirs.value(angles), theirs.value_and_gradient(angles)[1].tolist())
        assert other.problem.validation is not None
        assert alone.validation is not None
        assert other.problem.validation.value(angles) == alone.validation.value(angles)
        assert other.ceilings.pca_loss == 1 - pca_ceiling(other.specification, alone.train_mean)


def test_engines_without_mean_states_prepare_for_each_model(loaded: LoadedExperiment) -> None:
    one = loaded.variant(engine="mps", patch_size=2, bottleneck=1)
    other = one.variant(layers=2)
    assert not isinstance(one.problem.batches[0], MeanStateLoss)
    assert other.problem is not one.problem
    assert other.problem.batches[0].value(other.initial_angles) == pytest.approx(
        other.variant(engine="exact").problem.batches[0].value(other.initial_angles), abs=1e-9
    )


def test_a_model_brings_its_own_split_to_its_own_data(loaded: LoadedExperiment) -> None:
    model = train(loaded.variant(seed=4)).model
    own = LoadedExperiment(Experiment.of_model(model, data="textures"), model=model)
    assert own.on_own_data
    assert own.train.names == loaded.variant(seed=4).train.names
    foreign = LoadedExperiment(Experiment.of_model(model, data="textures:grass"), model=model)
    assert not foreign.on_own_data
    assert foreign.split == random_split(150, 4)
    assert own.trained_model is model
    with pytest.raises(ValueError, match="no model"):
        _ = loaded.trained_model
    same = train(loaded).model
    assert loaded.with_model(same).train is loaded.train
    # A model with another split of the same data brings it along, also beside images that are loaded already.
    assert loaded.with_model(model).train.names == own.train.names != loaded.train.names


def test_given_images_take_the_place_of_a_data_set(rng: np.random.Generator) -> None:
    normal = ImageSet.of_arrays(rng.random((10, 16, 16)))
    loaded = LoadedExperiment(SMALL, normal=normal)
    assert loaded.split == random_split(10, 0, 6, 3)
    listed = Split((3, 1), (0,))
    assert loaded.variant(split=listed).train.names == (normal.names[3], normal.names[1])
    with pytest.raises(InputError, match="outside the 10"):
        _ = loaded.variant(split=Split((3, 10), (0,))).train
    with pytest.raises(ValueError, match="no test images"):
        _ = loaded.test
    for change in ({"image_size": 8}, {"data": "textures:grass"}):
        with pytest.raises(ValueError, match="given"):
            loaded.variant(**change)


def test_parts_are_taken_as_they_are(rng: np.random.Generator) -> None:
    images: NDArray[np.float64] = rng.random((5, 16, 12))
    loaded = LoadedExperiment.of_arrays(SMALL, images[:4], images[4:])
    assert (loaded.split.train, loaded.split.validation) == ((0, 1, 2, 3), (4,))
    np.testing.assert_array_equal(loaded.validation.images, images[4:])
    assert loaded.train_patches.grid.count == 4 * 3
    assert loaded.notices == []
    assert loaded.variant(seed=3).problem.train_mean is loaded.problem.train_mean


def test_a_model_without_images_to_spare() -> None:
    """One normal image trains baselines and leaves none to validate on; without a model it is too few."""
    one = ImageSet.of_arrays(np.ones((1, 16, 16)))
    model = Model(SMALL.specification, np.zeros(6))
    loaded = LoadedExperiment(SMALL, normal=one, model=model)
    assert (len(loaded.train), len(loaded.validation)) == (1, 0)
    with pytest.raises(InputError, match="too few"):
        _ = LoadedExperiment(SMALL, normal=one).train


def test_what_a_reader_should_know(loaded: LoadedExperiment) -> None:
    assert loaded.notices == []
    (engine, split) = loaded.variant(engine="auto", train=200).notices
    assert "scores with exact" in engine
    assert "only 150 training images" in split
    with pytest.raises(InputError, match="unknown texture"):
        LoadedExperiment(Experiment(data="textures:wool"))
