"""The loop that brings a grid to its end: what is left is handed out, what comes back is written down.

Nothing is lost, whatever happens: a result is on the disk before the next one is waited for, a run that was killed goes
on when it is started again, and a grid that is smaller than the file's leaves what the file holds.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import Cell, PointGrid, Series, Work
from qpbae_tn.study.limited import LimitedError
from qpbae_tn.study.store import Contents, ResultsFile
from qpbae_tn.study.workers import Done, InProcess, LocalProcesses, Workers, compute

CAUSE_LENGTH = 500
TIMES_NAME = "times.jsonl"
"""The file beside the results with what each piece of work took."""


@dataclass
class Progress:
    """How a run went.

    Args:
        cells: of the grid.
        done_before: cells that had a result already.
        failed_before: cells that failed in an earlier run and were left alone.
        done: results that this run wrote.
        done_beside: cells that got their result from another run on the same file, while this one went on.
        failed: cells that failed in this run, by id: which one, and the cause.
        skipped: cells that come after one that failed in their series, and were not tried.
        repaired_bytes: of an unfinished last line that was cut off the results file.
    """

    cells: int = 0
    done_before: int = 0
    failed_before: int = 0
    done: int = 0
    done_beside: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    repaired_bytes: int = 0

    @property
    def without_result(self) -> int:
        """Cells that failed, in this run or before, and have no result still."""
        return self.failed_before + len(self.failed)


def run_points(grid: PointGrid, results: Path, workers: Workers | None = None, **options: Any) -> Contents:
    """Compute the points of a grid that the results file does not hold yet.

    Args:
        grid: what to compute.
        results: the results file, made if it is missing.
        workers: where to compute; in this process by default.
        options: as those of `run_grid`.

    Returns:
        All that the file holds, points of earlier grids too.

    Raises:
        InputError: as `run_grid`.

    Example:
        >>> import tempfile
        >>> from qpbae_tn.study.grid import Point, PointGrid, point_work
        >>> def area(side):
        ...     return {"area": side**2}
        >>> points = [Point("squares", {"side": side}) for side in (2, 3)]
        >>> grid = PointGrid("areas", [[point_work(point, area)] for point in points])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     contents = run_points(grid, Path(folder) / "results.jsonl")
        >>> [line["values"]["area"] for line in contents.results.values()]
        [4, 9]
    """
    with ResultsFile(results, grid) as store:
        run_grid(store, grid.series, workers or InProcess(), **options)
        return store.contents


def run_grid(
    store: ResultsFile,
    all_series: Iterable[Series],
    workers: Workers,
    *,
    retry_failed: bool = False,
    on_start: Callable[[Progress, int], None] = lambda progress, left: None,
    on_work: Callable[[Work], None] = lambda work: None,
    on_cells: Callable[[int], None] = lambda count: None,
) -> Progress:
    """Compute every cell that has no result yet and append it to the results file.

    Args:
        store: the results file.
        all_series: the work.
        workers: where to compute.
        retry_failed: whether to try cells again that failed before.
        on_start: called with the progress so far and the number of cells to do.
        on_work: called with each piece of work as it is handed out.
        on_cells: called with the number of cells that got a result or a failure, or that will get none.

    Raises:
        InputError: workers that cannot be reached, or that went away.
    """
    progress = Progress(repaired_bytes=store.repaired_bytes)
    left = deque(series for one in all_series if (series := _left(one, store.contents, progress, retry_failed)))
    on_start(progress, sum(len(work.cells) for series in left for work in series))
    if left:
        _Round(store, progress, on_work, on_cells, left).run(workers)
    return progress


def _left(series: Series, contents: Contents, progress: Progress, retry_failed: bool) -> Series:
    """What a series has still to do; `progress` counts all of its cells."""
    left: list[Work] = []
    ended = False
    for work in series:
        progress.cells += len(work.cells)
        open_ = [cell for cell in work.cells if cell.identifier not in contents.results]
        progress.done_before += len(work.cells) - len(open_)
        if ended:
            progress.skipped += len(open_)
            continue
        failed = [] if retry_failed else [cell for cell in open_ if cell.identifier in contents.failures]
        progress.failed_before += len(failed)
        open_ = [cell for cell in open_ if cell not in failed]
        if open_:
            left.append(work.only(open_))
        ended = bool(failed)
    return left


@dataclass
class _Round:
    """The series of one run on their way through workers."""

    store: ResultsFile
    progress: Progress
    on_work: Callable[[Work], None]
    on_cells: Callable[[int], None]
    waiting: deque[Series]

    def run(self, workers: Workers) -> None:
        """Until nothing waits. Where a local worker dies, its pool is made again; what kills it again is run alone."""
        breaks = 0
        while self.waiting:
            alone = breaks > 1
            place = LocalProcesses(1) if alone else workers
            with place.open() as executor:
                broken = self._hand_out(executor, 1 if alone else place.in_flight)
            if broken:
                breaks += 1
                if alone:
                    self._split_or_fail(self.waiting.popleft(), "the worker process died")

    def _hand_out(self, executor: Executor, limit: int | None) -> bool:
        """Submit and collect; says whether the executor broke, in which case what is unfinished waits again."""
        running: dict[Future[Done], Series] = {}
        while self.waiting or running:
            while self.waiting and (limit is None or len(running) < limit):
                series = self._still_to_do(self.waiting.popleft())
                if not series:
                    continue
                self.on_work(series[0])
                try:
                    running[executor.submit(compute, series[0])] = series
                except BrokenExecutor:
                    self.waiting.extendleft([*running.values(), series])
                    return True
            for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                series = running.pop(future)
                if not self._take(future, series):
                    self.waiting.extendleft([*running.values(), series])
                    return True
        return False

    def _still_to_do(self, series: Series) -> Series:
        """The series without the cells at its head that another process has done meanwhile."""
        done = self.store.refresh().results
        while series:
            head, *rest = series
            cells = [cell for cell in head.cells if cell.identifier not in done]
            self._count_beside(len(head.cells) - len(cells))
            if cells:
                return [head.only(cells), *rest]
            series = rest
        return []

    def _take(self, future: Future[Done], series: Series) -> bool:
        """Write down what came back, or divide work that failed until the cell at fault is found."""
        error = CancelledError() if future.cancelled() else future.exception()
        if isinstance(error, BrokenExecutor):
            return False
        if isinstance(error, CancelledError):
            raise InputError(
                "the scheduler went away",
                where="scheduler",
                remedy="what is done is kept; start a scheduler and the study again",
            )
        if error is not None:
            cause = str(error) if isinstance(error, LimitedError) else f"{type(error).__name__}: {error}"
            self._split_or_fail(series, cause)
            return True
        head, *rest = series
        done = future.result()
        for cell, values in zip(head.cells, done.values, strict=True):
            if self.store.add_result(cell, values):
                self.progress.done += 1
                self.on_cells(1)
            else:
                self._count_beside(1)
        _note_time(self.store.path.with_name(TIMES_NAME), head.cells, done.seconds)
        if rest:
            self.waiting.appendleft(rest)
        return True

    def _split_or_fail(self, series: Series, cause: str) -> None:
        """Try the cells of failed work in two halves; the failure of a single one ends its series."""
        head, *rest = series
        if len(head.cells) > 1:
            middle = len(head.cells) // 2
            self.waiting.extendleft([[head.only(head.cells[middle:]), *rest], [head.only(head.cells[:middle])]])
            return
        (cell,) = head.cells
        words = " ".join(cause.split())[:CAUSE_LENGTH]
        self.store.add_failure(cell, words)
        self.progress.failed[cell.identifier] = f"{cell.describe()}: {words}"
        skipped = sum(len(work.cells) for work in rest)
        self.progress.skipped += skipped
        self.on_cells(1 + skipped)

    def _count_beside(self, cells: int) -> None:
        if cells:
            self.progress.done_beside += cells
            self.on_cells(cells)


def _note_time(path: Path, cells: Sequence[Cell], seconds: float) -> None:
    """Durations differ from run to run, so they are kept beside the results, not in them."""
    line = {"cells": [cell.identifier for cell in cells], "seconds": round(seconds, 3)}
    with path.open("ab", buffering=0) as stream:
        stream.write(json.dumps(line).encode() + b"\n")
