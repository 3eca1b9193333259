from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = "from qpbae_tn.cli.main import main; main()"


def qpbae(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, timeout=300)


def test_compile_tells_and_exports(tmp_path: Path) -> None:
    target = tmp_path / "program.json"
    result = qpbae("compile", "--bottleneck", "1", "--preparation", "none", "--export", str(target), "--json", "-")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
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
        (["--readout", "guess"], "latent"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments: list[str], words: str) -> None:
    result = qpbae("compile", *arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert words in result.stderr
