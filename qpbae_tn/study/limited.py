"""Functions in processes of their own, with one thread, a limit on processor time and one on memory."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import psutil

from qpbae_tn import platform
from qpbae_tn.errors import InputError

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
# -P: a folder named like the package, such as a checkout's root, must not be found before the installed one.
COMMAND = (sys.executable, "-P", "-c", "from qpbae_tn.study.limited import main; main()")
PATIENCE = 40
"""How often the time limit may pass on the clock, on a machine that is busy with other work."""
WATCH_S = 0.05
"""Between two looks at a process that cannot limit itself."""
_MEMORY_WORDS = ("bad_alloc", "MemoryError", "Unable to allocate", "map segment")
"""What libraries say, each in its own way, when they get no memory."""


class LimitedError(Exception):
    """A function that gave no result: past a limit, refused its input, or dead; the message is the cause, in words."""


@dataclass(frozen=True)
class Limits:
    """What one process may take.

    Args:
        time_s: processor time of the process, from its start, rounded up to whole seconds.
        memory_mib: its address space, libraries included.

    Raises:
        InputError: a limit that is not positive.
    """

    time_s: float = 20.0
    memory_mib: int = 4096

    def __post_init__(self) -> None:
        if not self.time_s > 0:
            raise InputError(f"time limit {self.time_s} s", where="time_limit", remedy="give a positive number")
        if self.memory_mib < 1:
            raise InputError(f"memory limit {self.memory_mib} MiB", where="memory_limit", remedy="give at least 1")


def run_limited(function: Callable[..., Any], arguments: tuple[Any, ...], limits: Limits) -> Any:
    """What a function gives in a fresh process.

    Args:
        function: at the top level of a module; gives JSON values.
        arguments: anything that can be pickled.
        limits: of the process; they hold before the function's module is imported.

    Raises:
        LimitedError: the function passed a limit, raised an error, or its process died.
    """
    # The limits come apart from the work: unpickling that imports the function's module.
    request = pickle.dumps(limits) + pickle.dumps((function, arguments))
    with subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **THREADS},
    ) as process:
        passed = _watch(process, limits) if platform.must_watch() else []
        try:
            out, err = process.communicate(request, timeout=PATIENCE * limits.time_s)
        except subprocess.TimeoutExpired:
            raise LimitedError(f"no answer in {PATIENCE * limits.time_s:g} s") from None
        finally:
            process.kill()
    if "time" in passed or platform.ended_by_time_limit(process.returncode):
        raise LimitedError(f"time limit of {limits.time_s:g} s")
    if passed or process.returncode != 0:
        raise LimitedError(_death(process.returncode, err.decode(errors="replace"), limits))
    answer = json.loads(out)
    if "failed" in answer:
        raise LimitedError(answer["failed"])
    return answer["result"]


def main() -> None:
    """The process's own side: limits and work as pickles on standard input, the result as JSON on standard output."""
    requests, answers = sys.stdin.buffer, _private_stdout()
    limits: Limits = pickle.load(requests)
    platform.limit_this_process(limits.time_s, limits.memory_mib)
    answer: dict[str, Any]
    try:
        function, arguments = pickle.load(requests)
        answer = {"result": function(*arguments)}
    except InputError as error:
        answer = {"failed": error.what}
    except MemoryError as error:
        answer = {"failed": f"memory limit of {limits.memory_mib} MiB: {error or 'no details'}"}
    answers.write(json.dumps(answer, allow_nan=False).encode())
    answers.flush()


def _private_stdout() -> BinaryIO:
    """Standard output for the answer alone: what libraries print there goes to standard error from now on."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> list[str]:
    """End a process that passes a limit; the list says which, once that has happened."""
    passed: list[str] = []

    def watch() -> None:
        try:
            seen = psutil.Process(process.pid)
        except psutil.Error:
            return
        while process.poll() is None and not passed:
            found = platform.passed_limit(seen, limits.time_s, limits.memory_mib)
            if found is not None:
                passed.append(found)
                process.kill()
            time.sleep(WATCH_S)

    threading.Thread(target=watch, daemon=True).start()
    return passed


def _death(status: int, words: str, limits: Limits) -> str:
    last = words.strip().splitlines()[-1] if words.strip() else "no message"
    if any(word in words for word in _MEMORY_WORDS):
        return f"memory limit of {limits.memory_mib} MiB: {last}"
    if status < 0:
        return f"memory limit of {limits.memory_mib} MiB, or a crash: ended by {signal.Signals(-status).name}"
    return f"exit status {status}: {last}"
