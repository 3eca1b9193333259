"""The detectors of a group of cells, trained from what they share: images, patches, patch states, mean states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import ImageSet, LabelledImageSet
from qpbae_tn.data.splits import stratified_subset
from qpbae_tn.engines import make_engine
from qpbae_tn.engines.exact import MeanStateLoss
from qpbae_tn.experiment.baselines import BaselineSetting, CutImages, make_baselines
from qpbae_tn.experiment.ceilings import effective_parameters, pca_ceiling, product_ceiling
from qpbae_tn.experiment.fit import EpochRecord, TrainingProblem, fit, prepare_problem
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.experiment.training import PRODUCT_CEILING_QUBITS
from qpbae_tn.metrics.curves import overlap_curve
from qpbae_tn.metrics.evaluation import evaluate_table
from qpbae_tn.metrics.legacy_aupro import legacy_aupro
from qpbae_tn.metrics.ranked import FPR_LIMIT, Aupro, PixelAuroc
from qpbae_tn.metrics.table import PixelTable, operating_threshold
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.study.cells import QUANTUM, Cell, Record, Settings
from qpbae_tn.study.grid import Work
from qpbae_tn.study.presets import authors_angles
from qpbae_tn.study.pricing import patch_work
from qpbae_tn.study.runner import Progress, run_grid
from qpbae_tn.study.sources import Request, Source, load, split_of
from qpbae_tn.study.specification import Study
from qpbae_tn.study.store import ResultsFile
from qpbae_tn.study.workers import Workers

# What is recorded of a detector's maps: metrics with intervals, curves, spread over test subsets, legacy AUPRO.


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


Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained detector.

    Args:
        scorer: patches to their similarity to what is normal.
        facts: JSON values that its training gave.
    """

    scorer: Scorer
    facts: Mapping[str, Any]


@dataclass(eq=False)
class Workshop:
    """Trains the detectors of one group: one patch size, stride and pixel order, one set of training images.

    What cells share is computed when the first of them needs it and kept until the group is done: the mean states of
    all batches, which depend on neither bottleneck nor ansatz nor seed, and the ceilings.

    Args:
        train: shape (images, H, W), in the order of the batches.
        validation: shape (images, H, W).
    """

    train: Float64Array
    validation: Float64Array
    _problems: dict[tuple[str, int, ModelSpecification], TrainingProblem] = field(default_factory=dict)
    _ceilings: dict[tuple[str, int, ModelSpecification], dict[str, Any]] = field(default_factory=dict)

    def detector(self, settings: Settings) -> Detector:
        """The detector of these settings, trained on the group's images."""
        return self._quantum(settings) if settings.detector == QUANTUM else self._baseline(settings)

    def _quantum(self, settings: Settings) -> Detector:
        specification, engine = settings.specification, make_engine(settings.engine)
        problem = self._problem(settings, specification)
        start = starting_angles(settings, specification)
        angles, history = fit(problem, start, settings.fit_options)
        facts = {
            "parameters": specification.ansatz.parameter_count,
            **self._ceiling(settings, specification, problem),
            "initial_angles": start.tolist(),
            "angles": angles.tolist(),
            **_losses(history),
            "train_zero_patches": problem.zero_patches,
        }
        return Detector(model_scorer(specification, angles, engine, settings.score), facts)

    def _baseline(self, settings: Settings) -> Detector:
        specification = settings.specification
        start = starting_angles(settings, specification)
        setting = BaselineSetting(
            specification,
            start,
            make_engine(settings.engine),
            settings.score,
            settings.fit_options,
            settings.batch_size,
            settings.seed or 0,
        )
        (baseline,) = make_baselines(setting, [settings.detector])
        grid = PatchGrid.over(self.train, settings.patch_size, settings.stride)
        fitted = baseline.fit(CutImages(self.train, grid), grid.weights)
        facts: dict[str, Any] = {"parameters": fitted.parameter_count}
        history = getattr(fitted, "history", None)
        if history:
            facts |= _losses(history)
        return Detector(fitted.similarity, facts)

    def _problem(self, settings: Settings, specification: ModelSpecification) -> TrainingProblem:
        key = (settings.engine, settings.batch_size, specification)
        if key not in self._problems:
            alike = next((problem for other, problem in self._problems.items() if other[:2] == key[:2]), None)
            shared = _for_specification(alike, specification) if alike is not None else None
            self._problems[key] = shared or prepare_problem(
                specification, make_engine(settings.engine), self.train, self.validation, settings.batch_size
            )
        return self._problems[key]

    def _ceiling(
        self, settings: Settings, specification: ModelSpecification, problem: TrainingProblem
    ) -> dict[str, Any]:
        key = (settings.engine, settings.batch_size, specification)
        if key not in self._ceilings:
            mean = problem.train_mean
            product = None
            if specification.qubit_count <= PRODUCT_CEILING_QUBITS:
                sigma = mean.array.T @ mean.array if mean.factored else mean.array
                product = 1.0 - product_ceiling(specification, sigma)
            self._ceilings[key] = {
                "effective_parameters": effective_parameters(specification),
                "ceiling_loss": 1.0 - pca_ceiling(specification, mean),
                "product_ceiling_loss": product,
            }
        return self._ceilings[key]


