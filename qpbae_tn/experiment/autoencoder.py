"""The paper's classical autoencoder (Sec. IV-D), trained by the cosine between patches and their reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.fit import Adam, EpochRecord, FitOptions
from qpbae_tn.experiment.scoring import PatchBatch

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
    """A fully connected autoencoder of single patches; the defaults are the paper's.

    It sees the pixels themselves, not the normalised state. Training computes in float32 around float64 parameters,
    twice as fast; the same seed gives the same bits on the same machine and thread count.

    Args:
        hidden: units of the hidden layers; (4,) is the paper's, (4, 4) the authors' program.
        seed: of the initial parameters.
        options: epochs and learning rate of Adam.
        batch_size: images a step, in their given order.

    Raises:
        InputError: no hidden layer, a layer without units, or a batch without images.
    """

    hidden: tuple[int, ...] = PAPER_HIDDEN
    seed: int = 0
    options: FitOptions = field(default_factory=FitOptions)
    batch_size: int = 4
    needs_training_images: bool = True

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            raise InputError(f"hidden layers {self.hidden}", where="hidden", remedy="give one or more positive sizes")
        if self.batch_size < 1:
            raise InputError(f"batch size {self.batch_size}", where="batch_size", remedy="give at least 1")

    @property
    def name(self) -> str:
        """`classical`, with the hidden sizes behind where they are not the paper's."""
        return "classical" if self.hidden == PAPER_HIDDEN else "_".join(["classical", *map(str, self.hidden)])

    def fit(
        self,
        patches: Sequence[Array],
        weights: Array,
        *,
        validation: Sequence[Array] = (),
        on_epoch: Callable[[EpochRecord], None] | None = None,
    ) -> FittedClassicalAutoencoder:
        """Train; see `qpbae_tn.experiment.baselines.Baseline` for patches and weights.

        Args:
            patches: of the training images, at least one.
            weights: w_p, shape (N,).
            validation: patches of the validation images, may be empty.
            on_epoch: called after each epoch.
        """
        pixel_count = np.asarray(patches[0]).shape[1]
        network = Network((pixel_count, *self.hidden, pixel_count))
        parameters = network.initial_parameters(self.seed)
        optimiser = Adam(self.options.learning_rate)
        history = []
        for epoch in range(1, self.options.epochs + 1):
            losses = []
            for start in range(0, len(patches), self.batch_size):
                batch = _stack(patches, start, self.batch_size)
                loss, gradient = network.loss_and_gradient(parameters, batch, _shares(weights, batch))
                losses.append(loss)
                parameters = optimiser.update(parameters, gradient)
            history.append(EpochRecord(epoch, float(np.mean(losses)), _loss(network, parameters, validation, weights)))
            if on_epoch is not None:
                on_epoch(history[-1])
        return FittedClassicalAutoencoder(network, parameters, tuple(history), self.name)


@dataclass(frozen=True, eq=False)
class FittedClassicalAutoencoder:
    """A trained classical autoencoder.

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
        """The cosine of Eq. 12, shape (N,), in float32; see `qpbae_tn.experiment.baselines.Baseline`."""
        return self.network.similarity(self.parameters, batch.pixels.astype(np.float32))


def _stack(patches: Sequence[Array], start: int, count: int) -> NDArray[np.float32]:
    """The patches of a few images below each other."""
    stop = min(start + count, len(patches))
    return np.concatenate([np.asarray(patches[index], dtype=np.float32) for index in range(start, stop)])


def _shares(weights: Array, batch: Array) -> Array:
    """The weights of Eq. 8 for several images together, adding up to one."""
    images = len(batch) // len(weights)
    return np.tile(weights / images, images)


def _loss(network: Network, parameters: NDArray[np.float64], patches: Sequence[Array], weights: Array) -> float | None:
    """The mean loss over images, None without any."""
    if not len(patches):
        return None
    scores = [
        np.dot(weights, network.similarity(parameters, _stack(patches, index, 1))) for index in range(len(patches))
    ]
    return 1.0 - float(np.mean(scores))
