"""A training problem: images digested into one loss per batch, one for validation, and the mean state of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.embedding import embed
from qpbae_tn.engines.exact.mean_state import MeanState, MeanStateLoss, mean_state
from qpbae_tn.engines.protocol import Engine, PreparedLoss
from qpbae_tn.errors import InputError
from qpbae_tn.patches import PatchGrid
from qpbae_tn.specification import ModelSpecification


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
        InputError: no training image, a batch size below one, or an image smaller than a patch.
    """
    if batch_size < 1:
        raise InputError(f"batch size {batch_size}", where="--batch-size", remedy="give at least 1")
    if len(train_images) == 0:
        raise InputError("no training image", remedy="give at least one")
    grid = PatchGrid.over(train_images, specification.patch_size, specification.stride)
    batches: list[PreparedLoss] = []
    means: list[MeanState] = []
    shares: list[float] = []
    zero_patches = 0
    for start in range(0, len(train_images), batch_size):
        states, zeros = _states(specification, grid, train_images[start : start + batch_size])
        loss = engine.prepare_loss(specification, states, grid.weights)
        batches.append(loss)
        means.append(loss.mean_state if isinstance(loss, MeanStateLoss) else mean_state(states, grid.weights))
        shares.append(len(states) / len(train_images))
        zero_patches += zeros
    validation = None
    if len(validation_images):
        states, _ = _states(specification, grid, validation_images)
        validation = engine.prepare_loss(specification, states, grid.weights)
    return TrainingProblem(tuple(batches), validation, combine(means, shares), grid.count, zero_patches)


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


def _states(
    specification: ModelSpecification, grid: PatchGrid, images: NDArray[np.floating]
) -> tuple[list[NDArray[np.floating]], int]:
    states, zeros = [], 0
    for image in images:
        embedded, zero = embed(grid.cut(image), specification.pixel_order)
        states.append(embedded)
        zeros += int(zero.sum())
    return states, zeros
