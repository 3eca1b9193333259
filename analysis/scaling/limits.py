"""The limits under which a timed point runs."""

from __future__ import annotations

from dataclasses import dataclass

from qpbae_tn.errors import InputError


@dataclass(frozen=True)
class Limits:
    """What one timed point may take.

    Args:
        time_s: processor time of its process, from its start, rounded up to whole seconds.
        memory_mib: address space of its process, libraries included.

    Raises:
        InputError: a limit that is not positive.
    """

    time_s: float = 20.0
    memory_mib: int = 4096

    def __post_init__(self) -> None:
        if not self.time_s > 0:
            raise InputError(f"time limit {self.time_s} s", where="time_s", remedy="give a positive number")
        if self.memory_mib < 1:
            raise InputError(f"memory limit {self.memory_mib} MiB", where="memory_mib", remedy="give at least 1")
