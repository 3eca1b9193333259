from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.metrics.aupimo import Aupimo
from qpbae_tn.metrics.evaluation import METRICS as ALL
from qpbae_tn.metrics.evaluation import Metric, evaluate_maps, resample_weights
from qpbae_tn.metrics.ranking import Ranking
from qpbae_tn.metrics.table import PixelTable

# AUPIMO needs more pixels than these examples have.
METRICS = [Aupimo(least_normal_pixels=0) if metric.name == "aupimo" else metric for metric in ALL]


def example(levels: int = 0, images: int = 12, side: int = 8) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(levels)
    masks = rng.random((images, side, side)) < 0.15
    masks[:3] = False
    maps = rng.random(masks.shape) + 0.4 * masks + 0.3 * rng.random((images, 1, 1))
    return (np.round(maps * levels) / levels if levels else maps), masks


@pytest.mark.parametrize("levels", [0, 6])
@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_weights_stand_for_images_repeated_and_left_out(metric: Metric, levels: int) -> None:
    maps, masks = example(levels)
    weights = resample_weights(len(maps), 25, seed=4)
    found = metric.resampled(PixelTable(maps, masks, 0.7), weights)
    assert found.shape == (25,)
    for row, value in zip(weights.astype(int), found, strict=True):
        drawn = np.repeat(np.arange(len(maps)), row)
        literal = metric.value(PixelTable(maps[drawn], masks[drawn], 0.7))
        assert value == pytest.approx(literal, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_weights_of_one_give_the_value(metric: Metric) -> None:
    table = PixelTable(*example(), 0.7)
    assert metric.resampled(table, np.ones((1, 12)))[0] == pytest.approx(metric.value(table), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_resamples_without_a_defect_are_not_defined(metric: Metric) -> None:
    weights = np.zeros((2, 12))
    weights[0, :3] = weights[1] = 1
    found = metric.resampled(PixelTable(*example(), 0.7), weights)
    assert np.isnan(found[0]) == (metric.name not in {"dice_paper", "iou_paper", "dice_pooled", "iou_pooled"})
    assert np.isfinite(found[1])


def test_blocks_of_a_sweep_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    table = PixelTable(*example(), 0.7)
    weights = resample_weights(12, 7, seed=0)
    whole = [metric.resampled(table, weights) for metric in METRICS]
    monkeypatch.setattr("qpbae_tn.metrics.ranking._BLOCK_ELEMENTS", 20)
    for metric, expected in zip(METRICS, whole, strict=True):
        np.testing.assert_allclose(metric.resampled(table, weights), expected, atol=1e-12)


def test_merged_steps_keep_every_pixel_and_the_promised_accuracy() -> None:
    maps, masks = example(images=40, side=16)
    table = PixelTable(maps, masks, 0.7)
    full, steps = table.ranking, 200
    merged = full.coarsened(steps)
    assert len(merged.thresholds) <= steps + 1 < len(full.thresholds)
    for part in ("normal", "anomalous", "overlap"):
        np.testing.assert_allclose(getattr(merged, part).sum(axis=0), getattr(full, part).sum(axis=0))
    assert merged.normal_counts.max() <= 2 / steps * merged.normal_counts.sum() + full.normal_counts.max()
    assert full.coarsened(len(full.thresholds)) is full
    weights = resample_weights(40, 20, seed=1)
    for metric, bound in ((METRICS[0], 1 / steps), (METRICS[1], 1 / steps / 0.3)):
        exact = metric.resampled(table, weights)
        coarse = metric.resampled(_with_sweep(table, merged), weights)
        # The bound is for the images as they are; a resample may hold twice as many of a step's pixels.
        assert 0 < np.abs(exact - coarse).max() < 2 * bound


def _with_sweep(table: PixelTable, ranking: Ranking) -> PixelTable:
    changed = PixelTable(table.maps, table.masks, table.threshold)
    changed.__dict__["sweep_ranking"] = ranking
    return changed


def test_the_seed_decides_the_intervals_and_nothing_else() -> None:
    maps, masks = example()
    first, again, other = (evaluate_maps(maps, masks, 0.7, resamples=40, seed=seed) for seed in (1, 1, 2))
    assert {k: v.to_json() for k, v in first.items()} == {k: v.to_json() for k, v in again.items()}
    assert first["auroc"].value == other["auroc"].value
    assert first["auroc"].low != other["auroc"].low


def test_intervals_narrow_with_the_square_root_of_the_number_of_images() -> None:
    widths = []
    for images in (40, 640):
        result = evaluate_maps(*example(images=images), 0.7)["auroc"]
        assert result.low < result.value < result.high
        widths.append(result.high - result.low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.4)


def test_every_image_is_drawn_as_often_as_others_and_as_many_as_there_are() -> None:
    weights = resample_weights(9, 50, seed=3)
    np.testing.assert_array_equal(weights.sum(axis=1), 9)
