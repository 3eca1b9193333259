"""The report `reproduction`, for `qpbae report`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.analysis.reproduction.measurements import measurements
from qpbae_tn.analysis.reproduction.page import reproduction_page
from qpbae_tn.analysis.reproduction.results import StudyResults, run_or_read
from qpbae_tn.report.page import Page
from qpbae_tn.report.render import write_page

RUNS = Path("runs")
"""Where `qpbae study run` puts the two studies; resuming, or a call without data, takes their results from there."""
AUTHORS = "authors_results"
"""Name under which the folder of the authors' result files is given."""


def make(options: ReportOptions) -> Page:
    """Run the presets `paper` and `departures` on the data that are given and make the page.

    Computed anew, unless `resume` asks to go on with the results in `runs` or no data are given.
    """
    with TemporaryDirectory() as fresh:
        place = RUNS if options.previous is not None or not options.data else Path(fresh)
        paper, sources = run_or_read("paper", options.data, place / "paper", options.progress)
        changes, _ = run_or_read("departures", options.data, place / "departures", options.progress)
    options.progress("measurements")
    measured = measurements(paper, sources, options.data.get(AUTHORS))
    return reproduction_page(paper, changes, measured, command=options.command("reproduction"), seed=options.seed)


def write_reproduction_report(
    folder: Path,
    paper: Path,
    departures: Path,
    *,
    authors: Path | None = None,
    command: str = "qpbae report reproduction",
) -> list[Path]:
    """Write the page from the folders of two studies that were run.

    Args:
        folder: the reports' folder, must exist.
        paper: folder of the study `paper`.
        departures: folder of the study `departures`.
        authors: folder of the authors' result files, if they are there.
        command: what the page says makes it again.

    Returns:
        The files written.
    """
    results = StudyResults.read(paper)
    measured = measurements(results, {}, authors)
    return write_page(reproduction_page(results, StudyResults.read(departures), measured, command=command), folder)


REPORT = Report(
    "reproduction",
    "The paper's results, reproduced",
    make,
    ("analysis/reproduction", "qpbae_tn/study", "qpbae_tn/metrics", "qpbae_tn/experiment"),
)
