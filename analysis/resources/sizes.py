"""Sizes of literal and reduced circuits, preparation included: by formula, and by counting where that is affordable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources.circuits import count_whole, literal_program, reduced_program
from qpbae_tn.analysis.resources.preparation_formulas import preparation_gates
from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.preparation.names import parse_preparation
from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True)
class Size:
    """The size of a circuit in RY and CZ, before placement.

    Args:
        source: "formula" or "counted"; where a circuit is counted, the formulas are held against it.
        qubits: their number.
        measured: how many of them are measured.
        by_stage: two-qubit gates of each stage.
        two_qubit_depth: layers of two-qubit gates; None where it is not counted and no formula is known.
    """

    source: str
    qubits: int
    measured: int
    by_stage: dict[Stage, int]
    two_qubit_depth: int | None

    @property
    def two_qubit_gates(self) -> int:
        """All of them."""
        return sum(self.by_stage.values())

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "source": self.source,
            "qubits": self.qubits,
            "measured": self.measured,
            "two_qubit_gates": self.two_qubit_gates,
            "two_qubit_depth": self.two_qubit_depth,
            "by_stage": {stage.value: gates for stage, gates in self.by_stage.items()},
        }


class FormulaError(AssertionError):
    """A closed formula does not agree with the counted circuit: a defect of this package."""


def formula_size(specification: ModelSpecification, readout: str, preparation: str, *, reduced: bool) -> Size:
    """The size by closed formula; raises `InputError` for a preparation without one."""
    n, bottleneck = specification.qubit_count, specification.bottleneck
    kind, layers = specification.ansatz.blocks[0].kind, len(specification.ansatz.blocks) // (n - 1)

    def value(formula: f.Formula) -> int:
        return formula.value(n, bottleneck, layers, kind)

    stages = f.REDUCED_BY_STAGE if reduced else f.LITERAL_BY_STAGE
    depths = f.REDUCED_DEPTH_ONE_LAYER if reduced else f.LITERAL_DEPTH_ONE_LAYER
    prepared = f.PREPARATIONS[readout] * preparation_gates(parse_preparation(preparation), n)
    known = f.has_depth_formula(layers, kind) and prepared == 0
    return Size(
        source="formula",
        qubits=value((f.REDUCED_QUBITS if reduced else f.LITERAL_QUBITS)[readout]),
        measured=value((f.REDUCED_MEASURED if reduced else f.LITERAL_MEASURED)[readout]),
        by_stage={Stage.PREPARATION: prepared} | {stage: value(of[readout]) for stage, of in stages.items()},
        two_qubit_depth=value(depths[readout]) if known else None,
    )


@cache
def counted_size(specification: ModelSpecification, readout: str, preparation: str, *, reduced: bool) -> Size:
    """The size of the circuit itself.

    Raises:
        InputError: a preparation that cannot be built, or has no closed formula.
        FormulaError: the formula gives something else.
    """
    program = (reduced_program if reduced else literal_program)(specification, readout)
    counts, by_stage = count_whole(program, parse_preparation(preparation))
    size = Size("counted", counts.qubits, len(program.measured), by_stage, counts.two_qubit_depth)
    expected = formula_size(specification, readout, preparation, reduced=reduced)
    if (size.qubits, size.measured, size.by_stage) != (expected.qubits, expected.measured, expected.by_stage):
        raise FormulaError(f"{readout}, {preparation}: formula {expected}, counted {size}")
    return size
