"""The process of one timed point: a task as JSON on standard input, its result as JSON on standard output.

Limits are set before anything large is imported. Times are processor times of the one thread: on an idle machine they
are the times on the clock, and on a busy one they do not count what others do. (The processor time of the process would
come in steps of a scheduler's tick while its limit is watched.)
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from math import ceil
from statistics import median
from typing import Any

from qpbae_tn.analysis.scaling.task import Task
from qpbae_tn.errors import InputError

ENOUGH_SECONDS = 0.3
MOST_REPEATS = 25
SLOW_SECONDS = 2.0
"""A call this slow is repeated once only."""


def main() -> None:
    """Do the task; a failure that belongs to the point is an answer, {"failed": cause}."""
    task = Task.from_json(json.load(sys.stdin))
    limit = task.memory_mib << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # At the soft limit comes a signal that tells the cause, at the hard one only an end.
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(task.time_s), ceil(task.time_s) + 5))
    answer: dict[str, Any]
    try:
        answer = measure(task)
    except InputError as error:
        answer = {"failed": error.what}
    except MemoryError as error:
        answer = {"failed": f"memory limit of {task.memory_mib} MiB: {error or 'no details'}"}
    json.dump(answer, sys.stdout, allow_nan=False)


def measure(task: Task) -> dict[str, Any]:
    """Processor seconds a patch (or a step), and bytes beyond the imports.

    Returns:
        `seconds` {best, median, repeats}, `peak_bytes`, and for the mps engine `conversion_seconds`, the best, where
        pixels are converted.
    """
    if task.engine == "qsim" and hasattr(os, "sched_setaffinity"):
        # qsim starts a thread for each processor that it may use.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    call, convert, divisor = _prepare(task)
    before = _peak_rss()
    timed = timings(call)
    result: dict[str, Any] = {
        "seconds": {**{key: timed[key] / divisor for key in ("best", "median")}, "repeats": timed["repeats"]},
        "peak_bytes": max(_peak_rss() - before, 0),
    }
    if timed["best"] < SLOW_SECONDS:
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


def _prepare(task: Task) -> tuple[Callable[[], object], Callable[[], object] | None, int]:
    """The call to time, that of the conversion alone where there is one, and by what to divide."""
    import numpy as np

    from qpbae_tn.engines import make_engine
    from qpbae_tn.engines.mps.engine import MpsEngine
    from qpbae_tn.experiment.initial_angles import initial_angles
    from qpbae_tn.model.specification import ModelSpecification

    specification = ModelSpecification.build(
        task.patch_size, 1, task.bottleneck, layers=task.layers, image_size=task.patch_size
    )
    angles = initial_angles(specification.ansatz, "dc", task.seed)
    rng = np.random.default_rng(task.seed)
    weights = np.full(task.patches, 1.0 / task.patches)
    if task.source == "trains":
        engine = MpsEngine(task.bond)
        stack = random_trains(specification.qubit_count, task.bond or 1, task.patches, rng)
        if task.work == "train":
            loss = engine.prepare_train_loss(specification, stack, weights)
            return lambda: loss.value_and_gradient(angles), None, 1
        return lambda: engine.score(specification, angles, stack), None, task.patches
    states = np.empty((task.patches, specification.pixel_count))
    for row in states:
        rng.standard_normal(out=row)
        row *= 0.2
        row += 1.0
        row /= np.linalg.norm(row)
    chosen = MpsEngine(task.bond) if task.engine == "mps" else make_engine(task.engine)
    if task.work == "train":
        prepared = chosen.prepare_loss(specification, [states], weights)
        return lambda: prepared.value_and_gradient(angles), None, 1
    convert = (lambda: chosen.convert(states)) if isinstance(chosen, MpsEngine) else None
    return lambda: chosen.reconstruction_fidelity(specification, angles, states), convert, task.patches


def random_trains(qubit_count: int, bond: int, count: int, rng: Any) -> Any:
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


def _peak_rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
