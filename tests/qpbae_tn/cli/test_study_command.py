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
    assert "no data for other" in result.out
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
    assert (left["done"], left["cells"]) == (10, 0)


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
    status = qpbae("study", "status", ran, "--json", "-").document
    assert status["data"]["stripes"] == {"cells": 13, "done": 10, "failed": 3, "left": 0}
    assert all("index 70" in cause for cause in status["failures"].values())


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
    refused("study", "run", study, "--data", data_folder, words="NAME=FOLDER")
    refused("study", "run", study, words="is told of no data")
    refused("study", "run", "papr", words="did you mean paper")
    refused("study", "run", study, *data, "--jobs", -1, words="--jobs")
    refused("study", "run", study, *data, "--jobs", 2, "--scheduler", "tcp://127.0.0.1:9", words="one of them")
    refused("study", "run", study, *data, "--scheduler", "tcp://127.0.0.1:9", words="no scheduler can be reached")
    refused("study", "run", study, *data, "--output", data_folder / "test/spot/2.png", words="2.png")
    refused("study", "status", tmp_path, words="no results there")
    refused("study", "table", ran, "--format", "latx", words="did you mean latex")
    refused("study", "table", ran, "--metrics", "aurc", words="did you mean auroc")
    refused(
        "study", "plot", ran, "--data", f"stripes={data_folder / 'test' / 'spot'}", words="no masks to test against"
    )
    study.write_text(STUDY.replace("epochs", "epoch"))
    refused("study", "run", study, *data, words=("did you mean epochs", study))


def test_results_of_others_are_refused(
    refused: Refused, study: Path, ran: Path, data_folder: Path, tmp_path: Path
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
