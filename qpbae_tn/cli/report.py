"""`qpbae report`: make the report pages again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter


def report(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which pages; all by default.", show_default=False)
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="NAME=DIR", help="A data set that is not bundled, e.g. busi_32=DIR; repeatable."
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", help="The reports' folder.")] = Path("reports"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the points that the page's JSON holds already.")
    ] = False,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Make report pages (Markdown, HTML, charts, data) again, from the root of the repository."""
    from qpbae_tn.analysis.reports.make import make_reports, parse_data
    from qpbae_tn.analysis.reports.registry import MODULES, load_report

    reporter = Reporter(json)
    chosen = [load_report(name) for name in (names or MODULES)]
    folders = parse_data(data or [])
    if dry_run:
        for item in chosen:
            reporter.console.print(f"{item.name}: {item.title}", markup=False)
        reporter.emit({"dry_run": {"reports": [item.name for item in chosen]}})
        return
    with reporter.progress("reports", len(chosen)) as progress:

        def told(text: str) -> None:
            progress.update(progress.task_ids[0], description=text)

        written = make_reports(
            chosen,
            output,
            folders,
            seed,
            resume=resume,
            progress=told,
            on_page=lambda: progress.advance(progress.task_ids[0]),
        )
    for name, files in written.items():
        reporter.console.print(f"{name}: {len(files)} files, {files[-1]}", markup=False, soft_wrap=True)
    reporter.emit({"reports": {name: [str(path) for path in files] for name, files in written.items()}})
