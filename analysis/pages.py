"""The report pages: what each is made of, making them, and whether a committed one still says what its inputs give.

A page is a module with a `PAGE` and a template `reports/NAME.md.j2` that holds its prose. `Page.run` gives the numbers,
the JSON document NAME/NAME.json; `Page.content` makes tables and charts of it; `Page.recompute` computes some of its
numbers again, in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from math import isclose
from pathlib import Path
from typing import Any

from qpbae_tn.documents import read_json
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.training import versions
from qpbae_tn.output import write_atomically
from qpbae_tn.report.content import Content, Figure, Made
from qpbae_tn.report.page import Page as OldPage
from qpbae_tn.report.render import write_page as write_old_page
from qpbae_tn.report.template import Filled, fill, html_environment, markdown_html
from qpbae_tn.tables import csv_text

Document = Mapping[str, Any]
Progress = Callable[[str], None]

MODULES: dict[str, str] = {
    "resources": "qpbae_tn.analysis.resources.report",
    "example": "qpbae_tn.analysis.example.report",
    "detection": "qpbae_tn.analysis.detection.report",
    "expressivity": "qpbae_tn.analysis.expressivity.report",
    "scaling": "qpbae_tn.analysis.scaling.report",
    "shots": "qpbae_tn.analysis.shots.report",
    "noise": "qpbae_tn.analysis.noise.report",
    "hardware": "qpbae_tn.analysis.hardware.report",
    "reproduction": "qpbae_tn.analysis.reproduction.report",
}
"""Page name to the module that holds its `PAGE`, in the order of the index."""
MADE = "made.json"
"""Beside each page: its title, summary and picture for the index, and what it was made with."""
EXTRAS = {"qualtran": "fault-tolerance", "qiskit": "test"}
"""Packages that some pages use where they are installed, and the extra that brings each."""
# A chart that is opened by itself needs a ground of its own: its lines are made for white pages.
_SVG_START = '<svg style="background:#ffffff"'


@dataclass(frozen=True)
class PageOptions:
    """How to make a page.

    Args:
        seed: of everything random.
        data: data sets that may not be shipped, name to folder, e.g. busi_32.
        progress: called with words on what is being worked on.
        previous: the committed page's JSON document, for pages that go on where they stopped; None to start afresh.
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
class Result:
    """What running a page's study gives.

    Args:
        document: all numbers as JSON values; has `rows`.
        drawings: figures that cannot be made of the document.
        data: names of the data sets used, bundled ones too, each with the SHA-256 of its images or None.
    """

    document: Document
    drawings: Mapping[str, Figure] = field(default_factory=dict)
    data: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A report page.

    Args:
        name: file name without suffix, and what the command line calls it.
        run: computes all numbers.
        content: tables and charts of a document; cheap.
        recompute: pairs of a part of a committed document and the same part computed again, in seconds in all and
            without data that are not bundled.
        picture: the figure that stands for the page in the index.
        minutes: to run, on two cores with all data sets.
        data: names of the data sets, not bundled, that the page shows where they are given.
        extras: packages of `EXTRAS` that it uses where they are installed.
        resumes: whether `previous` makes it go on from stored results.
    """

    name: str
    run: Callable[[PageOptions], Result]
    content: Callable[[Document], Content]
    recompute: Callable[[Document], Iterable[tuple[Any, Any]]]
    picture: str
    minutes: float
    data: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    resumes: bool = False


def load_page(name: str) -> Page:
    """The page of this name; raises `InputError` for an unknown one."""
    if name not in MODULES:
        raise InputError(f"unknown report {name!r}", where="names", remedy=f"choose from {', '.join(MODULES)}")
    module = import_module(MODULES[name])
    page = module.PAGE if hasattr(module, "PAGE") else _converted(module.REPORT)
    assert isinstance(page, Page)
    return page


def check_data(names: Sequence[str], pages: Sequence[Page]) -> None:
    """Raise `InputError` for the name of a data set that none of these pages takes."""
    known = list(dict.fromkeys(name for page in pages for name in page.data))
    for name in names:
        if name not in known:
            remedy = f"choose from {', '.join(known)}" if known else "leave it out, these pages take none"
            raise InputError(f"unknown data set {name!r}", where="data", remedy=remedy)


def make_pages(
    pages: Sequence[Page],
    folder: Path,
    options: PageOptions,
    *,
    resume: bool = False,
    without_data: bool = False,
    on_page: Callable[[], None] = lambda: None,
) -> dict[str, list[Path]]:
    """Make pages and the index.

    Args:
        pages: which.
        folder: the reports' folder; made if missing.
        options: seed, data sets that are not bundled, progress; each page gets the data sets that it takes.
        resume: go on from the committed pages' documents.
        without_data: replace pages that were made with data sets or extras which are not there now.
        on_page: called after each page.

    Returns:
        Page name to the files written.

    Raises:
        InputError: a data set that none of the pages takes, or a page that would lose one of its data sets, or the
            figures of a package that is not installed.
    """
    check_data(list(options.data), pages)
    if not without_data:
        for page in pages:
            _refuse_loss(folder, page, options.data)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made ({error.strerror})", where=folder, remedy="choose another `output`") from None
    written = {}
    for page in pages:
        previous = folder / page.name / f"{page.name}.json"
        taken = {name: place for name, place in options.data.items() if name in page.data}
        own = PageOptions(options.seed, taken, options.progress, previous if resume and previous.exists() else None)
        result = page.run(own)
        extras = tuple(name for name in page.extras if find_spec(name))
        numbers = versions() | {name: version(name) for name in extras}
        made = Made(own.command(page.name), own.seed, result.data, numbers, extras)
        written[page.name] = write_page(page, result, made, folder)
        on_page()
    write_index(folder)
    return written


def fill_pages(pages: Sequence[Page], folder: Path) -> dict[str, list[Path]]:
    """Fill the templates again with the numbers that stand beside the committed pages; nothing is computed.

    Raises:
        InputError: a page that was not made yet.
    """
    written = {}
    for page in pages:
        result, made = read_committed(page, folder)
        written[page.name] = write_page(page, result, made, folder)
    write_index(folder)
    return written


def write_page(page: Page, result: Result, made: Made, folder: Path) -> list[Path]:
    """Write NAME.md, NAME.html and the folder NAME with figures (SVG, PNG) and data (JSON, CSV).

    Returns:
        The files written.
    """
    if isinstance(page, _OldPage):
        return _write_old(page, made, folder)
    filled, figures, files = fill_page(page, result)
    beside = folder / page.name
    beside.mkdir(exist_ok=True)
    written: dict[Path, str | bytes] = {}
    for name, figure in figures.items():
        text = figure.content
        svg = text.replace("<svg", _SVG_START, 1) if isinstance(text, str) else text
        written[beside / f"{name}{figure.suffix}"] = svg
    for name, table in files.items():
        written[beside / f"{name}.csv"] = csv_text(table)
    written[beside / f"{page.name}.json"] = json.dumps(result.document, indent=1, allow_nan=False) + "\n"
    # A study of some parts only, as `qpbae scaling --part` makes it, may lack the page's own picture.
    picture = page.picture if page.picture in figures else next(iter(figures), "")
    entry = {
        "title": filled.title,
        "summary": filled.summary_text,
        "picture": f"{picture}{figures[picture].suffix}" if picture else "",
        "drawings": {f"{name}{one.suffix}": one.natural_size for name, one in sorted(result.drawings.items())},
        **asdict(made),
    }
    written[beside / MADE] = json.dumps(entry, indent=1) + "\n"
    written[folder / f"{page.name}.md"] = filled.markdown(made)
    written[folder / f"{page.name}.html"] = filled.html(made)
    for path, content in written.items():
        write_atomically(path, content)
    for stale in set(beside.iterdir()) - set(written):
        if stale.suffix in (".svg", ".csv", ".png"):
            stale.unlink()
    return list(written)


def fill_page(page: Page, result: Result) -> tuple[Filled, Mapping[str, Figure], Mapping[str, Any]]:
    """The page's text, its figures and the tables beside it."""
    content = page.content(result.document)
    figures = {**content.figures, **result.drawings}
    filled = fill(page.name, Content(content.values, content.tables, figures, content.files))
    return filled, figures, content.files


