"""What a manifest has to say so that its files give the score that it promises."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import cirq
import numpy as np
import pytest

from qpbae_tn.compiler.circuits import generic_angles
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.export.formats import missing_note
from qpbae_tn.compiler.export.write import check_exports, export_program, holds_numbers
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification


@cache
def program_of(readout: str, prepared: bool, symbolic: bool = False, literal: bool = False) -> CompiledProgram:
    specification = ModelSpecification.build(4, bottleneck=1)
    return compile_program(
        specification,
        None if symbolic else generic_angles(specification, 0),
        READOUTS[readout],
        MpsPreparation(2) if prepared else NoPreparation(),
        load_target("willow_pink"),
        literal=literal,
    )


def exported(program: CompiledProgram, folder: Path, *names: str) -> dict[str, Any]:
    angles = generic_angles(program.specification, 0) if program.angles is None else None
    export_program(program, [folder / name for name in names], angles=angles)
    document: dict[str, Any] = json.loads((folder / "circuit.manifest.json").read_text())
    return document


def score_from_files(document: dict[str, Any], circuit: cirq.Circuit) -> float:
    """The mean of a shot, by what circuit and manifest say alone."""
    missing = document["missing"]
    circuit = cirq.resolve_parameters(circuit, document["patches"][0]["symbols"])
    patch = np.array(missing["patch"])
    registers = [[cirq.GridQubit(*place) for place in register] for register in missing["inputs"]]
    held = [qubit for register in registers for qubit in register]
    others = sorted(circuit.all_qubits() - set(held))
    start = np.ones(1)
    for _ in registers:
        start = np.kron(start, patch)
    start = np.kron(start, np.eye(1, 2 ** len(others))[0])
    gates = cirq.Circuit(op for op in circuit.all_operations() if not cirq.is_measurement(op))
    state = cirq.Simulator(dtype=np.complex128).simulate(
        gates, qubit_order=[*held, *others], initial_state=start.astype(complex)
    )
    tensor = state.final_state_vector.reshape((2,) * (len(held) + len(others)))
    order = [*held, *others]
    bits = [cirq.GridQubit(*place) for place in document["measurement"]["bits"]]
    for places in missing["outputs"]:
        register = [cirq.GridQubit(*place) for place in places]
        tensor = np.moveaxis(tensor, [order.index(q) for q in register], range(len(register)))
        order = [*register, *(q for q in order if q not in register)]
        undone = np.linalg.qr(np.column_stack([patch, np.eye(len(patch))[:, 1:]]))[0].T
        tensor = np.tensordot(undone, tensor.reshape(len(patch), -1), 1).reshape(tensor.shape)
    tensor = np.moveaxis(tensor, [order.index(q) for q in bits], range(len(bits)))
    probabilities = (np.abs(tensor) ** 2).reshape(2 ** len(bits), -1).sum(axis=1)
    return Estimator.from_json(document["score"]["estimator"]).expectation(probabilities)


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize("readout", ["latent", "echo", "destructive", "direct", "ancilla_training"])
def test_without_preparation_the_manifest_says_what_is_missing(
    readout: str, symbolic: bool, literal: bool, tmp_path: Path
) -> None:
    program = program_of(readout, False, symbolic, literal)
    document = exported(program, tmp_path, "circuit.json")
    missing = document["missing"]
    assert missing["note"] == missing_note(program)
    quantity = document["score"]["quantity"]
    assert f"this circuit alone does not measure {quantity}: it holds no preparation" in missing["note"]
    assert ("inverse" in missing["note"]) is (readout == "echo") is bool(missing["outputs"])
    assert missing["score"] == document["verification"]["expected"]
    circuit = cirq.read_json(tmp_path / "circuit.json")
    assert cirq.is_parameterized(circuit) is symbolic
    assert score_from_files(document, circuit) == pytest.approx(missing["score"], abs=1e-9)


def test_with_a_preparation_nothing_is_missing(tmp_path: Path) -> None:
    program = program_of("latent", True)
    assert missing_note(program) is None
    assert "missing" not in exported(program, tmp_path, "circuit.json")


@pytest.mark.parametrize("prepared", [False, True])
def test_the_map_from_angles_to_symbols_is_written(prepared: bool, tmp_path: Path) -> None:
    program = program_of("echo", prepared, symbolic=True)
    document = exported(program, tmp_path, "circuit.json")
    angles = generic_angles(program.specification, 0)
    values, _ = program.fit(program.state[None], angles)
    table = document["parameters"]
    assert table["angles"][: len(angles)] == [f"t{index}" for index in range(len(angles))]
    known = dict(zip(table["angles"], values[0], strict=True))
    for symbol, value in document["patches"][0]["symbols"].items():
        row = table["symbols"][symbol]
        found = row["constant_half_turns"]
        found += sum(known[name] * factor for name, factor in row["half_turns_per_radian"].items())
        assert abs((found - value + 1) % 2 - 1) < 1e-9
    assert set(table["symbols"]) == set(program.parameters.names)


def test_files_with_numbers_are_named(tmp_path: Path) -> None:
    names = ("circuit.json", "circuit.pb", "circuit.qasm", "circuit.qsim")
    program = program_of("latent", True, symbolic=True)
    document = exported(program, tmp_path, *names)
    kinds = {name: file["angles"] for name, file in document["files"].items()}
    assert kinds == {
        "circuit.json": "symbols",
        "circuit.pb": "symbols",
        "circuit.sweep.pb": "values of the symbols",
        "circuit.qasm": "numbers of one patch and model",
        "circuit.qsim": "numbers of one patch and model",
    }
    paths = [tmp_path / name for name in names]
    assert [path.name for path in holds_numbers(program, paths)] == ["circuit.qasm", "circuit.qsim"]
    assert holds_numbers(program_of("latent", False), paths) == ()


@pytest.mark.parametrize(
    ("names", "json_target"),
    [
        (["a.json", "a.json"], None),
        (["a.json", "b/../a.json"], None),
        (["a.json"], "a.json"),
        (["a.json"], "a.manifest.json"),
        (["a.pb", "a.sweep.pb"], None),
        (["a.manifest.json", "a.qasm"], None),
    ],
)
def test_no_file_is_written_twice(names: list[str], json_target: str | None, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    target = None if json_target is None else str(tmp_path / json_target)
    with pytest.raises(InputError, match="written twice"):
        check_exports([tmp_path / name for name in names], json_target=target)
    check_exports([tmp_path / "a.json", tmp_path / "a.qasm", tmp_path / "b" / "a.json"], json_target="-")
