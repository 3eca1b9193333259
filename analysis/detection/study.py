"""The detection study: every detector on every data set and seed, paired differences, and where defects are smooth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.detection.detectors import (
    BRICK,
    DC,
    DISTANCE,
    ENCODERS,
    PAPER,
    PLAIN,
    TRASH,
    WALSH,
    WEIGHTED_ALL,
    WEIGHTED_TRASH,
    Detector,
    detectors,
    scorers,
    train_encoder,
)
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import Measured, Metric, measure_table, paired_differences
from qpbae_tn.metrics.ranked import STRICT_FPR_LIMIT, Aupro, Labels, PixelAuroc, rank_metrics
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.model.model import Model
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.score import Score

Maps = NDArray[np.float64]

METRICS: tuple[Metric, ...] = (PixelAuroc(), Aupro(), Aupro("aupro_05", STRICT_FPR_LIMIT))
RESAMPLES = 200
TEXTURES = ("textures:brick", "textures:grass", "textures:gravel")
COMPARED = (
    Detector(PAPER, PLAIN),
    Detector(PAPER, WEIGHTED_TRASH),
    Detector(PAPER, WEIGHTED_ALL),
    Detector(WALSH, WEIGHTED_ALL),
    Detector(BRICK, WEIGHTED_ALL),
    Detector(BRICK, replace(WEIGHTED_ALL, fold="log")),
    Detector(BRICK, replace(WEIGHTED_ALL, fold="log", positions=True)),
    Detector(DISTANCE, replace(TRASH, fold="log")),
    Detector(DC, TRASH),
)
"""What intervals are computed for."""
REFERENCES = {"paper": Detector(PAPER, PLAIN), "dc": Detector(DC, TRASH)}
"""What they are compared with, pair by pair."""


@dataclass(frozen=True)
class DetectionPlan:
    """What to study.

    Args:
        data: name to a folder or the name of bundled data.
        patch_size: P.
        stride: S.
        bottleneck: BD.
        image_size: pixels a side.
        seeds: of splits and initial angles; intervals are of the first.
        resamples: of the bootstrap over images.
    """

    data: Mapping[str, str | Path]
    patch_size: int = 4
    stride: int = 1
    bottleneck: int = 1
    image_size: int = 32
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    resamples: int = RESAMPLES


def run_study(plan: DetectionPlan, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All numbers as JSON values.

    `rows`: a detector on a data set with a seed. `differences`: paired, for the first seed. `encoders`: what training
    reached. `classes`: for each class of defects its structure beside that of the normal surface, and who finds it.
    `digests`: SHA-256 of the test images of each data set.
    """
    document: dict[str, Any] = {"rows": [], "differences": [], "encoders": [], "classes": [], "digests": {}}
    for name, source in plan.data.items():
        first = LoadedExperiment(
            Experiment(
                data=str(source),
                patch_size=plan.patch_size,
                stride=plan.stride,
                bottleneck=plan.bottleneck,
                image_size=plan.image_size,
                seed=plan.seeds[0],
            )
        )
        document["digests"][name] = first.test.provenance.digest
        labels = Labels.of(first.test.masks)
        for seed in plan.seeds:
            progress(f"detection: {name}, seed {seed}")
            loaded = first.variant(seed=seed)
            trained = {encoder: train_encoder(loaded, encoder) for encoder in ENCODERS}
            document["encoders"] += [
                {"data": name, "seed": seed, "encoder": encoder, **optimum.to_json()}
                for encoder, (_, optimum) in trained.items()
                if optimum is not None
            ]
            scorer = scorers(loaded, {encoder: model for encoder, (model, _) in trained.items()})
            maps = detector_maps(loaded, detectors(), scorer)
            document["rows"] += [
                {"data": name, "seed": seed, **_described(detector), **_values(found, labels)}
                for detector, found in maps.items()
            ]
            if seed == plan.seeds[0]:
                document["differences"] += _differences(name, loaded, maps, plan.resamples)
                document["classes"] += _classes(name, loaded, maps, trained[WALSH][0])
    return document


def detector_maps(
    loaded: LoadedExperiment, chosen: Sequence[Detector], scorer: Callable[[Detector], Any]
) -> dict[Detector, Maps]:
    """The maps of the test images by each detector, one fold after the other."""
    result: dict[Detector, Maps] = {}
    for fold in ("mean", "log"):
        own = {str(index): detector for index, detector in enumerate(chosen) if detector.score.fold == fold}
        if own:
            made = {name: scorer(detector) for name, detector in own.items()}
            maps, _ = anomaly_maps(loaded.specification, loaded.test.images, made, fold=fold)
            result |= {own[name]: found for name, found in maps.items()}
    return {detector: result[detector] for detector in chosen}


def class_study(
    source: str | Path, patch_size: int = 16, image_size: int = 64, *, stride: int = 2, steps: int = 200, seed: int = 0
) -> list[dict[str, Any]]:
    """Classes of outcomes beside all strings, for patches whose strings are still few enough to be held one by one.

    With Hadamard gates, and with an encoder that was trained from there for the log-volume.
    """
    loaded = LoadedExperiment(
        Experiment(
            data=str(source),
            patch_size=patch_size,
            stride=stride,
            bottleneck=1,
            image_size=image_size,
            seed=seed,
            starts=0,
            steps=steps,
        )
    )
    labels, rows = Labels.of(loaded.test.masks), []
    for encoder in (WALSH, BRICK):
        model, _ = train_encoder(loaded, encoder, places=False)
        for fold in ("mean", "log"):
            for outcomes in ("all", "classes"):
                score = replace(WEIGHTED_ALL, outcomes=outcomes, fold=fold)
                scorer = model_scorer(model.specification, model.angles, loaded.engine, score, model.normal)
                maps, _ = anomaly_maps(loaded.specification, loaded.test.images, {"it": scorer}, fold=fold)
                rows.append(
                    {
                        "data": str(source),
                        "patch_size": patch_size,
                        "image_size": image_size,
                        "encoder": encoder,
                        "fold": fold,
                        "outcomes": outcomes,
                        **_values(maps["it"], labels),
                    }
                )
    return rows


