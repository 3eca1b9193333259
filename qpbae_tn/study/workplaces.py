"""Where the cells of a study are computed: each workplace gives a `concurrent.futures.Executor`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from threadpoolctl import threadpool_limits

from qpbae_tn.errors import InputError


class Workplace(Protocol):
    """A place with workers."""

    @property
    def name(self) -> str:
        """In words."""

    @property
    def in_flight(self) -> int | None:
        """How many groups to hand over at once; None for all of them."""

    def check(self) -> None:
        """Raise `InputError` if the place cannot be reached, before anything else is done."""

    def open(self) -> AbstractContextManager[Executor]:
        """The executor, ready to take work; raises `InputError` as `check`."""


class _SerialExecutor(Executor):
    """Runs each call when it is submitted, in the caller's thread, so that an interrupt takes effect at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the call; the future holds what it gave."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - an executor hands every error on through the future
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class InProcess:
    """This process, one group after another."""

    name: str = "in this process"
    in_flight: int | None = 1

    def check(self) -> None:
        """This process can be reached."""

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """An executor that works while it is handed the work."""
        with threadpool_limits(limits=1):
            yield _SerialExecutor()


@dataclass(frozen=True)
class LocalProcesses:
    """Processes on this machine.

    Args:
        jobs: how many.
    """

    jobs: int

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise InputError(f"{self.jobs} processes", where="--jobs", remedy="give at least 1")

    @property
    def name(self) -> str:
        """In words."""
        return "in one local process" if self.jobs == 1 else f"in {self.jobs} local processes"

    @property
    def in_flight(self) -> int | None:
        """One more than there are processes, so that none waits."""
        return self.jobs + 1

    def check(self) -> None:
        """Processes start when there is work."""

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """A pool of fresh processes, which end when this one does, even by a kill."""
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_begin_worker)
        try:
            yield pool
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class DaskScheduler:
    """The workers of a Dask scheduler that is running already.

    Args:
        address: such as "tcp://host:8786".
        notice: called with one line where there is something to wait for.
        in_flight: all groups are handed over, so that a cluster can grow to fit them.
    """

    address: str
    notice: Callable[[str], None] = field(default=lambda _: None, compare=False)
    in_flight: int | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """In words."""
        return f"on the workers of {self.address}"

    def check(self) -> None:
        """Connect once; a scheduler without workers will do."""
        from qpbae_tn.study.dask_client import connected

        with connected(self.address):
            pass

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """Dask's own executor, once there is a worker; raises `InputError` as `connected`."""
        from qpbae_tn.study.dask_client import connected

        with connected(self.address, self.notice) as executor:
            yield executor


def _begin_worker() -> None:
    """An interrupt at the terminal ends a worker without a word; so does the end of the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(1)
