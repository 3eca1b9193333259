"""Time of the metrics and of the classical baseline, each as a ratio to a known piece of work timed in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.metrics import roc_auc_score

from qpbae_tn.experiment.autoencoder import ClassicalAutoencoder
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.metrics.curves import overlap_curve
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.metrics.ranked import Aupro
from qpbae_tn.metrics.table import PixelTable


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """The best of a few runs."""
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return float(best)


def example(
    images: int, side: int, dtype: type[np.floating] = np.float64
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Noisy maps and masks with one square region an image, about a tenth of it."""
    rng = np.random.default_rng(0)
    masks = np.zeros((images, side, side), dtype=bool)
    size = side // 3
    for mask, (row, column) in zip(masks, rng.integers(0, side - size, (images, 2)), strict=True):
        mask[row : row + size, column : column + size] = True
    maps = rng.random(masks.shape, dtype=np.float32).astype(dtype)
    maps += dtype(0.3) * masks
    return maps, masks


def test_all_metrics_with_intervals_cost_few_areas_of_scikit_learn(benchmark: BenchmarkFixture) -> None:
    """647 images of 32 x 32 pixels, 11 metrics, 200 resamples: within 8 times one AUROC of all pixels."""
    maps, masks = example(647, 32)
    one_area = seconds(lambda: roc_auc_score(masks.ravel(), maps.ravel()))
    benchmark.pedantic(evaluate_maps, args=(maps, masks, 0.9), rounds=3, warmup_rounds=1)
    ratio = benchmark.stats.stats.min / one_area
    benchmark.extra_info["ratio_to_one_auroc"] = ratio
    assert ratio < 8


def test_aupro_of_ten_million_pixels_costs_few_sorts(benchmark: BenchmarkFixture) -> None:
    """10^7 pixels: within 6 times the sort alone."""
    maps, masks = example(153, 256, np.float32)
    sort = seconds(lambda: np.argsort(maps, axis=None), rounds=2)
    value = benchmark.pedantic(lambda: Aupro().value(PixelTable(maps, masks, 0.9)), rounds=2)
    ratio = benchmark.stats.stats.min / sort
    benchmark.extra_info["ratio_to_argsort"] = ratio
    assert 0.3 < value < 0.6
    assert ratio < 6


def test_overlap_curves_cost_few_sorts(benchmark: BenchmarkFixture) -> None:
    """Dice and IoU at 300 thresholds: within 10 times one sort of the pixels."""
    maps, masks = example(647, 32)
    sort = seconds(lambda: np.argsort(maps, axis=None))
    benchmark.pedantic(overlap_curve, args=(maps, masks), rounds=3, warmup_rounds=1)
    ratio = benchmark.stats.stats.min / sort
    benchmark.extra_info["ratio_to_argsort"] = ratio
    assert ratio < 10


def test_classical_training_costs_few_times_its_matrix_products(benchmark: BenchmarkFixture) -> None:
    """P=8, S=1, 100 images of 32 x 32, 20 epochs: within 12 times the products of its layers in float32."""
    images = np.random.default_rng(0).random((100, 32, 32))
    loaded = LoadedExperiment.of_arrays(Experiment(patch_size=8, stride=1, bottleneck=1, epochs=20), images, images[:1])
    batch = np.random.default_rng(0).random((4 * loaded.train_patches.grid.count, 64), dtype=np.float32)
    small = np.ones((64, 4), dtype=np.float32)

    def products() -> None:
        for _ in range(500):
            hidden = batch @ small
            output = hidden @ small.T
            _ = hidden.T @ output
            _ = batch.T @ (output @ small)

    alone = seconds(products)
    benchmark.pedantic(ClassicalAutoencoder().fit, args=(loaded,), rounds=3, warmup_rounds=1)
    ratio = benchmark.stats.stats.min / alone
    benchmark.extra_info["ratio_to_products"] = ratio
    assert ratio < 12
