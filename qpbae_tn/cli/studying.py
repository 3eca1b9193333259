"""What the commands of `qpbae study` tell and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.study.runner import Progress
    from qpbae_tn.study.sources import Source
    from qpbae_tn.study.specification import Study
    from qpbae_tn.study.store import Contents
    from qpbae_tn.study.tables import ResultTable
    from qpbae_tn.study.workers import Workers

SHOWN_FAILURES = 10


def tell_beside(text: str) -> None:
    """A note on standard error: while others wait, or where standard output may be a file's contents."""
    from rich.console import Console

    Console(stderr=True, highlight=False).print(f"note: {text}", style="yellow", markup=False, soft_wrap=True)


def refuse_results_file(target: Path | str | None, option: str, results: Path | None = None) -> None:
    """Raise `InputError` for an output that would replace a study's results, which are never overwritten.

    Args:
        target: to be written, if anything is.
        option: that names it.
        results: the study's results file, which may not be there yet.
    """
    from qpbae_tn.study.store import is_results_file

    if target is None:
        return
    same = results is not None and Path(target).resolve() == results.resolve()
    if same or is_results_file(Path(target)):
        raise InputError(
            "is a study's results file, which is never overwritten", where=target, remedy=f"choose another {option}"
        )


def workers_of(jobs: int | None, scheduler: str | None, notice: Callable[[str], None]) -> Workers:
    """Where `--jobs` and `--scheduler` ask to compute; raises `InputError` for both at once.

    Args:
        jobs: local processes, 0 for none beside this one.
        scheduler: its address.
        notice: called with one line where there is something to wait for.
    """
    from qpbae_tn.platform import processor_count
    from qpbae_tn.study.workers import DaskScheduler, InProcess, LocalProcesses

    if scheduler is not None:
        if jobs is not None:
            raise InputError("--jobs with --scheduler", remedy="give one of them: the scheduler has its own workers")
        return DaskScheduler(scheduler, notice)
    if jobs == 0:
        return InProcess()
    return LocalProcesses(jobs if jobs is not None else processor_count())


def describe_price(study: Study, sources: Mapping[str, Source], results: Path, reporter: Reporter) -> None:
    """What a run would do."""
    from qpbae_tn.cli.quoting import duration
    from qpbae_tn.study.pricing import price, processor_seconds
    from qpbae_tn.study.runner import TIMES_NAME
    from qpbae_tn.study.sources import missing
    from qpbae_tn.study.specification import EXPERIMENTS
    from qpbae_tn.study.store import check_version, read_results

    done: set[str] = set()
    if results.exists():
        contents = read_results(results, EXPERIMENTS)
        check_version(contents, results)
        done = set(contents.results)
    cells = study.cells({name: source.digest for name, source in sources.items()})
    left = [cell for cell in cells if cell.identifier not in done]
    document = {"done": len(cells) - len(left), **price(left, sources)}
    absent = missing(study, sources)
    for key, value in document.items():
        reporter.console.print(f"{key.replace('_', ' ')}: {value:,}", markup=False)
    seconds = processor_seconds(left, cells, sources, results.with_name(TIMES_NAME))
    known = "unknown, until each detector has been timed on a cell" if seconds is None else f"about {duration(seconds)}"
    reporter.console.print(f"time on one processor: {known}", markup=False, soft_wrap=True)
    if absent:
        reporter.notice(f"no data for {', '.join(absent)}")
    reporter.emit({"dry_run": {**document, "processor_seconds": seconds, "without_data": list(absent)}})


def describe_progress(
    study: Study, sources: Mapping[str, Source], progress: Progress, results: Path, where: str, reporter: Reporter
) -> None:
    """What a run did."""
    from qpbae_tn.study.sources import missing

    absent = missing(study, sources)
    if absent:
        reporter.notice(f"no data for {', '.join(absent)}: give --data NAME=DIR to include them")
    if progress.repaired_bytes:
        reporter.notice(f"an unfinished line of {_counted(progress.repaired_bytes, 'byte')} was cut off {results}")
    for source in sources.values():
        if source.vanished_masks:
            count = source.vanished_masks
            told = "1 mask vanishes at this size; its image counts as a good one"
            if count > 1:
                told = f"{count} masks vanish at this size; their images count as good ones"
            reporter.notice(f"{source.name}: {told}")
    _tell_failures(progress.failed, reporter)
    told = f"{study.title}: {_counted(progress.cells, 'cell')}, {progress.done_before} done before"
    told += f", {progress.done_beside} done by another run meanwhile" if progress.done_beside else ""
    told += f", {progress.done} done {where}"
    told += f", {len(progress.failed)} failed" if progress.failed else ""
    told += f", {progress.failed_before} failed before" if progress.failed_before else ""
    reporter.console.print(told, markup=False, soft_wrap=True)
    reporter.console.print(f"Results in {results}", markup=False, soft_wrap=True)
    if progress.without_result:
        told = f"{_counted(progress.without_result, 'cell')} without a result; --retry-failed tries again what failed"
        reporter.console.print(told, style="red", markup=False, soft_wrap=True)
    reporter.emit(
        {
            "study": study.name,
            "cells": progress.cells,
            "done_before": progress.done_before,
            "done_beside": progress.done_beside,
            "done": progress.done,
            "failed": dict(progress.failed),
            "failed_before": progress.failed_before,
            "without_data": list(absent),
            "results": str(results),
        }
    )


