"""The cells of a study computed: in groups that share images, patches, patch states and mean states.

`run_study` brings a study to its end; a worker does one group at a time, from the images to the values that are
recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import ImageSet, LabelledImageSet
from qpbae_tn.data.splits import stratified_subset
from qpbae_tn.documents import parse_json
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.experiment.description import FIELD_NAMES
from qpbae_tn.experiment.fit import EpochRecord
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.experiment.objective import optimise
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.metrics.curves import overlap_curve
from qpbae_tn.metrics.evaluation import evaluate_table
from qpbae_tn.metrics.legacy_aupro import legacy_aupro
from qpbae_tn.metrics.ranked import FPR_LIMIT, Aupro, PixelAuroc
from qpbae_tn.metrics.table import PixelTable, operating_threshold
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.study.cells import QUANTUM, Cell, Record, Settings
from qpbae_tn.study.grid import Work
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


# A detector, trained on the images of its group.


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained detector.

    Args:
        scorer: patches to their similarity to what is normal.
        facts: JSON values that its training gave.
    """

    scorer: Scorer
    facts: Mapping[str, Any]


def train_detector(shared: LoadedExperiment, settings: Settings) -> Detector:
    """The detector of these settings.

    Args:
        shared: the images of the group. What its cells share is computed when the first of them needs it: mean states
            of the batches, which depend on neither bottleneck nor ansatz nor seed, and ceilings.
        settings: of one cell.
    """
    names = [name for name in FIELD_NAMES if name not in ("data", "image_size")]
    loaded = shared.variant(**{name: getattr(settings.experiment, name) for name in names})
    return _quantum(loaded) if settings.detector == QUANTUM else _baseline(loaded, settings.detector)


def _quantum(loaded: LoadedExperiment) -> Detector:
    experiment, specification, start = loaded.experiment, loaded.specification, loaded.initial_angles
    found, score, normal = optimise(experiment, loaded.problem, start), experiment.scoring, None
    if score.kind == "weighted" or score.positions:
        normal = learn_normal(specification, found.angles, loaded.engine, loaded.train.images, score)
    facts = {
        "parameters": specification.ansatz.parameter_count,
        "effective_parameters": loaded.ceilings.effective_parameters,
        "ceiling_loss": loaded.ceilings.pca_loss,
        "product_ceiling_loss": loaded.ceilings.product_loss,
        "initial_angles": start.tolist(),
        "angles": found.angles.tolist(),
        **_losses(found.history),
        "train_zero_patches": loaded.problem.zero_patches,
    }
    return Detector(model_scorer(specification, found.angles, loaded.engine, score, normal), facts)


