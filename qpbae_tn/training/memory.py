"""What digesting the training images takes, told and refused before any of it is done."""

from __future__ import annotations

import psutil

from qpbae_tn.errors import InputError
from qpbae_tn.patches import PatchGrid

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
            where="--patch-size",
            remedy="give a larger --stride, a smaller --patch-size or --image-size, or fewer images with --train",
        )
