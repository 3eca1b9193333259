"""Engines: ways to compute the fidelities of patch states, behind one protocol."""

from __future__ import annotations

from collections.abc import Callable

from qpbae_tn.engines.protocol import Engine, PreparedLoss
from qpbae_tn.errors import InputError


def _exact(bond: int | None, cutoff: float) -> Engine:
    from qpbae_tn.engines.exact import ExactEngine

    return ExactEngine()


def _qsim(bond: int | None, cutoff: float) -> Engine:
    from qpbae_tn.engines.qsim import QsimEngine

    return QsimEngine()


def _mps(bond: int | None, cutoff: float) -> Engine:
    from qpbae_tn.engines.mps.engine import MpsEngine

    return MpsEngine(bond, cutoff)


def _quimb(bond: int | None, cutoff: float) -> Engine:
    from qpbae_tn.engines.quimb import QuimbEngine

    return QuimbEngine(bond, cutoff)


def _auto(bond: int | None, cutoff: float) -> Engine:
    from qpbae_tn.engines.auto import AutoEngine

    return AutoEngine(bond, cutoff)


ENGINES: dict[str, Callable[[int | None, float], Engine]] = {
    "exact": _exact,
    "qsim": _qsim,
    "mps": _mps,
    "quimb": _quimb,
    "auto": _auto,
}
"""Engine names and how to make each from a bond limit and a cut-off; its packages are imported on its first use."""
TRUNCATING = ("mps", "quimb", "auto")
"""Those that have such limits."""


def make_engine(name: str, bond: int | None = None, cutoff: float = 0.0) -> Engine:
    """The engine of this name.

    Args:
        name: in `ENGINES`.
        bond: largest bond dimension of a patch, None for no limit.
        cutoff: share of a patch's weight that may be left out at each cut.

    Raises:
        InputError: an unknown name, or limits that are out of range or that the engine does not have.
    """
    if name not in ENGINES:
        raise InputError(f"unknown engine {name!r}", where="engine", remedy=f"choose one of {', '.join(ENGINES)}")
    if name not in TRUNCATING and (bond is not None or cutoff):
        raise InputError(
            f"engine {name} has no bond limit and no cut-off",
            where="bond" if bond is not None else "cutoff",
            remedy=f"leave it out, or choose {' or '.join(TRUNCATING)} as `engine`",
        )
    return ENGINES[name](bond, cutoff)


__all__ = ["ENGINES", "Engine", "PreparedLoss", "make_engine"]
