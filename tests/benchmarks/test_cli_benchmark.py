"""What the command line costs before it does anything."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 7
ALLOWED_SECONDS = 0.45


def test_help_costs_little_more_than_an_empty_program(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """`qpbae --help` beside `python -c pass`, in turns: at most 0.45 s more."""
    commands = ([sys.executable, "-c", "pass"], [Path(sys.executable).with_name("qpbae"), "--help"])
    best = [np.inf, np.inf]

    def run(index: int) -> None:
        start = time.perf_counter()
        subprocess.run(commands[index], check=True, stdout=subprocess.DEVNULL, cwd=tmp_path)
        best[index] = min(best[index], time.perf_counter() - start)

    run(1)
    for _ in range(ROUNDS):
        run(0)
        run(1)
    benchmark.pedantic(run, args=(1,), rounds=1)
    benchmark.extra_info["seconds_more"] = best[1] - best[0]
    assert best[1] - best[0] <= ALLOWED_SECONDS
