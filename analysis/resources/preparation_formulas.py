"""Closed formulas for state preparation; only preparations whose length does not depend on the data have one."""

from __future__ import annotations

import sympy

from qpbae_tn.analysis.resources.formulas import Formula, N
from qpbae_tn.compiler.preparation.exact import LINE_CZ, ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation
from qpbae_tn.errors import InputError

MPS_BOND_2 = Formula("mps:2", 2 * N - 3)
"""Two-qubit gates of a bond-2 matrix product state; a bond K takes min(ceil(log2 K), n // 2) layers of them."""

MPS_BOND_2_DEPTH = Formula("mps:2", sympy.Max(1, N - 1))
"""Two-qubit depth of it, grown from the centre to both sides."""

EXACT = Formula("exact", 2**N - N - 1)
"""Two-qubit gates of the exact preparation past n = 8: linear in the pixels N_P = 2^n. Up to n = 8: `LINE_CZ`."""


def preparation_gates(preparation: Preparation, qubits: int) -> int:
    """Two-qubit gates of one preparation of n qubits.

    Raises:
        InputError: a preparation whose length depends on the data.
    """
    match preparation:
        case NoPreparation():
            return 0
        case ExactPreparation():
            return LINE_CZ.get(qubits, (1 << qubits) - qubits - 1)
        case MpsPreparation():
            return preparation.layers(qubits) * (2 * qubits - 3)
    raise data_dependent(preparation)


def preparation_rotations(preparation: Preparation, qubits: int) -> int:
    """RY gates of one preparation of n qubits; raises `InputError` as `preparation_gates`."""
    if isinstance(preparation, NoPreparation):
        return 0
    if isinstance(preparation, ExactPreparation) and qubits not in LINE_CZ:
        return (1 << qubits) - 1
    return qubits + 2 * preparation_gates(preparation, qubits)


def data_dependent(preparation: Preparation) -> InputError:
    """The error for a preparation without a closed formula."""
    return InputError(
        f"the length of preparation {preparation.name} depends on the patches",
        where="preparation",
        remedy="give none, exact or mps:BOND",
    )
