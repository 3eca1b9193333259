"""Timed points in processes of their own, with a time and a memory limit and one thread."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

from qpbae_tn.analysis.scaling.limits import Limits
from qpbae_tn.analysis.scaling.task import Task
from qpbae_tn.errors import InputError

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
# -P: a folder named like the package, such as a checkout's root, must not be found before the installed one.
COMMAND = (sys.executable, "-P", "-c", "from qpbae_tn.analysis.scaling.worker import main; main()")

PATIENCE = 40
"""How often the time limit may pass on the clock, on a machine that is busy with other work."""


class PointFailed(Exception):
    """A point that could not be measured; the message is the cause, in words."""


def run_task(task: Task, limits: Limits) -> dict[str, Any]:
    """Measure a task in a process of its own.

    Returns:
        What `worker.measure` gives.

    Raises:
        PointFailed: past a limit, refused by the engine, or dead.
    """
    try:
        done = subprocess.run(
            COMMAND,
            input=json.dumps(task.to_json()),
            capture_output=True,
            text=True,
            timeout=PATIENCE * limits.time_s,
            env={**os.environ, **THREADS},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PointFailed(f"no answer in {PATIENCE * limits.time_s:g} s") from None
    if done.returncode == -signal.SIGXCPU:
        raise PointFailed(f"time limit of {limits.time_s:g} s")
    if done.returncode != 0:
        raise PointFailed(_death(done.returncode, done.stderr, task))
    answer: dict[str, Any] = json.loads(done.stdout)
    if "failed" in answer:
        raise PointFailed(answer["failed"])
    return answer


def require_room(limits: Limits) -> None:
    """Raises `InputError` if not even the smallest point fits the limits."""
    smallest = Task("score", "exact", 2, "pixels", None, 1, 1, 1, limits.time_s, limits.memory_mib, 0)
    try:
        run_task(smallest, limits)
    except PointFailed as error:
        cause = str(error).partition(":")[0]
        raise InputError(
            f"not even a patch of 2 x 2 px fits {limits.memory_mib} MiB and {limits.time_s:g} s ({cause})",
            where="memory_mib, time_s",
            remedy="raise them",
        ) from None


def _death(status: int, words: str, task: Task) -> str:
    last = words.strip().splitlines()[-1] if words.strip() else "no message"
    if "bad_alloc" in words or "MemoryError" in words or "Unable to allocate" in words or "map segment" in words:
        return f"memory limit of {task.memory_mib} MiB: {last}"
    if status < 0:
        return f"memory limit of {task.memory_mib} MiB, or a crash: ended by {signal.Signals(-status).name}"
    return f"exit status {status}: {last}"
