"""What a command tells: tables and progress for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
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
            told before any work is done.
    """

    def __init__(self, json_target: str | None) -> None:
        from rich.console import Console

        self._json_target = json_target
        self.console: Console = Console(stderr=json_target == "-", highlight=False)
        if json_target == "":
            raise InputError("no file name", where="--json", remedy="give FILE, or - for standard output")
        if json_target not in (None, "-"):
            check_output_file(Path(str(json_target)))
            _refuse_what_is_no_result(Path(str(json_target)))

    def notice(self, text: str) -> None:
        """One line that a reader should know but that is no error."""
        self.console.print(f"note: {in_options(text)}", style="yellow", markup=False)

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

    def emit(self, document: dict[str, Any]) -> None:
        """Write the result where `--json` says."""
        if self._json_target is None:
            return
        text = json.dumps({**document, VERSION_KEY: __version__}, indent=2, allow_nan=False) + "\n"
        if self._json_target == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_atomically(Path(self._json_target), text)


def _refuse_what_is_no_result(path: Path) -> None:
    """Refuse to replace an image, a model, a circuit or whatever else is not an earlier `--json` document."""
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        document = json.loads(path.read_bytes())
        ours = isinstance(document, dict) and VERSION_KEY in document and "schema" not in document
    except (OSError, ValueError, RecursionError):
        ours = False
    if not ours:
        raise InputError("exists and is no result of qpbae --json", where=path, remedy="choose another --json FILE")
