"""Time and memory of each engine against the patch size, each up to where it stops.

Every point runs in a process of its own (`qpbae_tn.study.limited`). Times are processor times of its one thread: on an
idle machine they are the times on the clock, and on a busy one they do not count what others do. (The processor time of
the whole process would come in steps of a scheduler's tick while its limit is watched.)
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median
from typing import Any, Literal

from qpbae_tn import platform
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.errors import InputError
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.study.grid import Point, Series, Work, point_work
from qpbae_tn.study.limited import LimitedError, Limits, run_limited

Job = Literal["score", "train"]
States = Literal["pixels", "random_mps"]

TOGETHER_AMPLITUDES = 1 << 20
"""Amplitudes of patches that are scored together, at most 256 patches: what a call costs once is shared."""
MOST_TOGETHER = 256
QSIM_AMPLITUDES = 1 << 10
"""The same for qsim, whose statevectors hold two copies and more."""
MOST_IN_BATCH = 2048
IMAGE_SIDE = 256
BATCH_IMAGES = 4
TRAIN_PATCHES = 4
"""Patches of a batch of random states, and of qsim's batches, whose step takes two runs an angle and patch."""
DENSE_LARGEST = 1 << 12
EXACT_LARGEST = 1 << 14
RANDOM_SMALLEST = 32
BOND_STUDY_SIZE = 1024
WIDE_BONDS = (128, 256)
"""Beyond the bonds of the plan: where the growth of the sweep shows, and no longer its overhead."""

ENOUGH_SECONDS = 0.3
MOST_REPEATS = 25
SLOW_SECONDS = 2.0
"""A call this slow is repeated once only."""


@dataclass(frozen=True)
class EngineTask:
    """What one point times; its fields are the point's inputs.

    Args:
        work: F of a stack of patches, or loss and gradient of a batch.
        engine: "exact", "qsim" or "mps".
        patch_size: P.
        source: of the states: dense pixels, which the mps engine converts within the time, or random matrix product
            states, for the mps engine only.
        bond: largest bond of the mps engine; None for no limit, and for the others, which have none.
        patches: in the stack or batch.
        bottleneck: BD.
        layers: repetitions of the staircase.
        time_s, memory_mib: limits of the process; where an engine stops is part of the result.
        seed: of patches and angles.
    """

    work: Job
    engine: str
    patch_size: int
    source: States
    bond: int | None
    patches: int
    bottleneck: int
    layers: int = 1
    time_s: float = Limits.time_s
    memory_mib: int = Limits.memory_mib
    seed: int = 0


def engine_series(plan: ScalingPlan) -> list[Series]:
    """For both jobs: each engine on dense patches, the mps engine on random states, and its growth with the bond."""
    dense, largest = plan.sizes(DENSE_LARGEST), plan.sizes(smallest=RANDOM_SMALLEST)
    # Past P = 4096 every other power of two is enough.
    random = [size for size in largest if size <= DENSE_LARGEST or (size.bit_length() - 1) % 2 == 0]
    bonds = sorted({bond for bond in (*plan.bonds, *WIDE_BONDS) if bond > 1} - {plan.bond})
    series: list[Series] = []
    for job in ("score", "train"):
        series.append([_work(plan, job, "exact", size) for size in plan.sizes(EXACT_LARGEST)])
        series.append([_work(plan, job, "qsim", size) for size in dense])
        series.append([_work(plan, job, "mps", size) for size in dense])
        series.append([_work(plan, job, "mps", size, plan.bond) for size in dense])
        series.append([_work(plan, job, "mps", size, plan.bond, "random_mps") for size in random])
        if plan.max_patch_size >= BOND_STUDY_SIZE:
            series.append([_work(plan, job, "mps", BOND_STUDY_SIZE, bond, "random_mps") for bond in bonds])
    return series


def _work(
    plan: ScalingPlan, job: Job, engine: str, size: int, bond: int | None = None, states: States = "pixels"
) -> Work:
    patches, limits = patches_of(job, engine, size, states), plan.limits
    task = EngineTask(
        *(job, engine, size, states, bond, patches, plan.bottleneck_of(size)),
        time_s=limits.time_s,
        memory_mib=limits.memory_mib,
        seed=plan.seed,
    )
    return point_work(Point("engines", asdict(task)), time_engine, limits)


