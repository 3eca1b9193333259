"""The fault-tolerance table: patches from 4 to 1024, readouts and preparations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from qpbae_tn.analysis.resources.fault_tolerance.logical import SYNTHESIS_BUDGET, T_PER_TOFFOLI, logical_counts
from qpbae_tn.analysis.resources.fault_tolerance.physical import (
    CYCLE_TIME_US,
    ERROR_BUDGET,
    PHYSICAL_ERROR,
    has_qualtran,
    physical_cost,
)

PATCH_SIZES = (4, 8, 16, 32, 64, 128, 256, 512, 1024)
READOUTS = ("ancilla", "latent")
PREPARATIONS = ("mps:2", "exact")


def fault_tolerance(bottleneck: int = 1) -> dict[str, Any]:
    """One layer of the paper's blocks.

    Args:
        bottleneck: BD.

    Returns:
        JSON document: the assumptions, and `rows` with logical and, where Qualtran is installed, physical figures.
    """
    rows = []
    for preparation in PREPARATIONS:
        for readout in READOUTS:
            for size in PATCH_SIZES:
                counts = logical_counts(size, bottleneck, readout, preparation)
                rows.append(
                    {
                        "patch_size": size,
                        "bottleneck": bottleneck,
                        "readout": readout,
                        "preparation": preparation,
                        **asdict(counts),
                        "t_per_rotation": counts.t_per_rotation,
                        "total_t_gates": counts.total_t_gates,
                        "physical": asdict(physical_cost(counts)) if has_qualtran() else None,
                    }
                )
    return {
        "assumptions": {
            "synthesis_budget": SYNTHESIS_BUDGET,
            "t_per_toffoli": T_PER_TOFFOLI,
            "toffolis_per_cswap": 1,
            "physical_error": PHYSICAL_ERROR,
            "cycle_time_us": CYCLE_TIME_US,
            "error_budget": ERROR_BUDGET,
            "model": "Qualtran, Gidney and Fowler (arXiv:1812.01238), grid search for the least qubit-hours",
        },
        "rows": rows,
    }
