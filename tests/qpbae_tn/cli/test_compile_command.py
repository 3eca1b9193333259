from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_compile_describes_and_exports(qpbae: Callable[..., Any], tmp_path: Path) -> None:
    target = tmp_path / "program.json"
    result = qpbae("compile", "--bottleneck", 1, "--preparation", "none", "--export", target, "--json", "-")
    assert result.status == 0, result.err
    document = result.document
    assert document["two_qubit_gates"] == 4
    assert document["swaps"] == 0
    assert document["verified"] is True
    keys = {"qubits", "two_qubit_depth", "depth", "duration_ns", "estimated_fidelity", "preparation_fidelity", "stages"}
    assert keys <= set(document)
    assert document["literal"]["two_qubit_gates"] == 7
    assert target.exists()
    assert (tmp_path / "program.manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--patch-size", "64", "--target", "rainbow", "--readout", "destructive"], "rainbow has 23"),
        (["--target", "nowhere"], "willow_pink"),
        (["--export", "circuit.xyz"], ".json"),
        (["--bond", "0"], "at least 1"),
        (["--preparation", "mps:0"], "--preparation: bond 0"),
        (["--export", "a.json", "--json", "a.json"], "written twice"),
        (["--export", "a.json", "--export", "./a.json"], "written twice"),
        (["--patch-size", "1024", "--readout", "destructive", "--target", "rainbow"], "use patches of 16 px or less"),
        (["--readout", "guess"], "latent"),
        (["--verify-by", "trust"], "--verify-by: unknown way to verify 'trust'; choose one of auto, quimb"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(refused: Callable[..., str], arguments: list[str], words: str) -> None:
    refused("compile", *arguments, words=words)


def test_a_program_is_verified_by_quimb(qpbae: Callable[..., Any]) -> None:
    result = qpbae("compile", "--readout", "ancilla", "--preparation", "exact", "--verify-by", "quimb", "--json", "-")
    assert result.status == 0, result.err
    found = result.document["verification"]
    assert found["method"].startswith("tensor network of ")
    assert found["difference"] < 1e-9


def test_notes_say_what_an_export_does_not_hold(qpbae: Callable[..., Any], tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("echo.pb", "echo.qasm")]
    exports = [word for file in files for word in ("--export", file)]
    result = qpbae("compile", "--preparation", "none", "--readout", "echo", "--symbolic", *exports)
    assert result.status == 0, result.err
    words = " ".join(result.out.split())
    assert "note: this circuit alone does not measure F: it holds no preparation" in words
    assert "inverse of that preparation has to follow before the measurement" in words
    assert "note: echo.qasm: with the numbers of one patch and model" in words
    document = json.loads((tmp_path / "echo.manifest.json").read_text())
    assert document["missing"]["note"] in words
    assert len(document["missing"]["inputs"][0]) == len(document["missing"]["outputs"][0]) == 4

    result = qpbae("compile", "--preparation", "mps:2", "--json", "-")
    assert result.document["notes"] == []
    assert "note:" not in result.err
