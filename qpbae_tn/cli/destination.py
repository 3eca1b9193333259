"""Where a command writes its run folder."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from qpbae_tn.errors import InputError
from qpbae_tn.output import Draft, check_output_folder, draft_folder


def keep_inputs(output: Path | None, inputs: Iterable[Path]) -> None:
    """Refuse an output folder that holds what the command reads: `--force` would replace it.

    Raises:
        InputError: an input is the folder, or lies in it.
    """
    if output is None:
        return
    folder = output.resolve()
    for path in inputs:
        if folder in (path.resolve(), *path.resolve().parents):
            raise InputError(f"holds {path}, which is read here", where=output, remedy="choose another --output")


@dataclass(frozen=True)
class Destination:
    """The folder that `--output` names, or a new one below runs/.

    Args:
        folder: its name, or the first of its names if it is `numbered`.
        force: whether to replace a folder that qpbae wrote before.
        numbered: whether to take the next free number instead of failing where the name is taken.
    """

    folder: Path
    force: bool
    numbered: bool

    @classmethod
    def choose(cls, output: Path | None, name: str, *, force: bool) -> Destination:
        """From `--output` and `--force`; `name` is that of the new folder below runs/ where there is no `--output`."""
        return cls(Path("runs") / name, False, True) if output is None else cls(output, force, False)

    def check(self) -> None:
        """Raises `InputError`, before any work is done, if the folder could not be written in the end."""
        check_output_folder(self.folder, force=self.force, numbered=self.numbered)

    def draft(self) -> AbstractContextManager[Draft]:
        """The folder to fill; it takes its name when all of it is written."""
        return draft_folder(self.folder, force=self.force, numbered=self.numbered)
