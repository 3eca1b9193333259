"""Any grid: nothing is lost by kills or by narrower runs, series end where a point fails, limits hold."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from grid_functions import allocate, chatter, die, fragile, refuse, spend, square

from qpbae_tn import platform
from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import Point, PointGrid, Series, point_work
from qpbae_tn.study.limited import LimitedError, Limits, run_limited
from qpbae_tn.study.runner import Progress, run_grid, run_points
from qpbae_tn.study.store import ResultsFile
from qpbae_tn.study.workers import InProcess, LocalProcesses


def squares(sides: Sequence[int], pause_s: float = 0.0) -> PointGrid:
    measure = partial(square, pause_s=pause_s)
    return PointGrid("squares", [[point_work(Point("square", {"side": side}), measure)] for side in sides])


def lines(results: Path, kind: str = "result") -> dict[str, bytes]:
    """The lines of a kind by cell, byte for byte; fails on a cell that is there twice."""
    found: dict[str, bytes] = {}
    for line in results.read_bytes().splitlines(keepends=True) if results.exists() else []:
        if line.endswith(b"\n") and json.loads(line)["kind"] == kind:
            assert json.loads(line)["cell"] not in found
            found[json.loads(line)["cell"]] = line
    return found


def test_a_narrower_run_keeps_what_a_wider_one_found(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    run_points(squares(range(12)), results)
    wide = lines(results)
    contents = run_points(squares([3]), results)
    assert lines(results) == wide
    assert set(contents.results) == set(wide)
    grown = run_points(squares(range(8, 15)), results)
    assert len(grown.results) == 15
    assert wide.items() < lines(results).items()
    with pytest.raises(InputError, match="holds results of 'squares', not of 'others'"):
        run_points(PointGrid("others"), results)


def test_kills_at_random_moments_lose_nothing_and_change_nothing(tmp_path: Path) -> None:
    """kill -9 again and again, each run going on from the one before, until all is done; so often as it takes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["qpbae_tn.study.runner"])
    grid = squares(range(40), 0.005)
    run_points(grid, tmp_path / "undisturbed.jsonl")
    undisturbed = lines(tmp_path / "undisturbed.jsonl")
    rng = np.random.default_rng(11)
    kills = round_ = 0
    while kills < 5:
        results = tmp_path / f"results-{(round_ := round_ + 1)}.jsonl"
        known: dict[str, bytes] = {}
        patience = 1.0
        while len(known) < len(undisturbed):
            child = context.Process(target=run_points, args=(grid, results))
            child.start()
            # Where a busy machine does nothing in the moments drawn, they get longer.
            child.join(float(rng.uniform(0.02, 0.2) * patience))
            patience *= 1.1
            if child.exitcode is None:
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)
                child.join()
                kills += 1
            else:
                assert child.exitcode == 0
            now = lines(results)
            assert known.items() <= now.items()
            known = now
        assert known == undisturbed
    # The last line is torn as a kill in the middle of a write would leave it.
    whole = results.read_bytes()
    results.write_bytes(whole[:-7])
    assert run_points(grid, results).results.keys() == undisturbed.keys()
    assert results.read_bytes() == whole


def series_that_fails(limit: int) -> list[Series]:
    measure = partial(fragile, limit=limit)
    points = [Point("fragile", {"side": side}) for side in (1, 2, 3, 4)]
    return [[point_work(point, measure) for point in points], [point_work(Point("square", {"side": 9}), square)]]


@pytest.mark.parametrize("workers", [InProcess(), LocalProcesses(2)])
def test_a_series_ends_where_a_point_fails_and_can_be_tried_again(workers: Any, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    counted: list[int] = []

    def run(limit: int, *, retry_failed: bool = False) -> Progress:
        grid = PointGrid("fragile", series_that_fails(limit))
        with ResultsFile(results, grid) as store:
            return run_grid(store, grid.series, workers, retry_failed=retry_failed, on_cells=counted.append)

    first = run(2)
    assert (first.cells, first.done, first.skipped) == (5, 3, 1)
    assert list(first.failed.values()) == ["fragile: side=3: MemoryError: would need 3 GiB"]
    assert sum(counted) == 5
    again = run(9)
    assert (again.done_before, again.failed_before, again.skipped, again.done) == (3, 1, 1, 0)
    assert (again.without_result, first.without_result) == (1, 1)
    last = run(9, retry_failed=True)
    assert (last.done, last.failed, last.without_result) == (2, {}, 0)
    assert len(lines(results)) == 5


def test_an_id_is_a_hash_of_inputs_and_source() -> None:
    plain = Point("square", {"side": 3})
    assert plain.identifier == Point("square", {"side": 3}).identifier
    others = [Point("cube", {"side": 3}), Point("square", {"side": 4}), Point("square", {"side": 3}, {"digest": "a"})]
    assert len({point.identifier for point in [plain, *others]}) == 4


def test_a_function_runs_in_a_limited_process() -> None:
    assert run_limited(chatter, (), Limits(20, 2048)) == {"one": 1}


@pytest.mark.parametrize(
    ("function", "arguments", "cause"),
    [
        (spend, (30.0,), "time limit of 1 s"),
        (allocate, (4096,), "memory limit of 1024 MiB: "),
        (refuse, (), "no such size"),
        (die, (), "or a crash: ended by SIGSEGV"),
        (square, (), "exit status 1: TypeError"),
    ],
)
def test_a_limited_process_says_why_it_ended(function: Any, arguments: tuple[Any, ...], cause: str) -> None:
    with pytest.raises(LimitedError) as caught:
        run_limited(function, arguments, Limits(1, 1024))
    assert cause in str(caught.value)


def test_a_process_without_an_answer_is_ended() -> None:
    with pytest.raises(LimitedError, match=r"no answer in 0\.04 s"):
        run_limited(time.sleep, (60,), Limits(time_s=0.001))


def test_limits_are_positive() -> None:
    with pytest.raises(InputError, match="time limit"):
        Limits(time_s=0)
    with pytest.raises(InputError, match="memory limit"):
        Limits(memory_mib=0)


def test_a_process_that_cannot_limit_itself_can_be_watched() -> None:
    """What watches on other systems is asked here of this process."""
    this = psutil.Process()
    assert platform.passed_limit(this, 1e6, 1 << 20) is None
    assert platform.passed_limit(this, 0, 1 << 20) == "time"
    assert platform.passed_limit(this, 1e6, 1) == "memory"
    assert platform.passed_limit(psutil.Process(os.getppid()), 1e9, 1 << 30) is None
    assert platform.processor_count() >= 1
    assert platform.peak_memory_bytes() > 1 << 20
