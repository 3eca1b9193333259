"""The scaling study: its parts in order, each point once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qpbae_tn.analysis.scaling.circuits import circuit_series
from qpbae_tn.analysis.scaling.detection import detection_series
from qpbae_tn.analysis.scaling.engines import engine_series, faster_sizes
from qpbae_tn.analysis.scaling.images import digests
from qpbae_tn.analysis.scaling.isolation import require_room
from qpbae_tn.analysis.scaling.laws import growth_laws
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Row, Series, run_series
from qpbae_tn.analysis.scaling.preparation import preparation_series
from qpbae_tn.analysis.scaling.trainability import trainability_series
from qpbae_tn.errors import InputError

MAKERS: dict[str, Callable[[ScalingPlan], list[Series]]] = {
    "circuits": circuit_series,
    "preparation": preparation_series,
    "engines": engine_series,
    "trainability": trainability_series,
    "detection": detection_series,
}
"""What each part measures; the keys are `plan.PARTS`."""
NEED_DATA = ("preparation", "detection")


def planned(plan: ScalingPlan) -> list[Series]:
    """Everything that the plan asks for.

    Raises:
        InputError: nothing at all.
    """
    series = [one for part in MAKERS if part in plan.parts for one in MAKERS[part](plan) if one]
    if not series:
        missing = [part for part in plan.parts if part in NEED_DATA and not plan.data]
        raise InputError(
            "nothing to measure",
            where="parts",
            remedy=f"give `data` NAME=DIR for {', '.join(missing)}" if missing else "raise `max_patch_size`",
        )
    return series


def run_scaling(
    plan: ScalingPlan,
    known: Sequence[Row] = (),
    progress: Callable[[str], None] = lambda _: None,
    on_rows: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Run the study.

    Args:
        plan: what to study.
        known: rows of an earlier run, which are taken over where the point is the same.
        progress: told what is being worked on.
        on_rows: called after each point with the document so far, so that an interrupted run can go on.

    Returns:
        `rows` (every point: `part`, `point`, `result` or `failed`), `laws` (fitted exponents), `mps_faster` (sizes at
        which the mps engine took less time than the exact one), `digests` (SHA-256 of the training images).

    Raises:
        InputError: nothing to measure, or limits that nothing fits.
    """
    series = planned(plan)
    if "engines" in plan.parts:
        require_room(plan.limits)
    rows: list[Row] = []

    def on_row(row: Row) -> None:
        rows.append(row)
        on_rows({"rows": rows})

    run_series(series, known, progress, on_row)
    return {**document_of(rows, plan.bond), "digests": digests(plan, rows)}


def document_of(rows: Sequence[Row], bond: int) -> dict[str, Any]:
    """The document of finished rows."""
    faster = {
        f"{work}, {f'bond {limit}' if limit else 'no bond limit'}": faster_sizes(rows, work, limit)
        for work in ("score", "train")
        for limit in (None, bond)
    }
    return {"rows": list(rows), "laws": growth_laws(rows), "mps_faster": faster}
