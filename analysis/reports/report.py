"""What a report is: how its page is made, from which data, and from which sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qpbae_tn.analysis.reports.page import Page

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
