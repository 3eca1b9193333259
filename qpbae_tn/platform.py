"""What differs between operating systems, in one place: processors, limits, memory, locks, durable files."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from filelock import FileLock

# Windows has no such module.
resource: Any = import_module("resource") if find_spec("resource") else None

GRACE_S = 5
"""Between the processor time at which a process is told to end and the one at which it is ended."""


def processor_count() -> int:
    """Processors that this process may use, which may be fewer than the machine has."""
    try:
        return len(psutil.Process().cpu_affinity())
    except AttributeError:  # macOS has no affinity
        return os.cpu_count() or 1


def use_one_processor() -> None:
    """Hold this process to one processor, where the system can: for libraries that start a thread for each."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(process.cpu_affinity()[:1])


def peak_memory_bytes() -> int:
    """The most memory that this process has held so far."""
    if resource is None:
        return int(psutil.Process().memory_info().peak_wset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def must_watch() -> bool:
    """Whether processes cannot limit themselves here, so that who starts one has to watch it, see `passed_limit`."""
    return resource is None or sys.platform == "darwin"


def limit_this_process(time_s: float, memory_mib: int) -> None:
    """Limit this process's processor time and address space from now on, as far as the system can.

    Args:
        time_s: processor time, rounded up to whole seconds.
        memory_mib: address space, libraries included.
    """
    if must_watch():
        return
    # At the soft limit comes a signal that gives the cause, at the hard one only an end.
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(time_s), ceil(time_s) + GRACE_S))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))


def passed_limit(process: psutil.Process, time_s: float, memory_mib: int) -> str | None:
    """Which limit a running process has passed, "time" or "memory"; None for neither, or when it has ended."""
    try:
        times, memory = process.cpu_times(), process.memory_info()
    except psutil.Error:
        return None
    if times.user + times.system > ceil(time_s):
        return "time"
    return "memory" if memory.rss > memory_mib << 20 else None


def ended_by_time_limit(status: int) -> bool:
    """Whether a process with this exit status was ended by its limit of processor time."""
    return hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU


def lock_beside(path: Path) -> FileLock:
    """A lock for a file, which is held through a small file beside it; processes and threads exclude each other."""
    from filelock import FileLock

    return FileLock(f"{path}.lock", thread_local=False)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do that: a new file survives a loss of power."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
