"""Time and memory of each engine against the patch size, each up to where it stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.scaling.isolation import run_task
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Point, Row, Series
from qpbae_tn.analysis.scaling.task import Task, Work
from qpbae_tn.model.patches import PatchGrid

TOGETHER_AMPLITUDES = 1 << 20
"""Amplitudes of patches that are scored together, at most 256 patches: what a call costs once is shared."""
MOST_TOGETHER = 256
QSIM_AMPLITUDES = 1 << 10
"""The same for qsim, whose statevectors hold two copies and more."""
MOST_IN_BATCH = 2048
IMAGE_SIDE = 256
BATCH_IMAGES = 4
TRAIN_PATCHES = 4
"""Patches of a batch of random trains, and of qsim's batches, whose step takes two runs an angle and patch."""
EXACT_LARGEST = 1 << 14
BOND_STUDY_SIZE = 1024
WIDE_BONDS = (128, 256)
"""Beyond the bonds of the plan: where the growth of the sweep shows, and no longer its overhead."""


def engine_series(plan: ScalingPlan) -> list[Series]:
    """For both kinds of work: each engine on dense patches, the mps engine on trains, and its growth with the bond."""
    series: list[Series] = []
    dense = plan.sizes(1 << 12)
    trains = [size for size in plan.sizes(smallest=32) if size <= 1 << 12 or (size.bit_length() - 1) % 2 == 0]
    for work in ("score", "train"):
        series.append([_point(plan, work, "exact", size) for size in plan.sizes(EXACT_LARGEST)])
        series.append([_point(plan, work, "qsim", size) for size in dense])
        series.append([_point(plan, work, "mps", size) for size in dense])
        series.append([_point(plan, work, "mps", size, plan.bond) for size in dense])
        series.append([_point(plan, work, "mps", size, plan.bond, trains=True) for size in trains])
        if plan.max_patch_size >= BOND_STUDY_SIZE:
            bonds = sorted({bond for bond in (*plan.bonds, *WIDE_BONDS) if bond > 1} - {plan.bond})
            series.append([_point(plan, work, "mps", BOND_STUDY_SIZE, bond, trains=True) for bond in bonds])
    return series


def patches_of(work: Work, engine: str, patch_size: int, *, trains: bool = False) -> int:
    """How many patches a point works on: for a training step those of 4 images of 256 px at stride P/4, if they fit."""
    if work == "score" and engine == "qsim":
        return max(1, QSIM_AMPLITUDES // patch_size**2)
    if work == "score":
        return max(1, min(MOST_TOGETHER, TOGETHER_AMPLITUDES // patch_size**2)) if not trains else TRAIN_PATCHES
    if trains or engine == "qsim" or patch_size > IMAGE_SIDE:
        return TRAIN_PATCHES
    grid = PatchGrid(IMAGE_SIDE, IMAGE_SIDE, patch_size, max(1, patch_size // 4))
    return min(MOST_IN_BATCH, BATCH_IMAGES * grid.count)


def _point(
    plan: ScalingPlan, work: Work, engine: str, size: int, bond: int | None = None, *, trains: bool = False
) -> Point:
    task = Task(
        work=work,
        engine=engine,
        patch_size=size,
        source="trains" if trains else "pixels",
        bond=bond,
        patches=patches_of(work, engine, size, trains=trains),
        bottleneck=plan.bottleneck_of(size),
        layers=1,
        time_s=plan.limits.time_s,
        memory_mib=plan.limits.memory_mib,
        seed=plan.seed,
    )
    return Point("engines", task.to_json(), lambda: run_task(task, plan.limits))


def engine_rows(rows: Sequence[Row], work: Work, engine: str, bond: int | None, source: str = "pixels") -> list[Row]:
    """The rows of one engine, failed ones included, by size."""
    wanted = {"work": work, "engine": engine, "bond": bond, "source": source}
    found = [
        row
        for row in rows
        if row["part"] == "engines" and all(row["point"][key] == value for key, value in wanted.items())
    ]
    return sorted(found, key=lambda row: int(row["point"]["patch_size"]))


def faster_sizes(rows: Sequence[Row], work: Work, bond: int | None) -> list[int]:
    """The patch sizes at which mps with this bond (None: no limit) took less time than exact, on the same patches."""
    exact = {row["point"]["patch_size"]: row for row in engine_rows(rows, work, "exact", None) if "result" in row}
    found = []
    for row in engine_rows(rows, work, "mps", bond):
        size = row["point"]["patch_size"]
        if "result" in row and size in exact and _best(row) < _best(exact[size]):
            found.append(int(size))
    return found


def _best(row: Row) -> float:
    seconds: dict[str, Any] = row["result"]["seconds"]
    return float(seconds["best"])
