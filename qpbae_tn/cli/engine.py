"""The engine that `--engine`, `--bond` and `--cutoff` name, and what to tell about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.engines.protocol import Engine
    from qpbae_tn.model.specification import ModelSpecification

TRUNCATING = ("mps", "auto")
NO_LIMIT = "none"


def choose_engine(name: str, bond: str = NO_LIMIT, cutoff: float = 0.0) -> Engine:
    """The engine of this name with these limits.

    Args:
        name: what `--engine` says.
        bond: a whole number, or "none" for no limit.
        cutoff: share of a patch's weight that may be left out at each cut.

    Raises:
        InputError: an unknown engine, a bond that is not a positive whole number, a cut-off outside [0, 1), or limits
            for an engine that has none.
    """
    from qpbae_tn.engines import make_engine

    limit = _parse_bond(bond)
    if name not in TRUNCATING:
        engine = make_engine(name)
        if limit is not None or cutoff != 0:
            raise InputError(
                f"engine {name} has no bond limit and no cut-off",
                where="--bond, --cutoff",
                remedy=f"leave them out, or use --engine {' or '.join(TRUNCATING)}",
            )
        return engine
    if name == "mps":
        from qpbae_tn.engines.mps.engine import MpsEngine

        return MpsEngine(limit, cutoff)
    from qpbae_tn.engines.auto import AutoEngine

    return AutoEngine(limit, cutoff)


def engine_notices(engine: Engine, specification: ModelSpecification) -> list[str]:
    """What a user should be told about an engine: what `auto` chose and why; nothing for the others."""
    if engine.name != "auto":
        return []
    from qpbae_tn.engines.auto import AutoEngine

    assert isinstance(engine, AutoEngine)
    return [engine.explain(specification)]


def _parse_bond(bond: str) -> int | None:
    if bond == NO_LIMIT:
        return None
    try:
        limit = int(bond)
    except ValueError:
        limit = 0
    if limit < 1:
        raise InputError(f"bond {bond!r}", where="--bond", remedy=f"give a whole number from 1 up, or {NO_LIMIT}")
    return limit
