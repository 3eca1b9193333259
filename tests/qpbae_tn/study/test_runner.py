"""A study ends with the same values whatever happens on the way and wherever it is computed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tomllib
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.evaluation import evaluate
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train
from qpbae_tn.interval import Interval
from qpbae_tn.study.runner import TIMES_NAME, Progress
from qpbae_tn.study.sources import Source, check_names, missing, open_sources
from qpbae_tn.study.specification import EXPERIMENTS, Study, read_study
from qpbae_tn.study.store import read_results
from qpbae_tn.study.work import run_group, run_study
from qpbae_tn.study.workers import InProcess, LocalProcesses, Workers

CELLS = 8 + 3 + 4
"""Quantum ones, the DC overlap for each patch size and stride, patch PCA for each configuration."""


def run(study_file: Path, results: Path, workers: Workers | None = None, **options: Any) -> Progress:
    study = read_study(str(study_file))
    return run_study(study, open_sources(study, {}), results, workers or InProcess(), **options)


def run_arguments(study_file: Path) -> tuple[Study, dict[str, Source]]:
    study = read_study(str(study_file))
    return study, open_sources(study, {})


def start(arguments: tuple[Study, dict[str, Source]], results: Path) -> BaseProcess:
    """A run in a process of its own, forked from one that has the packages imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["qpbae_tn.study.runner", "sklearn.metrics"])
    child = context.Process(target=run_study, args=(*arguments, results, InProcess()))
    child.start()
    return child


def result_lines(results: Path) -> dict[str, bytes]:
    """The result lines by cell, byte for byte; fails on a cell that is there twice."""
    found: dict[str, bytes] = {}
    for line in results.read_bytes().splitlines(keepends=True):
        document = json.loads(line)
        if document["kind"] == "result":
            assert document["cell"] not in found
            found[document["cell"]] = line
    return found


