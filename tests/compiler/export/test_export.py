from __future__ import annotations

import gzip
import hashlib
import json
import xml.etree.ElementTree
from functools import cache
from pathlib import Path

import cirq
import cirq_google
import numpy as np
import pytest
from cirq_google.api import v2

from qpbae_tn.compiler.circuits import generic_angles, generic_state
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.export.formats import FORMATS, format_of
from qpbae_tn.compiler.export.qsim_text import parse_qsim
from qpbae_tn.compiler.export.write import check_exports, export_program
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.compiler.targets.target import NativeGate
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification

TARGETS = [("willow_pink", None), ("weber", NativeGate.SYC), ("rainbow", NativeGate.SQRT_ISWAP)]


@cache
def program_for(target: str, native: NativeGate | None = None) -> CompiledProgram:
    specification = ModelSpecification.build(2, 2, 1, layers=2)
    angles = generic_angles(specification, 0)
    return compile_program(specification, angles, READOUTS["latent"], MpsPreparation(2), load_target(target, native))


def same_unitary(found: np.ndarray, program: CompiledProgram) -> None:
    gates = cirq.Circuit(op for op in program.bind().circuit.all_operations() if not cirq.is_measurement(op))
    expected = gates.unitary(qubit_order=sorted(program.circuit.all_qubits()))
    cirq.testing.assert_allclose_up_to_global_phase(found, expected, atol=1e-9)


@pytest.mark.parametrize(("target", "native"), TARGETS, ids=[target for target, _ in TARGETS])
def test_cirq_reads_its_json(target: str, native: NativeGate | None, tmp_path: Path) -> None:
    program = program_for(target, native)
    export_program(program, [tmp_path / "circuit.json", tmp_path / "circuit.json.gz"])
    assert cirq.read_json(tmp_path / "circuit.json") == program.bind().circuit
    assert cirq.read_json_gzip(tmp_path / "circuit.json.gz") == program.bind().circuit


@pytest.mark.parametrize(("target", "native"), TARGETS, ids=[target for target, _ in TARGETS])
def test_cirq_google_reads_program_and_sweep(target: str, native: NativeGate | None, tmp_path: Path) -> None:
    program = program_for(target, native)
    states = np.array([generic_state(program.specification, seed) for seed in range(3)])
    export_program(program, [tmp_path / "circuit.pb"], states=states)
    message = v2.program_pb2.Program.FromString((tmp_path / "circuit.pb").read_bytes())
    circuit = cirq_google.CIRCUIT_SERIALIZER.deserialize(message)
    # the protobufs hold single precision
    assert cirq.approx_eq(circuit, cirq.map_operations(program.circuit, lambda op, _: op.untagged), atol=1e-6)
    points = v2.sweep_from_proto(v2.run_context_pb2.Sweep.FromString((tmp_path / "circuit.sweep.pb").read_bytes()))
    for found, wanted in zip(points, program.sweep(states), strict=True):
        assert {str(k): v for k, v in found.param_dict.items()} == pytest.approx(
            {str(k): v for k, v in wanted.param_dict.items()}, abs=1e-6
        )
        resolved = cirq.resolve_parameters(circuit, found)
        program.target.device.validate_circuit(resolved)
        assert not cirq.is_parameterized(resolved)


@pytest.mark.parametrize(("target", "native"), TARGETS, ids=[target for target, _ in TARGETS])
@pytest.mark.parametrize("suffix", [".qasm", ".qasm3"])
def test_qiskit_reads_open_qasm(suffix: str, target: str, native: NativeGate | None, tmp_path: Path) -> None:
    pytest.importorskip("qiskit")
    pytest.importorskip("qiskit_qasm3_import")
    import qiskit.qasm2
    import qiskit.qasm3
    from qiskit.quantum_info import Operator

    program = program_for(target, native)
    path = tmp_path / f"circuit{suffix}"
    export_program(program, [path])
    read = qiskit.qasm2.load(path) if suffix == ".qasm" else qiskit.qasm3.load(str(path))
    wires = {bit: index for index, bit in enumerate(read.qubits)}
    bits = {bit: index for index, bit in enumerate(read.clbits)}
    measured = {bits[item.clbits[0]]: wires[item.qubits[0]] for item in read.data if item.operation.name == "measure"}
    order = sorted(program.circuit.all_qubits())
    assert [order[measured[bit]] for bit in range(len(measured))] == list(program.measured)
    names = read.count_ops()
    assert names[{"cz": "cz", "syc": "syc", "sqrt_iswap": "sqrt_iswap"}[program.target.native.value]] == (
        program.counts.two_qubit_gates
    )
    read.remove_final_measurements()
    same_unitary(Operator(read.reverse_bits()).data, program)


