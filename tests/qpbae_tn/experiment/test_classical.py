from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.autoencoder import PROGRAM_HIDDEN, ClassicalAutoencoder, Network
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import PatchBatch
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.patches import PatchGrid


@pytest.fixture
def images(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.linspace(0, 1, 12) * rng.random((9, 12, 1)) + 0.2 * rng.random((9, 12, 12))


def loaded(images: NDArray[np.float64], **settings: int) -> LoadedExperiment:
    """Images to train on, with patches of 4 px."""
    experiment = Experiment(image_size=12, bottleneck=1, **({"stride": 2} | settings))
    return LoadedExperiment.of_arrays(experiment, images, images[:0])


@pytest.mark.parametrize(("hidden", "count"), [((4,), 580), (PROGRAM_HIDDEN, 600)])
def test_parameters_are_counted_as_they_are(hidden: tuple[int, ...], count: int) -> None:
    network = Network((64, *hidden, 64))
    parameters = network.initial_parameters(seed=3)
    assert network.parameter_count == parameters.size == count
    first = parameters[: 65 * hidden[0]]
    assert 0.1 < np.abs(first).max() <= 1 / 8
    assert 0.4 < np.abs(parameters[-64:]).max() <= 1 / 2


@pytest.mark.parametrize("hidden", [(4,), (4, 4), (3, 2, 5)])
def test_the_gradient_agrees_with_finite_differences(rng: np.random.Generator, hidden: tuple[int, ...]) -> None:
    network = Network((9, *hidden, 9))
    parameters = network.initial_parameters(seed=1) + 0.2
    pixels, weights = rng.random((30, 9)), rng.random(30)
    pixels[4] = 0
    weights /= weights.sum()
    loss, gradient = network.loss_and_gradient(parameters, pixels, weights)
    assert loss == pytest.approx(1 - weights @ network.similarity(parameters, pixels))
    step = 1e-6
    for k in range(network.parameter_count):
        ends = []
        for sign in (1, -1):
            moved = parameters.copy()
            moved[k] += sign * step
            ends.append(1 - weights @ network.similarity(moved, pixels))
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-8)
    assert np.abs(gradient).max() > 1e-3


def test_the_network_is_dense_layers_with_a_relu_each(rng: np.random.Generator) -> None:
    network = Network((4, 2, 4))
    parameters = rng.normal(size=network.parameter_count)
    first, second = parameters[:10], parameters[10:]
    for pixels in rng.random((20, 4)):
        hidden = [max(0.0, sum(pixels[i] * first[2 * i + j] for i in range(4)) + first[8 + j]) for j in range(2)]
        output = [max(0.0, sum(hidden[i] * second[4 * i + j] for i in range(2)) + second[8 + j]) for j in range(4)]
        norm = np.linalg.norm(output) * np.linalg.norm(pixels)
        cosine = float(np.dot(pixels, output)) / norm if norm else 0.0
        assert network.similarity(parameters, pixels[None])[0] == pytest.approx(cosine)


def test_a_zero_output_has_cosine_zero_and_sends_nothing_back(rng: np.random.Generator) -> None:
    network = Network((16, 4, 16))
    parameters = -np.ones(network.parameter_count)
    pixels = rng.random((5, 16))
    np.testing.assert_array_equal(network.similarity(parameters, pixels), 0)
    loss, gradient = network.loss_and_gradient(parameters, pixels, np.full(5, 0.2))
    assert loss == 1
    np.testing.assert_array_equal(gradient, 0)


def test_float32_is_close_to_float64(rng: np.random.Generator) -> None:
    network = Network((64, 4, 64))
    parameters = network.initial_parameters(seed=0)
    pixels, weights = rng.random((500, 64)), np.full(500, 1 / 500)
    loss, gradient = network.loss_and_gradient(parameters, pixels, weights)
    single, single_gradient = network.loss_and_gradient(parameters, pixels.astype(np.float32), weights)
    assert single == pytest.approx(loss, abs=1e-6)
    np.testing.assert_allclose(single_gradient, gradient, atol=1e-6)


def test_training_lowers_the_loss_and_scores_normal_patches_above_others(
    images: NDArray[np.float64], rng: np.random.Generator
) -> None:
    grid = PatchGrid(12, 12, 4, 1)
    fitted = ClassicalAutoencoder().fit(loaded(images[:7], stride=1, seed=1, epochs=60))
    assert [record.epoch for record in fitted.history] == list(range(1, 61))
    assert fitted.history[-1].loss < 0.5 * fitted.history[0].loss

    def score(patches: NDArray[np.float64]) -> NDArray[np.floating]:
        return fitted.similarity(PatchBatch(patches.reshape(-1, 16), embed(patches)[0]))

    own = np.mean([grid.weights @ score(grid.cut(image)) for image in images[7:]])
    assert 1 - own < 0.6 * fitted.history[0].loss
    assert score((rng.random((200, 4, 4)) < 0.3).astype(float)).mean() < own - 0.1


def test_the_loss_of_an_epoch_is_taken_before_each_update_in_the_given_order(images: NDArray[np.float64]) -> None:
    grid = PatchGrid(12, 12, 4, 2)
    patches = np.stack([grid.cut(image) for image in images])
    fitted = ClassicalAutoencoder().fit(loaded(images, seed=2, epochs=1))
    network = Network((16, 4, 16))
    parameters = network.initial_parameters(seed=2)
    batches = [patches[start : start + 4].reshape(-1, 16).astype(np.float32) for start in (0, 4, 8)]
    losses = []
    mean, square = np.zeros(parameters.size), np.zeros(parameters.size)
    for step, pixels in enumerate(batches, start=1):
        share = np.tile(grid.weights, len(pixels) // grid.count)
        loss, gradient = network.loss_and_gradient(parameters, pixels, share / share.sum())
        losses.append(loss)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        parameters = parameters - 0.005 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    assert fitted.history[0].loss == pytest.approx(np.mean(losses), abs=1e-6)
    assert fitted.history[0].validation_loss is None
    np.testing.assert_allclose(fitted.parameters, parameters, atol=1e-6)


def test_the_same_seed_gives_the_same_bits(images: NDArray[np.float64]) -> None:
    fits = [ClassicalAutoencoder().fit(loaded(images, seed=seed, epochs=2)).parameters for seed in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert np.abs(fits[0] - fits[2]).max() > 0.01


def test_variants_have_names_of_their_own_and_bad_ones_are_refused() -> None:
    assert ClassicalAutoencoder().name == "classical"
    assert ClassicalAutoencoder(hidden=PROGRAM_HIDDEN).name == "classical_4_4"
    for wrong in ((), (4, 0)):
        with pytest.raises(InputError):
            ClassicalAutoencoder(wrong)
