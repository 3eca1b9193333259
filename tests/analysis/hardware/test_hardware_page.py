from xml.etree import ElementTree

import pytest

from qpbae_tn.analysis.hardware.drawings import circuit_svg, grid_svg
from qpbae_tn.analysis.hardware.programs import compile_shown
from qpbae_tn.analysis.hardware.report import page
from qpbae_tn.analysis.reports.report import ReportOptions
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.targets import load_target


@pytest.fixture(scope="module")
def shown():
    return compile_shown(((4, 1),), ("latent", "ancilla"), MpsPreparation(2), load_target("willow_pink"))


def test_drawings_are_svg_that_names_every_qubit(shown):
    program = shown[0].program
    svg = circuit_svg(program, "latent")
    ElementTree.fromstring(svg)
    for logical in program.qubit_map:
        assert str(logical) in svg
    ElementTree.fromstring(grid_svg({"latent": program}))
    assert svg == circuit_svg(program, "latent")


def test_page_shows_literal_beside_reduced(shown):
    made = page(shown, ReportOptions())
    rows = {(row["readout"], row["literal_circuit"]): row for row in made.document["rows"]}
    reduced, literal = (rows["ancilla", kind]["two_qubit_gates"]["native"] for kind in (False, True))
    assert reduced < literal
    assert rows["latent", False]["estimated_fidelity"] > rows["ancilla", True]["estimated_fidelity"]
    assert all(row["log"][-1]["two_qubit_gates"] == row["two_qubit_gates"]["native"] for row in rows.values())
