"""`qpbae study`: run, status, table, plot, and what each refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]
Refused = Callable[..., str]

STUDY = """
name = "cli"
title = "A small study"
seeds = [1, 2]
baselines = ["dc_overlap"]

[data.stripes]
[data.other]
[data.spare]

[defaults]
data = ["stripes", "other"]

[[grid]]
patch_size = 4
stride = [2, 4]
image_size = 16
train = 5
validation = 3
epochs = 2

[[grid]]
detector = "classical"
patch_size = 4
stride = [2, 4]
image_size = 16
train = 5
validation = 3
epochs = 2

[record]
resamples = 10
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "cli.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def ran(qpbae: Program, study: Path, data_folder: Path, tmp_path: Path) -> Path:
    """The folder of the study after a run on one of its two data sets."""
    folder = tmp_path / "ran"
    result = qpbae("study", "run", study, "--data", f"stripes={data_folder}", "--jobs", 0, "--output", folder)
    assert result.status == 0, result.err
    assert "10 cells, 0 done before, 10 done in this process" in result.out
    assert "no data for other: give" in result.out
    return folder


def test_run_again_does_nothing_and_says_so(qpbae: Program, study: Path, data_folder: Path, ran: Path) -> None:
    before = (ran / "results.jsonl").read_bytes()
    options = ("--data", f"stripes={data_folder}", "--jobs", 0, "--output", ran, "--json", "-")
    document = qpbae("study", "run", study, *options).document
    assert (document["cells"], document["done_before"], document["done"]) == (10, 10, 0)
    assert document["failed"] == {}
    assert document["without_data"] == ["other"]
    assert (ran / "results.jsonl").read_bytes() == before


def test_a_dry_run_writes_nothing_and_prices_what_is_left(
    qpbae: Program, study: Path, data_folder: Path, ran: Path, tmp_path: Path
) -> None:
    options = ("--data", f"stripes={data_folder}", "--dry-run", "--json", "-")
    fresh = qpbae("study", "run", study, *options, "--output", tmp_path / "fresh").document["dry_run"]
    assert (fresh["done"], fresh["cells"], fresh["quantum_cells"], fresh["groups"]) == (0, 10, 4, 2)
    assert fresh["training_steps"] == 4 * 2 * 2
    assert fresh["patches_embedded"] == 6 * (7 * 7 + 4 * 4)
    assert fresh["patches_scored"] == 6 * (7 * 7 + 4 * 4) * 5
    assert not (tmp_path / "fresh").exists()
    left = qpbae("study", "run", study, *options, "--output", ran).document["dry_run"]
    assert (left["done"], left["cells"], left["processor_seconds"]) == (10, 0, 0)


def test_a_dry_run_tells_the_time_that_like_cells_took(
    qpbae: Program, study: Path, data_folder: Path, ran: Path, tmp_path: Path
) -> None:
    options = ("--data", f"stripes={data_folder}", "--dry-run", "--output")
    fresh = qpbae("study", "run", study, *options, tmp_path / "fresh")
    assert "time on one processor: unknown" in fresh.out
    # Twenty times as many seeds are as many times the work, but for what does not depend on them.
    text = STUDY.replace("seeds = [1, 2]", f"seeds = {list(range(1, 41))}")
    study.write_text(text)
    document = qpbae("study", "run", study, *options, ran, "--json", "-").document["dry_run"]
    times = [json.loads(line)["seconds"] for line in (ran / "times.jsonl").read_text().splitlines()]
    assert document["cells"] == 152
    assert document["processor_seconds"] == pytest.approx(sum(times) * 152 / 10, rel=1e-9)
    assert "time on one processor: about" in qpbae("study", "run", study, *options, ran).out
    with (ran / "times.jsonl").open("a") as times_file:
        times_file.write('{"cells": ["of another study"], "seconds": 9e9}\n[1]\n{"cells": ["torn')
    assert qpbae("study", "run", study, *options, ran, "--json", "-").document["dry_run"] == document
    study.write_text(text.replace('"dc_overlap"', '"dc_overlap", "patch_pca"'))
    unknown = qpbae("study", "run", study, *options, ran, "--json", "-").document["dry_run"]
    assert unknown["processor_seconds"] is None


def test_status_counts_and_names_failures(
    qpbae: Program, study: Path, data_folder: Path, ran: Path, tmp_path: Path
) -> None:
    document = qpbae("study", "status", ran, "--json", "-").document
    assert document["data"]["stripes"] == {"cells": 10, "done": 10, "failed": 0, "left": 0}
    assert document["data"]["other"] == {"cells": 10, "done": 0, "failed": 0, "left": 10}
    assert "no data yet" in qpbae("study", "status", ran).out
    (tmp_path / "split.json").write_text('{"train": [0, 1], "val": [70]}')
    study.write_text(STUDY.replace("[record]", '[[grid]]\nimage_size = 16\nsplit = "split.json"\n\n[record]'))
    options = ("--data", f"stripes={data_folder}", "--jobs", 0, "--output", ran)
    result = qpbae("study", "run", study, *options)
    assert result.status == 1
    assert result.out.count("index 70") == 3
    assert result.out.splitlines()[-1] == "3 cells without a result; --retry-failed tries again what failed"
    again = qpbae("study", "run", study, *options)
    assert again.status == 1
    assert "13 cells, 10 done before, 0 done in this process, 3 failed before" in again.out
    assert again.out.splitlines()[-1] == result.out.splitlines()[-1]
    assert qpbae("study", "run", study, *options, "--retry-failed").status == 1
    status = qpbae("study", "status", ran, "--json", "-").document
    assert status["data"]["stripes"] == {"cells": 13, "done": 10, "failed": 3, "left": 0}
    assert all("index 70" in cause for cause in status["failures"].values())