def starting_angles(settings: Settings, specification: ModelSpecification) -> Float64Array:
    """Initial angles of a cell, shape (parameter_count,), radians."""
    seed = settings.seed or 0
    if settings.init == "authors":
        return specification.ansatz.check_angles(authors_angles(seed, specification.qubit_count))
    return initial_angles(specification.ansatz, settings.init, seed)  # type: ignore[arg-type]


def _for_specification(problem: TrainingProblem, specification: ModelSpecification) -> TrainingProblem | None:
    """The same problem for another bottleneck or ansatz, which mean states do not depend on; None without them."""
    losses = (*problem.batches, problem.validation)
    if not all(isinstance(loss, MeanStateLoss) for loss in losses):
        return None
    *batches, validation = (MeanStateLoss(specification, loss.mean_state) for loss in losses)  # type: ignore[union-attr]
    return replace(problem, batches=tuple(batches), validation=validation)


def _losses(history: tuple[EpochRecord, ...]) -> dict[str, Any]:
    return {
        "losses": [record.loss for record in history],
        "validation_losses": [record.validation_loss for record in history],
    }


# The cells of a study in groups, and what one worker does: a group, from the images to the values that are recorded.


MAP_PIXELS = 1 << 25
"""Pixels of anomaly maps held at once, 256 MiB: detectors beyond that are evaluated in several rounds."""


GROUP_CELLS = 24
"""Cells handed out together at most: results are written group by group, and past this sharing gains little."""


def run_study(study: Study, sources: Mapping[str, Source], results: Path, workers: Workers, **options: Any) -> Progress:
    """Compute every cell that has no result yet and append it to the results file.

    Args:
        study: what to do.
        sources: the data sets that are there; cells on others wait for another run.
        results: the results file.
        workers: where to compute.
        options: as those of `runner.run_grid`.

    Raises:
        InputError: a results file of another study, other data than before, or workers that cannot be reached.
    """
    with ResultsFile(results, study) as store:
        for source in sources.values():
            store.add_data(source.name, source.digest, source.counts())
        cells = study.cells({name: source.digest for name, source in sources.items()})
        return run_grid(store, [[work] for work in groups(study, sources, cells)], workers, **options)


def groups(study: Study, sources: Mapping[str, Source], cells: Sequence[Cell]) -> list[Work]:
    """The cells by what they share, data set after data set, the costly groups first."""
    by_group: dict[str, list[Cell]] = {}
    for cell in cells:
        by_group.setdefault(cell.group, []).append(cell)
    found = []
    for members in by_group.values():
        request = sources[members[0].data].request_for(members[0])
        for first in range(0, len(members), GROUP_CELLS):
            found.append(Work(run_group, request, tuple(members[first : first + GROUP_CELLS])))
    order = list(study.data)
    return sorted(found, key=lambda work: (order.index(work.cells[0].data), -sum(map(patch_work, work.cells))))


def run_group(request: Request, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Train and evaluate cells of one `Cell.group`.

    Args:
        request: the images that they need.
        cells: at least one.

    Raises:
        InputError: images that cannot be used, that have changed, or that a split does not fit.
    """
    train, test = load(request)
    split = split_of(cells[0], len(train))
    normal = train.take(split.train), train.take(split.validation)
    workshop = Workshop(normal[0].images, normal[1].images)
    room = max(1, MAP_PIXELS // max(1, test.images.size))
    values: list[dict[str, Any]] = []
    for first in range(0, len(cells), room):
        some = cells[first : first + room]
        detectors = {cell.identifier: workshop.detector(cell.settings) for cell in some}
        values += _evaluate(some, detectors, normal[1], test)
    return values


def _evaluate(
    cells: Sequence[Cell], detectors: Mapping[str, Detector], validation: ImageSet, test: LabelledImageSet
) -> list[dict[str, Any]]:
    """Maps of all detectors from the same patch states, and what the cells record of them."""
    specification = cells[0].settings.specification
    scorers = {name: detector.scorer for name, detector in detectors.items()}
    normal_maps, _ = anomaly_maps(specification, validation.images, scorers)
    maps, zero_patches = anomaly_maps(specification, test.images, scorers)
    values = []
    for cell in cells:
        name = cell.identifier
        threshold = operating_threshold(normal_maps[name])
        values.append(
            {
                **detectors[name].facts,
                "threshold": threshold,
                "test_images": len(test),
                "defective_images": int(test.defective.sum()),
                "vanished_masks": len(test.vanished),
                "test_zero_patches": zero_patches,
                **measure(maps[name], test, threshold, cell.record),
            }
        )
    return values
