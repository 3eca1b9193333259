"""From the library's fields to the options of the command line, the one place that knows both; and lists of values.

An option that takes several values has commas between them. What a parser finds wrong names the field, as the library
does, and is translated like it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextvars import ContextVar
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from typer.core import TyperCommand

from qpbae_tn.errors import InputError

OPTIONS: dict[str, tuple[str, ...]] = {
    "images": ("IMAGE",),
    "memory_mib": ("--memory-limit",),
    "names": ("NAME",),
    "orders": ("--pixel-order",),
    "parts": ("--part",),
    "placing": ("--place",),
    "study": ("STUDY",),
    "test_images": ("--test",),
    "test_seed": ("--seed",),
    "time_s": ("--time-limit",),
    "train_images": ("--train",),
}
"""Fields whose option or argument has another name: what commands call them.

Every other field has the option of its own name, where a command has one: `patch_size` is `--patch-size`.
"""

T = TypeVar("T")

_QUOTED = re.compile(r"`([a-z][a-z0-9_]*)`")
_words: ContextVar[Collection[str]] = ContextVar("words of the command that runs", default=())


def option_of(field: str, known: Collection[str]) -> str | None:
    """What a command calls a field of the library; None where it has no such option or argument.

    Args:
        field: its name in the library.
        known: the options and arguments of the command, as `words_of` gives them.
    """
    candidates = OPTIONS.get(field, (f"--{field.replace('_', '-')}",))
    return next((word for word in candidates if word in known), None)


def words_of(parameters: Collection[Any]) -> set[str]:
    """The options (`--stride`) and the arguments (`IMAGE`) among a command's parameters."""
    words: set[str] = set()
    for parameter in parameters:
        if parameter.param_type_name == "option":
            words.update(parameter.opts)
        else:
            words.add(re.sub(r"[^A-Z]", "", parameter.metavar or parameter.name.upper()))
    return words


def in_options(text: str, known: Collection[str] | None = None) -> str:
    """A text of the library with the fields in backquotes replaced by the command's options.

    A field that is no option of this command, one of a model file for instance, keeps its name.

    Args:
        text: any text.
        known: the command's words; those of the command that runs when left out.
    """
    words = _words.get() if known is None else known
    return _QUOTED.sub(lambda found: option_of(found[1], words) or found[0], text)


def error_in_options(error: InputError, known: Collection[str]) -> InputError:
    """The same error as a user of a command knows it.

    A `where` of several fields has commas in between; what follows a field after a space is its value.
    """
    where = error.where
    if isinstance(where, str):
        parts = [part.partition(" ") for part in where.split(", ")]
        where = ", ".join((option_of(name, known) or name) + space + value for name, space, value in parts)
    return InputError(in_options(error.what, known), where=where, remedy=in_options(error.remedy, known))


class Command(TyperCommand):
    """A command whose errors name its options instead of the library's fields."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an `InputError` leaves it in the words of the command line."""
        words = words_of(self.params)
        before = _words.set(words)
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise error_in_options(error, words) from error
        finally:
            _words.reset(before)


def names(text: str, field: str, known: Sequence[str] | None = None, *, none: bool = False) -> tuple[str, ...]:
    """Names, each once; "all" stands for all that are known, in whatever case.

    Args:
        text: as given.
        field: what it sets.
        known: the names that there are; None leaves them to be checked elsewhere.
        none: whether "none" stands for no name at all.

    Raises:
        InputError: no name, or one that is not known.
    """
    if none and text.strip().lower() == "none":
        return ()
    if known is not None and text.strip().lower() == "all":
        return tuple(known)
    if not text.replace(",", "").strip():
        some = "" if known is None else f": {', '.join(known)}"
        raise InputError("no value", where=field, remedy=f"give one or several, with commas in between{some}")
    found = _several(text, field, str)
    return found if known is None else tuple(dict.fromkeys(one_of(name, field, known) for name in found))


def one_of(name: str, field: str, known: Sequence[str]) -> str:
    """The name as it is known, in whatever case it is given; raises `InputError` for any other."""
    for one in known:
        if name.strip().lower() == one.lower():
            return one
    near = get_close_matches(name.lower(), known, n=1)
    start = f"did you mean {near[0]}? Choose" if near else "choose"
    raise InputError(f"unknown value {name!r}", where=field, remedy=f"{start} one of {', '.join(known)}")


def integers(text: str, field: str) -> tuple[int, ...]:
    """Whole numbers, each once; raises `InputError` for anything else."""
    return _several(text, field, int, "is not a whole number", "4,8")


def numbers(text: str, field: str, *, none: bool = False) -> tuple[float, ...]:
    """Numbers, each once; raises `InputError` for anything else; with `none`, "none" stands for no number at all."""
    if none and text.strip().lower() == "none":
        return ()
    return _several(text, field, float, "is not a number", "0.01,0.2")


def counts(text: str, field: str) -> tuple[int, ...]:
    """Whole numbers from 1 up, 1e6 among them, rising and each once; raises `InputError` for anything else."""

    def count(part: str) -> int:
        number = float(part)
        if not (number.is_integer() and 1 <= number <= 1e15):
            raise ValueError
        return int(number)

    return tuple(sorted(_several(text, field, count, "is not a count from 1 up", "10,100,1e4")))


def named_places(options: Iterable[str] | None) -> dict[str, str]:
    """The places that `--data NAME=DIR`, given any number of times, names; raises `InputError` for another form."""
    found = {}
    for option in options or ():
        name, separator, place = option.partition("=")
        if not (separator and name and place):
            raise InputError(f"{option!r} is not NAME=DIR", where="data", remedy="write e.g. busi_32=path/to/folder")
        found[name] = place
    return found


def named_folders(options: Iterable[str] | None) -> dict[str, Path]:
    """As `named_places`; raises `InputError` for a place that is no folder, too."""
    found = {name: Path(place) for name, place in named_places(options).items()}
    for name, folder in found.items():
        if not folder.is_dir():
            raise InputError("no such folder", where=folder, remedy=f"check `data` {name}=DIR")
    return found


def _several(text: str, field: str, read: Callable[[str], T], fault: str = "", example: str = "") -> tuple[T, ...]:
    found: dict[T, None] = {}
    for part in (part.strip() for part in text.split(",")):
        try:
            if part:
                found[read(part)] = None
        except ValueError:
            raise InputError(f"{part!r} {fault}", where=field, remedy=f"give e.g. {example}") from None
    if not found:
        raise InputError("no value", where=field, remedy="give one or several, with commas in between")
    return tuple(found)
