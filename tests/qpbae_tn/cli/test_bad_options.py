"""Options that make no sense: one line that names them, status 2, nothing written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Refused = Callable[..., str]


def name(value: object) -> str | None:
    """How pytest calls a case: after its options."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else None


TRAINING = [
    (("--patch-size", 3), ("--patch-size", "power of two")),
    (("--patch-size", 0), "--patch-size"),
    (("--patch-size", -4), "--patch-size"),
    (("--patch-size", "4x4"), "--patch-size"),
    (("--patch-size", 64), ("--image-size", "smaller than a patch")),
    (("--stride", 0), "--stride"),
    (("--bottleneck", 0), ("--bottleneck", "1 to 3")),
    (("--bottleneck", 4), ("--bottleneck", "1 to 3")),
    (("--ansatz", "ladder"), ("ladder", "staircase, brick, butterfly")),
    (("--block", "su4"), ("su4", "ry, so4")),
    (("--layers", 0), "--layers"),
    (("--trash", "middle"), ("--trash", "first, last")),
    (("--pixel-order", "snake"), ("--pixel-order", "morton")),
    (("--engine", "abacus"), ("--engine", "exact")),
    (("--engine", "exact", "--bond", 2), ("--bond", "mps")),
    (("--engine", "mps", "--bond", 0), "--bond"),
    (("--engine", "mps", "--bond", "wide"), ("wide", "--bond")),
    (("--engine", "mps", "--cutoff", 1), "cut-off"),
    (("--engine", "mps", "--cutoff", "nan"), "cut-off"),
    (("--engine", "auto", "--cutoff", -1), "cut-off"),
    (("--image-size", 0), "--image-size"),
    (("--epochs", -1), "--epochs"),
    (("--epochs", "many"), "--epochs"),
    (("--learning-rate", "nan"), "--learning-rate"),
    (("--learning-rate", "inf"), "--learning-rate"),
    (("--learning-rate", 0), "--learning-rate"),
    (("--learning-rate", 1e308), ("--learning-rate", "smaller")),
    (("--batch-size", 0), "--batch-size"),
    (("--train", 0), "--train"),
    (("--validation", 0), "--validation"),
    (("--init", "ones"), ("--init", "normal, dc")),
    (("--seed", -1), "--seed"),
    (("--seed", "dice"), "--seed"),
    (("--data", "textures:wool"), ("wool", "textures:brick")),
    (("--data", ""), "--data"),
    (("--unknown",), ("--unknown", "qpbae train --help")),
    (("--patch",), "--patch"),
    (("surplus",), "surplus"),
]


@pytest.mark.parametrize(("options", "words"), TRAINING, ids=name)
def test_train_refuses(
    refused: Refused, normal_folder: Path, options: tuple[object, ...], words: tuple[str, ...] | str
) -> None:
    refused("train", "--data", normal_folder, "--output", "out", "--json", "out.json", *options, words=words)


def test_train_refuses_what_no_memory_holds(refused: Refused, tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / "large").mkdir(exist_ok=True)
        Image.new("L", (1100, 1100), 100 + index).save(tmp_path / "large" / f"{index}.png")
    options = ("--patch-size", 512, "--stride", 1, "--image-size", 1100)
    refused("train", "--data", tmp_path / "large", *options, words=("GiB, the machine has", "--stride"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--patch-size", 6), ("--patch-size", "power of two")),
        (("--test", 0), "--test"),
        (("--score", "both"), ("--score", "reconstruction, trash")),
        (("--baselines", "magic"), ("magic", "dc_overlap")),
        (("--baselines", ""), "--baselines"),
        (("--epochs", -1), "--epochs"),
        (("--engine", "abacus"), "--engine"),
        (("--target", "moon"), ("--target", "willow_pink")),
    ],
    ids=name,
)
def test_run_refuses(
    refused: Refused, data_folder: Path, options: tuple[object, ...], words: tuple[str, ...] | str
) -> None:
    refused("run", "--data", data_folder, "--output", "out", *options, words=words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--test", 0), "--test"),
        (("--test", -3), "--test"),
        (("--threshold", "nan"), "--threshold"),
        (("--threshold", "inf"), "--threshold"),
        (("--threshold", "high"), "--threshold"),
        (("--score", "both"), "--score"),
        (("--baselines", "dc_overlap,magic"), "magic"),
        (("--engine", "abacus"), "--engine"),
        (("--seed", -1), "--seed"),
        (("--epochs", 3), "--epochs"),
    ],
    ids=name,
)
def test_evaluate_refuses(
    refused: Refused, run_folder: Path, data_folder: Path, options: tuple[object, ...], words: str
) -> None:
    refused("evaluate", run_folder, "--data", data_folder, "--output", "out", *options, words=words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--threshold", "nan"), "--threshold"),
        (("--score", "both"), "--score"),
        (("--engine", "abacus"), "--engine"),
        (("--unknown", 1), "--unknown"),
    ],
    ids=name,
)
def test_segment_refuses(
    refused: Refused, run_folder: Path, normal_folder: Path, options: tuple[object, ...], words: str
) -> None:
    refused("segment", run_folder, normal_folder / "0.png", "--output", "out", *options, words=words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("command", "qpbae --help")),
        (("frobnicate",), ("frobnicate", "qpbae --help")),
        (("--frobnicate",), "--frobnicate"),
        (("segment",), ("RUN", "qpbae segment --help")),
        (("segment", "somewhere"), "IMAGE"),
        (("evaluate",), "RUN"),
        (("train", "--epochs"), "--epochs"),
    ],
    ids=name,
)
def test_the_program_refuses(refused: Refused, arguments: tuple[str, ...], words: tuple[str, ...] | str) -> None:
    refused(*arguments, words=words)


