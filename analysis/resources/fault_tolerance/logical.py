"""Logical gates of one shot in Clifford + T, by closed formula.

Conventions, stated with every result: a CSWAP is one Toffoli gate between two CNOTs; a Toffoli gate is one |CCZ> state
(4 T gates where everything is written in T). A rotation is approximated by Clifford + T gates with
ceil(0.53 log2(1 / eps) + 5.3) T gates (mixed fallback; Kliuchnikov et al., arXiv:2203.10064, as in Beverland et al.,
arXiv:2211.07629), eps being the synthesis budget of a shot divided by its rotations. CNOT, CZ, H and RY(pi/2)
are Clifford gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources.formulas import preparation_rotations
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.model.blocks import BLOCK_KINDS, BlockKind

SYNTHESIS_BUDGET = 1e-3
"""Largest sum of the approximation errors of all rotations of a shot."""

T_PER_TOFFOLI = 4


@dataclass(frozen=True)
class LogicalCounts:
    """One shot of a literal circuit.

    Args:
        qubits: logical qubits.
        rotations: RY gates by angles that are not multiples of pi/2.
        toffolis: one for each CSWAP.
        rotation_error: eps of one rotation.
    """

    qubits: int
    rotations: int
    toffolis: int
    rotation_error: float

    @property
    def t_per_rotation(self) -> int:
        """T gates of one rotation."""
        return ceil(0.53 * log2(1 / self.rotation_error) + 5.3)

    @property
    def rotation_t_gates(self) -> int:
        """T gates of all rotations."""
        return self.rotations * self.t_per_rotation

    @property
    def total_t_gates(self) -> int:
        """T gates with every Toffoli gate written in T."""
        return self.rotation_t_gates + T_PER_TOFFOLI * self.toffolis


def logical_counts(
    patch_size: int,
    bottleneck: int,
    readout: str,
    preparation: str,
    *,
    kind: BlockKind = BLOCK_KINDS["ry"],
    layers: int = 1,
    budget: float = SYNTHESIS_BUDGET,
) -> LogicalCounts:
    """The counts of a staircase's literal circuit.

    Args:
        patch_size: P, a power of two.
        bottleneck: BD.
        readout: name.
        preparation: none, exact or mps:BOND; `InputError` for one whose length depends on the data.
        kind: of the blocks.
        layers: of the staircase.
        budget: of synthesis, see `SYNTHESIS_BUDGET`.
    """
    n = 2 * (patch_size.bit_length() - 1)
    coders = f.LITERAL_BY_STAGE
    blocks = sum(formulas[readout].value(n, bottleneck, layers, kind) for formulas in list(coders.values())[:2])
    model = blocks // kind.cnot_count * kind.parameter_count
    prepared = f.PREPARATIONS[readout] * preparation_rotations(parse_preparation(preparation), n)
    rotations = model + prepared
    return LogicalCounts(
        qubits=f.LITERAL_QUBITS[readout].value(n, bottleneck, layers, kind),
        rotations=rotations,
        toffolis=f.PAPER_GATES["cswap"][readout].value(n, bottleneck, layers, kind),
        rotation_error=budget / rotations,
    )
