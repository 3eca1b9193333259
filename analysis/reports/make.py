"""Making report pages: run what they need, write them, refresh the index and the recorded hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from qpbae_tn.analysis.reports.registry import MODULES, NEEDS, check_data
from qpbae_tn.analysis.reports.render import write_index, write_page
from qpbae_tn.analysis.reports.report import Progress, Report, ReportOptions
from qpbae_tn.analysis.reports.staleness import record
from qpbae_tn.errors import InputError
from qpbae_tn.output import write_atomically

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
        raise InputError(f"cannot be made ({error.strerror})", where=folder, remedy="choose another --output") from None
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
            raise InputError(f"{option!r} is not NAME=DIR", where="--data", remedy="write e.g. busi_32=path/to/folder")
        if not Path(folder).is_dir():
            raise InputError("no such folder", where=folder, remedy=f"check --data {name}=DIR")
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
                remedy=f"pip install 'qpbae_tn[{OPTIONAL[package]}]', or --without-data to leave its figures out",
            )
    lost = [held for held in data_held(folder, name) if held not in data]
    if lost:
        options = " ".join(f"--data {held}=DIR" for held in lost)
        raise InputError(
            f"made with {' and '.join(lost)}, not given now",
            where=folder / f"{name}.md",
            remedy=f"give {options}, or --without-data to replace the page by one that shows less",
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
