"""Output files and run folders: written whole or not at all, and never over what is there unless asked to."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qpbae_tn.errors import InputError


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary neighbour and a rename.

    Raises:
        InputError: a folder that is missing or cannot be written to.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def check_output_folder(folder: Path, *, force: bool) -> None:
    """Refuse, before any work is done, a folder that could not be written in the end.

    Raises:
        InputError: it exists and `force` is not given, or its parent cannot be written to.
    """
    if folder.exists() and not force:
        raise InputError("exists already", where=folder, remedy="choose another --output, or --force to replace it")
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", where=folder, remedy="choose another --output")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise InputError(
            "was not written by qpbae, so --force does not replace it", where=folder, remedy="choose another --output"
        )
    existing = next(parent for parent in [folder, *folder.absolute().parents] if parent.exists())
    if not existing.is_dir():
        raise InputError(f"{existing} is not a folder", where=folder, remedy="choose another --output")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f"{existing} cannot be written to", where=folder, remedy="choose another --output")


_MARK = ".qpbae"


@contextmanager
def output_folder(folder: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder to fill, which takes its name only when all of it is written; on any error nothing is left.

    Args:
        folder: the final name.
        force: whether to replace a folder that this program wrote before.

    Raises:
        InputError: as `check_output_folder`.
    """
    check_output_folder(folder, force=force)
    temporary = folder.absolute().with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        (temporary / _MARK).write_text("This folder was written by qpbae; --force may replace it.\n", encoding="utf-8")
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _unwritable(folder, error) from None
    try:
        yield temporary
        _take_name(temporary, folder)
    except OSError as error:
        if str(error.filename or "").startswith(str(temporary)) or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _unwritable(folder, error) from None
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def unused_folder(base: Path) -> Path:
    """`base`, or the first of `base`-2, `base`-3, ... that does not exist."""
    candidate, number = base, 2
    while candidate.exists():
        candidate, number = base.with_name(f"{base.name}-{number}"), number + 1
    return candidate


def _take_name(temporary: Path, folder: Path) -> None:
    if not folder.exists():
        os.replace(temporary, folder)
        return
    old = temporary.with_suffix(".old")
    os.replace(folder, old)
    os.replace(temporary, folder)
    shutil.rmtree(old)


def _unwritable(path: Path, error: OSError) -> InputError:
    reason = "the disk is full" if error.errno == errno.ENOSPC else f"cannot be written ({error.strerror})"
    return InputError(reason, where=path, remedy="choose another output, or check its permissions")


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically; NaN and infinity, which JSON does not have, are a programming error."""
    write_atomically(path, json.dumps(document, indent=2, allow_nan=False) + "\n")
