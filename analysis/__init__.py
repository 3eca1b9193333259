"""What it costs, how it scales, how good it is; each name below is imported on its first use.

    resources   estimate, Grid, Cell, Assumptions, Effort
    shots       run_shots, ShotPlan
    noise       run_noise, NoisePlan
    scaling     run_scaling, read_scaling, ScalingPlan

All of them give rows of JSON values; `qpbae_tn.tables.frame` makes a data frame of them.

>>> from qpbae_tn import analysis
>>> grid = analysis.Grid([4, 8], [2], [1], ["ry"], ["latent"], ["mps:2"], ["willow_pink"])
>>> rows = analysis.estimate(grid.cells(), analysis.Assumptions(), analysis.Effort())
>>> [row["n"] for row in rows], [row["reduced"]["qubits"] for row in rows]
([4, 6], [8, 12])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpbae_tn.analysis.noise.document import run_plan as run_noise
    from qpbae_tn.analysis.noise.study import NoisePlan
    from qpbae_tn.analysis.resources.configuration import Assumptions, Cell, Effort, Grid
    from qpbae_tn.analysis.resources.estimate import estimate
    from qpbae_tn.analysis.scaling.plan import ScalingPlan
    from qpbae_tn.analysis.scaling.study import read_scaling, run_scaling
    from qpbae_tn.analysis.shots.document import ShotPlan
    from qpbae_tn.analysis.shots.document import run_plan as run_shots

_HOMES = {
    "Assumptions": ("resources.configuration", "Assumptions"),
    "Cell": ("resources.configuration", "Cell"),
    "Effort": ("resources.configuration", "Effort"),
    "Grid": ("resources.configuration", "Grid"),
    "NoisePlan": ("noise.study", "NoisePlan"),
    "ScalingPlan": ("scaling.plan", "ScalingPlan"),
    "ShotPlan": ("shots.document", "ShotPlan"),
    "estimate": ("resources.estimate", "estimate"),
    "read_scaling": ("scaling.study", "read_scaling"),
    "run_noise": ("noise.document", "run_plan"),
    "run_scaling": ("scaling.study", "run_scaling"),
    "run_shots": ("shots.document", "run_plan"),
}
"""Where the public names live: module and name there."""

__all__ = [
    "Assumptions",
    "Cell",
    "Effort",
    "Grid",
    "NoisePlan",
    "ScalingPlan",
    "ShotPlan",
    "estimate",
    "read_scaling",
    "run_noise",
    "run_scaling",
    "run_shots",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
