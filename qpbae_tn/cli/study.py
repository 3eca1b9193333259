"""`qpbae study`: run, watch and tabulate a grid of experiments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import Command, named_places, names, one_of
from qpbae_tn.cli.reporter import Reporter, notice_beside
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.study.runner import Progress
    from qpbae_tn.study.sources import Source
    from qpbae_tn.study.specification import Study
    from qpbae_tn.study.store import Contents
    from qpbae_tn.study.tables import ResultTable
    from qpbae_tn.study.workers import Workers

SHOWN_FAILURES = 10

app = typer.Typer(help="Run, watch and tabulate a grid of experiments: the paper's, or one of your own.")

StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study file (TOML), or a preset: paper, departures, textures.")
]
Place = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a study that was run.")]
StudyData = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="NAME=DIR", help="Where a data set of the study lies; may be given several times."),
]


@app.command(cls=Command)
def run(
    study: StudyName = "paper",
    data: StudyData = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", help="Local processes; by default one a processor, 0 for none beside this one."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Compute on the workers of a Dask scheduler.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try cells again that failed before.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The study's folder, runs/NAME by default; what it holds is kept and continued."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="One seed in the place of the study's own.")] = None,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Compute every cell of a study that has no result yet; start it again to go on."""
    from qpbae_tn.study.sources import check_names, open_sources
    from qpbae_tn.study.specification import read_study
    from qpbae_tn.study.store import results_path
    from qpbae_tn.study.work import run_study

    reporter = Reporter(json)
    chosen = read_study(study)
    if seed is not None:
        chosen = chosen.with_seed(seed)
    place = _workers(jobs, scheduler, notice_beside)
    folders = named_places(data)
    check_names(folders, chosen)
    results = results_path(output if output is not None else Path("runs") / chosen.name)
    _keep_results(json, "json", results)
    if dry_run:
        _describe_price(chosen, open_sources(chosen, folders), results, reporter)
        return
    place.check()
    sources = open_sources(chosen, folders)
    with reporter.progress("cells", 1) as bar:
        progress = run_study(
            chosen,
            sources,
            results,
            place,
            retry_failed=retry_failed,
            on_start=lambda _, left: bar.update(bar.task_ids[0], total=left),
            on_cells=lambda count: bar.advance(bar.task_ids[0], count),
        )
    _describe_progress(chosen, sources, progress, results, place.name, reporter)
    if progress.without_result:
        raise typer.Exit(1)


@app.command(cls=Command)
def status(place: Place = Path("runs/paper"), seed: o.Seed = 0, json: o.JsonFile = None) -> None:
    """How far a study is, and what failed. Nothing here is random; --seed is accepted as everywhere."""
    from qpbae_tn.study.tables import StudyResults

    reporter = Reporter(json)
    found = StudyResults.read(place, empty=True)
    study, contents, cells = found.study, found.contents, found.cells
    _note_version(contents, found.path)
    rows: dict[str, dict[str, int]] = {}
    for name, count in study.counts().items():
        own = [key for key, cell in cells.items() if cell.data == name]
        done = sum(key in contents.results for key in own)
        failed = sum(key in contents.failures and key not in contents.results for key in own)
        rows[name] = {"cells": count, "done": done, "failed": failed, "left": count - done - failed}
    header = ("data", "cells", "done", "failed", "left", "note")
    notes = {name: "" if name in contents.data or not row["cells"] else "no data yet" for name, row in rows.items()}
    lines = [(name, *row.values(), notes[name]) for name, row in rows.items()]
    reporter.table(study.title, header, lines, left=("data", "note"))
    failures = {
        key: f"{cells[key].describe()}: {line['cause']}"
        for key, line in contents.failures.items()
        if key in cells and key not in contents.results
    }
    _list_failures(failures, reporter)
    reporter.emit({"study": study.name, "version": contents.version, "data": rows, "failures": failures})