def test_one_cell_is_one_cell(qpbae: Program, study: Path, data_folder: Path, tmp_path: Path) -> None:
    study.write_text(
        'name = "one"\n[data.stripes]\n[[grid]]\ndetector = "dc_overlap"\nimage_size = 16\nsplit = "s.json"\n'
    )
    (tmp_path / "s.json").write_text('{"train": [0, 1], "val": [70]}')
    options = ("--data", f"stripes={data_folder}", "--jobs", 0, "--output", tmp_path / "one")
    result = qpbae("study", "run", study, *options)
    assert "one: 1 cell, 0 done before, 0 done in this process, 1 failed" in result.out
    assert result.out.splitlines()[-1].startswith("1 cell without a result;")


def test_one_seed_in_the_place_of_the_studys_own(
    qpbae: Program, study: Path, data_folder: Path, tmp_path: Path
) -> None:
    options = (
        "--data",
        f"stripes={data_folder}",
        "--output",
        tmp_path / "one",
        "--seed",
        9,
        "--dry-run",
        "--json",
        "-",
    )
    assert qpbae("study", "run", study, *options).document["dry_run"]["cells"] == 6


@pytest.mark.parametrize("style", ["text", "markdown", "csv", "latex"])
def test_tables(qpbae: Program, ran: Path, style: str, tmp_path: Path) -> None:
    result = qpbae("study", "table", ran, "--format", style, "--metrics", "aupro,image_auroc")
    assert result.status == 0
    assert all(len(line) <= 80 for line in result.out.splitlines()) or style != "text"
    document = qpbae("study", "table", ran, "--format", style, "--json", "-").document
    rows = document["tables"][0]["rows"]
    assert [row["detector"] for row in rows].count("quantum") == 2
    assert {row["seeds"] for row in rows} == {1, 2}
    path = tmp_path / f"table.{style}"
    assert qpbae("study", "table", ran, "--format", style, "--output", path).status == 0
    if style == "csv":
        lines = list(csv.DictReader(path.read_text().splitlines()))
        assert float(lines[0]["auroc"]) == pytest.approx(rows[0]["auroc"])
    if style == "latex":
        assert path.read_text().count(r"\\") == len(rows) + 1
        assert r"dc\_overlap" in path.read_text()
    again = qpbae("study", "table", ran, "--format", style, "--output", path)
    assert again.status == 2
    assert "--force" in again.err


def test_several_tables_are_one_csv_table(qpbae: Program, study: Path, data_folder: Path, tmp_path: Path) -> None:
    """A configuration of the paper's makes a second table, with other columns."""
    document = (
        'name = "csv"\n[data.busi]\n[[grid]]\npatch_size = [2, 4]\ntrain = 5\nvalidation = 3\n[record]\nresamples = 2\n'
    )
    study.write_text(document)
    folder = tmp_path / "csv"
    assert qpbae("study", "run", study, "--data", f"busi={data_folder}", "--jobs", 0, "--output", folder).status == 0
    tables = qpbae("study", "table", folder, "--json", "-").document["tables"]
    text = qpbae("study", "table", folder, "--format", "csv").out
    rows = list(csv.DictReader(text.splitlines()))
    assert len(tables) > 1
    assert len(rows) == sum(len(table["rows"]) for table in tables) == len(text.splitlines()) - 1
    assert all(None not in row and None not in row.values() for row in rows)
    assert {row["table"] for row in rows} >= {"results", "table-I"}
    for row, expected in zip(rows, [row for table in tables for row in table["rows"]], strict=True):
        held = {name: value for name, value in row.items() if value and name != "table"}
        assert held == {name: str(value) for name, value in expected.items() if value is not None}


def test_plots_and_galleries(qpbae: Program, ran: Path, data_folder: Path) -> None:
    document = qpbae("study", "plot", ran, "--data", f"stripes={data_folder}", "--json", "-").document
    names = sorted(path.name for path in (ran / "plots").iterdir() if not path.name.startswith("."))
    assert names == sorted(document["files"])
    assert {"auroc-stripes.svg", "aupro-stripes.svg", "loss-stripes.svg", "gallery-stripes.png"} <= set(names)
    assert {"overlap-paper-scale.svg", "overlap-ours-scale.svg"} <= set(names)
    assert (ran / "plots" / "gallery-stripes.png").read_bytes().startswith(b"\x89PNG")
    first = (ran / "plots" / "auroc-stripes.svg").read_bytes()
    assert qpbae("study", "plot", ran).status == 2
    assert qpbae("study", "plot", ran, "--force").status == 0
    assert (ran / "plots" / "auroc-stripes.svg").read_bytes() == first
    assert not (ran / "plots" / "gallery-stripes.png").exists()


