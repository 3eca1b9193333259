"""Lowering of real circuits to native gates, with a log in which every pass is checked."""

from qpbae_tn.compiler.lowering.equivalence import (
    Check,
    Reference,
    VerificationError,
    measured_distribution,
)
from qpbae_tn.compiler.lowering.lower import Lowered, lower, simplify
from qpbae_tn.compiler.lowering.native import scheduled, to_native
from qpbae_tn.compiler.lowering.real_program import Cz, RealProgram, Ry
from qpbae_tn.compiler.lowering.records import StageRecord
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES, ROUTED_LITERAL_RULES, Rule
from qpbae_tn.compiler.lowering.runs import merge_runs

__all__ = [
    "ALL_RULES",
    "Check",
    "Cz",
    "LITERAL_RULES",
    "Lowered",
    "ROUTED_LITERAL_RULES",
    "RealProgram",
    "Reference",
    "Rule",
    "Ry",
    "StageRecord",
    "VerificationError",
    "lower",
    "measured_distribution",
    "merge_runs",
    "scheduled",
    "simplify",
    "to_native",
]
