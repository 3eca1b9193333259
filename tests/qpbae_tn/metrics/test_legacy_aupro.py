from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.metrics.legacy_aupro import legacy_aupro
from qpbae_tn.metrics.ranked import Aupro
from qpbae_tn.metrics.ranking import find_regions
from qpbae_tn.metrics.table import PixelTable


def true_aupro(maps: NDArray[np.float64], masks: NDArray[np.bool_]) -> float:
    return Aupro().value(PixelTable(maps, masks, 0.0))


def example(seed: int, levels: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    masks = np.zeros((3, 16, 16), dtype=bool)
    masks[1, 2:9, 2:9] = masks[2, 3:5, 3:5] = masks[2, 10:14, 10:12] = True
    maps = rng.random(masks.shape) + 0.6 * rng.random() * masks
    return (np.round(maps * levels) / levels if levels else maps), masks


def spelled_out(maps: NDArray[np.float64], masks: NDArray[np.bool_], limit: float) -> float:
    """The routine in words of one threshold at a time: region curves by index, averaged, over the last mean rate."""
    labels = find_regions(masks).labels

    def curve(chosen: NDArray[np.bool_], region: NDArray[np.bool_]) -> NDArray[np.float64]:
        thresholds = np.unique(maps[chosen])[::-1]
        points = [((maps[~masks] >= t).mean(), (maps[region] >= t).mean()) for t in thresholds]
        return np.array([(0.0, 0.0), *points])

    samples = int((curve(np.ones_like(masks), masks)[:, 0] <= limit).sum())
    total = np.zeros((samples, 2))
    for k in range(1, labels.max() + 1):
        points = curve((labels == 0) | (labels == k), labels == k)
        inside = int((points[:, 0] <= limit).sum())
        end, stop = inside - 1, float(inside - 1)
        if points[end, 0] < limit * (1 - 1e-6):
            end = inside
            stop = inside - 1 + (limit - points[inside - 1, 0]) / (points[inside, 0] - points[inside - 1, 0])
        index = np.arange(samples) * end / (samples - 1)
        index[-1] = stop
        total += np.stack([np.interp(index, np.arange(end + 1), points[: end + 1, c]) for c in (0, 1)], axis=1)
    mean = total / labels.max()
    return float(np.trapezoid(mean[:, 1], mean[:, 0]) / mean[-1, 0])


@pytest.mark.parametrize("limit", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("levels", [0, 40])
def test_does_what_the_routine_does(levels: int, limit: float) -> None:
    maps, masks = example(0, levels)
    assert legacy_aupro(maps, masks, limit) == pytest.approx(spelled_out(maps, masks, limit), abs=1e-9)


def test_its_bias_is_small_and_has_no_fixed_sign() -> None:
    errors = np.array([legacy_aupro(*example(seed)) - true_aupro(*example(seed)) for seed in range(12)])
    assert errors.max() > 0 > errors.min()
    assert np.abs(errors).max() < 0.03


def test_without_a_limit_it_is_far_above_the_true_one() -> None:
    maps, masks = example(0)
    assert legacy_aupro(maps, masks, fpr_limit=1.0) > true_aupro(maps, masks) + 0.1


def test_one_region_makes_both_the_same() -> None:
    maps, masks = example(5)
    masks[2] = False
    assert legacy_aupro(maps, masks) == pytest.approx(true_aupro(maps, masks), abs=1e-3)


@pytest.mark.parametrize("fill", [True, False])
def test_is_not_defined_without_regions_or_background(fill: bool) -> None:
    assert np.isnan(legacy_aupro(np.random.default_rng(0).random((1, 4, 4)), np.full((1, 4, 4), fill)))


def test_is_not_defined_on_a_constant_map_and_no_metric_of_the_results() -> None:
    maps, masks = example(0)
    assert np.isnan(legacy_aupro(np.zeros(masks.shape), masks))
    assert not any("legacy" in name for name in evaluate_maps(maps, masks, 0.5, resamples=0))
