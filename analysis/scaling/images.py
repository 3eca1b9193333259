"""Real images for the study: patches drawn at random, read once a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Row
from qpbae_tn.data.data_set import ImageSet, LabelledImageSet
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.splits import random_split
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import PixelOrder

Float64Array = NDArray[np.float64]


def training_images(plan: ScalingPlan, name: str) -> ImageSet:
    """Normal images of this data set, as many as the plan says, drawn by its seed."""
    return _training(plan.data[name], plan.image_size, plan.train_images, plan.seed)


def test_images(plan: ScalingPlan, name: str) -> LabelledImageSet:
    """Labelled images of this data set, stratified by class."""
    return _test(plan.data[name], plan.image_size, plan.test_images, plan.seed)


def digests(plan: ScalingPlan, rows: Sequence[Row]) -> dict[str, str]:
    """SHA-256 of the training images of the data sets that these rows use, by name."""
    used = {row["point"].get(key) for row in rows for key in ("data", "patches")}
    return {name: training_images(plan, name).provenance.digest for name in plan.data if name in used}


def real_states(plan: ScalingPlan, name: str, patch_size: int, count: int, order: PixelOrder = "row") -> Float64Array:
    """Patch states of normal images, cut at random places, without the wholly dark ones; shape (count, P^2)."""
    images = training_images(plan, name).images
    rng = np.random.default_rng([plan.seed, patch_size])
    found: list[Float64Array] = []
    while len(found) < count:
        image = images[rng.integers(len(images))]
        row, column = rng.integers(image.shape[0] - patch_size + 1), rng.integers(image.shape[1] - patch_size + 1)
        patch = image[row : row + patch_size, column : column + patch_size]
        if patch.any():
            found.append(patch)
    return np.asarray(embed(np.stack(found), order)[0], dtype=np.float64)


@lru_cache(maxsize=2)
def _training(source: str | Path, side: int, count: int, seed: int) -> ImageSet:
    images = open_data_set(source).train(side)
    chosen = random_split(len(images), seed, min(count, len(images) - 1), 1).train
    return images.take(chosen)


@lru_cache(maxsize=2)
def _test(source: str | Path, side: int, count: int, seed: int) -> LabelledImageSet:
    return open_data_set(source).test(side, limit=count, seed=seed)
