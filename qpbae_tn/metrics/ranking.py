"""Pixels sorted once by score, and threshold sweeps over many weightings of the images at a time.

A bootstrap resample of images is a whole-number weight per image, and every threshold metric is a function of what the
weighted images add to three counts as the threshold falls: normal pixels, anomalous pixels, and the share of each
anomalous region. The sorted pixels are therefore gathered into steps, each a sparse row over the images, and one sparse
product gives what a step adds for all resamples at once. No resample sorts anything.

A step is a group of pixels of equal score, or several such groups in a row that hold normal pixels only: between
anomalous pixels the curves are flat and nothing is lost. More steps than `coarsened` allows are merged further, with a
bound on the error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array

# Anomalous regions: the connected components of the masks.


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


FloatArray = NDArray[np.float64]

# Numbers held per block of a sweep (half a megabyte): enough to amortise a call, few enough to stay in the cache.
_BLOCK_ELEMENTS = 2**16


class Block(NamedTuple):
    """A run of steps of a sweep; every array has shape (steps, R).

    `normal` and `rising` are what each step adds, `normal_total` and `rising_total` the sums with that step included.
    """

    normal: FloatArray
    normal_total: FloatArray
    rising: FloatArray
    rising_total: FloatArray


@dataclass(frozen=True)
class Ranking:
    """The steps of a falling threshold, from the most to the least anomalous pixels.

    Args:
        thresholds: shape (steps,), the lowest score in each step.
        normal: shape (steps, images), normal pixels of each image in each step.
        anomalous: shape (steps, images), anomalous pixels.
        overlap: shape (steps, images), the sum over an image's anomalous pixels of 1 / (size of the pixel's region).
    """

    thresholds: NDArray[np.floating]
    normal: csr_array
    anomalous: csr_array
    overlap: csr_array

    @cached_property
    def normal_counts(self) -> FloatArray:
        """Normal pixels in each step, shape (steps,)."""
        return _row_sums(self.normal)

    @cached_property
    def anomalous_counts(self) -> FloatArray:
        """Anomalous pixels in each step, shape (steps,)."""
        return _row_sums(self.anomalous)

    @cached_property
    def overlap_sums(self) -> FloatArray:
        """What each step adds to the sum over regions of the share found, shape (steps,)."""
        return _row_sums(self.overlap)

    def coarsened(self, max_steps: int) -> Ranking:
        """A ranking of at most about `max_steps` steps, in which each step is treated as one tie.

        Merged steps hold at most 2 / max_steps of the normal and 2 / max_steps of the anomalous pixels; AUROC moves by
        at most 1 / max_steps, AUPRO by that over its limit.
        """
        if len(self.thresholds) <= max_steps:
            return self
        found = [np.cumsum(counts) / max(counts.sum(), 1.0) for counts in (self.normal_counts, self.anomalous_counts)]
        bins = np.ceil((found[0] + found[1]) * (max_steps / 2))
        last = np.append(np.flatnonzero(np.diff(bins)), len(bins) - 1)
        ends = np.append(0, last + 1)
        parts = [_merge_rows(part, ends) for part in (self.normal, self.anomalous, self.overlap)]
        return Ranking(self.thresholds[last], *parts)

    def sweep(self, weights: FloatArray, rising: csr_array) -> Iterator[Block]:
        """Lower the threshold step by step, for all weightings at once, in blocks of bounded size.

        Args:
            weights: shape (R, images).
            rising: `anomalous` or `overlap`, the count to follow beside `normal`.
        """
        columns = np.ascontiguousarray(weights.T)
        steps = max(1, _BLOCK_ELEMENTS // columns.shape[1])
        normal_before = rising_before = np.zeros(columns.shape[1])
        for start in range(0, len(self.thresholds), steps):
            chosen = slice(start, start + steps)
            normal, added = self.normal[chosen] @ columns, rising[chosen] @ columns
            normal_total, rising_total = np.cumsum(normal, axis=0), np.cumsum(added, axis=0)
            normal_total += normal_before
            rising_total += rising_before
            normal_before, rising_before = normal_total[-1], rising_total[-1]
            yield Block(normal, normal_total, added, rising_total)


def rank_pixels(maps: NDArray[np.floating], masks: NDArray[np.bool_], regions: Regions) -> Ranking:
    """Sort the pixels of maps of shape (images, H, W), most anomalous first, and gather them into steps; O(N log N)."""
    image_count = maps.shape[0]
    order = np.argsort(maps, axis=None)[::-1]
    scores, marked = maps.ravel()[order], masks.ravel()[order]
    images = (order // (maps.size // image_count)).astype(np.int32)
    groups = np.append(0, np.flatnonzero(scores[1:] != scores[:-1]) + 1)
    pure = np.logical_not(np.logical_or.reduceat(marked, groups))
    # A group of normal pixels alone joins the group before it if that one holds normal pixels alone, too.
    starts = groups[np.append(True, ~(pure[1:] & pure[:-1]))]
    ends = np.append(starts, len(scores))
    marked_before = np.append(0, np.cumsum(marked))[ends]
    shape = (len(starts), image_count)

    def rows(data: FloatArray, chosen: NDArray[np.bool_], pointers: NDArray[np.intp]) -> csr_array:
        return csr_array((data, images[chosen], pointers), shape=shape)

    share = regions.pixel_shares.ravel()[order[marked]]
    return Ranking(
        thresholds=scores[ends[1:] - 1],
        normal=rows(np.ones(len(scores) - len(share)), ~marked, ends - marked_before),
        anomalous=rows(np.ones(len(share)), marked, marked_before),
        overlap=rows(share, marked, marked_before),
    )


def _row_sums(matrix: csr_array) -> FloatArray:
    return np.asarray(matrix @ np.ones(matrix.shape[1]))


def _merge_rows(matrix: csr_array, ends: NDArray[np.intp]) -> csr_array:
    """Rows ends[k] to ends[k + 1] as one: in CSR that is to forget the borders between them."""
    merged = csr_array(
        (matrix.data.copy(), matrix.indices.copy(), matrix.indptr[ends]), shape=(len(ends) - 1, matrix.shape[1])
    )
    merged.sum_duplicates()
    return merged