@app.command(cls=Command)
def table(
    place: Place = Path("runs/paper"),
    style: Annotated[str, typer.Option("--format", help="text, markdown, csv or latex.")] = "text",
    metrics: Annotated[str, typer.Option("--metrics", help="Comma-separated metrics.")] = "aupro,auroc",
    output: Annotated[Path | None, typer.Option("--output", help="File to write instead of the terminal.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
) -> None:
    """Results as tables, mean and standard deviation over seeds; beside the paper's where it has the same cell."""
    from qpbae_tn.metrics.evaluation import METRIC_TITLES
    from qpbae_tn.output import write_atomically
    from qpbae_tn.study.tables import FORMATS, StudyResults, paper_tables, result_table

    reporter = Reporter(json)
    chosen = names(metrics, "metrics", tuple(METRIC_TITLES))
    style = one_of(style, "format", ("text", *FORMATS))
    _keep_results(output, "output")
    if output is not None and output.exists() and not force:
        raise InputError("exists already", where=output, remedy="choose another --output, or --force to replace it")
    results = StudyResults.read(place)
    _note_version(results.contents, results.path)
    found = results.configurations
    tables = [result_table(results.study.title, found, chosen), *paper_tables(found)]
    if style == "text" and output is None:
        for one in tables:
            header = list(one.shown)
            rows = one.shown.itertuples(index=False)
            reporter.table(one.title, header, rows, left=header[:3], wrapped=("settings",))
    else:
        text = FORMATS["markdown" if style == "text" else style](tables)
        if output is None:
            reporter.console.print(text, markup=False, soft_wrap=True, end="")
        else:
            write_atomically(output, text)
            reporter.say(f"Tables written to {output}")
    reporter.emit({"tables": [_as_json(one) for one in tables]})


@app.command(cls=Command)
def plot(
    place: Place = Path("runs/paper"),
    data: StudyData = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder to write; by default plots in the study's folder.")
    ] = None,
    force: o.Force = False,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
) -> None:
    """Charts of the results as SVG; with --data also galleries of images, maps and masks (Fig. 4)."""
    from qpbae_tn.output import output_folder, write_atomically
    from qpbae_tn.study.charts import charts, gallery
    from qpbae_tn.study.sources import check_names, open_sources
    from qpbae_tn.study.tables import StudyResults

    reporter = Reporter(json)
    results = StudyResults.read(place)
    _note_version(results.contents, results.path)
    folders = named_places(data)
    check_names(folders, results.study)
    sources = open_sources(results.study, folders) if folders else {}
    folder = output if output is not None else results.path.parent / "plots"
    with output_folder(folder, force=force) as target:
        pictures: dict[str, str | bytes] = {f"{n}.svg": svg for n, svg in charts(results.configurations).items()}
        pictures |= {f"gallery-{source.name}.png": gallery(source, results) for source in sources.values()}
        for name, picture in pictures.items():
            write_atomically(target / name, picture)
    reporter.say(f"{_counted(len(pictures), 'picture')} written to {folder}")
    if sources:
        reporter.notice("galleries hold pictures of your data; mind its licence before you pass them on")
    reporter.emit({"output": str(folder), "files": list(pictures)})


def _keep_results(target: Path | str | None, option: str, results: Path | None = None) -> None:
    """Raise `InputError` for an output that would replace a study's results, which are never overwritten.

    Args:
        target: to be written, if anything is.
        option: the field that names it.
        results: the study's results file, which may not be there yet.
    """
    from qpbae_tn.study.store import is_results_file

    if target is None:
        return
    same = results is not None and Path(target).resolve() == results.resolve()
    if same or is_results_file(Path(target)):
        what, remedy = "is a study's results file, which is never overwritten", f"choose another `{option}`"
        raise InputError(what, where=Path(target), remedy=remedy)


def _workers(jobs: int | None, scheduler: str | None, notice: Callable[[str], None]) -> Workers:
    """Where to compute: `jobs` local processes, 0 for none beside this one, or a scheduler's workers.

    `notice` is called with one line where there is something to wait for.
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


def _describe_price(study: Study, sources: Mapping[str, Source], results: Path, reporter: Reporter) -> None:
    from qpbae_tn.report.numbers import duration
    from qpbae_tn.study.runner import TIMES_NAME
    from qpbae_tn.study.sources import missing
    from qpbae_tn.study.specification import EXPERIMENTS
    from qpbae_tn.study.store import check_version, read_results
    from qpbae_tn.study.work import price, processor_seconds

    done: set[str] = set()
    if results.exists():
        contents = read_results(results, EXPERIMENTS)
        check_version(contents, results)
        done = set(contents.results)
    cells = study.cells({name: source.digest for name, source in sources.items()})
    left = [cell for cell in cells if cell.identifier not in done]
    counts = {"done": len(cells) - len(left), **price(left, sources)}
    seconds = processor_seconds(left, cells, sources, results.with_name(TIMES_NAME))
    known = "unknown, until each detector has been timed on a cell" if seconds is None else f"about {duration(seconds)}"
    lines = [f"{key.replace('_', ' ')}: {value:,}" for key, value in counts.items()]
    absent = missing(study, sources)
    if absent:
        reporter.notice(f"no data for {', '.join(absent)}")
    priced = {**counts, "processor_seconds": seconds, "without_data": list(absent)}
    reporter.dry_run(priced, [*lines, f"time on one processor: {known}"])


def _describe_progress(
    study: Study, sources: Mapping[str, Source], progress: Progress, results: Path, where: str, reporter: Reporter
) -> None:
    from qpbae_tn.study.sources import missing

    absent = missing(study, sources)
    if absent:
        reporter.notice(f"no data for {', '.join(absent)}: give --data NAME=DIR to include them")
    if progress.repaired_bytes:
        reporter.notice(f"an unfinished line of {_counted(progress.repaired_bytes, 'byte')} was cut off {results}")
    for source in sources.values():
        if source.vanished_masks == 1:
            reporter.notice(f"{source.name}: 1 mask vanishes at this size; its image counts as a good one")
        elif source.vanished_masks:
            count = source.vanished_masks
            reporter.notice(f"{source.name}: {count} masks vanish at this size; their images count as good ones")
    _list_failures(progress.failed, reporter)
    beside = f"{progress.done_beside} done by another run meanwhile" if progress.done_beside else ""
    failed = f"{len(progress.failed)} failed" if progress.failed else ""
    failed_before = f"{progress.failed_before} failed before" if progress.failed_before else ""
    parts = (f"{progress.done_before} done before", beside, f"{progress.done} done {where}", failed, failed_before)
    reporter.say(f"{study.title}: {', '.join([_counted(progress.cells, 'cell'), *filter(None, parts)])}")
    reporter.say(f"Results in {results}")
    if progress.without_result:
        left = _counted(progress.without_result, "cell")
        reporter.say(f"{left} without a result; --retry-failed tries again what failed", style="red")
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


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _note_version(contents: Contents, path: Path) -> None:
    from qpbae_tn.study.store import version_note

    note = version_note(contents, path)
    if note is not None:
        notice_beside(note)


def _list_failures(failures: Mapping[str, str], reporter: Reporter) -> None:
    for words in list(failures.values())[:SHOWN_FAILURES]:
        reporter.say(f"failed: {words}", style="red")
    if len(failures) > SHOWN_FAILURES:
        reporter.say(f"... and {len(failures) - SHOWN_FAILURES} more failed", style="red")


def _as_json(table: ResultTable) -> dict[str, Any]:
    return {"title": table.title, "rows": table.numbers.to_dict("records")}
