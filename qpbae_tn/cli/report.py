"""`qpbae report`: make the report pages again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import named_folders
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.analysis.pages import Page


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
    words: Annotated[
        bool, typer.Option("--words", help="Fill the templates again with the numbers of the pages; compute nothing.")
    ] = False,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Make report pages (Markdown, HTML, charts, data) again, from the root of the repository."""
    from qpbae_tn.analysis.pages import MODULES, PageOptions, check_data, fill_pages, load_page, make_pages

    reporter = Reporter(json)
    chosen = [load_page(name) for name in (names or MODULES)]
    folders = named_folders(data)
    check_data(list(folders), chosen)
    if dry_run:
        _price(chosen, list(folders), output, reporter)
        return
    with reporter.progress("reports", len(chosen)) as progress:
        options = PageOptions(seed, folders, lambda text: progress.update(progress.task_ids[0], description=text))
        if words:
            written = fill_pages(chosen, output)
        else:
            written = make_pages(
                chosen,
                output,
                options,
                resume=resume,
                without_data=without_data,
                on_page=lambda: progress.advance(progress.task_ids[0]),
            )
    for name, files in written.items():
        reporter.say(f"{name}: {len(files)} files, {files[-1]}")
    reporter.emit({"reports": {name: [str(path) for path in files] for name, files in written.items()}})


def _price(pages: list[Page], given: list[str], folder: Path, reporter: Reporter) -> None:
    """Show, for each page, which data it takes, which of them the page that is there shows, and how long it takes."""
    from qpbae_tn.analysis.pages import data_held

    rows, lines = [], []
    for page in pages:
        held = data_held(folder, page)
        lost = [name for name in held if name not in given]
        lines.append(f"{page.name}: about {page.minutes:g} min" + (", less with --resume" if page.resumes else ""))
        lines.append(f"  data: {', '.join(page.data) or 'none to give'}")
        if lost:
            lines.append(f"  shows {', '.join(lost)} now: give --data NAME=DIR, or --without-data")
        row = {"name": page.name, "minutes": page.minutes, "resumes": page.resumes, "data": list(page.data)}
        rows.append({**row, "data_of_present_page": held, "not_given": lost})
    total = sum(page.minutes for page in pages)
    lines.append(f"in all: about {total:.0f} min with all data sets, on two cores")
    reporter.dry_run({"reports": rows, "minutes": total}, lines)
