"""Reductions: named steps, each proved in its module's docstring, that make a readout's circuit smaller."""

from qpbae_tn.compiler.reductions.ancilla_a_pair import ANCILLA_A_PAIR
from qpbae_tn.compiler.reductions.cancel_inverses import CANCEL_INVERSES
from qpbae_tn.compiler.reductions.common_latent_gates import COMMON_LATENT_GATES
from qpbae_tn.compiler.reductions.light_cone import LIGHT_CONE
from qpbae_tn.compiler.reductions.log import apply_reductions, count_logical
from qpbae_tn.compiler.reductions.projected_controls import PROJECTED_CONTROLS
from qpbae_tn.compiler.reductions.relabel_reset import RELABEL_RESET
from qpbae_tn.compiler.reductions.step import Reduction
from qpbae_tn.compiler.reductions.zero_controls import ZERO_CONTROLS

LITERAL: tuple[Reduction, ...] = (RELABEL_RESET,)
"""What even the literal circuit gets: hardware has no gate for a change of names."""

REDUCTIONS: tuple[Reduction, ...] = (
    ANCILLA_A_PAIR,
    CANCEL_INVERSES,
    COMMON_LATENT_GATES,
    PROJECTED_CONTROLS,
    ZERO_CONTROLS,
    LIGHT_CONE,
)
"""The order matters: equal gates drop before one side of them is reduced, and the light cone comes last."""

ALL: tuple[Reduction, ...] = (*LITERAL, *REDUCTIONS)
"""All steps, in order."""

__all__ = [
    "ALL",
    "ANCILLA_A_PAIR",
    "CANCEL_INVERSES",
    "COMMON_LATENT_GATES",
    "LIGHT_CONE",
    "LITERAL",
    "PROJECTED_CONTROLS",
    "REDUCTIONS",
    "RELABEL_RESET",
    "Reduction",
    "ZERO_CONTROLS",
    "apply_reductions",
    "count_logical",
]
