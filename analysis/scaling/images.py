"""Real images: what preparing their patches costs, and how well defects are found, against P and pixel order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.expressivity.landscape import train_to_convergence
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.data.data_set import ImageSet, LabelledImageSet
from qpbae_tn.data.splits import random_split
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.baselines import DcOverlap, FittedPatchPca, leading_eigenvectors
from qpbae_tn.experiment.ceilings import pca_ceiling
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import prepare_problem
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import evaluate_table
from qpbae_tn.metrics.ranked import Aupro, PixelAuroc
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.model.conversion import entanglement_entropy, states_to_mps
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import PixelOrder
from qpbae_tn.study.grid import Point, Series, Values, point_work

Float64Array = NDArray[np.float64]

SMALLEST = 4
PREPARED_LARGEST = 128
PATCHES = 64
CIRCUIT_LARGEST = 16
"""Up to this P the angles of the circuits are fitted too; past it the fit takes too long for a survey."""
CIRCUIT_BONDS = (1, 2, 4)
CIRCUIT_PATCHES = 16

DETECTED_LARGEST = 64
ORDER_SIZES = (16,)
"""Where the pixel orders are compared in detection."""
STARTS = 2
RESAMPLES = 50
MORE_COMPONENTS = 32
"""What patch PCA reaches with more components than the model's latent register holds (8 of 16 at P = 4)."""


# The images


@lru_cache(maxsize=2)
def _loaded(images: Experiment) -> LoadedExperiment:
    return LoadedExperiment(images)


@lru_cache(maxsize=2)
def training_images(images: Experiment) -> ImageSet:
    """Normal images, at most as many as the experiment says, drawn by its seed; read once a process."""
    normal = _loaded(images).normal
    # All but one image may train here: a split by the experiment would keep a fifth of a small data set back.
    return normal.take(random_split(len(normal), images.seed, min(images.train, len(normal) - 1), 1).train)


def test_images(images: Experiment) -> LabelledImageSet:
    """Labelled images, stratified by class; read once a process."""
    return _loaded(images).test


def source_of(name: str, images: Experiment) -> dict[str, Any]:
    """What points on these images depend on besides their inputs, as JSON values."""
    return {
        "data": name,
        "digest": training_images(images).provenance.digest,
        "test_digest": test_images(images).provenance.digest,
        "image_size": images.image_size,
        "train_images": images.train,
    }


def real_states(images: Experiment, patch_size: int, count: int, order: PixelOrder = "row") -> Float64Array:
    """Patch states of normal images, cut at random places, without the wholly dark ones; shape (count, P^2)."""
    stack = training_images(images).images
    rng = np.random.default_rng([images.seed, patch_size])
    found: list[Float64Array] = []
    while len(found) < count:
        image = stack[rng.integers(len(stack))]
        row, column = rng.integers(image.shape[0] - patch_size + 1), rng.integers(image.shape[1] - patch_size + 1)
        patch = image[row : row + patch_size, column : column + patch_size]
        if patch.any():
            found.append(patch)
    return np.asarray(embed(np.stack(found), order)[0], dtype=np.float64)


# Preparation


def preparation_series(plan: ScalingPlan) -> list[Series]:
    """For each data set and pixel order one series over P."""
    sizes = plan.sizes(min(PREPARED_LARGEST, plan.image_size), smallest=SMALLEST)
    return [
        [
            point_work(
                Point(
                    "preparation",
                    {
                        "data": name,
                        "order": order,
                        "patch_size": size,
                        "bonds": [bond for bond in plan.bonds if bond <= size],
                        "seed": plan.seed,
                    },
                ),
                partial(prepare, plan.images(name)),
            )
            for size in sizes
        ]
        for name in plan.data
        for order in plan.orders
    ]