@pytest.mark.parametrize(("target", "native"), TARGETS, ids=[target for target, _ in TARGETS])
def test_our_parser_reads_the_qsim_text(target: str, native: NativeGate | None, tmp_path: Path) -> None:
    program = program_for(target, native)
    export_program(program, [tmp_path / "circuit.qsim"])
    text = (tmp_path / "circuit.qsim").read_text()
    read = parse_qsim(text)
    order = sorted(program.circuit.all_qubits())
    (measurement,) = (op for op in read.all_operations() if cirq.is_measurement(op))
    assert [order[qubit.x] for qubit in measurement.qubits] == list(program.measured)
    gates = cirq.Circuit(op for op in read.all_operations() if not cirq.is_measurement(op))
    same_unitary(gates.unitary(qubit_order=cirq.LineQubit.range(len(order))), program)
    assert "parser only" in FORMATS[".qsim"].name


@pytest.mark.parametrize(
    "text", ["", "two\n", "2\n0 warp 0\n", "2\n4 cz 0 1\n2 cz 0 1\n", "1\n0 cz 0 1\n", "1\n0 rxy 0 0.1\n", "1\n0\n"]
)
def test_broken_qsim_text_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a qsim circuit"):
        parse_qsim(text)


def test_diagrams_show_every_qubit(tmp_path: Path) -> None:
    program = program_for("willow_pink")
    export_program(program, [tmp_path / "circuit.svg", tmp_path / "circuit.txt"])
    svg = xml.etree.ElementTree.parse(tmp_path / "circuit.svg").getroot()
    drawn = "".join(svg.itertext())
    text = (tmp_path / "circuit.txt").read_text()
    assert svg.tag.endswith("svg")
    for qubit in program.circuit.all_qubits():
        place = f"({qubit.row}, {qubit.col})"
        assert place in drawn
        assert place in text
    assert text.count("@") == 2 * program.counts.two_qubit_gates


def test_the_manifest_is_enough_to_turn_bits_into_a_score(tmp_path: Path) -> None:
    program = program_for("willow_pink")
    written = export_program(program, [tmp_path / f"circuit{suffix}" for suffix in FORMATS])
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()}
    document = json.loads((tmp_path / "circuit.manifest.json").read_text())
    assert ModelSpecification.from_json(document["specification"]) == program.specification
    for name, entry in document["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == entry["sha256"]
    assert len(document["files"]) == len(FORMATS) + 1

    circuit = cirq.read_json(tmp_path / "circuit.json")
    result = cirq.Simulator(seed=1, dtype=np.complex128).run(circuit, repetitions=4000)
    bits = result.measurements[document["measurement"]["key"]]
    estimate = Estimator.from_json(document["score"]["estimator"]).estimate(bits)
    assert abs(estimate.value - document["verification"]["expected"]) < 5 * estimate.standard_error
    measured = next(op for op in circuit.all_operations() if cirq.is_measurement(op)).qubits
    assert [[qubit.row, qubit.col] for qubit in measured] == document["measurement"]["bits"]
    symbols = document["patches"][0]["symbols"]
    assert cirq.resolve_parameters(program.circuit, symbols) == circuit


def test_several_patches_keep_symbols(tmp_path: Path) -> None:
    program = program_for("willow_pink")
    states = np.array([generic_state(program.specification, seed) for seed in range(2)])
    export_program(program, [tmp_path / "all.json"], states=states)
    circuit = cirq.read_json(tmp_path / "all.json")
    assert cirq.parameter_names(circuit) == set(program.parameters.names)
    assert len(json.loads((tmp_path / "all.manifest.json").read_text())["patches"]) == 2
    with pytest.raises(InputError, match="one patch"):
        export_program(program, [tmp_path / "other.qasm"], states=states)
    assert not list(tmp_path.glob("other*"))


def test_equal_programs_give_equal_files(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export_program(program_for("willow_pink"), [tmp_path / name / f"circuit{suffix}" for suffix in FORMATS])
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    # matplotlib gives SVG elements no names here, so that all of it is the same
    assert contents[0] == contents[1]
    assert gzip.decompress(contents[0]["circuit.json.gz"]).decode() + "\n" == contents[0]["circuit.json"].decode()


def test_nothing_is_overwritten_or_left_half_done(tmp_path: Path) -> None:
    program = program_for("willow_pink")
    (tmp_path / "circuit.manifest.json").write_text("mine")
    with pytest.raises(InputError, match=r"manifest.json: exists already.*`force`"):
        export_program(program, [tmp_path / "circuit.json"])
    assert [path.name for path in tmp_path.iterdir()] == ["circuit.manifest.json"]
    export_program(program, [tmp_path / "circuit.json"], force=True)
    assert json.loads((tmp_path / "circuit.manifest.json").read_text())["readout"] == "latent"
    with pytest.raises(InputError, match="exists already"):
        check_exports([tmp_path / "circuit.json"])
    with pytest.raises(InputError, match="cannot be written"):
        check_exports([tmp_path / "missing" / "circuit.json"])


@pytest.mark.parametrize("name", ["circuit.pdf", "circuit", ".json"])
def test_an_unknown_format_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"unknown format.*\.qasm3"):
        format_of(Path(name))
