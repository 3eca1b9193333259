"""The results file: one JSON line a result, appended once, whole, and never overwritten.

Lines are `study` (what is to be done; the first one is the file's header), `data` (a data set and its digest), `result`
and `failure`. Each is written by a single write under an exclusive lock and is on the disk before the lock is let go,
so several processes may add to one file. Whoever is killed in the middle of a write leaves a line without its end;
the next to take the lock cuts it off. Durations and other things that differ between runs are kept out. What a grid
holds is its kind's business (`study.grid.Kind`); the file keeps cells by the hash of their parameters.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qpbae_tn import __version__, platform
from qpbae_tn.documents import parse_json
from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import Cell, Grid, Kind, canonical, identifier_of

FORMAT = "qpbae_tn/study-results"
FORMAT_VERSION = 1
RESULTS_NAME = "results.jsonl"
FIRST_KIND = "experiments"
"""The kind of the files whose header names none: the first kind there was."""
_OPENING = f'{{"format":"{FORMAT}",'.encode()
"""What every results file begins with; a file with other contents is never touched."""
_HELD: dict[str, dict[str, type]] = {
    "study": {"study": dict},
    "data": {"data": str, "digest": str},
    "result": {"cell": str, "parameters": dict, "values": dict},
    "failure": {"cell": str, "parameters": dict, "cause": str},
}
"""What each kind of line must hold, and of which type."""


@dataclass
class Contents:
    """What a results file holds.

    Args:
        kind: of its grid.
        study: the grid's document, as the file last says it.
        version: of qpbae_tn that wrote it.
        data: the `data` lines, by data set.
        results: the `result` lines, by cell.
        failures: the last `failure` line of each cell; a cell may have a result nevertheless, from another attempt.
    """

    kind: Kind
    study: dict[str, Any]
    version: str
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, line: dict[str, Any]) -> None:
        """Take in one line; raises `ValueError` for one that is none of this format, or incomplete."""
        self._check(line)
        kind = line["kind"]
        if kind == "study":
            self.study = line["study"]
        elif kind == "data":
            self.data.setdefault(line["data"], line)
        elif kind == "result":
            self.results.setdefault(line["cell"], line)
        else:
            self.failures[line["cell"]] = line

    def _check(self, line: dict[str, Any]) -> None:
        """Raise `ValueError` for a line that lacks something, or whose cell is not the hash of its parameters."""
        held = _HELD.get(str(line.get("kind")))
        if held is None or not all(isinstance(line.get(name), type_) for name, type_ in held.items()):
            raise ValueError(line)
        if "parameters" in held and line["cell"] != identifier_of(line["parameters"]):
            raise ValueError(line)
        if line["kind"] == "result":
            self.kind.check_values(line["values"])

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each data set."""
        return {name: line["digest"] for name, line in self.data.items()}


def results_path(place: Path) -> Path:
    """The results file of a study's folder, or the file itself."""
    return place / RESULTS_NAME if place.is_dir() or place.suffix != ".jsonl" else place


def is_results_file(path: Path) -> bool:
    """Whether a results file lies there, of whatever study: such a file is added to, never replaced."""
    try:
        # A pipe would be waited for.
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(_OPENING)) == _OPENING
    except OSError:
        return False


def version_note(contents: Contents, path: Path) -> str | None:
    """What a reader of results of another version of qpbae_tn should know; None for results of this one."""
    if contents.version == __version__:
        return None
    return f"{path} was written by qpbae_tn {contents.version}, this is {__version__}"


def check_version(contents: Contents, path: Path) -> None:
    """Raise `InputError` for results of another version of qpbae_tn, to which this one adds nothing."""
    if contents.version != __version__:
        raise InputError(
            f"was written by qpbae_tn {contents.version}, this is {__version__}",
            where=path,
            remedy="use that version, or another `output`",
        )


