"""Anomalous regions: the connected components of the masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Pixels touch their 8 neighbours in the same image, and nothing in the images before and after.
_EIGHT_NEIGHBOURS = np.stack([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))])


@dataclass(frozen=True)
class Regions:
    """The regions of a stack of masks.

    Args:
        labels: shape (images, H, W), 0 for the background, 1, 2, ... for the regions.
        sizes: shape (regions,), pixels.
        images: shape (regions,), the image that each region lies in.
    """

    labels: NDArray[np.int32]
    sizes: NDArray[np.intp]
    images: NDArray[np.intp]

    @property
    def pixel_shares(self) -> NDArray[np.float64]:
        """One over the size of a pixel's region, 0 on the background; shape (images, H, W)."""
        return np.concatenate([[0.0], 1.0 / self.sizes])[self.labels]


def find_regions(masks: NDArray[np.bool_]) -> Regions:
    """The 8-connected components of masks of shape (images, H, W); no region crosses images."""
    labels, count = ndimage.label(masks, structure=_EIGHT_NEIGHBOURS, output=np.int32)
    marked = np.flatnonzero(masks)
    marked_labels = labels.ravel()[marked]
    sizes = np.bincount(marked_labels, minlength=count + 1)[1:]
    images = np.zeros(count, dtype=np.intp)
    images[marked_labels - 1] = marked // (masks.shape[1] * masks.shape[2])
    return Regions(labels, sizes, images)
