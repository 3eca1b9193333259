"""The expressivity study: every ansatz trained to convergence on every data set, with what it detects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.expressivity.landscape import moved_along, train_to_convergence
from qpbae_tn.experiment.baselines import DcOverlap, FittedPatchPca, leading_eigenvectors
from qpbae_tn.experiment.ceilings import effective_parameters, pca_ceiling, product_ceiling
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import Measured, Metric, evaluate_maps, measure_table, paired_differences
from qpbae_tn.metrics.ranked import Aupro, BestF1, PixelAuroc
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.fidelity import latent_rows
from qpbae_tn.model.specification import ModelSpecification

METRICS: tuple[Metric, ...] = (PixelAuroc(), Aupro(), BestF1())
DC = "dc_overlap"
RESAMPLES = 50
FLAT_DRAWS = 16


@dataclass(frozen=True)
class ExpressivityPlan:
    """What to study.

    Args:
        data: name to a folder or the name of bundled data.
        patch_sizes: P.
        layers: repetitions of the staircase.
        bottlenecks: BD; all that a patch size has where None.
        image_size: pixels a side.
        stride: pixels.
        seed: of splits and starts.
    """

    data: Mapping[str, str | Path]
    patch_sizes: Sequence[int] = (4, 8)
    layers: Sequence[int] = (1, 2, 3, 4)
    bottlenecks: Sequence[int] | None = None
    image_size: int = 32
    stride: int = 1
    seed: int = 0


def run_study(plan: ExpressivityPlan, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All rows of the study as a JSON document with `rows`, `reference_rows`, `flat_rows` and `digests`.

    `rows` has one entry for each data set, P, BD, block kind and number of layers; `reference_rows` the two detectors
    beside them for each data set, P and BD (the DC overlap and patch PCA); `flat_rows` the spread along the angles that
    the loss does not see, for one layer of the paper's blocks. `digests` has the SHA-256 of each data set's test
    images.
    """
    document: dict[str, Any] = {"rows": [], "reference_rows": [], "flat_rows": [], "digests": {}}
    for name, source in plan.data.items():
        described = Experiment(
            str(source), image_size=plan.image_size, stride=plan.stride, bottleneck=1, seed=plan.seed
        )
        loaded = LoadedExperiment(described)
        document["digests"][name] = loaded.test.provenance.digest
        for size in plan.patch_sizes:
            sized = loaded.variant(patch_size=size)
            for bottleneck in plan.bottlenecks or range(1, sized.specification.qubit_count):
                progress(f"expressivity: {name}, P={size}, BD={bottleneck}")
                cell = sized.variant(bottleneck=bottleneck)
                where = {"data": name, "patch_size": size, "bottleneck": bottleneck}
                rows, angles = _trained(cell, plan.layers)
                document["rows"] += [where | row for row in rows]
                document["reference_rows"] += [where | row for row in _references(cell)]
                if angles is not None:
                    document["flat_rows"].append(where | _flat(cell, angles))
    return document


def _trained(cell: LoadedExperiment, layers: Sequence[int]) -> tuple[list[dict[str, Any]], NDArray[np.float64] | None]:
    """A row for each block kind and number of layers, and the angles of one layer of the paper's blocks."""
    rows, scorers, paper = {}, {}, None
    fewer: dict[str, NDArray[np.float64]] = {}
    for kind, count in product(BLOCK_KINDS, sorted(layers)):
        specification, seed = cell.variant(block=kind, layers=count).specification, cell.experiment.seed
        converged = train_to_convergence(specification, cell.problem.train_mean, seed, fewer=fewer.get(kind))
        fewer[kind] = converged.angles
        overlaps = _uniform_overlaps(specification, converged.angles)
        key = f"{kind}-{count}"
        rows[key] = {
            "block": kind,
            "layers": count,
            "parameters": specification.ansatz.parameter_count,
            "effective_parameters": effective_parameters(specification),
            "loss": converged.loss,
            "loss_of_each_start": list(converged.losses),
            "gradient_norm": converged.gradient_norm,
            "dc_overlap_of_first_row": overlaps[0],
            "uniform_weight_kept": sum(overlaps),
        }
        scorers[key] = model_scorer(specification, converged.angles, cell.engine, "reconstruction")
        paper = converged.angles if key == "ry-1" else paper
    measured = _measured(cell, {**scorers, DC: DcOverlap().similarity})
    untrained = measured.pop(DC)
    for key, found in measured.items():
        rows[key]["metrics"] = _intervals(found)
        differences = paired_differences(found, untrained)
        rows[key]["above_dc_overlap"] = {name: value.to_json() for name, value in differences.items()}
    return list(rows.values()), paper


