"""What a command reads, and what it did not write itself, is never replaced, whatever --force and --json say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Refused = Callable[..., str]
Program = Callable[..., Any]


@pytest.mark.parametrize("output", ["trained", "."])
def test_the_models_folder_is_no_output(refused: Refused, run_folder: Path, normal_folder: Path, output: str) -> None:
    (run_folder / ".qpbae").write_text("written by qpbae\n")
    target = run_folder.parent / output
    words = ("which is read here", "--output")
    refused("evaluate", run_folder, "--data", normal_folder, "--output", target, "--force", words=words)
    refused("segment", run_folder, normal_folder / "0.png", "--output", target, "--force", words=words)
    refused(
        *("execute", run_folder, normal_folder / "0.png", "--all", "--shots", 1, "--output", target, "--force"),
        words=words,
    )


def test_the_images_folder_is_no_output(refused: Refused, run_folder: Path, normal_folder: Path) -> None:
    (normal_folder / ".qpbae").write_text("written by qpbae\n")
    image = normal_folder / "0.png"
    refused("segment", run_folder, image, "--output", normal_folder, "--force", words="which is read here")


def test_json_replaces_earlier_results_only(qpbae: Program, refused: Refused, run_folder: Path, tmp_path: Path) -> None:
    model, picture, mine = run_folder / "model.json", tmp_path / "picture.png", tmp_path / "mine.json"
    picture.write_bytes(b"\x89PNG")
    mine.write_text('{"mine": 1}')
    for target in (model, picture, mine):
        refused("estimate", "--patch-size", 2, "--json", target, words=(target.name, "no result of qpbae --json"))
    result = tmp_path / "result.json"
    for size in (2, 4):
        assert qpbae("estimate", "--patch-size", size, "--readout", "direct", "--json", result).status == 0
    assert {row["configuration"]["patch_size"] for row in json.loads(result.read_text())["rows"]} == {4}


def test_images_that_are_no_files_are_named(refused: Refused, run_folder: Path, normal_folder: Path) -> None:
    (normal_folder / "8.png").symlink_to(normal_folder / "gone.png")
    refused("train", "--data", normal_folder, words=("8.png", "is no file"))
    (normal_folder / "8.png").unlink()
    os.mkfifo(normal_folder / "9.png")
    refused("train", "--data", normal_folder, words=("9.png", "is no file"))
    refused("segment", run_folder, normal_folder / "9.png", words=("9.png", "not a regular file"))


def test_a_full_standard_output_is_told_in_a_line(run_folder: Path, normal_folder: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    program = "import sys; from qpbae_tn.cli.entry import main; sys.argv[0] = 'qpbae'; main()"
    command = [sys.executable, "-c", program, "segment", str(run_folder), str(normal_folder / "0.png")]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 1
    assert done.stderr == "qpbae: standard output cannot be written (No space left on device); send it elsewhere\n"