def shown_maps(
    source: str, steps: Sequence[str], seed: int, defects: int = 5
) -> tuple[Maps, Maps, dict[str, Maps], list[str]]:
    """Images, masks, maps by the name of a step, and classes, of some test images: a good one and the first of others.

    The steps are those of `COMPARED` in order, under the mean fold.
    """
    loaded = LoadedExperiment(Experiment(data=source, bottleneck=1, seed=seed))
    trained = {encoder: train_encoder(loaded, encoder)[0] for encoder in (PAPER, WALSH, BRICK)}
    found = detector_maps(loaded, COMPARED[: len(steps)], scorers(loaded, trained))
    kinds = np.array(loaded.test.classes)
    order = [index for kind in sorted(set(kinds) - {"good"}) for index in np.flatnonzero(kinds == kind)[:2]]
    chosen = [*order[:defects], int(np.flatnonzero(kinds == "good")[0])]
    maps = {step: own[chosen] for step, own in zip(steps, found.values(), strict=True)}
    return loaded.test.images[chosen], loaded.test.masks[chosen].astype(np.float64), maps, list(kinds[chosen])


def _described(detector: Detector) -> dict[str, Any]:
    score = detector.score
    weighted = score.kind == "weighted"
    return {
        "by": detector.by,
        "readout": detector.readout,
        "weights": score.weights if weighted else None,
        "positions": score.positions,
        "fold": score.fold,
    }


def _values(maps: Maps, labels: Labels) -> dict[str, float]:
    ranks = rank_metrics(maps, labels)
    return {"auroc": ranks.auroc, "aupro": ranks.aupro, "aupro_05": ranks.aupro_up_to(STRICT_FPR_LIMIT)}


def _differences(
    name: str, loaded: LoadedExperiment, maps: Mapping[Detector, Maps], resamples: int
) -> list[dict[str, Any]]:
    measured: dict[Detector, dict[str, Measured]] = {
        detector: measure_table(
            PixelTable(maps[detector], loaded.test.masks, 0.0),
            METRICS,
            resamples=resamples,
            seed=loaded.experiment.seed,
        )
        for detector in COMPARED
    }
    rows = []
    for detector, own in measured.items():
        row = {"data": name, **_described(detector), **{key: value.interval.to_json() for key, value in own.items()}}
        for reference, other in REFERENCES.items():
            differences = paired_differences(own, measured[other])
            row[f"minus_{reference}"] = {key: value.to_json() for key, value in differences.items()}
        rows.append(row)
    return rows


def _classes(name: str, loaded: LoadedExperiment, maps: Mapping[Detector, Maps], walsh: Model) -> list[dict[str, Any]]:
    """For each class of defects: contrast and fine structure beside the normal surface, and AUROC by three detectors.

    What is not uniform in a patch is coarse or fine: its Walsh functions up to half of the finest scale, or of it.
    """
    test = loaded.test
    outcomes = Outcomes(walsh.specification, "classes")
    finest = outcomes.scales - 1
    rows_of, columns_of = np.divmod(np.arange(outcomes.count), outcomes.scales)
    fine = (rows_of == finest) | (columns_of == finest)
    coarse = ~fine & (np.arange(outcomes.count) > 0)
    weight = _mean_weight(walsh, outcomes, fine) / _mean_weight(walsh, outcomes, coarse)
    found = [
        loaded.engine.outcome_probabilities(walsh.specification, walsh.angles, states, "classes")
        for states in loaded.test_patches
    ]
    shares = np.stack([[seen[:, part].sum(axis=1) for part in (fine, coarse)] for seen in found])
    fines, coarses = (np.moveaxis(loaded.grid.fold_stack(shares[:, part].T), -1, 0) for part in (0, 1))
    contrast = maps[Detector(DC, TRASH)]
    normal, kinds, rows = ~test.masks, np.array(test.classes), []
    for kind in sorted(set(test.classes)):
        marked = test.masks & (kinds == kind)[:, None, None]
        if not marked.any():
            continue
        chosen = (kinds == kind) | ~test.defective
        labels = Labels.of(test.masks[chosen])
        rows.append(
            {
                "data": name,
                "class": kind,
                "contrast": float(np.median(contrast[marked]) / np.median(contrast[normal])),
                "fine_share_of_normal": _share(fines, coarses, normal),
                "fine_share_of_defects": _share(fines, coarses, marked),
                "fine_weight": weight,
                **{
                    key: rank_metrics(maps[detector][chosen], labels).auroc
                    for key, detector in (
                        ("auroc_dc", Detector(DC, TRASH)),
                        ("auroc_paper", Detector(PAPER, PLAIN)),
                        ("auroc_weighted", Detector(BRICK, WEIGHTED_ALL)),
                    )
                },
            }
        )
    return rows


def _share(fine: Maps, coarse: Maps, chosen: NDArray[np.bool_]) -> float:
    total = float(fine[chosen].sum() + coarse[chosen].sum())
    return float(fine[chosen].sum()) / total


def _mean_weight(walsh: Model, outcomes: Outcomes, chosen: NDArray[np.bool_]) -> float:
    """What an outcome of these classes weighs on a normal patch, in the mean."""
    shares = walsh.known_normal.shares_of("classes")
    weights, _ = walsh.known_normal.weights(walsh.specification, Score("weighted", outcomes="classes"))
    return float(shares[chosen] @ weights[chosen] / shares[chosen].sum())
