"""What is recorded of a detector's maps: metrics with intervals, curves, spread over test subsets, legacy AUPRO."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.protocol import LabelledImageSet
from qpbae_tn.data.splits import stratified_subset
from qpbae_tn.metrics import PixelTable, overlap_curve
from qpbae_tn.metrics.aupro import FPR_LIMIT, Aupro
from qpbae_tn.metrics.auroc import PixelAuroc
from qpbae_tn.metrics.evaluation import evaluate_table
from qpbae_tn.metrics.legacy_aupro import legacy_aupro
from qpbae_tn.study.cells import Record

CURVE_THRESHOLDS = np.concatenate([np.arange(100) / 1000, np.arange(20, 101) / 200])
"""Thresholds of the recorded Dice and IoU, on the scale of Y = (1 - F) / 2: 0 to 0.1 by 0.001, then to 0.5 by 0.005."""
SWEEP_STEPS = 2**13
"""Steps of the sweeps behind intervals and subsets, for there are many maps: AUROC moves by at most 1.2e-4 there."""


def measure(maps: NDArray[np.float64], test: LabelledImageSet, threshold: float, record: Record) -> dict[str, Any]:
    """Everything that `record` asks for, as JSON values.

    Args:
        maps: Y, shape (images, H, W).
        test: the images with their masks.
        threshold: operating threshold on the scale of Y.
        record: what to record.
    """
    table = PixelTable(maps, test.masks, threshold, SWEEP_STEPS)
    metrics = evaluate_table(table, resamples=record.resamples, seed=record.bootstrap_seed)
    values: dict[str, Any] = {"metrics": {name: value.to_json() for name, value in metrics.items()}}
    if record.curves:
        curve = overlap_curve(maps, test.masks, CURVE_THRESHOLDS)
        values["curves"] = {"dice": _numbers(curve.dice), "iou": _numbers(curve.iou)}
    if record.subset_images is not None and record.subset_images < len(test):
        weights = _subset_weights(test.classes, record.subset_images, record.subset_draws)
        values["subsets"] = {
            metric.name: _spread(metric.resampled(table, weights)) for metric in (PixelAuroc(), Aupro())
        }
    if record.legacy_aupro:
        values["legacy_aupro"] = {
            "fpr_limit_0.3": _number(legacy_aupro(maps, test.masks, FPR_LIMIT)),
            "fpr_limit_1": _number(legacy_aupro(maps, test.masks, 1.0)),
        }
    return values


@lru_cache(maxsize=4)
def _subset_weights(classes: tuple[str, ...], size: int, draws: int) -> NDArray[np.float64]:
    """One for the images of each of `draws` random stratified subsets and zero for the others, (draws, images)."""
    weights = np.zeros((draws, len(classes)))
    for draw, row in enumerate(weights):
        row[list(stratified_subset(classes, size, seed=draw))] = 1.0
    return weights


def _spread(values: NDArray[np.float64]) -> dict[str, float | None]:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return {"mean": None, "std": None, "least": None, "most": None}
    return {
        "mean": float(defined.mean()),
        "std": float(defined.std()),
        "least": float(defined.min()),
        "most": float(defined.max()),
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