@pytest.fixture(scope="module")
def undisturbed(study_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The result lines of a run in this process that nothing disturbed."""
    results = tmp_path_factory.mktemp("undisturbed") / "results.jsonl"
    progress = run(study_file, results)
    assert (progress.done, progress.failed) == (CELLS, {})
    return result_lines(results)


def test_a_cell_is_what_training_and_evaluating_it_alone_gives(
    undisturbed: dict[str, bytes], stripes: Path, study_file: Path
) -> None:
    """Sharing work changes nothing: the same numbers as the functions behind `qpbae train` and `qpbae evaluate`."""
    study = read_study(str(study_file))
    cells = study.cells({name: source.digest for name, source in open_sources(study, {}).items()})
    for cell in cells:
        settings, values = cell.settings, json.loads(undisturbed[cell.identifier])["values"]
        if settings.detector != "quantum":
            continue
        experiment = replace(cell.experiment, data=str(stripes), baselines=("dc_overlap", "patch_pca"))
        loaded = LoadedExperiment(experiment)
        outcome = train(loaded)
        np.testing.assert_allclose(values["angles"], outcome.model.angles, atol=1e-12)
        assert values["ceiling_loss"] == pytest.approx(outcome.ceiling_loss, abs=1e-12)
        assert values["effective_parameters"] == outcome.effective_parameters
        assert values["threshold"] == pytest.approx(outcome.model.thresholds["reconstruction"], abs=1e-12)
        alone = evaluate(outcome.model, loaded, resamples=20)
        expected = {"quantum": alone.model, **alone.baselines}
        for other in cells:
            one, two = cell.experiment, other.experiment
            same = (one.patch_size, one.stride) == (two.patch_size, two.stride)
            seed = other.settings.detector != "quantum" or one.seed == two.seed
            bottleneck = other.settings.detector == "dc_overlap" or one.bottleneck == two.bottleneck
            if same and seed and bottleneck:
                found = json.loads(undisturbed[other.identifier])["values"]["metrics"]
                for name, value in expected[other.settings.detector].metrics.items():
                    shared = Interval.from_json(found[name])
                    assert shared.value == pytest.approx(value.value, abs=1e-9, nan_ok=True), name
                    assert shared.low == pytest.approx(value.low, abs=1e-9, nan_ok=True), name


def test_a_finished_study_is_left_alone(undisturbed: dict[str, bytes], study_file: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    run(study_file, results)
    before = results.read_bytes()
    seen: list[int] = []
    progress = run(study_file, results, on_start=lambda _, left: seen.append(left))
    assert (progress.done_before, progress.done, seen) == (CELLS, 0, [0])
    assert results.read_bytes() == before
    assert result_lines(results) == undisturbed


def test_values_do_not_depend_on_company(undisturbed: dict[str, bytes], study_file: Path) -> None:
    """A group of one cell gives the bits that a group of many gave."""
    study = read_study(str(study_file))
    source = open_sources(study, {})["stripes"]
    for cell in study.cells({"stripes": source.digest})[::4]:
        (values,) = run_group(source.request_for(cell), [cell])
        assert json.loads(undisturbed[cell.identifier])["values"] == json.loads(json.dumps(values))


def test_local_processes_give_the_same_bytes(undisturbed: dict[str, bytes], study_file: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    assert run(study_file, results, LocalProcesses(2)).done == CELLS
    assert result_lines(results) == undisturbed
    times = [json.loads(line) for line in (tmp_path / TIMES_NAME).read_text().splitlines()]
    assert sorted(cell for line in times for cell in line["cells"]) == sorted(undisturbed)


def test_a_dead_worker_is_replaced(undisturbed: dict[str, bytes], study_file: Path, tmp_path: Path) -> None:
    """The first result in, one of the pool's processes is killed; the study ends all the same."""
    results = tmp_path / "results.jsonl"
    killed: list[int] = []

    def kill_one(_: int) -> None:
        if not killed:
            process = multiprocessing.active_children()[0]
            assert process.pid is not None
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    progress = run(study_file, results, LocalProcesses(2), on_cells=kill_one)
    assert killed
    assert (progress.done, progress.failed) == (CELLS, {})
    assert result_lines(results) == undisturbed


def test_a_study_that_is_killed_goes_on_to_the_same_bytes(
    undisturbed: dict[str, bytes], study_file: Path, tmp_path: Path
) -> None:
    """kill -9 at random moments, each later than the one before, until the study is done; see also `test_grids`."""
    arguments = run_arguments(study_file)
    rng = np.random.default_rng(11)
    results = tmp_path / "results.jsonl"
    known: dict[str, bytes] = {}
    kills = 0
    while len(known) < CELLS:
        child = start(arguments, results)
        child.join(float(rng.uniform(0.1, 0.3) * 1.3**kills))
        if child.exitcode is None:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            kills += 1
        else:
            assert child.exitcode == 0
        now = result_lines(results) if results.exists() and results.read_bytes().endswith(b"\n") else known
        assert known.items() <= now.items()
        known = now
    assert kills
    assert known == undisturbed


def test_two_runs_at_once_share_one_file(undisturbed: dict[str, bytes], study_file: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    children = [start(run_arguments(study_file), results) for _ in range(2)]
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    assert result_lines(results) == undisturbed


def test_cells_that_another_run_did_are_not_counted_as_ones_own(
    undisturbed: dict[str, bytes], study_file: Path, tmp_path: Path
) -> None:
    """One run does the whole study while another is at its first group; each counts what it wrote itself."""
    results = tmp_path / "results.jsonl"
    others: list[Progress] = []
    counted: list[int] = []

    def run_beside(_: object) -> None:
        if not others:
            others.append(Progress())
            others[0] = run(study_file, results)

    progress = run(study_file, results, on_work=run_beside, on_cells=counted.append)
    assert [(other.done, other.done_beside) for other in others] == [(CELLS, 0)]
    assert (progress.done_before, progress.done, progress.done_beside) == (0, 0, CELLS)
    assert sum(counted) == CELLS
    assert result_lines(results) == undisturbed


def test_a_failing_cell_is_recorded_and_the_rest_goes_on(study_text: str, tmp_path: Path) -> None:
    """Cells whose split does not fit the data fail, and so does one that runs off to infinity; the others are done."""
    (tmp_path / "split.json").write_text('{"train": [0, 1, 2], "val": [99]}')
    bad = '\n[[grid]]\npatch_size = 2\nsplit = "split.json"\nseed = 1\n'
    far = "\n[[grid]]\npatch_size = 2\nlearning_rate = 1e308\nepochs = 40\nseed = 1\n"
    path = tmp_path / "failing.toml"
    path.write_text(study_text.replace("\n[record]", f"{bad}{far}\n[record]"))
    results = tmp_path / "results.jsonl"
    with np.errstate(all="ignore"):
        progress = run(path, results)
    causes = list(progress.failed.values())
    assert progress.done == CELLS
    assert len(causes) == 4
    assert sum("index 99" in cause for cause in causes) == 3
    assert sum("epochs=40 learning_rate=1e+308" in cause for cause in causes) == 1
    contents = read_results(results, EXPERIMENTS)
    assert len(contents.failures) == 4
    assert not set(contents.failures) & set(contents.results)
    again = run(path, results)
    assert (again.done, again.failed_before, again.failed, again.without_result) == (0, 4, {}, 4)
    (tmp_path / "split.json").write_text('{"train": [0, 1, 2], "val": [3]}')
    with pytest.raises(InputError, match="are not in the study any more"):
        run(path, results)


def elsewhere(sources: dict[str, Source], **changes: Any) -> dict[str, Source]:
    """The same data sets as a worker with another file system would find them."""
    return {name: replace(source, request=replace(source.request, **changes)) for name, source in sources.items()}


def test_a_failure_can_be_tried_again(study_file: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    study, sources = run_arguments(study_file)
    progress = run_study(study, elsewhere(sources, folder=str(tmp_path / "gone")), results, InProcess())
    assert len(progress.failed) == CELLS
    assert all("no such folder" in cause for cause in progress.failed.values())
    assert run(study_file, results).failed_before == CELLS
    assert run(study_file, results, retry_failed=True).done == CELLS


def test_changed_images_are_noticed(study_file: Path, tmp_path: Path) -> None:
    study, sources = run_arguments(study_file)
    progress = run_study(study, elsewhere(sources, digest="0" * 64), tmp_path / "results.jsonl", InProcess())
    assert len(progress.failed) == CELLS
    assert all("the images have changed" in cause for cause in progress.failed.values())


def test_data_options() -> None:
    study = read_study("paper")
    check_names(["busi"], study)
    with pytest.raises(InputError, match="did you mean busi"):
        check_names(["bsui"], study)
    with pytest.raises(InputError, match="is given no data"):
        open_sources(study, {})
    with pytest.raises(InputError, match="no such folder"):
        open_sources(study, {"busi": "missing"})


def test_the_bundled_textures_need_no_folder() -> None:
    document = {"data": {"a": {"folder": "textures:brick"}}, "grid": [{"patch_size": 2, "image_size": 8, "test": 4}]}
    sources = open_sources(Study.from_document(document, "test"), {})
    assert sources["a"].train_images > 1


def test_data_folders_are_absolute_for_workers_that_were_started_elsewhere(
    stripes: Path, study_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stripes.parent)
    study = Study.from_document(tomllib.loads(study_text), "test")
    source = open_sources(study, {"stripes": "stripes"})["stripes"]
    assert source.folder == str(stripes)
    monkeypatch.chdir("/")
    cell = study.cells({"stripes": source.digest})[0]
    assert run_group(source.request_for(cell), [cell])


def test_data_sets_that_no_block_uses_are_not_missed() -> None:
    document = {
        "data": {"spare": {}, "a": {"folder": "textures:brick"}, "b": {}},
        "grid": [{"data": ["a", "b"], "patch_size": 2, "image_size": 8, "test": 4}],
    }
    study = Study.from_document(document, "test")
    assert missing(study, open_sources(study, {})) == ["b"]
    document["data"] = {"spare": {}, "a": {}, "b": {}}
    with pytest.raises(InputError, match=r"`data` a=DIR; names are a, b$"):
        open_sources(Study.from_document(document, "test"), {})
