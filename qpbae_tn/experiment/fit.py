"""A training problem: images digested into one loss per batch, one for validation, and the mean state of it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from qpbae_tn.engines.exact import MeanState, MeanStateLoss, mean_state
from qpbae_tn.engines.protocol import LossMaker, PreparedLoss
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

# What digesting the training images takes, told and refused before any of it is done.


USABLE_SHARE = 0.8
"""Share of the machine's memory that a training problem may take."""


def training_bytes(grid: PatchGrid, images: int, batch_size: int) -> int:
    """Bytes of a training problem: each batch's mean state, their sum, one image's patches while it is digested.

    Engines that keep the patches themselves take more; they have limits of their own.

    Args:
        grid: where the patches of an image lie.
        images: number of training images.
        batch_size: images a batch.
    """
    size = grid.patch_size**2
    rows = min(batch_size * grid.count, size)
    batches = -(-images // batch_size)
    # The pixels of an image's patches, their states, and the states times the roots of their weights.
    one_image = 3 * grid.count * size
    return 8 * (batches * rows * size + min(batches * rows, size) * size + one_image)


def require_memory(grid: PatchGrid, images: int, batch_size: int) -> None:
    """Raises `InputError` if a training problem takes more memory than the machine can give."""
    needed, there = training_bytes(grid, images, batch_size), int(psutil.virtual_memory().total)
    if needed > USABLE_SHARE * there:
        raise InputError(
            f"training on {images} images of {grid.count} patches of {grid.patch_size} px takes about "
            f"{needed / 2**30:,.0f} GiB, the machine has {there / 2**30:,.0f}",
            where="patch_size",
            remedy="give a larger `stride`, a smaller `patch_size` or `image_size`, or fewer images with `train`",
        )


@dataclass(frozen=True)
class TrainingProblem:
    """Everything that training needs of the images.

    Args:
        batches: the loss of each batch, in the order of the images (no shuffling).
        validation: the loss of the validation images, None without any.
        train_mean: the mean state of all training images, for the ceilings.
        patch_count: patches of an image.
        zero_patches: patches of the training images without any light, which stand in as |0...0>.
    """

    batches: tuple[PreparedLoss, ...]
    validation: PreparedLoss | None
    train_mean: MeanState
    patch_count: int
    zero_patches: int

    def for_specification(self, specification: ModelSpecification) -> TrainingProblem | None:
        """The same problem for another bottleneck or ansatz, which mean states do not depend on; None without them."""
        losses = [
            MeanStateLoss(specification, loss.mean_state) for loss in self.batches if isinstance(loss, MeanStateLoss)
        ]
        held_back = self.validation
        if isinstance(held_back, MeanStateLoss):
            held_back = MeanStateLoss(specification, held_back.mean_state)
        elif held_back is not None:
            return None
        return replace(self, batches=tuple(losses), validation=held_back) if len(losses) == len(self.batches) else None


def prepare_problem(
    specification: ModelSpecification,
    engine: LossMaker,
    train_images: NDArray[np.floating],
    validation_images: NDArray[np.floating],
    batch_size: int = 4,
) -> TrainingProblem:
    """Digest the images.

    Args:
        specification: the model.
        engine: computes the losses.
        train_images: shape (images, H, W), values in [0, 1].
        validation_images: shape (images, H, W), may hold no image.
        batch_size: images a batch.

    Raises:
        InputError: no training image, a batch size below one, an image smaller than a patch, or more memory needed than
            the machine has.
    """
    if batch_size < 1:
        raise InputError(f"batch size {batch_size}", where="batch_size", remedy="give at least 1")
    if len(train_images) == 0:
        raise InputError("no training image", remedy="give at least one")
    grid = PatchGrid.over(train_images, specification.patch_size, specification.stride)
    require_memory(grid, len(train_images), batch_size)
    train = ImagePatches(train_images, grid, specification.pixel_order)
    batches: list[PreparedLoss] = []
    means: list[MeanState] = []
    shares: list[float] = []
    for start in range(0, len(train), batch_size):
        batch = train[start : start + batch_size]
        loss = engine.prepare_loss(specification, batch, grid.weights)
        batches.append(loss)
        means.append(loss.mean_state if isinstance(loss, MeanStateLoss) else mean_state(batch, grid.weights))
        shares.append(len(batch) / len(train))
    validation = None
    if len(validation_images):
        held_back = ImagePatches(validation_images, grid, specification.pixel_order)
        validation = engine.prepare_loss(specification, held_back, grid.weights)
    return TrainingProblem(tuple(batches), validation, combine(means, shares), grid.count, train.zero_patches())


def combine(means: Sequence[MeanState], shares: Sequence[float]) -> MeanState:
    """The weighted sum of mean states: as a matrix, or as one factor while that is the smaller."""
    size = means[0].array.shape[1]
    if all(mean.factored for mean in means) and sum(mean.array.shape[0] for mean in means) < size:
        parts = [np.sqrt(share) * mean.array for mean, share in zip(means, shares, strict=True)]
        return MeanState(np.concatenate(parts), factored=True)
    total = np.zeros((size, size))
    for mean, share in zip(means, shares, strict=True):
        total += share * (mean.array.T @ mean.array if mean.factored else mean.array)
    return MeanState(total, factored=False)


# The Adam optimiser (Kingma and Ba 2015).


@dataclass
class Adam:
    """Adam with bias correction.

    Args:
        learning_rate: step size.
        beta1: decay of the mean of the gradient.
        beta2: decay of the mean of its square.
        epsilon: added to the root of the latter.
    """

    learning_rate: float = 0.005
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    _step: int = field(default=0, init=False)
    _mean: NDArray[np.float64] | float = field(default=0.0, init=False)
    _square: NDArray[np.float64] | float = field(default=0.0, init=False)

    def update(self, parameters: NDArray[np.float64], gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """The parameters after one step down the gradient, both of the same shape."""
        self._step += 1
        self._mean = self.beta1 * self._mean + (1 - self.beta1) * gradient
        self._square = self.beta2 * self._square + (1 - self.beta2) * gradient**2
        mean = self._mean / (1 - self.beta1**self._step)
        square = self._square / (1 - self.beta2**self._step)
        return np.asarray(parameters - self.learning_rate * mean / (np.sqrt(square) + self.epsilon))


# The training loop: Adam over batches in their given order.


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: the mean loss over its batches, each before its update, and the validation loss after it."""

    epoch: int
    loss: float
    validation_loss: float | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def fit(
    problem: TrainingProblem,
    initial_angles: NDArray[np.floating],
    experiment: Experiment,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> tuple[NDArray[np.float64], tuple[EpochRecord, ...]]:
    """Train.

    Args:
        problem: the digested images.
        initial_angles: shape (parameter_count,), radians.
        experiment: epochs and learning rate.
        on_epoch: called after each epoch, e.g. to move a progress bar.

    Returns:
        The trained angles, shape (parameter_count,), and the history.

    Raises:
        InputError: a learning rate so large that angles overflow.
    """
    optimiser = Adam(experiment.learning_rate)
    angles = np.asarray(initial_angles, dtype=np.float64)
    history = []
    for epoch in range(1, experiment.epochs + 1):
        losses = []
        for batch in problem.batches:
            loss, gradient = batch.value_and_gradient(angles)
            losses.append(loss)
            with np.errstate(over="ignore", invalid="ignore"):
                angles = optimiser.update(angles, gradient)
            if not np.isfinite(angles).all():
                raise InputError(
                    f"the angles overflow in epoch {epoch}", where="learning_rate", remedy="give a smaller number"
                )
        validation = problem.validation.value(angles) if problem.validation is not None else None
        history.append(EpochRecord(epoch, float(np.mean(losses)), validation))
        if on_epoch is not None:
            on_epoch(history[-1])
    return angles, tuple(history)
