"""The loop that brings a study to its end: what is left is handed out, what comes back is written down."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from qpbae_tn.errors import InputError
from qpbae_tn.study.cells import Cell
from qpbae_tn.study.pricing import TIMES_NAME, patch_work
from qpbae_tn.study.sources import Source
from qpbae_tn.study.specification import Study
from qpbae_tn.study.store import ResultsFile
from qpbae_tn.study.work import Group, GroupResult, run_group
from qpbae_tn.study.workers import LocalProcesses, Workplace

CAUSE_LENGTH = 500
GROUP_CELLS = 24
"""Cells handed out together at most: results are written group by group, and past this sharing gains little."""


@dataclass
class Progress:
    """How a run went.

    Args:
        cells: of the study on the data that are there.
        done_before: cells that had a result already.
        failed_before: cells that failed in an earlier run and were left alone.
        done: results that this run wrote.
        done_beside: cells that got their result from another run on the same file, while this one went on.
        failed: cells that failed in this run, by id: which one, and the cause.
        repaired_bytes: of an unfinished last line that was cut off the results file.
    """

    cells: int
    done_before: int
    failed_before: int = 0
    done: int = 0
    done_beside: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    repaired_bytes: int = 0

    @property
    def without_result(self) -> int:
        """Cells that failed, in this run or before, and have no result still."""
        return self.failed_before + len(self.failed)


def run_study(
    study: Study,
    sources: Mapping[str, Source],
    results: Path,
    workplace: Workplace,
    *,
    retry_failed: bool = False,
    on_start: Callable[[Progress, int], None] | None = None,
    on_cells: Callable[[int], None] | None = None,
) -> Progress:
    """Compute every cell that has no result yet and append it to the results file.

    Args:
        study: what to do.
        sources: the data sets that are there; cells on others wait for another run.
        results: the results file.
        workplace: where to compute.
        retry_failed: whether to try cells again that failed before.
        on_start: called with the progress so far and the number of cells to do.
        on_cells: called with the number of cells that got a result or a failure.

    Raises:
        InputError: a results file of another study, other data than before, or a workplace that cannot be reached.
    """
    with ResultsFile(results, study) as store:
        for source in sources.values():
            store.add_data(source.name, source.digest, source.counts())
        cells = study.cells({name: source.digest for name, source in sources.items()})
        contents = store.contents
        left = [cell for cell in cells if cell.identifier not in contents.results]
        progress = Progress(len(cells), len(cells) - len(left), repaired_bytes=store.repaired_bytes)
        if not retry_failed:
            progress.failed_before = sum(cell.identifier in contents.failures for cell in left)
            left = [cell for cell in left if cell.identifier not in contents.failures]
        if on_start is not None:
            on_start(progress, len(left))
        if left:
            round_ = _Round(store, progress, on_cells or (lambda count: None))
            round_.run(deque(_groups(study, sources, left)), workplace)
        return progress


def _groups(study: Study, sources: Mapping[str, Source], cells: list[Cell]) -> list[Group]:
    """The cells by what they share, data set after data set, the costly groups first."""
    by_group: dict[str, list[Cell]] = {}
    for cell in cells:
        by_group.setdefault(cell.group, []).append(cell)
    groups = []
    for members in by_group.values():
        request = sources[members[0].data].request_for(members[0])
        for first in range(0, len(members), GROUP_CELLS):
            groups.append(Group(request, tuple(members[first : first + GROUP_CELLS])))
    order = list(study.data)
    return sorted(
        groups, key=lambda group: (order.index(group.cells[0].data), -sum(patch_work(c) for c in group.cells))
    )


@dataclass
class _Round:
    """The groups of one run on their way through a workplace."""

    store: ResultsFile
    progress: Progress
    on_cells: Callable[[int], None]

    def run(self, waiting: deque[Group], workplace: Workplace) -> None:
        """Until nothing waits. Where a local worker dies, its pool is made anew; what kills it again is run alone."""
        breaks = 0
        while waiting:
            alone = breaks > 1
            place = LocalProcesses(1) if alone else workplace
            with place.open() as executor:
                broken = self._hand_out(executor, waiting, place.in_flight, alone)
            if broken:
                breaks += 1
                if alone:
                    self._give_up_or_split(waiting, "the worker process died")

    def _hand_out(self, executor: Executor, waiting: deque[Group], in_flight: int | None, alone: bool) -> bool:
        """Submit and collect; says whether the executor broke, in which case what is unfinished waits again."""
        running: dict[Future[GroupResult], Group] = {}
        limit = 1 if alone else in_flight
        while waiting or running:
            while waiting and (limit is None or len(running) < limit):
                group = self._still_to_do(waiting.popleft())
                if group is not None:
                    try:
                        running[executor.submit(run_group, group)] = group
                    except BrokenExecutor:
                        waiting.appendleft(group)
                        waiting.extendleft(running.values())
                        return True
            for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                group = running.pop(future)
                if not self._take(future, group, waiting):
                    waiting.appendleft(group)
                    waiting.extendleft(running.values())
                    return True
        return False

    def _still_to_do(self, group: Group) -> Group | None:
        """The group without the cells that another process has done meanwhile."""
        done = self.store.refresh().results
        cells = tuple(cell for cell in group.cells if cell.identifier not in done)
        if len(cells) < len(group.cells):
            self._count_beside(len(group.cells) - len(cells))
        return replace(group, cells=cells) if cells else None

    def _take(self, future: Future[GroupResult], group: Group, waiting: deque[Group]) -> bool:
        """Write down what came back, or divide a group that failed until the cell at fault is found."""
        if future.cancelled():
            raise _lost()
        error = future.exception()
        if isinstance(error, BrokenExecutor):
            return False
        if isinstance(error, CancelledError):
            raise _lost()
        if error is not None:
            waiting.appendleft(group)
            self._give_up_or_split(waiting, f"{type(error).__name__}: {error}")
            return True
        result = future.result()
        for cell in group.cells:
            if self.store.add_result(cell, result.values[cell.identifier]):
                self.progress.done += 1
                self.on_cells(1)
            else:
                self._count_beside(1)
        self._note_time(group, result)
        return True

    def _give_up_or_split(self, waiting: deque[Group], cause: str) -> None:
        group = waiting.popleft()
        if len(group.cells) > 1:
            waiting.extendleft(reversed(group.halves()))
            return
        told = " ".join(cause.split())[:CAUSE_LENGTH]
        self.store.add_failure(group.cells[0], told)
        self.progress.failed[group.cells[0].identifier] = f"{group.cells[0].describe()}: {told}"
        self.on_cells(1)

    def _count_beside(self, cells: int) -> None:
        self.progress.done_beside += cells
        self.on_cells(cells)

    def _note_time(self, group: Group, result: GroupResult) -> None:
        """Durations differ from run to run, so they are kept beside the results, not in them."""
        line = {"cells": [cell.identifier for cell in group.cells], "seconds": round(result.seconds, 3)}
        descriptor = os.open(
            self.store.path.with_name(TIMES_NAME), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)


def _lost() -> InputError:
    return InputError(
        "the scheduler went away",
        where="scheduler",
        remedy="what is done is kept; start a scheduler and the study again",
    )
