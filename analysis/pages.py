"""Making report pages: run what they need, write them, refresh the index and the recorded hashes."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from qpbae_tn.errors import InputError
from qpbae_tn.output import write_atomically
from qpbae_tn.report.page import Page
from qpbae_tn.report.render import write_index, write_page

# What a report is: how its page is made, from which data, and from which sources.


Progress = Callable[[str], None]


@dataclass(frozen=True)
class ReportOptions:
    """How to make a page.

    Args:
        seed: of everything random.
        data: data sets that may not be shipped, name to folder, e.g. busi_32; a report tells what it left out.
        progress: told, in words, what is being worked on.
        previous: the committed page's JSON document, for reports that go on where they stopped; None to start anew.
    """

    seed: int = 0
    data: Mapping[str, Path] = field(default_factory=dict)
    progress: Progress = lambda _: None
    previous: Path | None = None

    def command(self, name: str) -> str:
        """The command line that makes the page again, folders left open."""
        data = "".join(f" --data {key}=DIR" for key in sorted(self.data))
        return f"qpbae report {name}{data}" + (f" --seed {self.seed}" if self.seed else "")


@dataclass(frozen=True)
class Report:
    """A report.

    Args:
        name: file name without suffix, and what the command line calls it.
        title: heading.
        make: makes the page.
        inputs: files and folders of the repository whose code decides the page's numbers.
    """

    name: str
    title: str
    make: Callable[[ReportOptions], Page]
    inputs: tuple[str, ...]


# The reports by name; a new one is one more entry.


MODULES: dict[str, str] = {
    "resources": "qpbae_tn.analysis.resources.report",
    "example": "qpbae_tn.analysis.example.report",
    "expressivity": "qpbae_tn.analysis.expressivity.report",
    "scaling": "qpbae_tn.analysis.scaling.report",
    "shots": "qpbae_tn.analysis.shots.report",
    "noise": "qpbae_tn.analysis.noise.report",
    "hardware": "qpbae_tn.analysis.hardware.report",
    "reproduction": "qpbae_tn.analysis.reproduction.report",
}
"""Report name to the module that holds its `REPORT`, in the order of the index."""


@dataclass(frozen=True)
class Needs:
    """What making a page takes.

    Args:
        minutes: on two cores, measured once with all data sets.
        data: names of the data sets, not bundled, that the page shows where they are given.
        resumes: whether a call that resumes goes on from stored results, which takes less.
    """

    minutes: float
    data: tuple[str, ...] = ()
    resumes: bool = False


NEEDS: dict[str, Needs] = {
    "resources": Needs(1),
    "example": Needs(0.1),
    "expressivity": Needs(7, ("busi_32", "mvtec_grid_256")),
    "scaling": Needs(25, ("busi_256", "mvtec_grid_256"), resumes=True),
    "shots": Needs(3, ("busi_32",)),
    "noise": Needs(2.5, ("busi_32",)),
    "hardware": Needs(0.7, ("busi_32",)),
    "reproduction": Needs(
        5, ("busi_32", "mvtec_grid_256", "authors_results", "busi", "grid", "carpet", "leather", "wood"), resumes=True
    ),
}
"""By report; here and not beside each `REPORT`, so that they are known without loading what makes the pages."""


def check_data(names: Sequence[str], reports: Sequence[str]) -> None:
    """Raise `InputError` for the name of a data set that none of these reports takes.

    Args:
        names: of the data sets given.
        reports: names of the reports to make.
    """
    known = list(dict.fromkeys(name for report in reports for name in NEEDS[report].data))
    for name in names:
        if name not in known:
            remedy = f"choose from {', '.join(known)}" if known else "leave it out, these pages take none"
            raise InputError(f"unknown data set {name!r}", where="data", remedy=remedy)


def load_report(name: str) -> Report:
    """The report of this name; raises `InputError` for an unknown one."""
    if name not in MODULES:
        raise InputError(f"unknown report {name!r}", where="names", remedy=f"choose from {', '.join(MODULES)}")
    report = import_module(MODULES[name]).REPORT
    assert isinstance(report, Report)
    return report


# Whether a committed page is older than the code that decides its numbers: a hash of that code, kept beside the page.
#
# The hash is taken over syntax trees without docstrings, so that comments, wording and layout do not count.


FILE = "inputs.json"


def input_hash(report: Report, root: Path) -> str:
    """SHA-256 over the code of the report's inputs.

    Args:
        report: the report.
        root: the repository's root.
    """
    digest = hashlib.sha256()
    for path in _files(report.inputs, root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(_essence(path))
    return digest.hexdigest()


def record(report: Report, root: Path, folder: Path) -> None:
    """Remember the hash of a page that was just written."""
    known = read(folder)
    known[report.name] = input_hash(report, root)
    write_atomically(folder / FILE, json.dumps(dict(sorted(known.items())), indent=2) + "\n")


def read(folder: Path) -> dict[str, str]:
    """Report name to recorded hash; empty where nothing is recorded."""
    path = folder / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _files(inputs: Iterable[str], root: Path) -> list[Path]:
    found: set[Path] = set()
    for name in inputs:
        path = root / name
        found |= set(path.rglob("*.py")) if path.is_dir() else {path}
    return sorted(found)


def _essence(path: Path) -> bytes:
    if path.suffix != ".py":
        return path.read_bytes()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(
            node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
        ):
            node.body = [
                item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ]
    return ast.dump(tree).encode()


OPTIONAL = {"qualtran": "fault-tolerance", "qiskit": "test"}
"""Packages that some pages use where they are installed, and the extra that brings each."""
LEADS = "leads.json"
"""Name, title and lead of each written page, so that the index can be made without making every page."""


def make_reports(
    reports: Sequence[Report],
    folder: Path,
    data: Mapping[str, Path],
    seed: int,
    *,
    resume: bool = False,
    without_data: bool = False,
    progress: Progress = lambda _: None,
    on_page: Callable[[], None] = lambda: None,
) -> dict[str, list[Path]]:
    """Make pages and the index.

    Args:
        reports: which.
        folder: the reports' folder; made if missing. Its parent is the repository's root.
        data: data sets that are not bundled, name to folder; each page is told of those that it takes.
        seed: of everything random.
        resume: go on from the committed pages' documents.
        without_data: replace pages that were made with data sets which are not given now.
        progress: told what is being worked on.
        on_page: called after each page.

    Returns:
        Report name to the files written.

    Raises:
        InputError: a data set that none of the pages takes, or a page that would lose one of its data sets, or the
            figures of a package that is not installed.
    """
    names = [report.name for report in reports]
    check_data(list(data), names)
    if not without_data:
        for name in names:
            _refuse_loss(folder, name, data)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made ({error.strerror})", where=folder, remedy="choose another `output`") from None
    root = folder.absolute().parent
    written = {}
    for report in reports:
        previous = folder / report.name / f"{report.name}.json"
        taken = {name: place for name, place in data.items() if name in NEEDS[report.name].data}
        options = ReportOptions(seed, taken, progress, previous if resume and previous.exists() else None)
        page = report.make(options)
        written[report.name] = write_page(page, folder)
        _remember_lead(folder, report.name, page.title, page.lead)
        if all((root / name).exists() for name in report.inputs):
            record(report, root, folder)
        on_page()
    _write_index(folder)
    return written


def parse_data(options: Sequence[str]) -> dict[str, Path]:
    """`NAME=DIR` options as a mapping; raises `InputError` for one without a name or with a folder that is missing."""
    folders = {}
    for option in options:
        name, separator, folder = option.partition("=")
        if not separator or not name or not folder:
            raise InputError(f"{option!r} is not NAME=DIR", where="data", remedy="write e.g. busi_32=path/to/folder")
        if not Path(folder).is_dir():
            raise InputError("no such folder", where=folder, remedy=f"check `data` {name}=DIR")
        folders[name] = Path(folder)
    return folders


def data_held(folder: Path, name: str) -> list[str]:
    """The data sets, not bundled, that the page of this report was made with; none if there is no page."""
    path = folder / f"{name}.md"
    if not path.exists():
        return []
    foot = re.search(r"^Made by `(qpbae report [^`]*)`", path.read_text(encoding="utf-8"), re.MULTILINE)
    return re.findall(r"--data (\S+)=DIR", foot[1]) if foot else []


def _refuse_loss(folder: Path, name: str, data: Mapping[str, Path]) -> None:
    for package in _packages_used(folder, name):
        if find_spec(package) is None:
            raise InputError(
                f"made with {package}, which is not installed",
                where=folder / f"{name}.md",
                remedy=f"pip install 'qpbae_tn[{OPTIONAL[package]}]', or `without_data` to leave its figures out",
            )
    lost = [held for held in data_held(folder, name) if held not in data]
    if lost:
        options = " ".join(f"`data` {held}=DIR" for held in lost)
        raise InputError(
            f"made with {' and '.join(lost)}, not given now",
            where=folder / f"{name}.md",
            remedy=f"give {options}, or `without_data` to replace the page by one that shows less",
        )


def _packages_used(folder: Path, name: str) -> list[str]:
    """The packages of extras that the foot of the page of this report names; none if there is no page."""
    path = folder / f"{name}.md"
    foot = path.read_text(encoding="utf-8").rpartition("Versions: ")[2] if path.exists() else ""
    return [package for package in OPTIONAL if re.search(rf"\b{package} \d", foot)]


def _remember_lead(folder: Path, name: str, title: str, lead: str) -> None:
    path = folder / LEADS
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[name] = {"title": title, "lead": lead}
    write_atomically(path, json.dumps(dict(sorted(known.items())), indent=2) + "\n")


def _write_index(folder: Path) -> None:
    known = json.loads((folder / LEADS).read_text(encoding="utf-8"))
    names = [name for name in MODULES if name in known]
    write_index(folder, [(name, known[name]["title"], known[name]["lead"]) for name in names])
