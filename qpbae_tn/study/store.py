"""The results file: one JSON line a result, appended once, whole, and never overwritten.

Lines are `study` (what is to be done; the first one is the file's header), `data` (a data set and its digest), `result`
and `failure`. Each is written by a single write under an exclusive lock and is on the disk before the lock is let go,
so several processes may add to one file. Whoever is killed in the middle of a write leaves a line without its end;
the next to take the lock cuts it off. Durations and other things that differ between runs are kept out.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qpbae_tn import __version__
from qpbae_tn.errors import InputError
from qpbae_tn.study.cells import Cell, canonical
from qpbae_tn.study.specification import Study

FORMAT = "qpbae_tn/study-results"
FORMAT_VERSION = 1
RESULTS_NAME = "results.jsonl"
_OPENING = f'{{"format":"{FORMAT}",'.encode()
"""What every results file begins with; a file with other contents is never touched."""


@dataclass
class Contents:
    """What a results file holds.

    Args:
        study: as the file last says it.
        version: of qpbae_tn that wrote it.
        data: the `data` lines, by data set.
        results: the `result` lines, by cell.
        failures: the last `failure` line of each cell; a cell may have a result nevertheless, from another attempt.
    """

    study: dict[str, Any]
    version: str
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, line: dict[str, Any]) -> None:
        """Take in one line; raises `KeyError` or `TypeError` for one that is none of this format."""
        kind = line["kind"]
        if kind == "study":
            self.study = line["study"]
        elif kind == "data":
            self.data.setdefault(line["data"], line)
        elif kind == "result":
            self.results.setdefault(line["cell"], line)
        elif kind == "failure":
            self.failures[line["cell"]] = line
        else:
            raise KeyError(kind)

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each data set."""
        return {name: line["digest"] for name, line in self.data.items()}


def results_path(place: Path) -> Path:
    """The results file of a study's folder, or the file itself."""
    return place / RESULTS_NAME if place.is_dir() or place.suffix != ".jsonl" else place