def _baseline(loaded: LoadedExperiment, name: str) -> Detector:
    fitted = BASELINES[name].fit(loaded)  # type: ignore[index]
    facts: dict[str, Any] = {"parameters": fitted.parameter_count}
    history = getattr(fitted, "history", None)
    return Detector(fitted.similarity, facts | _losses(history) if history else facts)


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
    shared = LoadedExperiment.of_arrays(cells[0].experiment, normal[0].images, normal[1].images)
    room = max(1, MAP_PIXELS // max(1, test.images.size))
    values: list[dict[str, Any]] = []
    for first in range(0, len(cells), room):
        some = cells[first : first + room]
        values += _evaluate(some, [train_detector(shared, cell.settings) for cell in some], normal[1], test)
    return values


def _evaluate(
    cells: Sequence[Cell], detectors: Sequence[Detector], validation: ImageSet, test: LabelledImageSet
) -> list[dict[str, Any]]:
    """Maps of all detectors from the same patch states, and what the cells record of them."""
    specification = cells[0].experiment.specification
    normal_maps: dict[str, NDArray[np.float64]] = {}
    maps: dict[str, NDArray[np.float64]] = {}
    zero_patches = 0
    for fold in dict.fromkeys(cell.experiment.fold for cell in cells):
        scorers = {
            cell.identifier: detector.scorer
            for cell, detector in zip(cells, detectors, strict=True)
            if cell.experiment.fold == fold
        }
        normal_maps |= anomaly_maps(specification, validation.images, scorers, fold=fold)[0]
        found, zero_patches = anomaly_maps(specification, test.images, scorers, fold=fold)
        maps |= found
    values = []
    for cell, detector in zip(cells, detectors, strict=True):
        threshold = operating_threshold(normal_maps[cell.identifier], cell.experiment.threshold_quantile)
        values.append(
            {
                **detector.facts,
                "threshold": threshold,
                "test_images": len(test),
                "defective_images": int(test.defective.sum()),
                "vanished_masks": len(test.vanished),
                "test_zero_patches": zero_patches,
                **measure(maps[cell.identifier], test, threshold, cell.record),
            }
        )
    return values


# What cells cost, from their sizes and past times: to say it beforehand, and to hand out the large pieces first.


def patch_work(cell: Cell) -> int:
    """Amplitudes of all patches of one image: what a cell's time goes with."""
    return _patch_count(cell) * cell.experiment.patch_size**2


def _patch_count(cell: Cell) -> int:
    e = cell.experiment
    return int(PatchGrid(e.image_size, e.image_size, e.patch_size, e.stride).count)


def price(cells: Sequence[Cell], sources: Mapping[str, Source]) -> dict[str, Any]:
    """The work of these cells.

    Returns:
        Numbers of cells and groups, training steps of quantum cells, patches of test images that are embedded (once for
        each group), patches that are scored (once for each cell), and maps whose metrics are taken.
    """
    groups: dict[str, Cell] = {}
    scored = steps = 0
    for cell in cells:
        groups.setdefault(cell.group, cell)
        scored += _patch_count(cell) * _test_images(cell, sources)
        if cell.settings.detector == QUANTUM:
            batches = -(-_train_images(cell, sources) // cell.experiment.batch_size)
            steps += batches * cell.experiment.epochs
    return {
        "cells": len(cells),
        "quantum_cells": sum(cell.settings.detector == QUANTUM for cell in cells),
        "groups": len(groups),
        "training_steps": steps,
        "patches_embedded": sum(_patch_count(cell) * _test_images(cell, sources) for cell in groups.values()),
        "patches_scored": scored,
        "maps_measured": sum(_test_images(cell, sources) for cell in cells),
    }


def processor_seconds(
    left: Sequence[Cell], cells: Sequence[Cell], sources: Mapping[str, Source], times: Path
) -> float | None:
    """What cells will take on one processor, by the time that others of the study took for their patches.

    Args:
        left: to be done.
        cells: of the study.
        sources: their data sets.
        times: what groups of them took, see `runner.TIMES_NAME`; it need not exist.

    Returns:
        None where cells are left of a detector that was not timed yet: detectors differ too much.
    """
    known = {cell.identifier: cell for cell in cells}
    timed: set[str] = set()
    seconds, work = 0.0, 0
    for names, taken in _times(times):
        if all(name in known for name in names):
            seconds += taken
            work += sum(_image_work(known[name], sources) for name in names)
            timed |= {known[name].settings.detector for name in names}
    if not {cell.settings.detector for cell in left} <= timed:
        return None
    return seconds * sum(_image_work(cell, sources) for cell in left) / max(1, work)


class _Time(msgspec.Struct):
    cells: list[str]
    seconds: float


def _times(path: Path) -> Iterator[tuple[list[str], float]]:
    """Ids of the cells of each group and what it took; lines that are torn or not of this kind are left out."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            one = parse_json(line, _Time, where=path)
        except InputError:
            continue
        yield one.cells, one.seconds


def _image_work(cell: Cell, sources: Mapping[str, Source]) -> int:
    return patch_work(cell) * (_train_images(cell, sources) + _test_images(cell, sources))


def _test_images(cell: Cell, sources: Mapping[str, Source]) -> int:
    count = sources[cell.data].test_images
    return count if cell.experiment.test is None else min(count, cell.experiment.test)


def _train_images(cell: Cell, sources: Mapping[str, Source]) -> int:
    return min(cell.experiment.train, sources[cell.data].train_images)
