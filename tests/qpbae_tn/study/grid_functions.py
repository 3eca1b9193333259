"""Functions that processes started by the tests can import: `conftest.py` puts this folder on their path."""

from __future__ import annotations

import os
import signal
import time

from qpbae_tn.errors import InputError


def square(side: int, pause_s: float = 0.0) -> dict[str, int]:
    time.sleep(pause_s)
    return {"area": side**2}


def fragile(side: int, limit: int) -> dict[str, int]:
    if side > limit:
        raise MemoryError(f"would need {side} GiB")
    return {"area": side**2}


def spend(seconds: float) -> dict[str, float]:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass
    return {"seconds": seconds}


def allocate(mib: int) -> dict[str, int]:
    return {"bytes": len(bytes(mib << 20))}


def refuse() -> None:
    raise InputError("no such size", where="size", remedy="take another")


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def chatter() -> dict[str, int]:
    os.write(1, b"a library prints\n")
    return {"one": 1}
