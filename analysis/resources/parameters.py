"""Nominal and effective parameters of a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from qpbae_tn.analysis.resources.formulas import has_depth_formula
from qpbae_tn.model.specification import ModelSpecification

MOST_QUBITS_FOR_RANK = 6
"""Past this the rank of the Jacobian takes too long for a row of a table."""


@dataclass(frozen=True)
class Parameters:
    """How many angles a model has, and how many directions of them training sees.

    Args:
        nominal: angles.
        effective: rank of the Jacobian of F_trash; None where it is not known.
        source: "formula" (n - BD for one layer of the paper's blocks), "counted" (the rank) or "not computed".
    """

    nominal: int
    effective: int | None
    source: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"nominal": self.nominal, "effective": self.effective, "effective_source": self.source}


@cache
def parameters(specification: ModelSpecification) -> Parameters:
    """The parameters of a staircase."""
    n, nominal = specification.qubit_count, specification.ansatz.parameter_count
    kind, layers = specification.ansatz.blocks[0].kind, len(specification.ansatz.blocks) // (n - 1)
    if has_depth_formula(layers, kind):
        return Parameters(nominal, specification.trash_count, "formula")
    if n > MOST_QUBITS_FOR_RANK:
        return Parameters(nominal, None, "not computed")
    from qpbae_tn.experiment.ceilings import effective_parameters

    return Parameters(nominal, effective_parameters(specification), "counted")