GOOD_SPLIT = {"train": [0, 1, 2], "val": [3]}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "JSON"),
        ('{"train": [0, 1', "JSON"),
        ("[0, 1]", "object"),
        ("[" * 100_000, "JSON"),
        ("7" * 5000, "JSON"),
        ("\xff\xfe", "JSON"),
        ("{}", "train"),
        (json.dumps({"train": [0]}), "val"),
        (json.dumps({"train": [], "val": [1]}), "train"),
        (json.dumps({"train": [0], "val": []}), "val"),
        (json.dumps({"train": [0, 8], "val": [1]}), "8"),
        (json.dumps({"train": [0, -1], "val": [1]}), "-1"),
        (json.dumps({"train": [0, 0], "val": [1]}), "twice"),
        (json.dumps({"train": [0, 1], "val": [1]}), "both"),
        (json.dumps({"train": [0, 1.5], "val": [2]}), "1.5"),
        (json.dumps({"train": [0, True], "val": [2]}), "True"),
        (json.dumps({"train": [0, "1"], "val": [2]}), "'1'"),
        (json.dumps({"train": {"0": 1}, "val": [2]}), "train"),
    ],
)
def test_broken_splits(refused: Refused, normal_folder: Path, tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "split.json"
    path.write_bytes(text.encode("latin-1"))
    refused("train", "--data", normal_folder, "--split", path, "--output", "out", words=(path, word))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "JSON"),
        ("[[0.1, 0.2], [0.3", "JSON"),
        ("[" * 100_000, "JSON"),
        ("\xff\xfe", "JSON"),
        ("[[0.1, 0.2], [0.3, 0.4]]", "4 angles for an ansatz of 6"),
        ("[]", "0 angles"),
        ("{}", "expected array"),
        ("null", "expected array"),
        ("[[0, 0], [0, 0], [0, null]]", "numbers"),
        ('[[0, 0], [0, 0], [0, "1"]]', "numbers"),
        ("[[0, 0], [0, 0], [0, true]]", "numbers"),
        ("[[0, 0], [0, 0], [0, NaN]]", "finite"),
        ("[[0, 0], [0, 0], [0, Infinity]]", "finite"),
        ("[[0, 0], [0, 0], [0, 1e999]]", "finite"),
        (f"[[0, 0], [0, 0], [0, 1{'0' * 400}]]", "401 digits"),
    ],
)
def test_broken_initial_angles(refused: Refused, normal_folder: Path, tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "angles.json"
    path.write_bytes(text.encode("latin-1"))
    refused("train", "--data", normal_folder, "--initial-angles", path, "--output", "out", words=(path, word))


@pytest.mark.parametrize("option", ["--split", "--initial-angles"])
@pytest.mark.parametrize("name", ["missing.json", "folder", "x" * 300])
def test_files_that_cannot_be_read(
    refused: Refused, normal_folder: Path, tmp_path: Path, option: str, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    refused("train", "--data", normal_folder, option, tmp_path / name, "--output", "out", words=name)


@pytest.mark.parametrize("command", ["train", "run", "evaluate", "segment"])
@pytest.mark.parametrize("place", ["exists", "file", "file/below", "/proc/qpbae", "x" * 300, "dangling"])
def test_output_that_cannot_be_written(
    refused: Refused, data_folder: Path, run_folder: Path, command: str, place: str
) -> None:
    Path("exists").mkdir()
    Path("file").write_text("precious")
    os.symlink("nowhere", "dangling")
    start = {
        "train": ("train", "--data", data_folder),
        "run": ("run", "--data", data_folder),
        "evaluate": ("evaluate", run_folder, "--data", data_folder),
        "segment": ("segment", run_folder, data_folder / "train/good/0.png"),
    }[command]
    refused(*start, "--output", place, words=(place, "--output" if "exists" in place else "output"))


@pytest.mark.parametrize("command", ["train", "run", "evaluate", "segment"])
@pytest.mark.parametrize("place", ["missing/result.json", "folder", "file/result.json", "/proc/result.json", "x" * 300])
def test_json_that_cannot_be_written(
    refused: Refused, data_folder: Path, run_folder: Path, command: str, place: str
) -> None:
    Path("folder").mkdir()
    Path("file").write_text("precious")
    start = {
        "train": ("train", "--data", data_folder),
        "run": ("run", "--data", data_folder),
        "evaluate": ("evaluate", run_folder, "--data", data_folder),
        "segment": ("segment", run_folder, data_folder / "train/good/0.png"),
    }[command]
    refused(*start, "--output", "out", "--json", place, words=place)


def test_force_spares_what_qpbae_did_not_write(refused: Refused, normal_folder: Path) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("precious")
    Path("file").write_text("precious")
    for name in ("mine", "file"):
        refused("train", "--data", normal_folder, "--output", name, "--force", words=name)


def test_a_machine_too_small(refused: Refused, normal_folder: Path) -> None:
    refused("train", "--data", normal_folder, "--image-size", 1 << 22, "--output", "out", words="memory")
