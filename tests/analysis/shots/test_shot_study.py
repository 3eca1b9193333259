from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from qpbae_tn.analysis.shots.exact import ExactScores, PatchFidelities, exact_maps
from qpbae_tn.analysis.shots.noisy_maps import sampled_maps
from qpbae_tn.analysis.shots.study import run_study, task_count
from qpbae_tn.compiler.readouts import READOUTS, Quantity, one_shot_variance
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import METRICS
from qpbae_tn.metrics.table import PixelTable

ALL = list(READOUTS.values())
OF_F = [readout for readout in ALL if readout.quantity is Quantity.FIDELITY]


@pytest.fixture(scope="module")
def study(example):
    return run_study(example.scored, ALL, [10, 1000, 10**9], repetitions=7, seed=3)


def test_exact_values_are_those_of_the_evaluation(example, study) -> None:
    specification, angles = example.model.specification, example.model.angles
    for quantity, score in ((Quantity.FIDELITY, "reconstruction"), (Quantity.TRASH_FIDELITY, "trash")):
        scorers = {score: model_scorer(specification, angles, ExactEngine(), score)}
        maps, _ = anomaly_maps(specification, example.test.images, scorers)
        threshold = example.model.thresholds[score]
        table = PixelTable(maps[score], example.test.masks, threshold)
        assert study.exact[quantity]["threshold"] == pytest.approx(threshold, abs=1e-7)
        for metric in METRICS:
            if metric.name in study.exact[quantity]:
                assert study.exact[quantity][metric.name] == pytest.approx(metric.value(table), abs=1e-4)


def test_many_shots_lead_to_the_exact_values(study) -> None:
    for readout in ALL:
        few, _, many = study.of(readout.name)
        exact = study.exact[readout.quantity]
        assert many.metrics.keys() == exact.keys()
        for name, spread in many.metrics.items():
            assert spread.value == pytest.approx(exact[name], abs=2e-2 if name.startswith("dice") else 2e-3)
        assert few.metrics["auroc"].value < exact["auroc"] - 0.01
        assert few.metrics["threshold"].value > exact["threshold"]


def test_less_variance_detects_better(study) -> None:
    """`echo` has the smallest variance of a shot, then `latent`, then the SWAP tests."""
    auroc = {readout.name: study.of(readout.name)[0].metrics["auroc"].value for readout in ALL}
    assert auroc["echo"] > auroc["latent"] > auroc["destructive"] == auroc["ancilla"]
    assert auroc["direct"] > auroc["ancilla_training"]


def test_results_do_not_depend_on_workers_or_on_what_else_is_asked_for(example, study) -> None:
    alone = run_study(example.scored, [READOUTS["ancilla"]], [1000], repetitions=7, seed=3, workers=1)
    assert alone.rows == (study.of("ancilla")[1],)
    other = run_study(example.scored, [READOUTS["ancilla"]], [1000], repetitions=7, seed=4, workers=2)
    assert other.rows != alone.rows


def test_rows_as_json(example, study) -> None:
    document = study.of("echo")[0].to_json()
    count = example.scored.grid.count
    assert document["shots_per_image"] == 10 * count
    assert document["preparations_per_image"] == 20 * count
    assert document["qubits"] == 4 + 2
    assert document["auroc"].keys() == {"value", "low", "high"}
    assert document["auroc"]["low"] <= document["auroc"]["value"] <= document["auroc"]["high"]
    assert study.of("ancilla")[0].cost.qubits == 2 * 4 + 2 + 1


@pytest.mark.parametrize("readout", OF_F, ids=lambda readout: readout.name)
def test_maps_are_unbiased_with_the_variance_of_folded_shots(example, readout) -> None:
    scored = example.scored
    trash, full = scored.test.trash[:, :2], scored.test.full[:, :2]
    shots, repetitions = 3, 4000
    fidelities = PatchFidelities(trash, full)
    maps = sampled_maps(scored.grid, readout, fidelities, shots, repetitions, np.random.default_rng(0)).astype(float)
    weights = scored.grid.fold_stack(np.eye(scored.grid.count)).reshape(-1, scored.grid.count)
    variance = weights**2 @ one_shot_variance(readout, trash, full) / (4 * shots)
    error = np.abs(maps.mean(axis=0) - exact_maps(scored.grid, full)) / np.sqrt(variance / repetitions)
    assert error.max() < 5
    assert maps.var(axis=0).sum() == pytest.approx(variance.sum(), rel=0.02)
    # A SWAP test of few shots gives estimates below 0, which are not clipped.
    assert (maps.max() > 0.5) == (readout.name in ("destructive", "ancilla"))


def test_without_validation_images_the_model_s_threshold_is_kept(example) -> None:
    given = example.loaded
    parts = given.train, given.validation.take([])
    loaded = LoadedExperiment(given.experiment, model=given.model, parts=parts, test=given.test)
    scored = ExactScores.of(loaded)
    row = run_study(scored, [READOUTS["echo"]], [100], repetitions=2).rows[0]
    assert "dice_paper_exact_threshold" in row.metrics
    assert not {"threshold", "dice_paper", "validation_fpr_exact_threshold"} & row.metrics.keys()
    assert scored.thresholds[Quantity.FIDELITY] == example.model.thresholds["reconstruction"]


def test_undefined_metrics_are_null(example) -> None:
    good, given = replace(example.test, masks=np.zeros_like(example.test.masks)), example.loaded
    parts = given.train, given.validation
    scored = ExactScores.of(LoadedExperiment(given.experiment, model=given.model, parts=parts, test=good))
    row = run_study(scored, [READOUTS["echo"]], [100], repetitions=2).rows[0]
    assert math.isnan(row.metrics["auroc"].value)
    assert row.to_json()["auroc"] == {"value": None, "low": None, "high": None}


def test_tasks_are_counted(example) -> None:
    done = []
    run_study(example.scored, OF_F, [2, 1], repetitions=6, on_task=lambda: done.append(1))
    assert len(done) == task_count(OF_F, [1, 2], 6) == 3 * 2 * 2


@pytest.mark.parametrize(("shots", "repetitions"), [([], 2), ([0, 10], 2), ([10], 0)])
def test_senseless_numbers_are_refused(example, shots, repetitions) -> None:
    with pytest.raises(InputError, match="give"):
        run_study(example.scored, OF_F, shots, repetitions)
