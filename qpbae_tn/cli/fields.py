"""From the library's fields to the options of the command line: the one place that knows both."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextvars import ContextVar
from typing import Any

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
    "time_s": ("--time-limit",),
    "train_images": ("--train",),
}
"""Fields whose option or argument has another name: what commands call them.

Every other field has the option of its own name, where a command has one: `patch_size` is `--patch-size`.
"""

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
