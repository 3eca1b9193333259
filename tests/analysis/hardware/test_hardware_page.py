from xml.etree import ElementTree

import pytest

from qpbae_tn.analysis.hardware.drawings import circuit_svg, grid_svg
from qpbae_tn.analysis.hardware.general_compiler import _paper_circuit, compare
from qpbae_tn.analysis.hardware.programs import compile_programs, program_row
from qpbae_tn.analysis.hardware.report import content
from qpbae_tn.compiler.circuits import generic_angles, generic_state, reconstruction_registers
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.model.specification import ModelSpecification


@pytest.fixture(scope="module")
def shown():
    return compile_programs(((4, 1),), ("latent", "ancilla"), MpsPreparation(2), load_target("willow_pink"))


def test_drawings_are_svg_that_names_every_qubit(shown):
    program = shown[0]
    svg = circuit_svg(program, "latent")
    ElementTree.fromstring(svg)
    for logical in program.qubit_map:
        assert str(logical) in svg
    ElementTree.fromstring(grid_svg({"latent": program}))
    assert svg == circuit_svg(program, "latent")


def test_rows_show_literal_beside_reduced(shown):
    rows = {(one.readout.name, one.literal): program_row(one) for one in shown}
    reduced, literal = (rows["ancilla", kind]["two_qubit_gates"]["native"] for kind in (False, True))
    assert reduced < literal
    assert rows["latent", False]["estimated_fidelity"] > rows["ancilla", True]["estimated_fidelity"]
    assert all(row["log"][-1]["two_qubit_gates"] == row["two_qubit_gates"]["native"] for row in rows.values())


def test_content_without_qiskit_says_nothing_of_it(shown):
    ours = [("latent", "exact", False)]
    compared = compare(((4, 1),), load_target("willow_pink"), 0, ours, general=False)
    bond = {"data": "textures", "patch_size": 4, "bottleneck": 1, "bond": "1", "median_fidelity": 0.99}
    document = {
        "rows": [program_row(one) for one in shown],
        "compared": list(compared),
        "bond_rows": [bond | {name: {"value": 0.9, "low": 0.8, "high": 0.95} for name in ("auroc", "aupro")}],
    }
    found = content(document)
    assert found.values["counts"] == {}
    assert list(found.tables["programs"]["CZ, native"]) == [r["two_qubit_gates"]["native"] for r in document["rows"]]
    assert {name for name in found.tables if name.startswith("log_")} == {"log_latent", "log_ancilla"}
    assert "Qiskit" not in found.figures["counts"].content


def test_the_paper_circuit_costs_a_general_compiler_more():
    pytest.importorskip("qiskit")
    compared = list(compare(((4, 1),), load_target("willow_pink")))
    ours = [row for row in compared if row["compiler"] == "qpbae_tn"]
    literal = {row["preparation"]: row["two_qubit_gates"] for row in ours if row["literal"]}
    compared = [row for row in compared if row["literal"] == (row["compiler"] == "qiskit")]
    counts = {(row["compiler"], row["readout"], row["preparation"]): row["two_qubit_gates"] for row in compared}
    assert counts["qpbae_tn", "ancilla", "none"] < literal["none"]
    assert counts["qpbae_tn", "latent", "exact"] == 18
    assert counts["qpbae_tn", "ancilla", "none"] < counts["qiskit", "ancilla", "none"]
    assert counts["qpbae_tn", "ancilla", "exact"] < counts["qiskit", "ancilla", "exact"]
    assert counts["qiskit", "ancilla", "none"] < counts["qiskit", "ancilla", "exact"]


def test_qiskit_is_given_the_paper_circuit():
    """The circuit before the transpiler, simulated by Qiskit: its <Z> is the model's fidelity."""
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    specification = ModelSpecification.build(2, 1, 1)
    circuit = _paper_circuit(specification, prepare=True, seed=3).remove_final_measurements(inplace=False)
    place = reconstruction_registers(specification).order.index(reconstruction_registers(specification).ancilla)
    zero, one = quantum_info.Statevector(circuit).probabilities([place])
    exact = ExactEngine().reconstruction_fidelity(
        specification, generic_angles(specification, 3), generic_state(specification, 3)[None]
    )
    assert zero - one == pytest.approx(exact[0], abs=1e-9)  # OpenQASM holds ten digits
