"""Closed formulas and counted circuits are two routes to the same numbers."""

from __future__ import annotations

from collections import Counter

import cirq
import pytest

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources.estimate import paper_gates
from qpbae_tn.analysis.resources.formula_document import formula_document
from qpbae_tn.analysis.resources.formulas import (
    MPS_BOND_2,
    MPS_BOND_2_DEPTH,
    preparation_gates,
    preparation_rotations,
)
from qpbae_tn.analysis.resources.sizes import (
    counted_size,
    drawn_program,
    formula_size,
    logical_program,
    simplified_program,
)
from qpbae_tn.compiler.gates import count
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import RY, SO4, BlockKind
from qpbae_tn.model.specification import ModelSpecification

READOUT_NAMES = tuple(READOUTS)


def _specification(patch_size: int, bottleneck: int, kind: BlockKind, layers: int) -> ModelSpecification:
    return ModelSpecification.build(patch_size, 1, bottleneck, kind=kind, layers=layers)


def _grid() -> list[ModelSpecification]:
    """Both block kinds, one to three layers, P up to 16, latent registers from the smallest to the largest."""
    cells = []
    for size in (2, 4, 8, 16):
        n = 2 * (size.bit_length() - 1)
        wanted = {1, 2, 3, n - 1} if size < 16 else {1, 3}
        for bottleneck in sorted(wanted & set(range(1, n))):
            for kind in (RY, SO4):
                cells += [_specification(size, bottleneck, kind, layers) for layers in ((1, 2) if size > 4 else (1, 3))]
    return cells


@pytest.mark.parametrize("readout", READOUT_NAMES)
def test_formula_and_count_agree(readout: str) -> None:
    for specification in _grid():
        for reduced in (False, True):
            # raises FormulaError where they differ in qubits, measured qubits or the gates of a stage
            size = counted_size(specification, readout, "none", reduced=reduced)
            formula = formula_size(specification, readout, "none", reduced=reduced)
            assert formula.two_qubit_gates == size.two_qubit_gates
            if formula.two_qubit_depth is not None:
                assert formula.two_qubit_depth == size.two_qubit_depth
        assert _gate_kinds(specification, readout) == paper_gates(specification, readout)


def _gate_kinds(specification: ModelSpecification, readout: str) -> dict[str, int]:
    """Gates of the circuit as the paper draws it, by kind."""
    names = {cirq.CNOT: "cnot", cirq.H: "hadamard", cirq.SWAP: "swap", cirq.CSWAP: "cswap"}
    gates = [op.gate for op in drawn_program(specification, readout).operations]
    kinds = Counter("rotation" if isinstance(gate, cirq.Ry) else names[gate] for gate in gates)
    return {kind: kinds[kind] for kind in ("rotation", *names.values())}


@pytest.mark.parametrize("readout", READOUT_NAMES)
@pytest.mark.parametrize("preparation", ["exact", "mps:2", "mps:4"])
def test_formula_and_count_agree_with_preparation(readout: str, preparation: str) -> None:
    sizes = (2, 4, 8) if preparation == "exact" else (2, 4, 16)
    for size in sizes:
        counted_size(_specification(size, 1, RY, 1), readout, preparation, reduced=True)
        counted_size(_specification(size, 1, RY, 1), readout, preparation, reduced=False)


@pytest.mark.parametrize("name", ["none", "exact", "mps:1", "mps:2", "mps:3", "mps:8", "mps:64"])
def test_preparation_formulas(name: str) -> None:
    preparation = parse_preparation(name)
    for n in (2, 4, 6, 8, 10):
        template = preparation.template(n)
        assert template.two_qubit_gates == preparation_gates(preparation, n)
        assert template.parameter_count == preparation_rotations(preparation, n)


def test_preparation_depth_and_symbols() -> None:
    for n in (2, 4, 8, 12):
        circuit = parse_preparation("mps:2").template(n).circuit(cirq.LineQubit.range(n))
        assert count(circuit).two_qubit_depth == MPS_BOND_2_DEPTH.value(n, 1, 1, RY)
        assert count(circuit).two_qubit_gates == MPS_BOND_2.value(n, 1, 1, RY)


def test_a_length_that_depends_on_the_data_has_no_formula() -> None:
    with pytest.raises(InputError, match="depends on the patches"):
        preparation_gates(parse_preparation("mps:0.99"), 6)


def test_parameters_are_those_of_the_paper() -> None:
    for specification in _grid():
        kind, layers = (
            specification.ansatz.blocks[0].kind,
            len(specification.ansatz.blocks) // (specification.qubit_count - 1),
        )
        value = f.PARAMETERS.value(specification.qubit_count, specification.bottleneck, layers, kind)
        assert value == specification.ansatz.parameter_count
    for size in (4, 64, 1024):  # 2 (log2 N_P - 1)
        n = 2 * (size.bit_length() - 1)
        assert f.PARAMETERS.value(n, 1, 1, RY) == 2 * (n - 1)


@pytest.mark.parametrize("readout", READOUT_NAMES)
def test_the_compilers_rules_find_nothing_more_without_preparation(readout: str) -> None:
    for size, bottleneck in ((4, 1), (8, 2)):
        specification = _specification(size, bottleneck, RY, 1)
        reduced = logical_program(specification, readout, reduced=True).counts()
        assert simplified_program(specification, readout, "none").counts().two_qubit_gates == reduced.two_qubit_gates


def test_the_reset_is_no_gate() -> None:
    specification = _specification(8, 2, RY, 1)
    drawn = drawn_program(specification, "destructive").counts()
    literal = logical_program(specification, "destructive", reduced=False).counts()
    assert drawn.two_qubit_gates - literal.two_qubit_gates == 3 * specification.trash_count


def test_the_document_holds_text_and_latex() -> None:
    document = formula_document()
    entry = document["reduced_qubits"]["ancilla"]  # type: ignore[index]
    assert entry == {"text": "-BD + 4*n", "latex": "- B_D + 4 n"}
