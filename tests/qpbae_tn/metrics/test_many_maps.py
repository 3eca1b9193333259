from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.metrics.evaluation import METRICS
from qpbae_tn.metrics.overlap import FalsePositiveRate, decision_metrics
from qpbae_tn.metrics.ranked import Labels, pixels_first, rank_metrics
from qpbae_tn.metrics.table import PixelTable, decide
from qpbae_tn.model.patches import PatchGrid

BY_NAME = {metric.name: metric for metric in METRICS}


def example(images: int, side: int, levels: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    masks = np.zeros((images, side, side), dtype=bool)
    for mask in masks[1:]:
        row, column = rng.integers(0, side - 4, 2)
        mask[row : row + 4, column : column + 3] = True
        mask[0, 0] = True
    maps = rng.random(masks.shape) + 0.3 * masks
    if levels is not None:
        maps = np.floor(maps * levels) / levels
    return maps, masks


@pytest.mark.parametrize("levels", [None, 200, 7, 1])
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_the_metrics(levels, seed) -> None:
    maps, masks = example(9, 24, levels, seed)
    maps = maps.astype(np.float32)
    threshold = 0.8
    table = PixelTable(maps, masks, threshold)
    labels = Labels.of(masks, by_pixel=True)
    ranks = rank_metrics(pixels_first(maps), labels)
    for name in ("auroc", "aupro", "best_f1"):
        assert getattr(ranks, name) == pytest.approx(BY_NAME[name].value(table), abs=1e-12)
    decided = decision_metrics(pixels_first(maps), labels, threshold)
    assert decided.dice_paper == pytest.approx(BY_NAME["dice_paper"].value(table), abs=1e-12)
    assert decided.dice_defective == pytest.approx(BY_NAME["dice_defective"].value(table), abs=1e-12)
    assert decided.fpr == pytest.approx(decide(maps, threshold)[~masks].mean(), abs=1e-12)
    assert decided.fpr == pytest.approx(FalsePositiveRate().value(table), abs=1e-12)


def test_single_precision_moves_the_metrics_by_less_than_stated() -> None:
    """Scores of two decades of scale, where only relative precision helps."""
    rng = np.random.default_rng(3)
    maps, masks = example(40, 32, None, 2)
    maps = 1e-3 * maps * rng.choice([1.0, 1e-2, 30.0], size=maps.shape)
    table = PixelTable(maps, masks, 0.0)
    ranks = rank_metrics(pixels_first(maps).astype(np.float32), Labels.of(masks, by_pixel=True))
    assert ranks.auroc == pytest.approx(BY_NAME["auroc"].value(table), abs=1e-5)
    assert ranks.aupro == pytest.approx(BY_NAME["aupro"].value(table), abs=1e-5)


def test_constant_and_perfect_maps() -> None:
    _, masks = example(5, 16, None, 0)
    labels = Labels.of(masks, by_pixel=True)
    constant = rank_metrics(np.zeros(labels.masks.shape, dtype=np.float32), labels)
    assert (constant.auroc, constant.aupro) == pytest.approx((0.5, 0.15))
    perfect = rank_metrics(labels.masks.astype(np.float32), labels)
    assert (perfect.auroc, perfect.aupro, perfect.best_f1) == pytest.approx((1.0, 1.0, 1.0))


def test_undefined_without_anomalous_or_without_normal_pixels() -> None:
    maps = np.random.default_rng(0).random((16, 2)).astype(np.float32)
    for masks in (np.zeros((2, 4, 4), dtype=bool), np.ones((2, 4, 4), dtype=bool)):
        ranks = rank_metrics(maps, Labels.of(masks, by_pixel=True))
        assert np.isnan([ranks.auroc, ranks.aupro]).all()
        assert np.isnan(ranks.best_f1) == (not masks.any())


@pytest.mark.parametrize(("size", "stride"), [(4, 1), (4, 3), (2, 5), (8, 8)])
def test_a_stack_folds_like_its_images(size, stride) -> None:
    grid = PatchGrid(17, 14, size, stride)
    scores = np.random.default_rng(0).random((grid.count, 3))
    stack = grid.fold_stack(scores)
    assert stack.shape == (17, 14, 3)
    for index in range(3):
        assert stack[:, :, index] == pytest.approx(grid.fold(scores[:, index]), abs=1e-14)
