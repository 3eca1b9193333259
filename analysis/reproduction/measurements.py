"""Measurements beyond the studies: against the authors' files, and in single precision."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qpbae_tn.analysis.reproduction.authors import (
    LOSS_FACTOR,
    SIZES,
    image_count,
    loss_rows,
    read_losses,
    read_metrics,
)
from qpbae_tn.data.splits import random_split
from qpbae_tn.engines import make_engine
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import fit, prepare_problem
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.ranked import PixelAuroc
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.presets import authors_angles, paper_cells
from qpbae_tn.study.sources import Source, load
from qpbae_tn.study.tables import Configuration, StudyResults
from qpbae_tn.study.work import CURVE_THRESHOLDS

THRESHOLD = 0.97
"""On the authors' scale, at which their files have a Dice."""


def measurements(paper: StudyResults, sources: Mapping[str, Source], authors: Path | None) -> dict[str, Any]:
    """All of them, as far as the data are there.

    Args:
        paper: results of the preset `paper`.
        sources: data sets to map again.
        authors: folder of the authors' result files.
    """
    found: dict[str, Any] = {"precision": _precision(paper, sources)}
    if "busi" in sources:
        found["other_hundreds"] = other_hundreds(sources["busi"])
    if authors is not None:
        files = read_metrics(authors)
        table = {(c.category, c.patch_size, c.stride, c.bottleneck): c.values["aupro"][0] for c in paper_cells()}
        found["losses"] = loss_rows(read_losses(authors), paper)
        found["test_images"] = image_count(authors)
        found["dice"] = [
            {**sizes, "threshold": THRESHOLD, "ours": ours, "theirs": one["dice"][THRESHOLD]}
            for one in files
            if one["data"] == "busi" and THRESHOLD in one["dice"]
            for sizes in [{name: one[name] for name in SIZES}]
            for ours in [_dice_at(paper, sizes, THRESHOLD)]
            if ours is not None
        ]
        found["aupro_files"] = [
            {**where, "file": one["aupro"], "table": table[tuple(where.values())]}
            for one in files
            for where in [{name: one[name] for name in ("data", *SIZES)}]
        ]
    return found


def other_hundreds(source: Source, draws: int = 12) -> dict[str, Any]:
    """How much half of Eq. 8 depends on which 100 of the training images are taken: P = 8, S = 2, BD = 1, seed 123.

    Returns:
        Mean and standard deviation over random choices, in the first and in the last epoch of training.
    """
    specification = ModelSpecification.build(8, 2, 1, image_size=source.request.image_size)
    train, _ = load(source.request)
    start = specification.ansatz.check_angles(authors_angles(123, specification.qubit_count))
    curves = []
    for draw in range(draws):
        split = random_split(len(train), draw)
        normal, held_back = (train.take(part).images for part in (split.train, split.validation))
        problem = prepare_problem(specification, make_engine("exact"), normal, held_back)
        _, history = fit(problem, start, Experiment())
        curves.append([LOSS_FACTOR * history[epoch].loss for epoch in (0, -1)])
    means, stds = np.mean(curves, axis=0), np.std(curves, axis=0, ddof=1)
    epochs = ("first_epoch", "last_epoch")
    return {name: {"mean": float(m), "std": float(s)} for name, m, s in zip(epochs, means, stds, strict=True)}


def _dice_at(paper: StudyResults, sizes: Mapping[str, Any], threshold: float) -> float | None:
    """Our Dice on BUSI at a threshold on the authors' scale t = (3 + F) / 4, where Y = 2 (1 - t)."""
    one = paper.one(data="busi", detector=QUANTUM, **sizes)
    if one is None or "curves" not in one.results[0]["values"]:
        return None
    at = int(np.argmin(np.abs(CURVE_THRESHOLDS - 2 * (1 - threshold))))
    return float(np.mean([result["values"]["curves"]["dice"][at] for result in one.results]))


def _precision(paper: StudyResults, sources: Mapping[str, Source]) -> list[dict[str, Any]]:
    """What single precision does to the AUROC, for the paper's P = 4 and P = 8 with S = 2, BD = 1."""
    rows = []
    cells = {cell.identifier: cell for cell in paper.study.cells(paper.contents.digests)}
    for name, source in sources.items():
        for patch_size in (4, 8):
            one = paper.one(data=name, detector=QUANTUM, patch_size=patch_size, stride=2, bottleneck=1)
            if one is not None:
                rows.append({"data": name, "patch_size": patch_size} | _one_precision(one, cells, source))
    return rows


def _one_precision(one: Configuration, cells: Mapping[str, Any], source: Source) -> dict[str, float]:
    result = one.results[0]
    cell = cells[result["cell"]]
    settings = cell.settings
    specification = settings.specification
    angles = specification.ansatz.check_angles(result["values"]["angles"])
    _, test = load(source.request_for(cell))
    scorers = {"model": model_scorer(specification, angles, make_engine(settings.engine), settings.score)}
    maps = {
        dtype: anomaly_maps(specification, test.images, scorers, dtype=dtype)[0]["model"]
        for dtype in (np.float64, np.float32)
    }
    values = [PixelAuroc().value(PixelTable(found, test.masks, 0.0)) for found in maps.values()]
    return {
        "auroc_difference": values[1] - values[0],
        "largest_map_difference": float(np.abs(maps[np.float32] - maps[np.float64]).max()),
    }