def prepare(
    images: Experiment, data: str, order: PixelOrder, patch_size: int, bonds: Sequence[int], seed: int
) -> dict[str, Any]:
    """How well real patches can be prepared.

    Returns:
        `truncated`: for each bond the fidelity of the best matrix product states; `circuits`: for each of
        `CIRCUIT_BONDS` that of circuits of CZ and RY on a line, with their CZ, in row order up to `CIRCUIT_LARGEST`;
        `entropy_bits`: the median entanglement entropy at each cut.
    """
    from qpbae_tn.compiler.preparation.mps import MpsPreparation

    states = real_states(replace(images, seed=seed), patch_size, PATCHES, order)
    qubits = 2 * (patch_size.bit_length() - 1)
    truncated = [{"bond": bond, **_spread(1.0 - states_to_mps(states, bond).discarded_weight)} for bond in bonds]
    circuits = []
    if patch_size <= CIRCUIT_LARGEST and order == "row":
        for bond in CIRCUIT_BONDS:
            preparation = MpsPreparation(bond)
            reached = preparation.fit(states[:CIRCUIT_PATCHES]).fidelity
            # A layer goes down the line and up again, n - 1 and n - 2 gates.
            gates = preparation.layers(qubits) * max(2 * qubits - 3, 0)
            circuits.append({"bond": bond, "two_qubit_gates": gates, **_spread(reached)})
    entropy = np.median(entanglement_entropy(states), axis=0)
    return {"truncated": truncated, "circuits": circuits, "entropy_bits": [float(value) for value in entropy]}


def _spread(fidelity: Any) -> dict[str, float]:
    """Median and lower decile over patches."""
    return {"median": float(np.median(fidelity)), "lowest_tenth": float(np.quantile(fidelity, 0.1))}


# Detection


def detection_series(plan: ScalingPlan) -> list[Series]:
    """For each data set one series over P in the paper's pixel order, and one of single points in the others."""
    series: list[Series] = []
    for name in plan.data:
        sizes = plan.sizes(min(DETECTED_LARGEST, plan.image_size), smallest=SMALLEST)
        wanted = [[(size, "row") for size in sizes]]
        others = [order for order in plan.orders if order != "row"]
        wanted += [[(size, order)] for size in ORDER_SIZES if size in sizes for order in others]
        measure = partial(detect, plan.images(name))
        series += [[point_work(_point(plan, name, order, size), measure) for size, order in one] for one in wanted]
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
    return Point("detection", inputs)


def detect(
    images: Experiment, *, order: PixelOrder, patch_size: int, stride: int, bottleneck: int, **drawn: Any
) -> Values:
    """Pixel AUROC and AUPRO of the trained model and, in row order, of its baselines, with 95% bootstrap intervals.

    Args:
        images: train on some and detect on others.
        order: of pixels.
        patch_size, stride, bottleneck: of the model.
        drawn: how many images and by which seed, as `images` says it.
    """
    experiment = replace(images, patch_size=patch_size, stride=stride, bottleneck=bottleneck, pixel_order=order)
    specification, seed, engine = experiment.specification, experiment.seed, ExactEngine()
    train, test = training_images(images), test_images(images)
    problem = prepare_problem(specification, engine, train.images, train.images[:0])
    trained = train_to_convergence(specification, problem.train_mean, seed, STARTS)
    scorers: dict[str, Scorer] = {"model": model_scorer(specification, trained.angles, engine, "reconstruction")}
    if order == "row":
        # The order of the pixels moves neither the DC overlap nor PCA, and says nothing about untrained angles.
        start = initial_angles(specification.ansatz, "normal", seed)
        pca: list[Callable[..., Any]] = [
            FittedPatchPca(leading_eigenvectors(problem.train_mean, count)).similarity
            for count in (1 << bottleneck, min(MORE_COMPONENTS, specification.pixel_count // 2))
        ]
        scorers |= {
            "untrained": model_scorer(specification, start, engine, "reconstruction"),
            "dc_overlap": DcOverlap().similarity,
            "patch_pca": pca[0],
            "patch_pca_32": pca[1],
        }
    maps, zero_patches = anomaly_maps(specification, test.images, scorers, dtype=np.float32)
    metrics = {
        name: evaluate_table(PixelTable(one, test.masks, 0.0), (PixelAuroc(), Aupro()), resamples=RESAMPLES, seed=seed)
        for name, one in maps.items()
    }
    return {
        "train_images": len(train),
        "test_images": len(test),
        "defective_images": int(test.defective.sum()),
        "zero_patches": zero_patches,
        "loss": trained.loss,
        "ceiling_loss": 1.0 - pca_ceiling(specification, problem.train_mean),
        "detectors": {
            name: {metric: interval.to_json() for metric, interval in found.items()} for name, found in metrics.items()
        },
    }
