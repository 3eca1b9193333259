"""The closed formulas as one document: text and LaTeX, for printing, JSON and the report."""

from __future__ import annotations

from dataclasses import dataclass

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.compiler.preparation.exact import LINE_CZ

LEGEND = (
    "n = log2(P^2) qubits, BD latent qubits, L layers; a block has c CNOTs and a angles (ry: c = 1, a = 2; so4: c = 2, "
    "a = 6); z = 1 where a block ends with its one CNOT (ry), else 0. Staircases with trash first, no preparation."
)


@dataclass(frozen=True)
class FormulaGroup:
    """Formulas of one quantity.

    Args:
        name: key in documents.
        title: what they count, in words.
        formulas: by readout, or by preparation.
    """

    name: str
    title: str
    formulas: f.Formulas


GROUPS: tuple[FormulaGroup, ...] = (
    FormulaGroup("literal_qubits", "qubits, literal", f.LITERAL_QUBITS),
    FormulaGroup("reduced_qubits", "qubits, reduced", f.REDUCED_QUBITS),
    FormulaGroup("literal_two_qubit_gates", "two-qubit gates, literal", f.LITERAL_TWO_QUBIT_GATES),
    FormulaGroup("reduced_two_qubit_gates", "two-qubit gates, reduced", f.REDUCED_TWO_QUBIT_GATES),
    FormulaGroup(
        "literal_depth",
        "two-qubit depth, literal, one layer of ry, gates in their given order (CZ that commute can be moved to less)",
        f.LITERAL_DEPTH_ONE_LAYER,
    ),
    FormulaGroup("reduced_depth", "two-qubit depth, reduced, one layer of ry", f.REDUCED_DEPTH_ONE_LAYER),
    FormulaGroup("rotations", "RY gates as drawn", f.PAPER_GATES["rotation"]),
    FormulaGroup("cnots", "CNOT gates as drawn", f.PAPER_GATES["cnot"]),
    FormulaGroup("cswaps", "CSWAP gates as drawn", f.PAPER_GATES["cswap"]),
    FormulaGroup("parameters", "parameters", {"nominal": f.PARAMETERS}),
    FormulaGroup(
        "effective_parameters", "effective parameters, one layer of ry", {"": f.EFFECTIVE_PARAMETERS_ONE_LAYER}
    ),
    FormulaGroup(
        "preparation",
        "two-qubit gates of one preparation; exact: "
        + ", ".join(f"{gates} at n={n}" for n, gates in LINE_CZ.items() if n % 2 == 0)
        + ", and from n=8 on",
        {"mps:2": f.MPS_BOND_2, "exact": f.EXACT},
    ),
    FormulaGroup("preparation_depth", "two-qubit depth of one preparation", {"mps:2": f.MPS_BOND_2_DEPTH}),
)


def formula_document() -> dict[str, object]:
    """The formulas as JSON values."""
    return {
        "legend": LEGEND,
        **{
            group.name: {
                name: {"text": formula.text, "latex": formula.latex} for name, formula in group.formulas.items()
            }
            for group in GROUPS
        },
    }
