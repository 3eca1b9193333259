"""Rows of `qpbae estimate` against the compiler's own price, and what they say of cells that do not fit."""

from __future__ import annotations

import json

import pytest

from qpbae_tn.analysis.resources.configuration import Assumptions, Cell, Effort, Grid, Placing
from qpbae_tn.analysis.resources.estimate import Row, estimate, estimate_cell
from qpbae_tn.compiler.circuits import generic_angles
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.readouts import get_readout, one_shot_variance
from qpbae_tn.compiler.targets.devices import load_target

ALL = Effort(count_limit=200, placing=Placing.ALL)


def _cell(size: int, readout: str, preparation: str = "mps:2", target: str = "willow_pink", **others: int) -> Cell:
    bottleneck = others.get("bottleneck", 1)
    return Cell(size, bottleneck, 1, "ry", readout, preparation, target, image_size=max(32, size))


def _row(cell: Cell, effort: Effort = ALL) -> Row:
    return estimate_cell(cell, Assumptions(), effort)


@pytest.mark.parametrize(("readout", "target"), [("latent", "willow_pink"), ("ancilla", "rainbow")])
def test_placed_figures_are_those_of_the_compiler(readout: str, target: str) -> None:
    cell = _cell(4 if readout == "latent" else 2, readout, target=target)
    specification = cell.specification()
    program = compile_program(
        specification,
        generic_angles(specification, 0),
        get_readout(readout),
        parse_preparation("mps:2"),
        load_target(target),
    )
    row = _row(cell)
    assert row["fits"] is True
    assert row["placed"]["two_qubit_gates"] == program.price.two_qubit_gates
    assert row["placed"]["one_qubit_gates"] == program.price.one_qubit_gates
    assert row["placed"]["duration_ns"] == pytest.approx(program.price.duration_ns)
    assert row["placed"]["fidelity"] == pytest.approx(program.price.estimated_fidelity)
    assert row["literal"]["two_qubit_gates"] == program.literal_counts.two_qubit_gates


def test_routes_agree_where_they_can() -> None:
    for target in ("willow_pink", "weber"):
        cell = _cell(4, "destructive", target=target)
        formula = _row(cell, Effort(count_limit=0, placing=Placing.NONE))
        counted = _row(cell, Effort(count_limit=200, placing=Placing.NONE))
        placed = _row(cell)
        assert [row["native"]["source"] for row in (formula, counted)] == ["formula", "counted"]
        assert formula["native"]["two_qubit_gates"] == counted["native"]["two_qubit_gates"]
        assert counted["native"]["two_qubit_gates"] == placed["placed"]["two_qubit_gates"]
        assert counted["native"]["duration_ns"] == placed["placed"]["duration_ns"]
        if target == "willow_pink":
            assert formula["native"]["one_qubit_gates"] >= counted["native"]["one_qubit_gates"]
        assert formula["reduced"] == {**counted["reduced"], "source": "formula", "two_qubit_depth": None}
        budget = counted["native"]["fidelity_budget"]
        product = 1.0
        for share in budget.values():
            product *= share
        assert product == pytest.approx(counted["native"]["fidelity"])


def test_light_cone_takes_preparation_gates_of_direct() -> None:
    row = _row(_cell(8, "direct", bottleneck=2))
    assert row["native"]["two_qubit_gates"] < row["reduced"]["two_qubit_gates"]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (_cell(2, "latent", bottleneck=2), "bottleneck 2"),
        (_cell(1024, "ancilla", target="weber"), "53"),
        (_cell(1024, "direct", "exact"), "us"),
    ],
)
def test_cells_that_do_not_fit_say_why(cell: Cell, words: str) -> None:
    row = _row(cell, Effort())
    assert row["fits"] is False
    assert words in row["reason"]


def test_unknown_places_are_not_called_fitting() -> None:
    row = _row(_cell(8, "destructive"), Effort(placing=Placing.NONE))
    assert row["fits"] is None
    assert row["placed"] is None
    assert "`placing`" in row["reason"]


def test_shots_and_training() -> None:
    assumptions = Assumptions(standard_error=0.02, trash_fidelity=0.9, fidelity=0.8, epochs=2, training_images=3)
    row = estimate_cell(_cell(4, "latent"), assumptions, Effort(placing=Placing.NONE))
    variance = float(one_shot_variance(get_readout("latent"), 0.9, 0.8))
    image, training = row["image"], row["training"]
    assert image["patches"] == 29**2
    assert image["shots_per_patch"] == pytest.approx(variance / 0.02**2, abs=1)
    assert image["shots"] == image["patches"] * image["shots_per_patch"]
    assert training["readout"] == "direct"
    assert training["nominal"]["circuits"] == 2 * 3 * 29**2 * (2 * row["parameters"]["nominal"] + 1)
    assert training["effective"]["circuits"] == 2 * 3 * 29**2 * (2 * 3 + 1)


def test_a_grid_in_one_go() -> None:
    grid = Grid((2, 16, 256), (1,), (1, 2), ("ry", "so4"), ("latent", "ancilla_training"), ("none",), ("weber",))
    rows = estimate(grid.cells(), Assumptions(), Effort(count_limit=20, placing=Placing.SMALL))
    assert len(rows) == len(list(grid.cells())) == 24
    json.dumps(rows, allow_nan=False)
    assert {row["native"]["source"] for row in rows} == {"formula", "counted"}
    assert all(row["reason"] for row in rows if row["fits"] is not True)
