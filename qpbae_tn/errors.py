"""The one error that wrong input raises."""

from __future__ import annotations


class InputError(ValueError):
    """Wrong input, in one line: where it is, what is wrong, and the remedy.

    The library speaks of its own fields and arguments; the command line says the same with its options
    (`qpbae_tn.cli.fields`), prints the line, and leaves with exit status 2.

    Args:
        what: what is wrong, without a full stop.
        where: what is at fault: a field or an argument by its name in the library (`patch_size`), or the path of a
            file; left out when `what` names it. A field that stands in a file is named in `what`, the file here.
        remedy: what the user can do about it; other fields stand in backquotes.

    Example:
        >>> print(InputError("patch size 5", where="patch_size", remedy="give a power of two, or less `stride`"))
        patch_size: patch size 5; give a power of two, or less `stride`
    """

    def __init__(self, what: str, *, remedy: str, where: object = None) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        place = f"{where}: " if where is not None else ""
        super().__init__(" ".join(f"{place}{what}; {remedy}".split()))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.remedy, self.where))


def _rebuild(what: str, remedy: str, where: object) -> InputError:
    return InputError(what, remedy=remedy, where=where)
