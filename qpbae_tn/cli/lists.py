"""Options that take several values with commas in between."""

from __future__ import annotations

from collections.abc import Sequence

from qpbae_tn.errors import InputError


def names(option: str, where: str, known: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names, each once; "all" stands for all known ones.

    Args:
        option: as given.
        where: the option's name.
        known: the names that there are; None leaves them to be checked elsewhere.

    Raises:
        InputError: no name, or one that is not known.
    """
    if known is not None and option.strip() == "all":
        return tuple(known)
    found = tuple(dict.fromkeys(part.strip() for part in option.split(",") if part.strip()))
    if not found:
        raise InputError("no value", where=where, remedy="give one or several, with commas in between")
    return tuple(name if known is None else one_of(name, where, known) for name in found)


def one_of(name: str, where: str, known: Sequence[str]) -> str:
    """The name, if it is known; raises `InputError` otherwise."""
    if name not in known:
        raise InputError(f"unknown value {name!r}", where=where, remedy=f"choose one of {', '.join(known)}")
    return name


def integers(option: str, where: str) -> tuple[int, ...]:
    """Integers, each once; raises `InputError` for anything else."""
    found = []
    for part in names(option, where):
        try:
            found.append(int(part))
        except ValueError:
            raise InputError(f"{part!r} is not a whole number", where=where, remedy="give e.g. 4,8") from None
    return tuple(dict.fromkeys(found))