def patches_of(job: Job, engine: str, patch_size: int, states: States = "pixels") -> int:
    """How many patches a point works on: for a training step those of 4 images of 256 px at stride P/4, if they fit."""
    if job == "score" and engine == "qsim":
        return max(1, QSIM_AMPLITUDES // patch_size**2)
    if states == "random_mps":
        return TRAIN_PATCHES
    if job == "score":
        return max(1, min(MOST_TOGETHER, TOGETHER_AMPLITUDES // patch_size**2))
    if engine == "qsim" or patch_size > IMAGE_SIDE:
        return TRAIN_PATCHES
    grid = PatchGrid(IMAGE_SIDE, IMAGE_SIDE, patch_size, max(1, patch_size // 4))
    return min(MOST_IN_BATCH, BATCH_IMAGES * grid.count)


def require_room(limits: Limits) -> None:
    """Raise `InputError` if not even the smallest point fits the limits."""
    smallest = EngineTask("score", "exact", 2, "pixels", None, 1, 1)
    try:
        run_limited(measure, (smallest,), limits)
    except LimitedError as error:
        cause = str(error).partition(":")[0]
        raise InputError(
            f"not even a patch of 2 x 2 px fits {limits.memory_mib} MiB and {limits.time_s:g} s ({cause})",
            where="memory_mib, time_s",
            remedy="raise them",
        ) from None


def time_engine(**inputs: Any) -> dict[str, Any]:
    """`measure` of the task with these fields."""
    return measure(EngineTask(**inputs))


def measure(task: EngineTask) -> dict[str, Any]:
    """Processor seconds a patch (or a step), and bytes beyond the imports, of this process.

    Returns:
        `seconds` {best, median, repeats}, `peak_bytes`, and for the mps engine `conversion_seconds`, the best, where
        pixels are converted.
    """
    if task.engine == "qsim":
        platform.use_one_processor()
    call, divisor, convert = _prepare(task)
    before = platform.peak_memory_bytes()
    timed = timings(call)
    result: dict[str, Any] = {
        "seconds": {**{key: timed[key] / divisor for key in ("best", "median")}, "repeats": timed["repeats"]},
        "peak_bytes": max(platform.peak_memory_bytes() - before, 0),
    }
    if timed["best"] < SLOW_SECONDS:
        # Small arrays fit what the process holds already and raise no peak; Python counts them itself.
        tracemalloc.start()
        call()
        result["peak_bytes"] = max(result["peak_bytes"], tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    if convert is not None:
        result["conversion_seconds"] = timings(convert)["best"] / divisor
    return result


def timings(call: Callable[[], object]) -> dict[str, float]:
    """Best and median processor time of several calls after one to warm up."""
    start = time.thread_time()
    call()
    first = time.thread_time() - start
    seconds: list[float] = []
    while len(seconds) < (1 if first > SLOW_SECONDS else 3) or (
        sum(seconds) < ENOUGH_SECONDS and len(seconds) < MOST_REPEATS
    ):
        start = time.thread_time()
        call()
        seconds.append(time.thread_time() - start)
    return {"best": min(seconds), "median": median(seconds), "repeats": len(seconds)}


def _prepare(task: EngineTask) -> tuple[Callable[[], object], int, Callable[[], object] | None]:
    """The call to time, by what to divide its time, and the call of the conversion alone where there is one."""
    import numpy as np

    from qpbae_tn.engines import make_engine
    from qpbae_tn.engines.mps.engine import MpsEngine
    from qpbae_tn.experiment.initial_angles import initial_angles
    from qpbae_tn.model.specification import ModelSpecification

    side = task.patch_size
    specification = ModelSpecification.build(side, 1, task.bottleneck, layers=task.layers, image_size=side)
    angles = initial_angles(specification.ansatz, "dc", task.seed)
    rng = np.random.default_rng(task.seed)
    weights = np.full(task.patches, 1.0 / task.patches)
    mps = MpsEngine(task.bond)
    if task.source == "random_mps":
        stack = random_mps(specification.qubit_count, task.bond or 1, task.patches, rng)
        if task.work == "score":
            return lambda: mps.score(specification, angles, stack), task.patches, None
        loss = mps.prepare_mps_loss(specification, stack, weights)
        return lambda: loss.value_and_gradient(angles), 1, None
    states = np.empty((task.patches, specification.pixel_count))
    # Row by row: a stack of the largest patches must not be in memory twice.
    for row in states:
        rng.standard_normal(out=row)
        row *= 0.2
        row += 1.0
        row /= np.linalg.norm(row)
    engine = mps if task.engine == "mps" else make_engine(task.engine)
    if task.work == "train":
        prepared = engine.prepare_loss(specification, [states], weights)
        return lambda: prepared.value_and_gradient(angles), 1, None
    convert = (lambda: mps.convert(states)) if engine is mps else None
    return lambda: engine.reconstruction_fidelity(specification, angles, states), task.patches, convert


def random_mps(qubit_count: int, bond: int, count: int, rng: Any) -> Any:
    """Random matrix product states of this bond, as far as the cuts allow, near the uniform state.

    Args:
        qubit_count: n.
        bond: largest bond dimension.
        count: patches.
        rng: a NumPy generator.
    """
    from qpbae_tn.model.mps import mps_stack

    limit = max(bond.bit_length(), 1)
    bonds = [
        1 if cut in (0, qubit_count) else min(bond, 1 << min(cut, qubit_count - cut, limit))
        for cut in range(qubit_count + 1)
    ]
    tensors = []
    for left, right in pairwise(bonds):
        tensor = 0.1 * rng.standard_normal((count, left, 2, right)) / bond**0.5
        tensor[:, 0, :, 0] += 1.0
        tensors.append(tensor)
    return mps_stack(tensors)
