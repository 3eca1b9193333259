"""Engines: ways to compute the fidelities of patch states, behind one protocol."""

from __future__ import annotations

from collections.abc import Callable

from qpbae_tn.engines.protocol import Engine, PreparedLoss
from qpbae_tn.errors import InputError


def _exact() -> Engine:
    from qpbae_tn.engines.exact import ExactEngine

    return ExactEngine()


def _qsim() -> Engine:
    from qpbae_tn.engines.qsim import QsimEngine

    return QsimEngine()


def _mps() -> Engine:
    from qpbae_tn.engines.mps.engine import MpsEngine

    return MpsEngine()


def _quimb() -> Engine:
    from qpbae_tn.engines.quimb import QuimbEngine

    return QuimbEngine()


def _auto() -> Engine:
    from qpbae_tn.engines.auto import AutoEngine

    return AutoEngine()


ENGINES: dict[str, Callable[[], Engine]] = {"exact": _exact, "qsim": _qsim, "mps": _mps, "quimb": _quimb, "auto": _auto}
"""Engine names and how to make each with its defaults; an engine's packages are imported on its first use."""


def make_engine(name: str) -> Engine:
    """The engine of this name; raises `InputError` for an unknown one."""
    if name not in ENGINES:
        raise InputError(f"unknown engine {name!r}", where="engine", remedy=f"choose one of {', '.join(ENGINES)}")
    return ENGINES[name]()


__all__ = ["ENGINES", "Engine", "PreparedLoss", "make_engine"]
