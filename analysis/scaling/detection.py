"""Detection against the patch size and the pixel order, the model beside its baselines, on real images."""

from __future__ import annotations

from typing import Any

import numpy as np

from qpbae_tn.analysis.expressivity.landscape import train_to_convergence
from qpbae_tn.analysis.scaling.images import test_images, training_images
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Point, Series
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.baselines import DcOverlap, FittedPatchPca, leading_eigenvectors
from qpbae_tn.experiment.ceilings import pca_ceiling
from qpbae_tn.experiment.fit import prepare_problem
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import evaluate_table
from qpbae_tn.metrics.ranked import Aupro, PixelAuroc
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.model.names import PixelOrder
from qpbae_tn.model.specification import ModelSpecification

SMALLEST, LARGEST = 4, 64
ORDER_SIZES = (16,)
"""Where the pixel orders are compared."""
STARTS = 2
RESAMPLES = 50
MORE_COMPONENTS = 32
"""What patch PCA reaches with more components than the model's latent register holds (8 of 16 at P = 4)."""


def detection_series(plan: ScalingPlan) -> list[Series]:
    """For each data set one series over P in the paper's pixel order, and one of single points in the others."""
    series: list[Series] = []
    for name in plan.data:
        sizes = plan.sizes(min(LARGEST, plan.image_size), smallest=SMALLEST)
        series.append([_point(plan, name, "row", size) for size in sizes])
        others = [order for order in plan.orders if order != "row"]
        series += [[_point(plan, name, order, size)] for size in ORDER_SIZES if size in sizes for order in others]
    return series


def _point(plan: ScalingPlan, name: str, order: str, size: int) -> Point:
    inputs = {
        "data": name,
        "order": order,
        "patch_size": size,
        "stride": max(1, size // 4),
        "bottleneck": plan.bottleneck_of(size),
        "image_size": plan.image_size,
        "train_images": plan.train_images,
        "test_images": plan.test_images,
        "seed": plan.seed,
    }
    return Point("detection", inputs, lambda: _measure(plan, name, order, size))  # type: ignore[arg-type]


def _measure(plan: ScalingPlan, name: str, order: PixelOrder, size: int) -> dict[str, Any]:
    specification = ModelSpecification.build(
        size,
        max(1, size // 4),
        plan.bottleneck_of(size),
        image_size=plan.image_size,
        pixel_order=order,
    )
    train, test = training_images(plan, name), test_images(plan, name)
    problem = prepare_problem(specification, ExactEngine(), train.images, train.images[:0])
    trained = train_to_convergence(specification, problem.train_mean, plan.seed, STARTS)
    start = initial_angles(specification.ansatz, "normal", plan.seed)
    scorers: dict[str, Scorer] = {
        "model": model_scorer(specification, trained.angles, ExactEngine(), "reconstruction"),
    }
    if order == "row":
        # The order of the pixels moves neither the DC overlap nor PCA, and says nothing about untrained angles.
        pca, more = (
            FittedPatchPca(leading_eigenvectors(problem.train_mean, count))
            for count in (1 << specification.bottleneck, min(MORE_COMPONENTS, specification.pixel_count // 2))
        )
        scorers |= {
            "untrained": model_scorer(specification, start, ExactEngine(), "reconstruction"),
            "dc_overlap": DcOverlap().similarity,
            "patch_pca": pca.similarity,
            "patch_pca_32": more.similarity,
        }
    maps, zero_patches = anomaly_maps(specification, test.images, scorers, dtype=np.float32)
    return {
        "train_images": len(train),
        "test_images": len(test),
        "defective_images": int(test.defective.sum()),
        "zero_patches": zero_patches,
        "loss": trained.loss,
        "ceiling_loss": 1.0 - pca_ceiling(specification, problem.train_mean),
        "detectors": {key: detection_metrics(found, test.masks, plan.seed) for key, found in maps.items()},
    }


def detection_metrics(maps: Any, masks: Any, seed: int) -> dict[str, Any]:
    """Pixel AUROC and AUPRO with 95% bootstrap intervals over images."""
    found = evaluate_table(PixelTable(maps, masks, 0.0), (PixelAuroc(), Aupro()), resamples=RESAMPLES, seed=seed)
    return {name: value.to_json() for name, value in found.items()}