def describe_status(place: Path, reporter: Reporter) -> None:
    """How far a study is."""
    from rich.table import Table

    from qpbae_tn.study.tables import StudyResults

    found = StudyResults.read(place, empty=True)
    study, contents, cells = found.study, found.contents, found.cells
    _tell_version(contents, found.path)
    rows: dict[str, dict[str, int]] = {}
    for name, count in study.counts().items():
        own = [key for key, cell in cells.items() if cell.data == name]
        done = sum(key in contents.results for key in own)
        failed = sum(key in contents.failures and key not in contents.results for key in own)
        rows[name] = {"cells": count, "done": done, "failed": failed, "left": count - done - failed}
    table = Table(title=study.title, title_justify="left")
    table.add_column("data")
    for heading in ("cells", "done", "failed", "left"):
        table.add_column(heading, justify="right")
    table.add_column("note")
    for name, row in rows.items():
        note = "" if name in contents.data or not row["cells"] else "no data yet"
        table.add_row(name, *(str(row[key]) for key in ("cells", "done", "failed", "left")), note)
    reporter.console.print(table)
    failures = {
        key: f"{cells[key].describe()}: {line['cause']}"
        for key, line in contents.failures.items()
        if key in cells and key not in contents.results
    }
    _tell_failures(failures, reporter)
    reporter.emit({"study": study.name, "version": contents.version, "data": rows, "failures": failures})


def write_tables(place: Path, style: str, metrics: str, output: Path | None, force: bool, reporter: Reporter) -> None:
    """The tables of a study, to the terminal or a file."""
    from qpbae_tn.metrics.evaluation import METRIC_TITLES
    from qpbae_tn.output import write_atomically
    from qpbae_tn.study.document import nearest
    from qpbae_tn.study.tables import FORMATS, StudyResults, paper_tables, result_table

    names = list(dict.fromkeys(name.strip() for name in metrics.split(",") if name.strip()))
    if not names:
        raise InputError("names no metric", where="--metrics", remedy=f"choose from {', '.join(METRIC_TITLES)}")
    for name, known, option in [
        (style, ("text", *FORMATS), "--format"),
        *((n, METRIC_TITLES, "--metrics") for n in names),
    ]:
        if name not in known:
            raise InputError(f"unknown {name!r}", where=option, remedy=f"did you mean {nearest(name, known)}?")
    refuse_results_file(output, "--output")
    if output is not None and output.exists() and not force:
        raise InputError("exists already", where=output, remedy="choose another --output, or --force to replace it")
    results = StudyResults.read(place)
    _tell_version(results.contents, results.path)
    found = results.configurations
    tables = [result_table(results.study.title, found, names), *paper_tables(found)]
    if style == "text" and output is None:
        for table in tables:
            _print_table(table, reporter)
    else:
        text = FORMATS["markdown" if style == "text" else style](tables)
        if output is None:
            reporter.console.print(text, markup=False, soft_wrap=True, end="")
        else:
            write_atomically(output, text)
            reporter.console.print(f"Tables written to {output}", markup=False, soft_wrap=True)
    reporter.emit({"tables": [_table_json(table) for table in tables]})


def write_plots(place: Path, data: Sequence[str], output: Path | None, force: bool, reporter: Reporter) -> None:
    """Charts of a study, and galleries of the data sets that are given."""
    from qpbae_tn.output import output_folder, write_atomically
    from qpbae_tn.study.charts import charts
    from qpbae_tn.study.gallery import gallery
    from qpbae_tn.study.sources import open_sources, parse_data_options
    from qpbae_tn.study.tables import StudyResults

    results = StudyResults.read(place)
    _tell_version(results.contents, results.path)
    folders = parse_data_options(data, results.study)
    sources = open_sources(results.study, folders) if folders else {}
    folder = output if output is not None else results.path.parent / "plots"
    with output_folder(folder, force=force) as target:
        names = []
        for name, svg in charts(results.configurations).items():
            write_atomically(target / f"{name}.svg", svg)
            names.append(f"{name}.svg")
        for source in sources.values():
            write_atomically(target / f"gallery-{source.name}.png", gallery(source, results))
            names.append(f"gallery-{source.name}.png")
    reporter.console.print(f"{_counted(len(names), 'picture')} written to {folder}", markup=False, soft_wrap=True)
    if sources:
        reporter.notice("galleries hold pictures of your data; mind its licence before you pass them on")
    reporter.emit({"output": str(folder), "files": names})


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _tell_version(contents: Contents, path: Path) -> None:
    from qpbae_tn.study.store import version_note

    note = version_note(contents, path)
    if note is not None:
        tell_beside(note)


def _tell_failures(failures: Mapping[str, str], reporter: Reporter) -> None:
    for told in list(failures.values())[:SHOWN_FAILURES]:
        reporter.console.print(f"failed: {told}", style="red", markup=False, soft_wrap=True)
    if len(failures) > SHOWN_FAILURES:
        reporter.console.print(f"... and {len(failures) - SHOWN_FAILURES} more failed", style="red", markup=False)


def _print_table(table: ResultTable, reporter: Reporter) -> None:
    from rich.table import Table

    shown = Table(title=table.title, title_justify="left", pad_edge=False)
    for index, heading in enumerate(table.header):
        shown.add_column(heading, justify="left" if index < 3 else "right", no_wrap=heading != "settings")
    for row in table.rows:
        shown.add_row(*row)
    reporter.console.print(shown)


def _table_json(table: ResultTable) -> dict[str, Any]:
    rows = [dict(zip(table.raw_header, (None if v == "" else v for v in row), strict=True)) for row in table.raw]
    return {"title": table.title, "rows": rows}
