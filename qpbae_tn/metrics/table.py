"""Maps, masks and threshold as every metric takes them, with what several metrics share computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.ranked import Labels, Ranks, rank_metrics
from qpbae_tn.metrics.ranking import Ranking, Regions, find_regions, rank_pixels

# The operating threshold, chosen without labels, and the decision that it makes.


def operating_threshold(validation_maps: NDArray[np.floating], quantile: float = 0.99) -> float:
    """The threshold that this share of the pixels of normal validation images stays at or below.

    Args:
        validation_maps: Y of normal images, any shape, finite.
        quantile: between 0 and 1.

    Raises:
        InputError: no maps, maps that are not finite, or a quantile outside 0..1.
    """
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile {quantile}", where="quantile", remedy="give a number from 0 to 1")
    if validation_maps.size == 0 or not np.isfinite(validation_maps).all():
        raise InputError(
            "no finite validation maps to take the threshold from",
            where="validation",
            remedy="keep at least one image for validation",
        )
    return float(np.quantile(validation_maps, quantile))


def decide(maps: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """The pixels called anomalous: map > threshold, compared in float64; shape of `maps`."""
    return np.asarray(maps > np.float64(threshold))


SWEEP_STEPS = 2**15
"""Steps of the sweeps behind the intervals, unless a table says otherwise; above it they are merged.

AUROC then moves by at most one over it, 3.1e-5.
"""


@dataclass(frozen=True, eq=False)
class PixelTable:
    """Anomaly maps, their masks, and an operating threshold.

    Args:
        maps: Y, shape (images, H, W), finite, higher is more anomalous.
        masks: shape (images, H, W), boolean, true on anomalous pixels.
        threshold: on the scale of Y; a pixel is called anomalous where map > threshold.
        sweep_steps: steps of the sweeps behind the intervals; see `SWEEP_STEPS`.

    Raises:
        InputError: shapes that differ, no pixels, masks that are not boolean, or a number that is not finite.
    """

    maps: NDArray[np.floating]
    masks: NDArray[np.bool_]
    threshold: float
    sweep_steps: int = SWEEP_STEPS

    def __post_init__(self) -> None:
        check_maps(self.maps)
        if self.masks.dtype != np.bool_ or self.masks.shape != self.maps.shape:
            raise InputError(
                f"masks of type {self.masks.dtype} and shape {self.masks.shape} for maps of shape {self.maps.shape}",
                where="masks",
                remedy="give one boolean mask per map, of its size",
            )
        if not np.isfinite(self.threshold):
            raise InputError(f"threshold {self.threshold}", where="threshold", remedy="give a finite number")

    @property
    def image_count(self) -> int:
        """Number of images."""
        return int(self.maps.shape[0])

    @cached_property
    def defective(self) -> NDArray[np.bool_]:
        """Which images have a non-empty mask, shape (images,)."""
        return np.asarray(self.masks.any(axis=(1, 2)))

    @cached_property
    def predicted_pixels(self) -> NDArray[np.float64]:
        """Pixels called anomalous, per image."""
        return np.asarray(np.sum(self._decision, axis=(1, 2), dtype=np.float64))

    @cached_property
    def anomalous_pixels(self) -> NDArray[np.float64]:
        """Anomalous pixels of the mask, per image."""
        return np.asarray(np.sum(self.masks, axis=(1, 2), dtype=np.float64))

    @cached_property
    def hit_pixels(self) -> NDArray[np.float64]:
        """Anomalous pixels that are called so, per image."""
        return np.asarray(np.sum(self._decision & self.masks, axis=(1, 2), dtype=np.float64))

    @cached_property
    def regions(self) -> Regions:
        """The connected components of the masks."""
        return find_regions(self.masks)

    @cached_property
    def region_counts(self) -> NDArray[np.float64]:
        """Regions of each image, shape (images,)."""
        return np.bincount(self.regions.images, minlength=self.image_count).astype(np.float64)

    @cached_property
    def ranks(self) -> Ranks:
        """The metrics without a threshold."""
        return rank_metrics(self.maps, Labels.of(self.masks, self.regions))

    @cached_property
    def ranking(self) -> Ranking:
        """The exact ranking of all pixels."""
        return rank_pixels(self.maps, self.masks, self.regions)

    @cached_property
    def sweep_ranking(self) -> Ranking:
        """The ranking for the intervals, exact up to `sweep_steps` steps and merged above."""
        return self.ranking.coarsened(self.sweep_steps)

    @cached_property
    def images(self) -> PixelTable:
        """The same question one level up: one pixel per image, its score the largest of the map."""
        return PixelTable(self.maps.max(axis=(1, 2), keepdims=True), self.defective[:, None, None], self.threshold)

    @cached_property
    def _decision(self) -> NDArray[np.bool_]:
        return decide(self.maps, self.threshold)


def check_maps(maps: NDArray[np.floating]) -> None:
    """Raise `InputError` unless the maps have shape (images, H, W) with at least one pixel and are finite."""
    if maps.ndim != 3 or maps.size == 0:
        raise InputError(f"maps of shape {maps.shape}", where="maps", remedy="give at least one map, as (images, H, W)")
    if not np.isfinite(maps).all():
        raise InputError("a map is not finite", where="maps", remedy="check the images and the model")
