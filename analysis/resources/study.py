"""The estimates behind the page `resources`: a wide grid by formula and count, a small one placed on processors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qpbae_tn.analysis.fault_tolerance.study import fault_tolerance
from qpbae_tn.analysis.resources.configuration import Assumptions, Effort, Grid, Placing
from qpbae_tn.analysis.resources.estimate import estimate
from qpbae_tn.analysis.resources.formula_document import formula_document
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.compiler.targets.devices import known_targets

PATCH_SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
PLACED_SIZES = (4, 8)
PREPARATIONS = ("none", "mps:2", "exact")
READOUT_NAMES = ("latent", "destructive", "echo", "ancilla", "direct", "ancilla_training")


def run_study(seed: int = 0, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All rows.

    Args:
        seed: of the checks of routed circuits.
        progress: told what is being worked on.

    Returns:
        JSON document: `assumptions`, `rows` (P = 2 to 1024 on willow_pink), `placed_rows` (P = 4 and 8 on all
        processors), `fault_tolerance`, `formulas`.
    """
    assert set(READOUT_NAMES) == set(READOUTS)
    assumptions = Assumptions()
    progress("formulas and counts")
    wide = Grid(PATCH_SIZES, (1,), (1,), ("ry",), READOUT_NAMES, PREPARATIONS, ("willow_pink",))
    rows = estimate(wide.cells(), assumptions, Effort(count_limit=40, placing=Placing.NONE))
    progress("placement")
    small = Grid(PLACED_SIZES, (2,), (1,), ("ry",), READOUT_NAMES, ("mps:2", "exact"), known_targets())
    placed = estimate(small.cells(), assumptions, Effort(count_limit=120, placing=Placing.ALL, seed=seed))
    progress("fault tolerance")
    return {
        "assumptions": assumptions.to_json(),
        "rows": rows,
        "placed_rows": placed,
        "fault_tolerance": fault_tolerance(),
        "formulas": formula_document(),
    }