def read_results(path: Path, kind: Kind) -> Contents:
    """Read a results file without touching it; an unfinished last line is left out.

    Args:
        path: of the file.
        kind: that it must be of.

    Raises:
        InputError: a file that is missing, of another format, version or kind, or damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no results there", where=path, remedy="run the study first") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, remedy="check its permissions") from None
    lines = data[: data.rfind(b"\n") + 1].splitlines()
    if not lines:
        raise InputError("holds no study", where=path, remedy="run the study first")
    contents = _read_header(path, lines[0], kind)
    _check_usable(path, contents)
    for number, line in enumerate(lines[1:], 2):
        _take(contents, path, number, line)
    return contents


class ResultsFile:
    """A results file that is being added to.

    Args:
        path: of the file, which is made if it does not exist.
        grid: that it is for; the file may hold a smaller one of the same name, which then grows.

    Raises:
        InputError: a file of another grid or version, one that is damaged, or one that cannot be written.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        self.path = path
        self.repaired_bytes = 0
        """Bytes of unfinished lines that were cut off."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("a+b", buffering=0)
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})", where=path, remedy="choose another `output`"
            ) from None
        try:
            self._stream.seek(0)
            start = self._stream.read(len(_OPENING))
            if start != _OPENING[: len(start)]:
                raise InputError("is not a results file", where=path, remedy="choose another `output`")
            self._lock = platform.lock_beside(path)
            with self._locked():
                if self._size() == 0:
                    self._create(grid)
                self._seen, self._lines = 0, 0
                self.contents = self._begin(grid.kind)
                self._read_new()
                self._go_on_with(grid)
        except BaseException:
            self._stream.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

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
                    remedy="use the same files, or another `output`",
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
        with self._lock:
            self._repair()
            yield

    def _size(self) -> int:
        return self._stream.seek(0, os.SEEK_END)

    def _repair(self) -> None:
        size = end = self._size()
        # Look for the last line end from behind, block by block.
        while end > 0:
            start = max(0, end - (1 << 16))
            self._stream.seek(start)
            position = self._stream.read(end - start).rfind(b"\n")
            if position >= 0:
                end = start + position + 1
                break
            end = start
        if end < size:
            self._cut(end)
            self.repaired_bytes += size - end

    def _cut(self, size: int) -> None:
        self._stream.truncate(size)
        os.fsync(self._stream.fileno())

    def _create(self, grid: Grid) -> None:
        header = {"format": FORMAT, "format_version": FORMAT_VERSION, "version": __version__, "kind": "study"}
        kind = {} if grid.kind.name == FIRST_KIND else {"study_kind": grid.kind.name}
        self._write(header | kind | {"study": dict(grid.document)})
        platform.sync_folder(self.path.parent)

    def _begin(self, kind: Kind) -> Contents:
        data = self._read_from(0)
        line = data[: data.find(b"\n") + 1]
        self._seen, self._lines = len(line), 1
        contents = _read_header(self.path, line, kind)
        check_version(contents, self.path)
        _check_usable(self.path, contents)
        return contents

    def _read_new(self) -> None:
        data = self._read_from(self._seen)
        for line in data.splitlines():
            self._lines += 1
            _take(self.contents, self.path, self._lines, line)
        self._seen += len(data)

    def _read_from(self, start: int) -> bytes:
        self._stream.seek(start)
        return self._stream.readall()

    def _go_on_with(self, grid: Grid) -> None:
        """Note another document than the file's, if the grid may go on from that one."""
        if canonical(self.contents.study) == canonical(dict(grid.document)):
            return
        try:
            grid.check_goes_on(self.contents.study, self.contents.digests)
        except InputError as error:
            raise InputError(error.what, where=self.path, remedy=error.remedy) from None
        self._append({"kind": "study", "study": dict(grid.document)})

    def _append(self, line: dict[str, Any]) -> None:
        self._write(line)
        self._read_new()

    def _write(self, line: dict[str, Any]) -> None:
        """One write, on the disk when this returns; a write that the disk had no room for is undone."""
        # A study keeps its order, of data sets above all; a result is the same bytes whoever writes it.
        text = json.dumps(line, separators=(",", ":")) if line["kind"] == "study" else canonical(line)
        data = text.encode() + b"\n"
        size = self._size()
        try:
            written = self._stream.write(data)
            os.fsync(self._stream.fileno())
        except OSError as error:
            self._cut(size)
            raise InputError(
                f"cannot be written ({error.strerror})", where=self.path, remedy="make room and start the study again"
            ) from None
        if written < len(data):
            self._cut(size)
            raise InputError("the disk is full", where=self.path, remedy="make room and start the study again")


def _read_header(path: Path, line: bytes, kind: Kind) -> Contents:
    """A results file before its second line."""
    try:
        header = parse_json(line, dict[str, Any], where=path)
    except InputError:
        raise _damaged_header(path) from None
    if header.get("format") != FORMAT:
        raise InputError("is not a results file", where=path, remedy="choose another `output`")
    if header.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"has format version {header.get('format_version')}, not {FORMAT_VERSION}",
            where=path,
            remedy=f"use qpbae_tn {header.get('version')}, or another `output`",
        )
    if not isinstance(header.get("study"), dict):
        raise _damaged_header(path)
    found = header.get("study_kind", FIRST_KIND)
    if found != kind.name:
        raise InputError(f"holds {found}, not {kind.name}", where=path, remedy="give it to the command that made it")
    return Contents(kind, header["study"], str(header.get("version")))


def _check_usable(path: Path, contents: Contents) -> None:
    """Raise `InputError`, naming the file, for a document that this version cannot use."""
    try:
        contents.kind.check_document(contents.study, str(path))
    except InputError as error:
        raise InputError(
            f"its study cannot be used ({error.what})",
            where=error.where,
            remedy="restore the file, or choose another `output`",
        ) from None


def _take(contents: Contents, path: Path, number: int, line: bytes) -> None:
    try:
        document = parse_json(line, dict[str, Any], where=path)
        contents.add(document)
    except ValueError:
        raise InputError(
            f"line {number} is damaged", where=path, remedy="remove this line; its cell will be computed again"
        ) from None
    if document["kind"] == "study":
        _check_usable(path, contents)


def _damaged_header(path: Path) -> InputError:
    return InputError(
        "the header (line 1) is damaged", where=path, remedy="restore the file, or choose another `output`"
    )
