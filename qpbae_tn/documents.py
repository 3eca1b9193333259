"""JSON and TOML documents from outside, read at one guarded boundary.

What a file may do wrong ends here, as ONE `InputError` that names the file and, where it is one, the field: a file that
is missing, a folder, a device, unreadable, or larger than allowed; text that is not UTF-8 or not whole JSON or
TOML; a key given twice; numbers that are not finite; nesting that no real document has; and, against a shape, an
unknown key, a missing one, or a value of another type.

A shape is anything that msgspec checks: a builtin or a generic (`dict[str, float]`), a dataclass, or, where unknown
keys are to be refused, a `msgspec.Struct` with `forbid_unknown_fields=True`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import stat
import tomllib
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import msgspec.inspect

from qpbae_tn.errors import InputError

T = TypeVar("T")

LIMIT_BYTES = 64 * 2**20
"""Of a document, unless a caller says otherwise: far more than any that this program writes."""

DEEPEST = 100
"""Levels of lists and tables in each other; deeper ones are no document but an attack, or a mistake."""

_REMEDY = "correct it, or write it again"
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<field>.*)`)?$", re.DOTALL)


def read_json(path: Path, shape: type[T], *, remedy: str = _REMEDY, limit: int = LIMIT_BYTES) -> T:
    """A JSON file, in a shape.

    Args:
        path: the file.
        shape: what it holds; `object` for any JSON value.
        remedy: for a document that is wrong, not for a file that cannot be read.
        limit: bytes that it may have.

    Raises:
        InputError: see the module.
    """
    return parse_json(read_bytes(path, limit), shape, where=path, remedy=remedy)


def parse_json(text: bytes | str, shape: type[T], *, where: object, remedy: str = _REMEDY) -> T:
    """A JSON document, in a shape; `where` names its file, the rest is as for `read_json`."""

    def parse(decoded: str) -> Any:
        return json.loads(
            decoded, object_pairs_hook=_distinct, parse_float=_finite, parse_constant=_finite, parse_int=_whole
        )

    return shaped(_parsed(text, parse, "JSON", where, remedy), shape, where=where, remedy=remedy)


def read_toml(path: Path, shape: type[T], *, remedy: str = _REMEDY, limit: int = LIMIT_BYTES) -> T:
    """A TOML file, in a shape; see `read_json`."""
    return parse_toml(read_bytes(path, limit), shape, where=path, remedy=remedy)


def parse_toml(text: bytes | str, shape: type[T], *, where: object, remedy: str = _REMEDY) -> T:
    """A TOML document, in a shape; see `parse_json`."""

    def parse(decoded: str) -> Any:
        return tomllib.loads(decoded, parse_float=_finite)

    return shaped(_parsed(text, parse, "TOML", where, remedy), shape, where=where, remedy=remedy)


def shaped(document: Any, shape: type[T], *, where: object, remedy: str = _REMEDY) -> T:
    """A document of JSON values as a shape; an int is taken for a float, nothing else for anything else.

    Raises:
        InputError: an unknown key, a missing one, or a value of another type or out of its range; `what` names the
            field by its path, such as `grid[0].patch_size`.
    """
    try:
        return msgspec.convert(document, shape, strict=True)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        field, what = (found["field"], found["what"]) if found is not None else (None, str(error))
        unknown = _UNKNOWN.fullmatch(what)
        if unknown is not None:
            what = f"unknown key {unknown[1]!r}"
            known = _fields_at(msgspec.inspect.type_info(shape), field or "")
            remedy = f"did you mean {nearest(unknown[1], known)}?" if known else remedy
        what = (what[:1].lower() + what[1:]).replace("`", "")
        field = f"{field}{_shown_at(document, field)}" if field else field
        raise InputError(f"{field}: {what}" if field else what, where=where, remedy=remedy) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a mistyped one; `known` holds at least one."""
    choices = list(known)
    return (get_close_matches(name, choices, n=1, cutoff=0.0) or choices)[0]


def read_bytes(path: Path, limit: int = LIMIT_BYTES) -> bytes:
    """The bytes of a file or pipe of at most `limit` of them.

    Raises:
        InputError: there is no such file, it cannot be read, is neither file nor pipe, or is larger.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("is a folder", where=path, remedy="give a file")
        # A pipe is read like a file, so that `--split <(command)` works; a device may never end.
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise InputError("is neither a file nor a pipe", where=path, remedy="give a file")
        with open(path, "rb") as stream:
            content = stream.read(limit + 1)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError("no such file", where=path, remedy="check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", where=path, remedy="check its path and permissions") from None
    if len(content) > limit:
        raise InputError(f"is larger than {limit / 2**20:g} MiB", where=path, remedy="give a smaller file")
    return content


def as_json(value: Any, *properties: str) -> dict[str, Any]:
    """The fields of a dataclass, and some of its properties, as JSON values; what has a `to_json` writes itself."""
    names = (*(field.name for field in dataclasses.fields(value)), *properties)
    return {name: _as_json(getattr(value, name)) for name in names}


def _as_json(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _parsed(text: bytes | str, parse: Callable[[str], Any], language: str, where: object, remedy: str) -> Any:
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        document = parse(decoded)
        _check_depth(document)
    except _Refused as error:
        raise InputError(str(error), where=where, remedy=remedy) from None
    except (ValueError, RecursionError) as error:
        detail = " ".join(str(error).split())
        if isinstance(error, RecursionError | UnicodeDecodeError):
            detail = "nested too deeply" if isinstance(error, RecursionError) else "not UTF-8 text"
        raise InputError(f"is not whole {language} ({detail})", where=where, remedy=remedy) from None
    return document


class _Refused(Exception):
    """Well-formed, but not allowed."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"holds {twice!r} twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused(f"holds {text[:20]} where a finite number should be")
    return number


def _whole(text: str) -> int:
    if len(text) > 30:
        raise _Refused(f"holds a whole number of {len(text)} digits")
    return int(text)


def _fields_at(info: msgspec.inspect.Type, field: str) -> list[str]:
    """The keys of the Struct that lies at a path such as `grid[0].size` within a shape; none if there is no such."""
    for step in re.findall(r"\[|[^.\[\]]+(?![^\[]*\])", field):
        kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
        for kind in kinds:
            if step == "[" and isinstance(kind, msgspec.inspect.DictType):
                info = kind.value_type
            elif step == "[" and hasattr(kind, "item_type"):
                info = kind.item_type
            elif isinstance(kind, msgspec.inspect.StructType):
                info = next((one.type for one in kind.fields if one.encode_name == step), info)
    kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return [one.encode_name for kind in kinds if isinstance(kind, msgspec.inspect.StructType) for one in kind.fields]


def _shown_at(document: Any, field: str) -> str:
    """The value at a path, as ` = 1.5`, where it is a single one that can be found."""
    for step in re.findall(r"\[\d+\]|[^.\[\]]+", field):
        try:
            document = document[int(step[1:-1]) if step.startswith("[") else step]
        except (KeyError, IndexError, TypeError):
            return ""
    return f" = {document!r:.40}" if isinstance(document, str | int | float) else ""


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(DEEPEST):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise _Refused(f"is nested more than {DEEPEST} levels deep")
