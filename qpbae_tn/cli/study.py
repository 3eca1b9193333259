"""`qpbae study`: run, watch and tabulate a grid of experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import Command
from qpbae_tn.cli.reporter import Reporter

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
    from qpbae_tn.cli.studying import (
        describe_price,
        describe_progress,
        refuse_results_file,
        tell_beside,
        workers_of,
    )
    from qpbae_tn.study.sources import open_sources, parse_data_options
    from qpbae_tn.study.specification import read_study
    from qpbae_tn.study.store import results_path
    from qpbae_tn.study.work import run_study

    reporter = Reporter(json)
    chosen = read_study(study)
    if seed is not None:
        chosen = chosen.with_seed(seed)
    place = workers_of(jobs, scheduler, tell_beside)
    folders = parse_data_options(data or [], chosen)
    results = results_path(output if output is not None else Path("runs") / chosen.name)
    refuse_results_file(json, "--json", results)
    if dry_run:
        describe_price(chosen, open_sources(chosen, folders), results, reporter)
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
    describe_progress(chosen, sources, progress, results, place.name, reporter)
    if progress.without_result:
        raise typer.Exit(1)


@app.command(cls=Command)
def status(place: Place = Path("runs/paper"), seed: o.Seed = 0, json: o.JsonFile = None) -> None:
    """How far a study is, and what failed. Nothing here is random; --seed is accepted as everywhere."""
    from qpbae_tn.cli.studying import describe_status

    describe_status(place, Reporter(json))


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
    from qpbae_tn.cli.studying import write_tables

    write_tables(place, style, metrics, output, force, Reporter(json))


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
    from qpbae_tn.cli.studying import write_plots

    write_plots(place, data or [], output, force, Reporter(json))
