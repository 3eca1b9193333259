"""Reading a TOML document strictly: known keys only, each of the right type, and one line that says what is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from qpbae_tn.errors import InputError


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as nested dictionaries; raises `InputError` for a file that is missing, unreadable or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such study file", where=path, remedy="check the path, or name a preset") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, remedy="check its permissions") from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=path, remedy="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"is not TOML ({error})", where=path, remedy="correct it") from None


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a mistyped one."""
    choices = list(known)
    return (get_close_matches(name, choices, n=1, cutoff=0.0) or choices)[0]


@dataclass(frozen=True)
class Table:
    """One table of a TOML document.

    Args:
        values: its keys and values.
        where: file and table, for messages.
    """

    values: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: Any, where: str) -> Table:
        """The table at this place; raises `InputError` if there is something else."""
        if not isinstance(value, dict):
            raise InputError("is not a table", where=where, remedy="write it as [name] with key = value lines")
        return cls(value, where)

    def check_keys(self, known: Iterable[str]) -> None:
        """Raise `InputError` for a key that is not known, naming the nearest one that is."""
        known = list(known)
        for key in self.values:
            if key not in known:
                raise InputError(
                    f"unknown key {key!r}", where=self.where, remedy=f"did you mean {nearest(key, known)}?"
                )

    def one(self, key: str, kind: type, default: Any) -> Any:
        """The value of a key, of this type (an integer will do for a float), or the default where it is absent."""
        return self._checked(key, self.values[key], kind) if key in self.values else default

    def several(self, key: str, kind: type, default: tuple[Any, ...], *, empty: bool = False) -> tuple[Any, ...]:
        """A list of values, or one value without brackets; each value once, in its order.

        Args:
            key: of the values.
            kind: their type.
            default: where the key is absent.
            empty: whether the list may be empty.

        Raises:
            InputError: a value of another type, an empty list, or a value twice.
        """
        if key not in self.values:
            return default
        raw = self.values[key]
        values = tuple(self._checked(key, value, kind) for value in (raw if isinstance(raw, list) else [raw]))
        if not values and not empty:
            raise InputError(f"{key} is an empty list", where=self.where, remedy="give at least one value")
        for index, value in enumerate(values):
            if value in values[:index]:
                raise InputError(f"{key} holds {value!r} twice", where=self.where, remedy="list it once")
        return values

    def _checked(self, key: str, value: Any, kind: type) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            names = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
            raise InputError(f"{key} = {value!r}", where=self.where, remedy=f"give {names[kind]}")
        return value
