"""The paper's classical autoencoder (Sec. IV-D), trained by the cosine between patches and their reconstructions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.fit import Adam, EpochRecord
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import PatchBatch
from qpbae_tn.model.embedding import ImagePatches

# A fully connected network with a ReLU after every layer, and the cosine loss of the paper's classical autoencoder.


Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Layers of the given sizes, e.g. (64, 4, 64); its parameters are one flat float64 array apart from it.

    Each layer's weights, shape (inputs, outputs), come before its biases. Everything is computed in the dtype of the
    pixels.
    """

    sizes: tuple[int, ...]

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return sum((inputs + 1) * outputs for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False))

    def initial_parameters(self, seed: int) -> Float64Array:
        """PyTorch's default for dense layers: uniform between -1 / sqrt(inputs) and 1 / sqrt(inputs), biases too."""
        generator = np.random.default_rng(seed)
        parts = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            bound = 1.0 / np.sqrt(inputs)
            parts.append(generator.uniform(-bound, bound, (inputs + 1) * outputs))
        return np.concatenate(parts)

    def similarity(self, parameters: Float64Array, pixels: Array) -> Array:
        """The cosine between each patch and its reconstruction (Eq. 12).

        Args:
            parameters: shape (parameter_count,).
            pixels: shape (N, P^2).

        Returns:
            Shape (N,); 0 where the patch or the reconstruction is zero.
        """
        output = self._activations(parameters, pixels)[-1]
        cosines = np.einsum("pk,pk->p", pixels, output) * _inverse_norms(pixels) * _inverse_norms(output)
        return np.asarray(cosines)

    def loss_and_gradient(self, parameters: Float64Array, pixels: Array, weights: Array) -> tuple[float, Float64Array]:
        """1 - sum_p w_p s_p (Eq. 8) and its gradient, by backpropagation.

        Args:
            parameters: shape (parameter_count,).
            pixels: shape (N, P^2).
            weights: w_p, shape (N,).

        Returns:
            The loss and an array of shape (parameter_count,).
        """
        activations = self._activations(parameters, pixels)
        output = activations[-1]
        inverse = _inverse_norms(output)
        scaled = inverse * _inverse_norms(pixels)
        cosines = np.einsum("pk,pk->p", pixels, output) * scaled
        weights = weights.astype(pixels.dtype)
        # ds/dy = x / (|x| |y|) - s y / |y|^2, and nothing flows back through a zero reconstruction.
        flow = (weights * scaled)[:, None] * pixels
        flow -= (weights * cosines * inverse**2)[:, None] * output
        gradients: list[Array] = []
        layers = self._layers(parameters, pixels.dtype)
        for (matrix, _), inputs, outputs in zip(
            reversed(layers), reversed(activations[:-1]), reversed(activations[1:]), strict=True
        ):
            flow *= outputs > 0
            gradients += [flow.sum(axis=0), (inputs.T @ flow).ravel()]
            if inputs is not pixels:
                flow = flow @ matrix.T
        loss = 1.0 - float(np.dot(weights.astype(np.float64), cosines))
        return loss, -np.concatenate(gradients[::-1]).astype(np.float64)

    def _activations(self, parameters: Float64Array, pixels: Array) -> list[Array]:
        activations = [pixels]
        for matrix, bias in self._layers(parameters, pixels.dtype):
            values = activations[-1] @ matrix
            values += bias
            activations.append(np.maximum(values, 0, out=values))
        return activations

    def _layers(self, parameters: Float64Array, dtype: np.dtype[np.floating]) -> list[tuple[Array, Array]]:
        layers, start = [], 0
        converted = parameters.astype(dtype)
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
            layers.append((converted[start:middle].reshape(inputs, outputs), converted[middle:end]))
            start = end
        return layers


def _inverse_norms(rows: Array) -> Array:
    norms = np.sqrt(np.einsum("pk,pk->p", rows, rows))
    return np.asarray(np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0))


PAPER_HIDDEN = (4,)
"""The bottleneck that the paper describes: 64-4-64, 580 parameters (its 132 is the number of units)."""
PROGRAM_HIDDEN = (4, 4)
"""The authors' program: 64-4-4-64, 600 parameters."""


@dataclass(frozen=True)
class ClassicalAutoencoder:
    """A fully connected autoencoder of single patches, trained as long as the model is.

    It sees the pixels themselves, not the normalised state. Training computes in float32 around float64 parameters,
    twice as fast; the same seed gives the same bits on the same machine and thread count.

    Args:
        hidden: units of the hidden layers; (4,) is the paper's, (4, 4) the authors' program.

    Raises:
        InputError: no hidden layer, or a layer without units.
    """

    hidden: tuple[int, ...] = PAPER_HIDDEN
    needs_training_images: bool = True

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            raise InputError(f"hidden layers {self.hidden}", where="hidden", remedy="give one or more positive sizes")

    @property
    def name(self) -> str:
        """`classical`, with the hidden sizes behind where they are not the paper's."""
        return "classical" if self.hidden == PAPER_HIDDEN else "_".join(["classical", *map(str, self.hidden)])

    def fit(self, loaded: LoadedExperiment) -> FittedClassicalAutoencoder:
        """Train with the experiment's epochs, learning rate, batches of images in their order, and seed."""
        experiment, patches = loaded.experiment, loaded.train_patches
        pixel_count = loaded.specification.pixel_count
        network = Network((pixel_count, *self.hidden, pixel_count))
        parameters = network.initial_parameters(experiment.seed)
        optimiser = Adam(experiment.learning_rate)
        history = []
        for epoch in range(1, experiment.epochs + 1):
            losses = []
            for start in range(0, len(patches), experiment.batch_size):
                batch = _stack(patches[start : start + experiment.batch_size])
                loss, gradient = network.loss_and_gradient(parameters, batch, _shares(patches.grid.weights, batch))
                losses.append(loss)
                parameters = optimiser.update(parameters, gradient)
            history.append(EpochRecord(epoch, float(np.mean(losses)), None))
        return FittedClassicalAutoencoder(network, parameters, tuple(history), self.name)


@dataclass(frozen=True, eq=False)
class FittedClassicalAutoencoder:
    """A trained classical autoencoder; see `qpbae_tn.experiment.baselines.FittedBaseline`.

    Args:
        network: its layers.
        parameters: shape (parameter_count,).
        history: of its training; the loss of an epoch is the mean over its batches, each before its update.
    """

    network: Network
    parameters: NDArray[np.float64]
    history: tuple[EpochRecord, ...]
    name: str = "classical"

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return self.network.parameter_count

    def similarity(self, batch: PatchBatch) -> Array:
        """The cosine of Eq. 12, shape (N,), in float32."""
        return self.network.similarity(self.parameters, batch.pixels.astype(np.float32))


def _stack(patches: ImagePatches) -> NDArray[np.float32]:
    """The pixels of a few images' patches below each other."""
    return np.concatenate([np.asarray(patches.pixels(index), dtype=np.float32) for index in range(len(patches))])


def _shares(weights: Array, batch: Array) -> Array:
    """The weights of Eq. 8 for several images together, adding up to one."""
    images = len(batch) // len(weights)
    return np.tile(weights / images, images)
