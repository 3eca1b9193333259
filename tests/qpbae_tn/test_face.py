"""The flat face: every name is there, says what it is in a line, and works together with the others."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import qpbae_tn
from qpbae_tn import analysis, compiler
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.experiment.evaluation import Evaluation
from qpbae_tn.experiment.training import TrainingOutcome


@pytest.fixture(scope="module")
def data() -> qpbae_tn.LoadedExperiment:
    return qpbae_tn.load_data(image_size=16, stride=4, train=6, validation=3, test=8, epochs=2)


@pytest.fixture(scope="module")
def trained(data: qpbae_tn.LoadedExperiment) -> TrainingOutcome:
    return qpbae_tn.train(data)


@pytest.fixture(scope="module")
def found(data: qpbae_tn.LoadedExperiment, trained: TrainingOutcome) -> Evaluation:
    return qpbae_tn.evaluate(trained.model, data, resamples=10)


@pytest.fixture(scope="module")
def program(trained: TrainingOutcome) -> CompiledProgram:
    return qpbae_tn.compile(trained.model, "direct", target="rainbow")


@pytest.mark.parametrize("module", [qpbae_tn, analysis, compiler])
def test_every_name_is_there(module: ModuleType) -> None:
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing


def test_what_it_makes_says_what_it_is(
    data: qpbae_tn.LoadedExperiment, trained: TrainingOutcome, found: Evaluation, program: CompiledProgram
) -> None:
    for thing in (data, trained, trained.model, found, program):
        assert len(repr(thing)) < 120
        assert repr(thing).startswith(type(thing).__name__)
    for thing in (trained, trained.model, found, program):
        page = thing._repr_html_()
        assert page.startswith("<")
        assert page.count("<table") == page.count("</table>") == 1


def test_an_evaluation_is_a_data_frame(found: Evaluation) -> None:
    table = found.frame()
    assert list(table.index) == ["model", *found.baselines]
    assert table.loc["model", "auroc"] == found.model.metrics["auroc"].value


def test_scores_are_the_maps_of_an_evaluation(
    data: qpbae_tn.LoadedExperiment, trained: TrainingOutcome, found: Evaluation
) -> None:
    maps = qpbae_tn.score(trained.model, data.test.images)
    np.testing.assert_array_equal(maps, found.maps)
    np.testing.assert_array_equal(qpbae_tn.score(trained.model, data.test.images[0]), maps[0])
    other = qpbae_tn.score(trained.model, data.test.images, score="trash")
    assert np.abs(other - maps).max() > 1e-4


def test_a_model_file_becomes_a_model_and_an_estimator(
    data: qpbae_tn.LoadedExperiment, trained: TrainingOutcome, tmp_path: Path
) -> None:
    trained.model.save(str(tmp_path / "model.json"))
    assert qpbae_tn.Model.load(str(tmp_path)).thresholds == trained.model.thresholds
    detector = qpbae_tn.PatchAutoencoder.from_model(tmp_path)
    np.testing.assert_array_equal(
        detector.anomaly_map(data.test.images), qpbae_tn.score(trained.model, data.test.images)
    )
    assert detector.threshold_ == trained.model.thresholds["reconstruction"]
    assert len(detector.history_) == 2
    assert detector.get_params()["stride"] == 4
    again = qpbae_tn.PatchAutoencoder(**detector.get_params()).fit(data.normal.images[:9])
    assert again.model_.specification.label == trained.model.specification.label


def test_samples_are_near_the_exact_scores(
    data: qpbae_tn.LoadedExperiment, trained: TrainingOutcome, program: CompiledProgram
) -> None:
    scores = qpbae_tn.sample(program, data.test.images[0], range(3), shots=2000)
    assert len(scores) == 3
    for score in scores:
        assert score.estimate.value == pytest.approx(score.prepared, abs=0.06)
    with pytest.raises(qpbae_tn.InputError, match="patch"):
        qpbae_tn.sample(program, data.test.images[0], [16])


def test_estimates_are_a_row_for_each_combination(trained: TrainingOutcome) -> None:
    table = qpbae_tn.estimate(["latent", "echo"], ["none", "mps:2"], "rainbow", model=trained.model)
    assert len(table) == 4
    assert set(table["configuration.patch_size"]) == {4}
    with pytest.raises(qpbae_tn.InputError, match="staircases"):
        qpbae_tn.estimate(ansatz="brick")
