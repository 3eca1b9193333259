"""What a command says: tables and progress for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn import __version__
from qpbae_tn.cli.fields import in_options
from qpbae_tn.errors import InputError
from qpbae_tn.output import check_output_file, write_atomically

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


VERSION_KEY = "qpbae_tn_version"


class Reporter:
    """Where a command's words go.

    Args:
        json_target: the value of `--json`: a file, "-" for standard output (which then carries nothing else), or None.

    Raises:
        InputError: a JSON file that could not be written, or one that exists and is no earlier result of a command;
            before any work is done.
    """

    def __init__(self, json_target: str | None) -> None:
        from rich.console import Console

        self._json_target = json_target
        self.console: Console = Console(stderr=json_target == "-", highlight=False)
        if json_target == "":
            raise InputError("no file name", where="json", remedy="give FILE, or - for standard output")
        if json_target not in (None, "-"):
            check_output_file(Path(str(json_target)))
            _refuse_what_is_no_result(Path(str(json_target)))

    def say(self, text: str, *, style: str | None = None) -> None:
        """A text as it stands: no markup is read from it, and no line of it is broken."""
        self.console.print(text, style=style, markup=False, soft_wrap=True)

    def notice(self, text: str) -> None:
        """One line that a reader should know but that is no error."""
        self.console.print(f"note: {in_options(text)}", style="yellow", markup=False)

    def table(
        self,
        title: str,
        header: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        left: Collection[str] = (),
        wrapped: Collection[str] = (),
        bold: Collection[int] = (),
        sections: Collection[int] = (),
        notes: str = "",
    ) -> None:
        """A table.

        Args:
            title: above it.
            header: a name for each column; a number in its place leaves the column without one.
            rows: as many cells each; None is a dash.
            left: names of the columns that are text; the others are numbers, on the right.
            wrapped: names of the columns whose cells may go over several lines; of the others none is broken.
            bold: numbers of the rows that stand out.
            sections: numbers of the rows below which a line is drawn.
            notes: below it, what its columns mean.
        """
        from rich import box
        from rich.measure import Measurement
        from rich.table import Table
        from rich.text import Text

        drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for name in header:
            drawn.add_column(
                name,
                justify="left" if name in left else "right",
                no_wrap=name not in wrapped,
                overflow="fold" if name in wrapped else "ellipsis",
            )
        for index, row in enumerate(rows):
            cells = [Text("-" if cell is None else str(cell)) for cell in row]
            drawn.add_row(*cells, style="bold" if index in bold else None, end_section=index in sections)
        if Measurement.get(self.console, self.console.options, drawn).maximum > self.console.width:
            drawn.padding = (0, 0, 0, 0)
        self._title(title)
        self.console.print(drawn)
        if notes:
            self.console.print(notes, markup=False)

    def facts(self, title: str, facts: Mapping[str, object] | Iterable[tuple[str, object]]) -> None:
        """A table of names and values, without a header."""
        from rich.table import Table
        from rich.text import Text

        drawn = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        drawn.add_column(style="bold", no_wrap=True)
        drawn.add_column(overflow="fold")
        for name, value in facts.items() if isinstance(facts, Mapping) else facts:
            drawn.add_row(name, Text(str(value)))
        self._title(title)
        self.console.print(drawn)

    def _title(self, title: str) -> None:
        self.console.print(title, style="italic", markup=False)

    def dry_run(self, priced: Mapping[str, Any], lines: Iterable[str] | None = None) -> None:
        """What would be done: a line for each number, or these lines, and the document `{"dry_run": priced}`."""
        if lines is None:
            words = {name: f"{value:,}" if isinstance(value, int) else value for name, value in priced.items()}
            lines = (f"{name.replace('_', ' ')}: {value}" for name, value in words.items())
        for line in lines:
            self.say(line)
        self.emit({"dry_run": dict(priced)})

    @contextmanager
    def progress(self, description: str, total: int) -> Iterator[Progress]:
        """A progress bar with one task, shown on a terminal only, always on standard error."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        screen = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
            progress.add_task(description, total=total)
            yield progress

    @contextmanager
    def steps(self, description: str, total: int) -> Iterator[Callable[..., None]]:
        """As `progress`; gives what advances the bar: `step()`, `step(3)`, or `step(text="next")` with a new text."""
        with self.progress(description, total) as bar:

            def step(count: int = 1, *, text: str | None = None) -> None:
                bar.update(bar.task_ids[0], advance=count, description=description if text is None else text[:40])

            yield step

    def emit(self, document: Mapping[str, Any]) -> None:
        """Write the result where `--json` says."""
        if self._json_target is None:
            return
        text = json.dumps({**document, VERSION_KEY: __version__}, indent=2, allow_nan=False) + "\n"
        if self._json_target == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_atomically(Path(self._json_target), text)


def notice_beside(text: str) -> None:
    """A note on standard error: while others wait, or where standard output may be a file's contents."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print(f"note: {in_options(text)}", style="yellow", markup=False, soft_wrap=True)


def _refuse_what_is_no_result(path: Path) -> None:
    """Refuse to replace an image, a model, a circuit or whatever else is not an earlier `--json` document."""
    if not path.is_file() or not path.stat().st_size:
        return
    from qpbae_tn.documents import read_json

    try:
        document: Mapping[str, Any] = read_json(path, dict[str, Any])
    except InputError:
        document = {}
    if VERSION_KEY not in document or "schema" in document:
        raise InputError("exists and is no result of qpbae --json", where=path, remedy="choose another `json` FILE")
