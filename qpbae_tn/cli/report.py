"""`qpbae report`: make the report pages again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.analysis.pages import Report


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
    without_data: Annotated[
        bool,
        typer.Option("--without-data", help="Replace pages by ones that show less, where data or extras are missing."),
    ] = False,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Make report pages (Markdown, HTML, charts, data) again, from the root of the repository."""
    from qpbae_tn.analysis.pages import MODULES, check_data, load_report, make_reports, parse_data

    reporter = Reporter(json)
    chosen = [load_report(name) for name in (names or MODULES)]
    folders = parse_data(data or [])
    check_data(list(folders), [item.name for item in chosen])
    if dry_run:
        _price(chosen, list(folders), output, reporter)
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
            without_data=without_data,
            progress=told,
            on_page=lambda: progress.advance(progress.task_ids[0]),
        )
    for name, files in written.items():
        reporter.console.print(f"{name}: {len(files)} files, {files[-1]}", markup=False, soft_wrap=True)
    reporter.emit({"reports": {name: [str(path) for path in files] for name, files in written.items()}})


def _price(reports: list[Report], given: list[str], folder: Path, reporter: Reporter) -> None:
    """Tell, for each page, which data it takes, which of them the page that is there shows, and how long it takes."""
    from qpbae_tn.analysis.pages import NEEDS, data_held

    rows = []
    for report in reports:
        needs, held = NEEDS[report.name], data_held(folder, report.name)
        less = ", less with --resume" if needs.resumes else ""
        lost = [name for name in held if name not in given]
        told = [f"{report.name}: {report.title}", f"  about {needs.minutes:g} min{less}"]
        told.append(f"  data: {', '.join(needs.data)}" if needs.data else "  data: none to give")
        if lost:
            told.append(f"  shows {', '.join(lost)} now: give --data NAME=DIR, or --without-data")
        reporter.console.print("\n".join(told), markup=False, highlight=False)
        rows.append(
            {
                "name": report.name,
                "minutes": needs.minutes,
                "resumes": needs.resumes,
                "data": list(needs.data),
                "data_of_present_page": held,
                "not_given": lost,
            }
        )
    total = sum(NEEDS[report.name].minutes for report in reports)
    reporter.console.print(f"in all: about {total:.0f} min with all data sets, on two cores", markup=False)
    reporter.emit({"dry_run": {"reports": rows, "minutes": total}})
