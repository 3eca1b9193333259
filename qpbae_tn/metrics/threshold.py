"""The operating threshold, chosen without labels, and the decision that it makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError


def operating_threshold(validation_maps: NDArray[np.floating], quantile: float = 0.99) -> float:
    """The threshold that this share of the pixels of normal validation images stays at or below.

    Args:
        validation_maps: Y of normal images, any shape, finite.
        quantile: between 0 and 1.

    Raises:
        InputError: no maps, maps that are not finite, or a quantile outside 0..1.
    """
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile {quantile}", where="--quantile", remedy="give a number from 0 to 1")
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
