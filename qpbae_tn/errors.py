"""The one error that wrong input raises."""

from __future__ import annotations


class InputError(ValueError):
    """Wrong input, told in one line: where it is, what is wrong, and the remedy.

    The command line prints the message and leaves with exit status 2.

    Args:
        what: what is wrong, without a full stop.
        where: the file, option or argument at fault; left out when `what` names it.
        remedy: what the user can do about it.
    """

    def __init__(self, what: str, *, remedy: str, where: object = None) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        place = f"{where}: " if where is not None else ""
        super().__init__(" ".join(f"{place}{what}; {remedy}".split()))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.remedy, self.where))


def _rebuild(what: str, remedy: str, where: object) -> InputError:
    return InputError(what, remedy=remedy, where=where)