def test_wrong_input_is_refused(refused: Refused, study: Path, ran: Path, data_folder: Path, tmp_path: Path) -> None:
    data = ("--data", f"stripes={data_folder}")
    refused(
        "study", "run", study, "--data", f"stripes={tmp_path / 'gone'}", words=(tmp_path / "gone", "no such folder")
    )
    refused("study", "run", study, "--data", f"stipes={data_folder}", words="did you mean stripes")
    refused("study", "run", study, "--data", data_folder, words="NAME=DIR")
    refused("study", "run", study, words="is given no data")
    refused("study", "run", "papr", words="did you mean paper")
    refused("study", "run", study, *data, "--jobs", -1, words="--jobs")
    refused("study", "run", study, *data, "--jobs", 2, "--scheduler", "tcp://127.0.0.1:9", words="one of them")
    refused("study", "run", study, *data, "--scheduler", "tcp://127.0.0.1:9", words="no scheduler can be reached")
    refused("study", "run", study, *data, "--output", data_folder / "test/spot/2.png", words="2.png")
    refused("study", "status", tmp_path, words="no results there")
    refused("study", "table", ran, "--format", "latx", words="did you mean latex")
    refused("study", "table", ran, "--metrics", "aurc", words="did you mean auroc")
    refused("study", "table", ran, "--metrics", " ,", words=("no value", "--metrics", "aupro"))
    results = ran / "results.jsonl"
    for output in (results, ran / ".." / "ran" / "results.jsonl"):
        refused("study", "table", ran, "--output", output, "--force", words=(output, "never overwritten"))
    for command in (("run", study, *data, "--output", ran), ("status", ran), ("table", ran), ("plot", ran)):
        refused("study", *command, "--json", results, words=(results, "choose another --json"))
    new = tmp_path / "new" / "results.jsonl"
    new.parent.mkdir()
    refused("study", "run", study, *data, "--output", new.parent, "--json", new, words=(new, "never overwritten"))
    refused(
        "study", "plot", ran, "--data", f"stripes={data_folder / 'test' / 'spot'}", words="no masks to test against"
    )
    study.write_text(STUDY.replace("epochs", "epoch"))
    refused("study", "run", study, *data, words=("did you mean epochs", study))


def test_results_of_others_are_refused(
    qpbae: Program, refused: Refused, study: Path, ran: Path, data_folder: Path, tmp_path: Path
) -> None:
    options = ("--data", f"stripes={data_folder}", "--jobs", 0, "--output", ran)
    study.write_text(STUDY.replace('"cli"', '"another"'))
    refused("study", "run", study, *options, words="not of 'another'")
    study.write_text(STUDY.replace("epochs = 2", "epochs = 3"))
    refused("study", "run", study, *options, words="are not in the study any more")
    study.write_text(STUDY)
    changed = data_folder / "test" / "good" / "0.png"
    changed.write_bytes((data_folder / "test" / "good" / "1.png").read_bytes())
    refused("study", "run", study, *options, words="other files of the data set stripes")
    path = ran / "results.jsonl"
    lines = path.read_text().splitlines()
    header = json.loads(lines[0])
    for change, told in (({"version": "0.0.0"}, "was written by qpbae_tn 0.0.0"), ({"format_version": 9}, "version 9")):
        path.write_text("\n".join([json.dumps({**header, **change}, separators=(",", ":")), *lines[1:]]) + "\n")
        refused("study", "run", study, *options, words=told)
        refused("study", "run", study, *options, "--dry-run", words=told)
        for command in ("status", "table", "plot"):
            if "format_version" in change:
                refused("study", command, ran, words=(path, told))
            else:
                result = qpbae("study", command, ran)
                assert result.status == 0
                assert result.err == f"note: {path} {told}, this is {header['version']}\n"


@pytest.mark.parametrize("line", ['{"kind":"failure","cell":"CELL"}', '{"kind":"result","cell":"CELL"}'])
def test_damaged_results_are_refused(refused: Refused, ran: Path, line: str) -> None:
    path = ran / "results.jsonl"
    whole = path.read_text()
    count = len(whole.splitlines())
    cell = json.loads(whole.splitlines()[-1])["cell"]
    path.write_text(whole + line.replace("CELL", cell) + "\n")
    for command in ("status", "table", "plot"):
        refused("study", command, ran, words=(path, f"line {count + 1} is damaged", "remove this line"))
    header = json.loads(whole.splitlines()[0])
    path.write_text(json.dumps({**header, "study": {}}) + "\n")
    for command in ("status", "table", "plot"):
        refused("study", command, ran, words=(path, "names no data set", "restore the file"))
    path.write_text(whole[1:])
    for command in ("status", "table", "plot"):
        refused("study", command, ran, words=(path, "header (line 1) is damaged", "restore the file"))
