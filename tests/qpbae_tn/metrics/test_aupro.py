from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import label

from qpbae_tn.metrics.ranked import FPR_LIMIT, Aupro
from qpbae_tn.metrics.ranking import find_regions
from qpbae_tn.metrics.table import PixelTable


def aupro(maps: NDArray[np.floating], masks: NDArray[np.bool_]) -> float:
    return Aupro().value(PixelTable(maps, masks, 0.0))


def slow_aupro(maps: NDArray[np.floating], masks: NDArray[np.bool_]) -> float:
    """One threshold at a time, the components from another library, the cut at the limit by interpolation."""
    components = [labels == k for labels in map(label, masks) for k in range(1, labels.max() + 1)]
    images = [index for index, labels in enumerate(map(label, masks)) for _ in range(labels.max())]
    rates, overlaps = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        called = maps >= threshold
        rates.append(float(called[~masks].mean()))
        overlaps.append(float(np.mean([called[i][part].mean() for i, part in zip(images, components, strict=True)])))
    inside = [rate for rate in rates if rate < FPR_LIMIT]
    # At the limit itself the curve is read off the segment that reaches it.
    x = [*inside, FPR_LIMIT]
    after = len(inside)
    slope = (overlaps[after] - overlaps[after - 1]) / (rates[after] - rates[after - 1])
    y = [*overlaps[:after], overlaps[after - 1] + slope * (FPR_LIMIT - rates[after - 1])]
    return float(np.trapezoid(y, x)) / FPR_LIMIT


@given(seed=st.integers(0, 10**6), levels=st.sampled_from([0, 3, 20]), strength=st.floats(-1, 1))
def test_agrees_with_one_threshold_at_a_time(seed: int, levels: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random((4, 8, 8)) < 0.2
    masks[2] = False
    maps = rng.random(masks.shape) + strength * masks
    if levels:
        maps = np.round(maps * levels) / levels
    assert aupro(maps, masks) == pytest.approx(slow_aupro(maps, masks), abs=1e-12)


def test_a_constant_map_has_half_the_limit_and_a_perfect_one_has_one() -> None:
    masks = np.zeros((3, 10, 10), dtype=bool)
    masks[0, 2:4, 2:4] = masks[1, 5, 5] = True
    assert aupro(np.full(masks.shape, 0.7), masks) == pytest.approx(0.15)
    assert aupro(masks.astype(np.float32), masks) == pytest.approx(1.0)
    assert aupro(-masks.astype(np.float64), masks) == pytest.approx(0.0)


def test_a_small_region_weighs_as_much_as_a_large_one() -> None:
    masks = np.zeros((1, 20, 20), dtype=bool)
    masks[0, :10, :10] = masks[0, 15, 15] = True
    found_large, found_small = masks.astype(float), masks.astype(float)
    found_large[0, 15, 15] = found_small[0, :10, :10] = -1
    assert aupro(found_large, masks) == pytest.approx(0.5)
    assert aupro(found_small, masks) == pytest.approx(0.5)


def test_regions_touch_by_corners_but_not_across_images() -> None:
    masks = np.zeros((3, 4, 4), dtype=bool)
    masks[0, 0, 0] = masks[0, 1, 1] = masks[1, 1, 1] = masks[2, 0, 3] = masks[2, 2, 3] = True
    regions = find_regions(masks)
    np.testing.assert_array_equal(regions.sizes, [2, 1, 1, 1])
    np.testing.assert_array_equal(regions.images, [0, 1, 2, 2])
    assert regions.pixel_shares.sum() == pytest.approx(4)
    np.testing.assert_array_equal(regions.pixel_shares > 0, masks)


@given(seed=st.integers(0, 10**6))
def test_a_monotone_change_of_scores_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random((3, 6, 6)) < 0.3
    masks[0, 0, 0], masks[0, 0, 1] = True, False
    maps = rng.random(masks.shape)
    assert aupro(np.exp(3 * maps), masks) == pytest.approx(aupro(maps, masks), abs=1e-12)
