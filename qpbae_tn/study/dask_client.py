"""Connecting to a Dask scheduler, and making sure that its workers compute what this process would."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

ANSWER_SECONDS = 3.0
"""How long a scheduler may take to answer."""
WORKER_SECONDS = 60.0
"""How long workers may take to tell their versions: they may have to import large packages over a network first."""
_SOCKET_SCHEMES = ("tcp", "tls", "ws", "wss")


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
            where="--scheduler",
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
    from qpbae_tn.training.train import versions

    return {name: number for name, number in versions().items() if name in ("qpbae_tn", "python", "numpy", "scipy")}


def _check_socket(address: str) -> None:
    """Whether anything listens there: told at once, before a large package is imported."""
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
            f"its workers have not told their versions within {WORKER_SECONDS:g} s",
            where=f"--scheduler {address}",
            remedy="look whether they are still there, and start them again",
        ) from None
    for worker, there in answers.items():
        if isinstance(there, BaseException):
            raise InputError(
                f"its worker {worker} cannot run qpbae_tn ({type(there).__name__}: {there})",
                where=f"--scheduler {address}",
                remedy=f"install qpbae_tn {here['qpbae_tn']} for the workers",
            )
        for name, number in here.items():
            if there[name] != number:
                raise InputError(
                    f"its worker {worker} has {name} {there[name]}, this process {number}",
                    where=f"--scheduler {address}",
                    remedy="give both the same environment",
                )


def _unreachable(address: str, reason: str) -> InputError:
    return InputError(
        f"no scheduler can be reached there ({reason})",
        where=f"--scheduler {address}",
        remedy="start one with dask scheduler, or check the address",
    )
