"""The expressivity study: every ansatz trained to convergence on every data set, with what it detects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.expressivity.landscape import moved_along, train_to_convergence
from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.splits import random_split
from qpbae_tn.engines.exact import ExactEngine, MeanState
from qpbae_tn.experiment.baselines import DcOverlap, FittedPatchPca, leading_eigenvectors
from qpbae_tn.experiment.ceilings import effective_parameters, pca_ceiling, product_ceiling
from qpbae_tn.experiment.fit import prepare_problem
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.fidelity import latent_rows
from qpbae_tn.model.specification import ModelSpecification

METRICS = ("auroc", "aupro", "best_f1")
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
    rows: list[dict[str, Any]] = []
    references: list[dict[str, Any]] = []
    flat: list[dict[str, Any]] = []
    digests: dict[str, str] = {}
    for name, source in plan.data.items():
        data_set = open_data_set(source)
        images = data_set.train(plan.image_size)
        split = random_split(len(images), plan.seed)
        train = images.take(split.train).images
        test = data_set.test(plan.image_size)
        digests[name] = test.provenance.digest
        for size in plan.patch_sizes:
            base = ModelSpecification.build(size, plan.stride, 1, image_size=plan.image_size)
            mean = prepare_problem(base, ExactEngine(), train, train[:0]).train_mean
            where = {"data": name, "patch_size": size}
            for bottleneck in plan.bottlenecks or range(1, base.qubit_count):
                progress(f"expressivity: {name}, P={size}, BD={bottleneck}")
                cell = _Cell(plan, {**where, "bottleneck": bottleneck}, mean, test)
                found, spread = cell.trained(bottleneck)
                rows += found
                flat += spread
                references += cell.references(bottleneck)
    return {"rows": rows, "reference_rows": references, "flat_rows": flat, "digests": digests}


@dataclass(frozen=True, eq=False)
class _Cell:
    """One data set, patch size and bottleneck."""

    plan: ExpressivityPlan
    where: Mapping[str, Any]
    mean: MeanState
    test: LabelledImageSet

    def specification(self, bottleneck: int, kind: str = "ry", layers: int = 1) -> ModelSpecification:
        return ModelSpecification.build(
            self.where["patch_size"],
            self.plan.stride,
            bottleneck,
            kind=BLOCK_KINDS[kind],
            layers=layers,
            image_size=self.plan.image_size,
        )

    def trained(self, bottleneck: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        specifications, rows, scorers = {}, {}, {}
        angles_of: dict[str, NDArray[np.float64]] = {}
        for kind in BLOCK_KINDS:
            for layers in self.plan.layers:
                specification = self.specification(bottleneck, kind, layers)
                converged = train_to_convergence(specification, self.mean, self.plan.seed)
                key = f"{kind}-{layers}"
                specifications[key], angles_of[key] = specification, converged.angles
                rows[key] = {
                    **self.where,
                    "block": kind,
                    "layers": layers,
                    "parameters": specification.ansatz.parameter_count,
                    "effective_parameters": effective_parameters(specification),
                    "loss": converged.loss,
                    "loss_of_each_start": list(converged.losses),
                    "gradient_norm": converged.gradient_norm,
                    "dc_overlap_of_first_row": _uniform_overlaps(specification, converged.angles)[0],
                    "uniform_weight_kept": sum(_uniform_overlaps(specification, converged.angles)),
                }
                scorers[key] = model_scorer(specification, converged.angles, ExactEngine(), "reconstruction")
        for key, metrics in self._detection(specifications["ry-1"], scorers).items():
            rows[key]["metrics"] = metrics
        flat = self._flat(specifications["ry-1"], angles_of["ry-1"]) if 1 in self.plan.layers else []
        return list(rows.values()), flat

    def references(self, bottleneck: int) -> list[dict[str, Any]]:
        specification = self.specification(bottleneck)
        sigma = self.mean.array.T @ self.mean.array if self.mean.factored else self.mean.array
        uniform = np.full(len(sigma), len(sigma) ** -0.5)
        pca = FittedPatchPca(leading_eigenvectors(self.mean, 1 << bottleneck))
        losses = {
            "dc_overlap": 1.0 - float(uniform @ sigma @ uniform),
            "product_filter": 1.0 - product_ceiling(specification, sigma, self.plan.seed),
            "patch_pca": 1.0 - pca_ceiling(specification, self.mean),
        }
        found = self._detection(specification, {"dc_overlap": DcOverlap().similarity, "patch_pca": pca.similarity})
        return [
            {**self.where, "detector": name, "loss": loss, "metrics": found.get(name)} for name, loss in losses.items()
        ]

    def _flat(self, specification: ModelSpecification, angles: NDArray[np.float64]) -> list[dict[str, Any]]:
        draws = moved_along(specification, angles, FLAT_DRAWS, self.plan.seed)
        scorers = {
            str(index): model_scorer(specification, draw, ExactEngine(), "reconstruction")
            for index, draw in enumerate(draws)
        }
        scorers["trained"] = model_scorer(specification, angles, ExactEngine(), "reconstruction")
        maps, _ = anomaly_maps(specification, self.test.images, scorers, dtype=np.float32)
        normal = ~self.test.masks
        result: dict[str, Any] = {**self.where, "draws": len(draws)}
        fidelity = {name: 1.0 - 2.0 * float(found[normal].mean()) for name, found in maps.items()}
        values = {name: evaluate_maps(found, self.test.masks, 0.0, resamples=0) for name, found in maps.items()}
        columns = {
            "mean_fidelity": fidelity,
            "auroc": {name: value["auroc"].value for name, value in values.items()},
            "aupro": {name: value["aupro"].value for name, value in values.items()},
        }
        for column, by_name in columns.items():
            others = [value for name, value in by_name.items() if name != "trained"]
            result[column] = {"value": by_name["trained"], "low": min(others), "high": max(others)}
        return [result]

    def _detection(self, specification: ModelSpecification, scorers: Mapping[str, Scorer]) -> dict[str, dict[str, Any]]:
        maps, _ = anomaly_maps(specification, self.test.images, scorers, dtype=np.float32)
        result = {}
        for name, found in maps.items():
            metrics = evaluate_maps(found, self.test.masks, 0.0, resamples=RESAMPLES, seed=self.plan.seed)
            result[name] = {metric: metrics[metric].to_json() for metric in METRICS}
        return result


def _uniform_overlaps(specification: ModelSpecification, angles: NDArray[np.float64]) -> list[float]:
    """Squared overlap of each row of U_0 with the uniform state u, the first row first; their sum is |U_0 u|^2."""
    rows = latent_rows(specification, specification.ansatz.matrices(angles))
    return [float(value) for value in (rows.sum(axis=1) / np.sqrt(rows.shape[1])) ** 2]
