"""The paper's classical autoencoder (Sec. IV-D), trained by the cosine between patches and their reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.baselines.network import Network
from qpbae_tn.baselines.protocol import Array
from qpbae_tn.errors import InputError
from qpbae_tn.scoring import PatchBatch
from qpbae_tn.training.adam import Adam
from qpbae_tn.training.fit import EpochRecord, FitOptions

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
            raise InputError(f"batch size {self.batch_size}", where="--batch-size", remedy="give at least 1")

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
        """Train; see `qpbae_tn.baselines.protocol` for patches and weights.

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
        """The cosine of Eq. 12, shape (N,), in float32; see `qpbae_tn.baselines.protocol`."""
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
