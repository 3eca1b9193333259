"""A training problem: images digested into one loss per batch, one for validation, and the mean state of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.embedded_images import EmbeddedImages
from qpbae_tn.engines.exact.mean_state import MeanState, MeanStateLoss, mean_state
from qpbae_tn.engines.protocol import Engine, PreparedLoss
from qpbae_tn.errors import InputError
from qpbae_tn.patches import PatchGrid
from qpbae_tn.specification import ModelSpecification
from qpbae_tn.training.memory import require_memory


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


def prepare_problem(
    specification: ModelSpecification,
    engine: Engine,
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
        raise InputError(f"batch size {batch_size}", where="--batch-size", remedy="give at least 1")
    if len(train_images) == 0:
        raise InputError("no training image", remedy="give at least one")
    grid = PatchGrid.over(train_images, specification.patch_size, specification.stride)
    require_memory(grid, len(train_images), batch_size)
    train = EmbeddedImages(train_images, grid, specification.pixel_order)
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
        held_back = EmbeddedImages(validation_images, grid, specification.pixel_order)
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