def read_committed(page: Page, folder: Path) -> tuple[Result, Made]:
    """What a committed page was made of; raises `InputError` where there is none."""
    entry, beside = read_made(folder, page.name), folder / page.name
    if entry is None:
        raise InputError("was not made yet", where=folder / f"{page.name}.md", remedy=f"qpbae report {page.name}")
    document = read_json(beside / f"{page.name}.json", dict[str, Any])
    drawings = {}
    for file, natural_size in entry["drawings"].items():
        path = beside / file
        if path.suffix == ".svg":
            drawings[path.stem] = Figure(path.read_text(encoding="utf-8").replace(_SVG_START, "<svg", 1), natural_size)
        else:
            drawings[path.stem] = Figure(path.read_bytes())
    made = Made(entry["command"], entry["seed"], entry["data"], entry["versions"], tuple(entry["extras"]))
    return Result(document, drawings, made.data), made


def read_made(folder: Path, name: str) -> dict[str, Any] | None:
    """What stands beside a page on how it was made; None if there is no page."""
    path = folder / name / MADE
    if not path.exists():
        return None
    return read_json(path, dict[str, Any])


def write_index(folder: Path) -> Path:
    """Write index.html: a card for each page with its picture and the answer that it gives."""
    entries = []
    for name in MODULES:
        made = read_made(folder, name)
        if made is not None:
            picture = (folder / name / made["picture"]).read_bytes() if made["picture"] else b""
            entries.append({"name": name, "title": made["title"], "summary": markdown_html(made["summary"])})
            entries[-1]["picture"] = Figure(picture.decode() if made["picture"].endswith("svg") else picture).data_uri()
    path = folder / "index.html"
    write_atomically(path, html_environment().get_template("index.html.j2").render(entries=entries))
    return path