def _references(cell: LoadedExperiment) -> list[dict[str, Any]]:
    """The DC overlap, product filters and patch PCA: their losses, and what the first and the last detect."""
    specification, mean = cell.specification, cell.problem.train_mean
    sigma = mean.array.T @ mean.array if mean.factored else mean.array
    uniform = np.full(len(sigma), len(sigma) ** -0.5)
    pca = FittedPatchPca(leading_eigenvectors(mean, 1 << specification.bottleneck))
    losses = {
        DC: 1.0 - float(uniform @ sigma @ uniform),
        "product_filter": 1.0 - product_ceiling(specification, sigma, cell.experiment.seed),
        "patch_pca": 1.0 - pca_ceiling(specification, mean),
    }
    found = _measured(cell, {DC: DcOverlap().similarity, "patch_pca": pca.similarity})
    metrics = {name: _intervals(own) for name, own in found.items()}
    return [{"detector": name, "loss": loss, "metrics": metrics.get(name)} for name, loss in losses.items()]


def _flat(cell: LoadedExperiment, angles: NDArray[np.float64]) -> dict[str, Any]:
    """The values at these angles of one layer of the paper's blocks, and their range over draws of the flat ones."""
    draws = moved_along(cell.specification, angles, FLAT_DRAWS, cell.experiment.seed)
    every = {"trained": angles, **{str(index): draw for index, draw in enumerate(draws)}}
    scorers = {
        name: model_scorer(cell.specification, one, cell.engine, "reconstruction") for name, one in every.items()
    }
    maps, _ = anomaly_maps(cell.specification, cell.test.images, scorers, dtype=np.float32)
    normal = ~cell.test.masks
    values: dict[str, list[float]] = {"mean_fidelity": [], "auroc": [], "aupro": []}
    for found in maps.values():
        metrics = evaluate_maps(found, cell.test.masks, 0.0, resamples=0)
        values["mean_fidelity"].append(1.0 - 2.0 * float(found[normal].mean()))
        for metric in ("auroc", "aupro"):
            values[metric].append(metrics[metric].value)
    ranges = {
        name: {"value": trained, "low": min(others), "high": max(others)} for name, (trained, *others) in values.items()
    }
    return {"draws": len(draws), **ranges}


def _measured(cell: LoadedExperiment, scorers: Mapping[str, Scorer]) -> dict[str, dict[str, Measured]]:
    maps, _ = anomaly_maps(cell.specification, cell.test.images, scorers, dtype=np.float32)
    tables = {name: PixelTable(found, cell.test.masks, 0.0) for name, found in maps.items()}
    seed = cell.experiment.seed
    return {name: measure_table(table, METRICS, resamples=RESAMPLES, seed=seed) for name, table in tables.items()}


def _intervals(found: Mapping[str, Measured]) -> dict[str, Any]:
    return {name: value.interval.to_json() for name, value in found.items()}


def _uniform_overlaps(specification: ModelSpecification, angles: NDArray[np.float64]) -> list[float]:
    """Squared overlap of each row of U_0 with the uniform state u, the first row first; their sum is |U_0 u|^2."""
    rows = latent_rows(specification, specification.ansatz.matrices(angles))
    return [float(value) for value in (rows.sum(axis=1) / np.sqrt(rows.shape[1])) ** 2]
