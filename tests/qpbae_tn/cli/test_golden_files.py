"""Files that users parse, as version 0.1.0 wrote them: new code reads them, and writes the same keys and numbers.

They were made by `qpbae train --data textures:brick --patch-size 2 --stride 4 --bottleneck 1 --train 8 --validation 4
--epochs 2`, `evaluate` of that model with `--test 10 --baselines dc_overlap,patch_pca`, `study run study.toml`, and
`compile` of the model with `--readout echo --preparation mps:2 --export circuit.json --export circuit.qasm3`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cirq
import pytest

from qpbae_tn.interval import Interval
from qpbae_tn.model.model import Model

OLD = Path(__file__).parents[2] / "golden" / "0.1.0"
FREE = ("schema_version", "qpbae_tn_version", "cirq_version", "version", "training_seconds", "seconds", "output")
"""Keys whose values may change: versions, times, places."""


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def lost(old: Any, new: Any, path: str = "", *, numbers: bool = True) -> Iterator[str]:
    """What a new document lacks of an old one, or has with another value; more keys are welcome."""
    if isinstance(old, dict):
        for key, value in old.items():
            if not isinstance(new, dict) or key not in new:
                yield f"{path}.{key} is gone"
            elif key not in FREE:
                yield from lost(value, new[key], f"{path}.{key}", numbers=numbers)
    elif not numbers:
        if type(old) is not type(new) and old is not None:
            yield f"{path}: {type(old).__name__} has become {type(new).__name__}"
    elif isinstance(old, list):
        if not isinstance(new, list) or len(old) != len(new):
            yield f"{path}: {old} has become {new}"
        else:
            for index, (a, b) in enumerate(zip(old, new, strict=True)):
                yield from lost(a, b, f"{path}[{index}]")
    elif isinstance(old, float) and isinstance(new, float | int):
        if not math.isclose(old, new, rel_tol=1e-6, abs_tol=1e-9):
            yield f"{path}: {old} has become {new}"
    elif old != new:
        yield f"{path}: {old!r} has become {new!r}"


def results(path: Path) -> dict[str, Any]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["cell"]: line for line in lines if line.get("kind") == "result"}


def test_a_model_file_is_read_and_written_back(tmp_path: Path) -> None:
    old = read(OLD / "model.json")
    model = Model.load(OLD / "model.json")
    assert model.angles.tolist() == old["angles"]
    assert model.thresholds == old["thresholds"]
    model.save(tmp_path / "model.json")
    assert not list(lost(old, read(tmp_path / "model.json")))
    again = Model.load(tmp_path / "model.json")
    assert (again.specification, again.thresholds) == (model.specification, model.thresholds)
    assert again.angles.tolist() == model.angles.tolist()


def test_training_and_evaluating_write_what_they_wrote(qpbae: Callable[..., Any]) -> None:
    sizes = ("--patch-size", 2, "--stride", 4, "--bottleneck", 1, "--train", 8, "--validation", 4, "--epochs", 2)
    result = qpbae("train", "--data", "textures:brick", *sizes, "--output", "run")
    assert result.status == 0, result.err
    for name in ("model.json", "train.json"):
        assert not list(lost(read(OLD / name), read(Path("run") / name)))
    options = ("--data", "textures:brick", "--test", 10, "--baselines", "dc_overlap,patch_pca")
    result = qpbae("evaluate", OLD / "model.json", *options, "--output", "evaluated")
    assert result.status == 0, result.err
    found = read(Path("evaluated/evaluate.json"))
    assert not list(lost(read(OLD / "evaluate.json"), found))
    assert Interval.from_json(found["metrics"]["auroc"]).bounded
    old_rows, rows = (
        list(csv.DictReader(path.read_text().splitlines()))
        for path in (OLD / "scores.csv", Path("evaluated/scores.csv"))
    )
    assert not list(lost({"rows": [dict(row) for row in old_rows]}, {"rows": [dict(row) for row in rows]}))


def test_a_study_goes_on_from_its_results(qpbae: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    shutil.copy(OLD / "results.jsonl", folder)
    shutil.copy(OLD / "study.toml", tmp_path)
    status = qpbae("study", "status", folder, "--json", "-").document
    assert status["data"]["brick"] == {"cells": 2, "done": 2, "failed": 0, "left": 0}
    assert qpbae("study", "table", folder, "--json", "-").document["tables"][0]["rows"]
    # The cells keep their ids, and computed again they give the same values.
    second = tmp_path / "again"
    for output, done in ((folder, 0), (second, 2)):
        document = qpbae(
            "study", "run", tmp_path / "study.toml", "--jobs", 0, "--output", output, "--json", "-"
        ).document
        assert (document["cells"], document["done"]) == (2, done)
    old, new = results(OLD / "results.jsonl"), results(second / "results.jsonl")
    assert len(old) == 2
    assert not list(lost(old, new))


def test_a_manifest_fits_its_circuit_and_keeps_its_keys(qpbae: Callable[..., Any]) -> None:
    old = read(OLD / "circuit.manifest.json")
    circuit = cirq.read_json(OLD / "circuit.json")
    placed = {tuple(place) for place in old["qubits"]["logical_to_physical"].values()}
    assert {(qubit.row, qubit.col) for qubit in circuit.all_qubits()} == placed
    options = ("--readout", "echo", "--preparation", "mps:2", "--export", "c.json", "--export", "c.qasm3")
    result = qpbae("compile", OLD / "model.json", *options, "--json", "compiled.json")
    assert result.status == 0, result.err
    new = read(Path("c.manifest.json"))
    assert new["schema"] == old["schema"]
    for entry in (old["files"], new["files"]):
        assert sorted(Path(name).suffix for name in entry) == [".json", ".qasm3"]
    for name, entry in new["files"].items():
        assert hashlib.sha256(Path(name).read_bytes()).hexdigest() == entry["sha256"]
    for key in ("specification", "angles", "readout", "preparation", "target"):
        assert not list(lost(old[key], new[key], key))
    del old["files"]
    assert not list(lost(old, new, numbers=False))
    # A compiler may find a better circuit, never another figure under an old name.
    was, found = read(OLD / "compile.json"), read(Path("compiled.json"))
    assert not list(lost(was, found, numbers=False))
    assert found["two_qubit_gates"] <= was["two_qubit_gates"]


@pytest.mark.parametrize("name", ["evaluate.json", "train.json"])
def test_the_comparison_sees_what_is_lost(name: str) -> None:
    document = read(OLD / name)
    assert not list(lost(document, document))
    changed = json.loads(json.dumps(document).replace("0.", "0.1", 1))
    assert list(lost(document, changed))
    key = next(key for key in document if key not in FREE)
    assert list(lost(document, {k: v for k, v in document.items() if k != key})) == [f".{key} is gone"]
