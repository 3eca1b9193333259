"""Output files and run folders: written whole or not at all, and never over what is there unless asked to."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qpbae_tn.errors import InputError

ATTEMPTS = 5
_MARK = ".qpbae"
_MARK_TEXT = "This folder was written by qpbae, which replaces it when asked to.\n"


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary neighbour and a rename; a device or a pipe is written to as it stands.

    Raises:
        InputError: a folder that is missing or cannot be written to.
    """
    # A file name that is no UTF-8 text stands in the content as it stands in the file system.
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        temporary = _hidden_neighbour(target, "tmp")
        try:
            with open(temporary, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically; NaN and infinity, which JSON does not have, are a programming error."""
    write_atomically(path, json.dumps(document, indent=2, allow_nan=False) + "\n")


def check_output_file(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written in the end.

    Raises:
        InputError: it is a folder, or its own folder is missing or cannot be written to.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        target = path.resolve()
        if target.exists() and not target.is_file():
            return
        temporary = _hidden_neighbour(target, "tmp")
        try:
            temporary.touch(exist_ok=False)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def check_output_folder(folder: Path, *, force: bool = False, numbered: bool = False) -> None:
    """Refuse, before any work is done, a folder that could not be written in the end; arguments as `draft_folder`.

    A folder is made there and taken away again: only that tells for sure.

    Raises:
        InputError: it exists and `force` is not given, it is not one that qpbae wrote, or it cannot be written.
    """
    if not numbered:
        _refuse_what_is_there(folder, force=force)
    with _temporary_folder(folder):
        pass


@dataclass
class Draft:
    """An output folder while it is written.

    Args:
        place: where its files go until it is complete.
        folder: the name that it takes then.
    """

    place: Path
    folder: Path


@contextmanager
def output_folder(folder: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder to fill, which takes its name only when all of it is written; on any error nothing is left.

    Args:
        folder: the final name.
        force: whether to replace a folder that this program wrote before.

    Raises:
        InputError: as `check_output_folder`.
    """
    with draft_folder(folder, force=force) as draft:
        yield draft.place


@contextmanager
def draft_folder(folder: Path, *, force: bool = False, numbered: bool = False) -> Iterator[Draft]:
    """As `output_folder`; the draft's `folder` is the name that was taken in the end.

    Args:
        folder: the final name.
        force: whether to replace a folder that this program wrote before.
        numbered: take the first of `folder`, `folder`-2, `folder`-3, ... that is free when all is written, so that
            several processes that write side by side do not meet.

    Raises:
        InputError: as `check_output_folder`.
    """
    if not numbered:
        _refuse_what_is_there(folder, force=force)
    with _temporary_folder(folder) as temporary:
        try:
            (temporary / _MARK).write_text(_MARK_TEXT, encoding="utf-8")
            draft = Draft(temporary, folder)
            yield draft
            draft.folder = _take_name(temporary, folder, force=force, numbered=numbered)
        except OSError as error:
            ours = str(error.filename or "").startswith(str(temporary))
            if ours or error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _unwritable(folder, error) from None
            raise


def keep_inputs(output: Path | None, inputs: Iterable[Path]) -> None:
    """Refuse an output folder that holds what the command reads: `force` would replace it.

    Raises:
        InputError: an input is the folder, or lies in it.
    """
    if output is None:
        return
    folder = output.resolve()
    for path in inputs:
        if folder in (path.resolve(), *path.resolve().parents):
            raise InputError(f"holds {path}, which is read here", where=output, remedy="choose another `output`")


@dataclass(frozen=True)
class Destination:
    """The folder that a user names, or a new one below runs/.

    Args:
        folder: its name, or the first of its names if it is `numbered`.
        force: whether to replace a folder that qpbae wrote before.
        numbered: whether to take the next free number instead of failing where the name is taken.
    """

    folder: Path
    force: bool
    numbered: bool

    @classmethod
    def choose(cls, output: Path | None, name: str, *, force: bool) -> Destination:
        """From what the user names; `name` is that of the new folder below runs/ where this is nothing."""
        return cls(Path("runs") / name, False, True) if output is None else cls(output, force, False)

    def check(self) -> None:
        """Raises `InputError`, before any work is done, if the folder could not be written in the end."""
        check_output_folder(self.folder, force=self.force, numbered=self.numbered)

    def draft(self) -> AbstractContextManager[Draft]:
        """The folder to fill; it takes its name when all of it is written."""
        return draft_folder(self.folder, force=self.force, numbered=self.numbered)


def unused_folder(base: Path) -> Path:
    """`base`, or the first of `base`-2, `base`-3, ... that does not exist."""
    candidate, number = base, 2
    while _exists(candidate):
        candidate, number = base.with_name(f"{base.name}-{number}"), number + 1
    return candidate


def _refuse_what_is_there(folder: Path, *, force: bool) -> None:
    try:
        if not _exists(folder):
            return
        if not force:
            raise InputError("exists already", where=folder, remedy="choose another `output`, or `force` to replace it")
        if not folder.is_dir():
            raise InputError("is not a folder", where=folder, remedy="choose another `output`")
        if any(folder.iterdir()) and not (folder / _MARK).is_file():
            raise InputError(
                "was not written by qpbae, so `force` does not replace it",
                where=folder,
                remedy="choose another `output`",
            )
    except OSError as error:
        raise _unwritable(folder, error) from None


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder`, made with what is missing above it; in the end all that stays empty is removed.

    Raises:
        InputError: it cannot be made.
    """
    temporary = _hidden_neighbour(Path(os.path.realpath(folder)), "tmp")
    made: list[Path] = []
    try:
        try:
            _make(temporary, made)
        except OSError as error:
            raise _unwritable(folder, error) from None
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for level in reversed(made):
            with suppress(OSError):
                level.rmdir()


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder with what is missing above it; `made` grows by each, outermost first."""
    for attempt in range(ATTEMPTS):
        try:
            for level in reversed([folder, *folder.parents]):
                if not level.exists():
                    made.append(level)
                    level.mkdir(exist_ok=True)
            return
        except FileNotFoundError:
            # Another process may have taken away a folder above, which it had made for a look.
            if attempt == ATTEMPTS - 1:
                raise


def _take_name(temporary: Path, folder: Path, *, force: bool, numbered: bool) -> Path:
    while True:
        chosen = unused_folder(folder) if numbered else folder
        if not numbered and _exists(chosen):
            _refuse_what_is_there(chosen, force=force)
            _replace(Path(os.path.realpath(chosen)), temporary)
            return chosen
        try:
            os.rename(temporary, chosen)
            return chosen
        except OSError as error:
            # Another process took the name in between.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR) or not _exists(chosen):
                raise


def _replace(folder: Path, replacement: Path) -> None:
    old = _hidden_neighbour(folder, "old")
    os.rename(folder, old)
    try:
        os.rename(replacement, folder)
    except BaseException:
        os.rename(old, folder)
        raise
    shutil.rmtree(old)


def _exists(path: Path) -> bool:
    """Whether the name is taken, by a dangling link too; unlike `os.path.lexists` it tells of impossible names."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _hidden_neighbour(path: Path, suffix: str) -> Path:
    return path.parent / f".qpbae-{secrets.token_hex(6)}.{suffix}"


def _unwritable(path: Path, error: OSError) -> InputError:
    reason = "the disk is full" if error.errno == errno.ENOSPC else f"cannot be written ({error.strerror})"
    return InputError(reason, where=path, remedy="choose another output, or check its permissions")
