"""What the command line costs before it does anything.

Processor time is taken, which is what an idle machine's clock would show and other programs hardly change.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 9
ALLOWED_SECONDS = 0.45


def test_help_costs_little_more_than_an_empty_program(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """`qpbae --help` beside `python -c pass`, in turns: at most 0.45 s more."""
    commands = ([sys.executable, "-c", "pass"], [Path(sys.executable).with_name("qpbae"), "--help"])
    best = [np.inf, np.inf]

    def run(index: int) -> None:
        before = os.times()
        subprocess.run(commands[index], check=True, stdout=subprocess.DEVNULL, cwd=tmp_path)
        after = os.times()
        spent = after.children_user - before.children_user + after.children_system - before.children_system
        best[index] = min(best[index], spent)

    run(1)
    for _ in range(ROUNDS):
        run(0)
        run(1)
    benchmark.pedantic(run, args=(1,), rounds=1)
    benchmark.extra_info["seconds_more"] = best[1] - best[0]
    assert best[1] - best[0] <= ALLOWED_SECONDS
