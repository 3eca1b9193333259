"""A study on a real Dask scheduler with two worker processes on the loopback address, one of them killed on the way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qpbae_tn.errors import InputError
from qpbae_tn.study import workers as dask_client
from qpbae_tn.study.sources import open_sources
from qpbae_tn.study.specification import read_study
from qpbae_tn.study.work import run_study
from qpbae_tn.study.workers import InProcess, connected

pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")

WAIT_SECONDS = 60.0


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, list[subprocess.Popen[bytes]], Callable[[], None]]]:
    """A scheduler's address, its workers, and how to add one; all are ended afterwards."""
    file = folder / "scheduler.json"
    base = [sys.executable, "-m", "distributed.cli.dask_{}", "--no-dashboard", "--scheduler-file", str(file)]
    processes: list[subprocess.Popen[bytes]] = []

    def begin(name: str, *options: str) -> None:
        command = [part.format(name) for part in base] + ["--host", "127.0.0.1", *options]
        with (folder / f"{name}-{len(processes)}.log").open("wb") as log:
            processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder))

    def add_worker() -> None:
        begin("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))

    try:
        begin("scheduler", "--port", "0")
        # The scheduler creates the file first and fills it then.
        wait_for(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        for _ in range(workers):
            add_worker()
        logs = [folder / f"worker-{number}.log" for number in range(1, workers + 1)]
        wait_for(lambda: all(b"Registered to" in log.read_bytes() for log in logs))
        yield json.loads(file.read_text())["address"], processes[1:], add_worker
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def wait_for(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def result_lines(results: Path) -> dict[str, bytes]:
    found = {}
    for line in results.read_bytes().splitlines(keepends=True) if results.exists() else []:
        if line.endswith(b"\n") and json.loads(line)["kind"] == "result":
            assert json.loads(line)["cell"] not in found
            found[json.loads(line)["cell"]] = line
    return found


def test_a_scheduler_with_two_workers_one_of_them_killed(study_text: str, tmp_path: Path) -> None:
    path = tmp_path / "larger.toml"
    path.write_text(
        study_text.replace("stride = [1, 2]", "stride = [1, 2, 3, 4]").replace("stride = 2", "stride = [1, 2, 3, 4]")
    )
    study = read_study(str(path))
    run_study(study, open_sources(study, {}), tmp_path / "here.jsonl", InProcess())
    expected = result_lines(tmp_path / "here.jsonl")
    with cluster(tmp_path) as (address, workers, _):
        command = [sys.executable, "-c", "from qpbae_tn.cli.main import main; main()", "study", "run", str(path)]
        options = ["--scheduler", address, "--output", str(tmp_path / "there")]
        there = tmp_path / "there" / "results.jsonl"
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: result_lines(there) or process.poll() is not None)
        os.kill(workers[0].pid, signal.SIGKILL)
        done_by_then = len(result_lines(there))
        out, err = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0, err
        with pytest.raises(InputError, match="address of a worker"), connected(_worker_address(tmp_path)):
            pass
    assert done_by_then < len(expected)
    assert f"{len(expected)} done on the workers of {address}" in out
    assert result_lines(there) == expected


def test_a_scheduler_without_workers_is_waited_at_aloud(
    study_file: Path, stripes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker is waited for with a note; its folder is another than that of the program."""
    with cluster(tmp_path, workers=0) as (address, _, add_worker):
        command = [sys.executable, "-c", "from qpbae_tn.cli.main import main; main()", "study", "run", str(study_file)]
        options = ["--scheduler", address, "--output", "there", "--data", f"stripes={stripes.name}"]
        with (tmp_path / "err").open("wb") as err:
            process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=err, cwd=stripes.parent)
        told = f"note: the scheduler {address} has no workers yet; waiting for one"
        wait_for(lambda: told in (tmp_path / "err").read_text() or process.poll() is not None)
        assert process.poll() is None
        add_worker()
        out, _ = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0, out
        assert "0 done before, 15 done on the workers" in out.decode()
        assert (tmp_path / "err").read_text().count("note: ") == 1
        # No worker answers in no time; one that hangs would never.
        monkeypatch.setattr(dask_client, "WORKER_SECONDS", 0.0)
        with pytest.raises(InputError, match="have not said their versions"), connected(address):
            pass


def _worker_address(folder: Path) -> str:
    """Of the worker that is left."""
    text = (folder / "worker-2.log").read_text()
    return next(word for line in text.splitlines() if "Start worker at" in line for word in [line.split()[-1]])


def test_unreachable_schedulers_are_told_at_once() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for address, told in (
        (f"tcp://127.0.0.1:{port}", "Connection refused"),
        ("nonsense", "SCHEME://HOST:PORT"),
        ("tcp://127.0.0.1:port", "could not be cast"),
        ("http://127.0.0.1:80", "SCHEME://HOST:PORT"),
    ):
        with pytest.raises(InputError, match=told) as caught, connected(address):
            pass
        assert "\n" not in str(caught.value)


def test_what_listens_but_is_no_scheduler_is_told() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(InputError, match="does not answer as a scheduler"), connected(address):
            pass
