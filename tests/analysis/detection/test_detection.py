"""The detection study on a small case, its page, and figures of real images where these are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qpbae_tn.analysis.detection.detectors import (
    BRICK,
    PAPER,
    WALSH,
    WEIGHTED_ALL,
    WEIGHTED_TRASH,
    Detector,
    detectors,
    scorers,
    train_encoder,
)
from qpbae_tn.analysis.detection.report import content
from qpbae_tn.analysis.detection.study import DetectionPlan, class_study, detector_maps, run_study
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.ranked import Labels, rank_metrics

KEYS = ("by", "readout", "weights", "positions", "fold")
SEEDS = (0, 1, 2, 3, 4)
LOG_ALL = replace(WEIGHTED_ALL, fold="log")
LOG_PLACED = replace(WEIGHTED_ALL, fold="log", positions=True)
FLOORS = {
    # The design's table, log fold: T of the paper's circuit, walsh A, brick A and A with positions.
    "textures:brick": (0.893, 0.932, 0.943, 0.939),
    "mvtec_grid_256": (0.288, 0.414, 0.813, 0.824),
    "busi_32": (0.414, 0.41, 0.42, 0.50),
}


@pytest.mark.parametrize("name", FLOORS)
def test_aupro_is_that_of_the_design(name: str, request: pytest.FixtureRequest) -> None:
    """The median of five seeds, at most .01 below the design's table."""
    source = name if name.startswith("textures") else str(request.getfixturevalue("real_images") / name)
    chosen = (
        Detector(PAPER, replace(WEIGHTED_TRASH, fold="log")),
        Detector(WALSH, LOG_ALL),
        Detector(BRICK, LOG_ALL),
        Detector(BRICK, LOG_PLACED),
    )
    first = LoadedExperiment(Experiment(data=source, bottleneck=1))
    labels = Labels.of(first.test.masks)
    found = []
    for seed in SEEDS:
        loaded = first.variant(seed=seed)
        models = {encoder: train_encoder(loaded, encoder)[0] for encoder in (PAPER, WALSH, BRICK)}
        maps = detector_maps(loaded, chosen, scorers(loaded, models))
        found.append([rank_metrics(maps[detector], labels).aupro for detector in chosen])
    assert (np.median(found, axis=0) >= np.array(FLOORS[name]) - 0.01).all(), np.median(found, axis=0)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    plan = DetectionPlan({"textures:brick": "textures:brick"}, stride=4, seeds=(0, 1), resamples=20)
    return {**run_study(plan), "large_rows": class_study("textures:brick", 8, 32, stride=8, steps=5)}


def test_rows_hold_every_detector_once_a_seed(document: dict[str, Any]) -> None:
    assert len(document["rows"]) == 2 * len(detectors())
    keys = {tuple(row[key] for key in ("seed", *KEYS)) for row in document["rows"]}
    assert len(keys) == len(document["rows"])
    encoders = {row["encoder"] for row in document["encoders"]}
    assert len(encoders) == 3
    for row in document["encoders"]:
        if row["objective"] == "log-volume":
            assert row["gap"] >= -1e-9


def test_differences_agree_with_the_rows(document: dict[str, Any]) -> None:
    rows = {tuple(row[key] for key in KEYS): row for row in document["rows"] if row["seed"] == 0}
    paper = rows[PAPER, "F", None, False, "mean"]["aupro"]
    for found in document["differences"]:
        key = tuple(found[name] for name in KEYS)
        difference = found["minus_paper"]["aupro"]
        assert difference["value"] == pytest.approx(rows[key]["aupro"] - paper)
        assert difference["low"] <= difference["high"]


def test_the_page_is_made_of_the_document(document: dict[str, Any]) -> None:
    found = content(document)
    ladder = found.tables["ladder"]
    assert len(ladder) == 7
    assert [cell["value"] for cell in ladder["textures:brick"]] == pytest.approx(
        [by["textures:brick"] for by in found.values["steps"].values()]
    )
    assert set(found.values["gains"]) | set(found.values["loses"]) == {"textures:brick"}
    assert len(found.tables["switches"]) == 7 * 3
    assert (found.tables["large"][["all strings", "classes"]].to_numpy() <= 1).all()


def test_classes_of_large_patches_lose_little() -> None:
    """P = 16 on brick at 64 px: within .02 of all 256 strings."""
    rows = class_study("textures:brick", stride=6, steps=1)
    for encoder in (WALSH, BRICK):
        for fold in ("mean", "log"):
            every, classes = (
                next(r for r in rows if (r["encoder"], r["fold"], r["outcomes"]) == (encoder, fold, outcomes))["aupro"]
                for outcomes in ("all", "classes")
            )
            assert classes == pytest.approx(every, abs=0.02)
            assert every > 0.8


def test_the_largest_patches_run_on_the_tensor_network() -> None:
    """P = 256, 16 qubits: classes by the mps engine at bond 16, close to dense algebra."""
    settings = {"patch_size": 256, "image_size": 256, "stride": 256, "train": 4, "validation": 2, "test": 4}
    found = {}
    score = replace(WEIGHTED_ALL, outcomes="classes")
    for engine, bond in (("mps", 16), ("exact", None)):
        loaded = LoadedExperiment(Experiment(engine=engine, bond=bond, bottleneck=1, **settings))  # type: ignore[arg-type]
        model, _ = train_encoder(loaded, WALSH, places=False)
        scorer = model_scorer(model.specification, model.angles, loaded.engine, score, model.normal)
        maps, _ = anomaly_maps(loaded.specification, loaded.test.images, {"it": scorer})
        found[engine] = maps["it"]
    assert (found["mps"] > 0).all()
    np.testing.assert_allclose(np.log(found["mps"]), np.log(found["exact"]), atol=0.7)
