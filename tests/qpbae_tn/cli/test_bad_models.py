"""Model files that cannot be used: one line that names them, status 2, nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Refused = Callable[..., str]

BROKEN_TEXTS: dict[str, tuple[Callable[[str], str], str]] = {
    "truncated": (lambda text: text[: len(text) // 2], "whole JSON"),
    "cut by one character": (lambda text: text.rstrip()[:-1], "whole JSON"),
    "empty": (lambda text: "", "whole JSON"),
    "no JSON": (lambda text: "angles: 3", "whole JSON"),
    "endless nesting": (lambda text: "[" * 100_000, "whole JSON"),
    "no object": (lambda text: "[1, 2]", "not a model file"),
    "NaN angle": (lambda text: text.replace('"angles": [\n    ', '"angles": [\n    NaN, '), "NaN"),
    "minus infinity": (lambda text: text.replace('"angles": [\n    ', '"angles": [\n    -Infinity, '), "Infinity"),
}


def change(*keys: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(document: dict[str, Any]) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = to

    return spoil


def drop(key: str) -> Callable[[dict[str, Any]], None]:
    def spoil(document: dict[str, Any]) -> None:
        del document[key]

    return spoil


BROKEN_DOCUMENTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another schema": (change("schema", to="qpbae_tn/compiled"), "not a model file"),
    "another version": (change("schema_version", to=99), "schema version 99"),
    "version true": (change("schema_version", to=True), "schema version True"),
    "no version": (drop("schema_version"), "schema version None"),
    "no specification": (drop("specification"), "specification"),
    "no angles": (drop("angles"), "angles"),
    "no thresholds": (drop("thresholds"), "thresholds"),
    "no provenance": (drop("provenance"), "provenance"),
    "too few angles": (change("angles", to=[0.1, 0.2]), "2 angles for an ansatz of 6"),
    "infinite angle": (change("angles", to=[0, 0, 0, 0, 0, 1e999]), "Infinity"),
    "angle as text": (change("angles", to=[0, 0, 0, 0, 0, "1"]), "numbers"),
    "angle null": (change("angles", to=[0, 0, 0, 0, 0, None]), "numbers"),
    "angle true": (change("angles", to=[0, 0, 0, 0, 0, True]), "numbers"),
    "angle past all floats": (change("angles", to=[0, 0, 0, 0, 0, 10**400]), "401 digits"),
    "patch of 3": (change("specification", "patch_size", to=3), "power of two"),
    "patch as text": (change("specification", "patch_size", to="4"), "patch_size = '4'"),
    "bottleneck 4": (change("specification", "bottleneck", to=4), "bottleneck 4"),
    "stride 0": (change("specification", "stride", to=0), "stride 0"),
    "trash in the middle": (change("specification", "trash", to="middle"), "middle"),
    "specification a list": (change("specification", to=[4, 1, 1]), "specification"),
    "ansatz null": (change("specification", "ansatz", to=None), "ansatz"),
    "unknown block": (change("specification", "ansatz", "blocks", to=[["su4", 0, 1]]), "su4"),
    "block of two": (change("specification", "ansatz", "blocks", to=[["ry", 0]]), "ansatz"),
    "blocks of text": (change("specification", "ansatz", "blocks", to="abc"), "ansatz"),
    "block on one qubit": (change("specification", "ansatz", "blocks", to=[["ry", 1, 1]]), "qubits (1, 1)"),
    "threshold null": (change("thresholds", "reconstruction", to=None), "thresholds"),
    "threshold as text": (change("thresholds", "reconstruction", to="0.1"), "thresholds"),
    "threshold of something": (change("thresholds", "magic", to=0.1), "magic"),
    "thresholds a list": (change("thresholds", to=[0.1]), "thresholds"),
    "provenance a list": (change("provenance", to=[]), "provenance"),
    "seed below zero": (change("provenance", "seed", to=-1), "seed"),
    "epochs as text": (change("provenance", "epochs", to="20"), "epochs"),
    "batches of none": (change("provenance", "batch_size", to=0), "batch_size"),
    "learning rate null": (change("provenance", "learning_rate", to=None), "learning_rate"),
    "too few initial angles": (change("provenance", "initial_angles", to=[0.0]), "1 angles"),
    "history without a loss": (change("provenance", "history", to=[{"epoch": 1}]), "loss"),
    "history a number": (change("provenance", "history", to=3), "history = 3"),
}


@pytest.mark.parametrize(("spoil", "word"), BROKEN_TEXTS.values(), ids=BROKEN_TEXTS)
def test_broken_texts(
    refused: Refused, run_folder: Path, normal_folder: Path, spoil: Callable[[str], str], word: str
) -> None:
    path = run_folder / "model.json"
    path.write_text(spoil(path.read_text()))
    refused("segment", run_folder, normal_folder / "0.png", "--output", "out", words=(path, word))
    refused("evaluate", run_folder, "--output", "out", words=(path, word))


@pytest.mark.parametrize(("spoil", "word"), BROKEN_DOCUMENTS.values(), ids=BROKEN_DOCUMENTS)
def test_broken_documents(
    refused: Refused, run_folder: Path, normal_folder: Path, spoil: Callable[[dict[str, Any]], None], word: str
) -> None:
    path = run_folder / "model.json"
    document = json.loads(path.read_text())
    document["provenance"] |= {"seed": 0, "split": {"train": [0], "val": [1]}}
    spoil(document)
    path.write_text(json.dumps(document))
    refused("segment", path, normal_folder / "0.png", "--output", "out", words=(path, word))


def test_what_is_no_model_file(refused: Refused, tmp_path: Path, data_folder: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    for place in ("missing", "data", "bytes.json", "x" * 300):
        refused("evaluate", tmp_path / place, "--data", data_folder, words=place)


@pytest.mark.parametrize("split", [{"train": [0, 99], "val": [1]}, {"train": "all"}, 5])
def test_a_split_that_does_not_fit_the_data(
    refused: Refused, run_folder: Path, data_folder: Path, split: object, qpbae: Callable[..., Any]
) -> None:
    """The model's own split is used on the data it was trained on: spoilt, it is told."""
    assert qpbae("train", "--data", data_folder, "--epochs", 1, "--image-size", 16, "--output", "own").status == 0
    path = Path("own/model.json")
    document = json.loads(path.read_text())
    document["provenance"]["split"] = split
    path.write_text(json.dumps(document))
    refused("evaluate", "own", "--data", data_folder, words="split")


def test_a_model_without_threshold_asks_for_one(
    refused: Refused, run_folder: Path, data_folder: Path, qpbae: Callable[..., Any]
) -> None:
    path = run_folder / "model.json"
    document = json.loads(path.read_text())
    document["thresholds"] = {}
    path.write_text(json.dumps(document))
    image = next((data_folder / "test").rglob("*.png"))
    refused("segment", run_folder, image, words="--threshold")
    taken = qpbae("evaluate", run_folder, "--data", data_folder, "--baselines", "none")
    assert taken.status == 0, "validation images give one"
    given = qpbae("evaluate", run_folder, "--data", data_folder, "--threshold", 0.1, "--baselines", "none")
    assert given.status == 0