def read_results(path: Path) -> Contents:
    """Read a results file without touching it; an unfinished last line is left out.

    Raises:
        InputError: a file that is missing, of another format or version, or damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no results there", where=path, remedy="start the study with qpbae study run") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, remedy="check its permissions") from None
    lines = data[: data.rfind(b"\n") + 1].splitlines()
    if not lines:
        raise InputError("holds no study", where=path, remedy="start the study with qpbae study run")
    header = _parse(path, 1, lines[0])
    contents = _checked_header(path, header)
    for number, line in enumerate(lines[1:], 2):
        _take(contents, path, number, line)
    return contents


class ResultsFile:
    """A results file that is being added to.

    Args:
        path: of the file, which is made if it does not exist.
        study: that it is for; the file may hold a smaller grid of the same name, which then grows.

    Raises:
        InputError: a file of another study or version, one that is damaged, or one that cannot be written.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self.path = path
        self.repaired_bytes = 0
        """Bytes of unfinished lines that were cut off."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})", where=path, remedy="choose another --output"
            ) from None
        try:
            if os.pread(self._descriptor, len(_OPENING), 0) != _OPENING[: os.fstat(self._descriptor).st_size]:
                raise InputError("is not a results file", where=path, remedy="choose another --output")
            with self._locked():
                if os.fstat(self._descriptor).st_size == 0:
                    self._create(study)
                self._seen, self._lines = 0, 0
                self.contents = self._read_header()
                self._read_new()
                self._check_study(study)
        except BaseException:
            os.close(self._descriptor)
            raise

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def refresh(self) -> Contents:
        """What the file holds now, with the lines of others."""
        with self._locked():
            self._read_new()
        return self.contents

    def add_data(self, name: str, digest: str, facts: Mapping[str, Any]) -> None:
        """Note the digest of a data set; raises `InputError` if results of other files are there under its name."""
        with self._locked():
            self._read_new()
            known = self.contents.data.get(name)
            if known is None:
                self._append({"kind": "data", "data": name, "digest": digest, **facts})
            elif known["digest"] != digest:
                raise InputError(
                    f"its results are of other files of the data set {name}",
                    where=self.path,
                    remedy="use the same files, or another --output",
                )

    def add_result(self, cell: Cell, values: Mapping[str, Any]) -> bool:
        """Append a result, unless there is one for this cell; says whether it was new."""
        with self._locked():
            self._read_new()
            if cell.identifier in self.contents.results:
                return False
            self._append(
                {"kind": "result", "cell": cell.identifier, "parameters": cell.to_json(), "values": dict(values)}
            )
            return True

    def add_failure(self, cell: Cell, cause: str) -> None:
        """Append the cause of a failure."""
        with self._locked():
            self._read_new()
            self._append({"kind": "failure", "cell": cell.identifier, "parameters": cell.to_json(), "cause": cause})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock, with the file ending in a whole line."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            self._repair()
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _repair(self) -> None:
        size = end = os.fstat(self._descriptor).st_size
        # Look for the last line end from behind, block by block.
        while end > 0:
            start = max(0, end - (1 << 16))
            position = os.pread(self._descriptor, end - start, start).rfind(b"\n")
            if position >= 0:
                end = start + position + 1
                break
            end = start
        if end < size:
            os.ftruncate(self._descriptor, end)
            os.fsync(self._descriptor)
            self.repaired_bytes += size - end

    def _create(self, study: Study) -> None:
        self._write(
            {"format": FORMAT, "format_version": FORMAT_VERSION, "version": __version__, "kind": "study"}
            | {"study": dict(study.document)}
        )
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _read_header(self) -> Contents:
        data = self._read_from(0)
        line = data[: data.find(b"\n") + 1]
        self._seen, self._lines = len(line), 1
        contents = _checked_header(self.path, _parse(self.path, 1, line))
        if contents.version != __version__:
            raise InputError(
                f"was written by qpbae_tn {contents.version}, this is {__version__}",
                where=self.path,
                remedy="use that version, or another --output",
            )
        return contents

    def _read_new(self) -> None:
        data = self._read_from(self._seen)
        for line in data.splitlines():
            self._lines += 1
            _take(self.contents, self.path, self._lines, line)
        self._seen += len(data)

    def _read_from(self, start: int) -> bytes:
        size = os.fstat(self._descriptor).st_size
        parts = []
        while start < size:
            parts.append(os.pread(self._descriptor, size - start, start))
            start += len(parts[-1])
        return b"".join(parts)

    def _check_study(self, study: Study) -> None:
        """The file's study, or one that only adds cells to it."""
        if canonical(self.contents.study) == canonical(dict(study.document)):
            return
        known = Study.from_document(self.contents.study, str(self.path))
        if known.name != study.name:
            raise InputError(
                f"holds results of the study {known.name!r}, not of {study.name!r}",
                where=self.path,
                remedy="choose another --output",
            )
        old, new = ({cell.identifier for cell in one.cells(self._digests(study))} for one in (known, study))
        if not old <= new:
            raise InputError(
                f"{len(old - new)} of the {len(old)} cells that it was begun with are not in the study any more",
                where=self.path,
                remedy="undo the change, or choose another --output; a study may only grow",
            )
        self._append({"kind": "study", "study": dict(study.document)})

    def _digests(self, study: Study) -> dict[str, str]:
        return dict.fromkeys(study.data, "") | self.contents.digests

    def _append(self, line: dict[str, Any]) -> None:
        self._write(line)
        self._read_new()

    def _write(self, line: dict[str, Any]) -> None:
        """One write, on the disk when this returns; a write that the disk had no room for is undone."""
        # A study keeps its order, of data sets above all; a result is the same bytes whoever writes it.
        text = json.dumps(line, separators=(",", ":")) if line["kind"] == "study" else canonical(line)
        data = text.encode() + b"\n"
        size = os.fstat(self._descriptor).st_size
        try:
            written = os.write(self._descriptor, data)
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, size)
            raise InputError(
                f"cannot be written ({error.strerror})", where=self.path, remedy="make room and start the study again"
            ) from None
        if written < len(data):
            os.ftruncate(self._descriptor, size)
            raise InputError("the disk is full", where=self.path, remedy="make room and start the study again")


def _checked_header(path: Path, header: dict[str, Any]) -> Contents:
    if header.get("format") != FORMAT or not isinstance(header.get("study"), dict):
        raise InputError("is not a results file", where=path, remedy="choose another --output")
    if header.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"has format version {header.get('format_version')}, not {FORMAT_VERSION}",
            where=path,
            remedy=f"use qpbae_tn {header.get('version')}, or another --output",
        )
    return Contents(header["study"], str(header.get("version")))


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        raise _damaged(path, number) from None
    if not isinstance(document, dict):
        raise _damaged(path, number)
    return document


def _take(contents: Contents, path: Path, number: int, line: bytes) -> None:
    try:
        contents.add(_parse(path, number, line))
    except (KeyError, TypeError):
        raise _damaged(path, number) from None


def _damaged(path: Path, number: int) -> InputError:
    return InputError(
        f"line {number} is damaged", where=path, remedy="remove this line; its cell will be computed again"
    )
