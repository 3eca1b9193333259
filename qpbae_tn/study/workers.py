"""Where cells are computed: in this process, in processes on this machine, or on the workers of a Dask scheduler.

Each kind of `Workers` gives a `concurrent.futures.Executor`. With Dask there is more to look after: that a scheduler is
there at all, and that its workers compute what this process would.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from threadpoolctl import threadpool_limits

from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import Values, Work, canonical
from qpbae_tn.study.limited import run_limited

if TYPE_CHECKING:
    from distributed import Client

ANSWER_SECONDS = 3.0
"""How long a scheduler may take to answer."""
WORKER_SECONDS = 60.0
"""How long workers may take to say their versions: they may have to import large packages over a network first."""
_SOCKET_SCHEMES = ("tcp", "tls", "ws", "wss")


class Workers(Protocol):
    """What computes."""

    @property
    def name(self) -> str:
        """In words."""

    @property
    def in_flight(self) -> int | None:
        """How many pieces of work to hand over at once; None for all of them."""

    def check(self) -> None:
        """Raise `InputError` if they cannot be reached, before anything else is done."""

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
class Done:
    """What a piece of work gave.

    Args:
        values: of each of its cells, JSON values.
        seconds: what it took.
    """

    values: Sequence[Values]
    seconds: float


def compute(work: Work) -> Done:
    """Do a piece of work where this is called: in a worker.

    Linear algebra is held to one thread: with more, sums are split differently and the last bits change with the number
    of processors. Cells run beside each other instead.

    Raises:
        ValueError: values that are no JSON, such as the NaN of a training that ran off.
    """
    threadpool_limits(limits=1)
    start = time.perf_counter()
    if work.limits is None:
        values = work.function(work.shared, work.cells)
    else:
        values = run_limited(work.function, (work.shared, work.cells), work.limits)
    for one in values:
        canonical(one)
    return Done(values, time.perf_counter() - start)


@dataclass(frozen=True)
class InProcess:
    """This process, one piece of work after another."""

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
            raise InputError(f"{self.jobs} processes", where="jobs", remedy="give at least 1")

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


def _begin_worker() -> None:
    """An interrupt at the terminal ends a worker without a word; so does the end of the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


@dataclass(frozen=True)
class DaskScheduler:
    """The workers of a Dask scheduler that is running already.

    Args:
        address: such as "tcp://host:8786".
        notice: called with one line where there is something to wait for.
        in_flight: all work is handed over, so that a cluster can grow to fit them.
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
        with connected(self.address):
            pass

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """Dask's own executor, once there is a worker; raises `InputError` as `connected`."""
        with connected(self.address, self.notice) as executor:
            yield executor


@contextmanager
def connected(address: str, waiting: Callable[[str], None] | None = None) -> Iterator[Executor]:
    """An executor on the workers of a scheduler.

    Args:
        address: such as "tcp://host:8786"; without a scheme TCP is meant.
        waiting: called with one line before a scheduler's first worker is waited for, which may take any time; without
            it nothing is waited for.

    Raises:
        InputError: the package distributed is not installed, no scheduler answers, its workers do not, or a worker has
            other versions of what decides the bits of a result.
    """
    if importlib.util.find_spec("distributed") is None:
        raise InputError(
            "the package distributed is not installed",
            where="scheduler",
            remedy="pip install 'qpbae_tn[distributed]'",
        )
    if "://" not in address:
        address = f"tcp://{address}"
    _check_socket(address)
    _check_scheduler(address)
    from distributed import Client

    # What goes wrong comes back through the futures; Dask would log it to standard error as well.
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    try:
        if waiting is not None and not client.scheduler_info()["workers"]:
            waiting(f"the scheduler {address} has no workers yet; waiting for one")
            client.wait_for_workers(1)
        _check_versions(client, address)
        executor = client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close()
        logger.setLevel(level)


def worker_versions() -> dict[str, str]:
    """Versions of what decides the bits of a result, as this process has them."""
    from qpbae_tn.experiment.training import versions

    return {name: number for name, number in versions().items() if name in ("qpbae_tn", "python", "numpy", "scipy")}


def _check_socket(address: str) -> None:
    """Whether anything listens there: known at once, before a large package is imported."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _unreachable(address, str(error)) from None
    if parts.scheme not in _SOCKET_SCHEMES or host is None or port is None:
        raise _unreachable(address, f"give SCHEME://HOST:PORT with {', '.join(_SOCKET_SCHEMES)}")
    try:
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or "no answer") from None


def _check_scheduler(address: str) -> None:
    """Whether it is a scheduler that listens there."""
    from distributed import Security, rpc

    async def identity() -> dict[str, Any]:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as remote:
            return dict(await remote.identity())

    try:
        answer = asyncio.run(asyncio.wait_for(identity(), ANSWER_SECONDS))
    except (OSError, TimeoutError, ValueError, TypeError, MemoryError, EOFError):
        raise _unreachable(address, "what listens there does not answer as a scheduler") from None
    if answer.get("type") != "Scheduler":
        raise _unreachable(address, f"it is the address of a {str(answer.get('type')).lower()}")


def _check_versions(client: Client, address: str) -> None:
    here = worker_versions()
    try:
        # Whatever `run` does not know itself goes to `Client.sync`, and so this does.
        answers: dict[str, Any] = client.run(worker_versions, on_error="return", callback_timeout=WORKER_SECONDS)
    except TimeoutError:
        raise InputError(
            f"its workers have not said their versions within {WORKER_SECONDS:g} s",
            where=f"scheduler {address}",
            remedy="look whether they are still there, and start them again",
        ) from None
    for worker, there in answers.items():
        if isinstance(there, BaseException):
            raise InputError(
                f"its worker {worker} cannot run qpbae_tn ({type(there).__name__}: {there})",
                where=f"scheduler {address}",
                remedy=f"install qpbae_tn {here['qpbae_tn']} for the workers",
            )
        for name, number in here.items():
            if there[name] != number:
                raise InputError(
                    f"its worker {worker} has {name} {there[name]}, this process {number}",
                    where=f"scheduler {address}",
                    remedy="give both the same environment",
                )


def _unreachable(address: str, reason: str) -> InputError:
    return InputError(
        f"no scheduler can be reached there ({reason})",
        where=f"scheduler {address}",
        remedy="start one with dask scheduler, or check the address",
    )