def data_held(folder: Path, page: Page) -> list[str]:
    """The data sets, not bundled, that the committed page shows; none if there is no page."""
    made = read_made(folder, page.name) or {"data": {}}
    return [name for name in page.data if name in made["data"]]


def differences(committed: Any, now: Any, path: str = "") -> Iterator[str]:
    """Where numbers that were computed again are not those of a committed page; the rest must be equal.

    Args:
        committed: JSON values.
        now: the same, computed again.
        path: of these values, for the messages.
    """
    if isinstance(committed, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*committed, *now]):
            yield from differences(committed.get(key), now.get(key), f"{path}.{key}")
    elif isinstance(committed, list | tuple) and isinstance(now, list | tuple) and len(committed) == len(now):
        for index, (old, new) in enumerate(zip(committed, now, strict=True)):
            yield from differences(old, new, f"{path}[{index}]")
    elif isinstance(committed, float) and isinstance(now, float | int):
        if not isclose(committed, now, rel_tol=1e-6, abs_tol=1e-9):
            yield f"{path}: {committed} is {now} now"
    elif committed != now:
        yield f"{path}: {committed!r} is {now!r} now"


def matched(
    committed: Sequence[Document], now: Iterable[Document], keys: Sequence[str], columns: Sequence[str] = ()
) -> Iterator[tuple[Any, Any]]:
    """Each row computed again with the committed one that it replaces, for `Page.recompute`.

    Args:
        committed: all rows of the page's document.
        now: some of them, computed again.
        keys: columns that say which row it is; a column that a row lacks does not count.
        columns: to compare; all where empty.
    """
    for row in now:
        own = [key for key in keys if key in row]
        same = [one for one in committed if all(one.get(key) == row[key] for key in own)]
        old = same[0] if len(same) == 1 else {}
        names = columns or tuple(dict.fromkeys([*old, *row]))
        yield {name: old.get(name) for name in names}, {name: row.get(name) for name in names}


def _refuse_loss(folder: Path, page: Page, data: Mapping[str, Path]) -> None:
    for package in (read_made(folder, page.name) or {"extras": ()})["extras"]:
        if find_spec(package) is None:
            raise InputError(
                f"made with {package}, which is not installed",
                where=folder / f"{page.name}.md",
                remedy=f"pip install 'qpbae_tn[{EXTRAS[package]}]', or `without_data` to leave its figures out",
            )
    lost = [held for held in data_held(folder, page) if held not in data]
    if lost:
        options = " ".join(f"`data` {held}=DIR" for held in lost)
        raise InputError(
            f"made with {' and '.join(lost)}, not given now",
            where=folder / f"{page.name}.md",
            remedy=f"give {options}, or `without_data` to replace the page by one that shows less",
        )


# Pages that are not made from a template yet.

ReportOptions = PageOptions
_OLD_NEEDS: dict[str, tuple[float, tuple[str, ...], bool]] = {
    "shots": (3, ("busi_32",), False),
    "noise": (2.5, ("busi_32",), False),
}
_OLD_EXTRAS: dict[str, tuple[str, ...]] = {}


@dataclass(frozen=True)
class Report:
    """A page that is not made from a template yet."""

    name: str
    title: str
    make: Callable[[PageOptions], OldPage]
    inputs: tuple[str, ...]


def load_report(name: str) -> Report:
    """The old page of this name."""
    report = import_module(MODULES[name]).REPORT
    assert isinstance(report, Report)
    return report


@dataclass(frozen=True)
class _OldPage(Page):
    made: list[OldPage] = field(default_factory=list)


def _converted(report: Report) -> Page:
    made: list[OldPage] = []

    def run(options: PageOptions) -> Result:
        made.append(report.make(options))
        return Result(made[-1].document, data=dict.fromkeys(options.data))

    minutes, data, resumes = _OLD_NEEDS[report.name]
    extras = _OLD_EXTRAS.get(report.name, ())
    return _OldPage(report.name, run, lambda _: Content(), lambda _: (), "", minutes, data, extras, resumes, made)


def _write_old(page: _OldPage, made: Made, folder: Path) -> list[Path]:
    old = page.made[-1]
    written = write_old_page(old, folder)
    pictures = sorted(path.name for path in written if path.suffix in (".svg", ".png"))
    entry = {"title": old.title, "summary": old.lead, "picture": (pictures or [""])[0], "drawings": {}, **asdict(made)}
    path = folder / page.name / MADE
    write_atomically(path, json.dumps(entry, indent=1) + "\n")
    return [path, *written]
