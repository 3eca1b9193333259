"""Connecting to a Dask scheduler, and making sure that its workers compute what this process would."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connected(address: str, seconds: float) -> Iterator[Executor]:
    """An executor on the workers of a scheduler.

    Args:
        address: of the scheduler.
        seconds: how long it may take to answer.

    Raises:
        InputError: the package distributed is not installed, the scheduler cannot be reached, or a worker has other
            versions of what decides the bits of a result.
    """
    if importlib.util.find_spec("distributed") is None:
        raise InputError(
            "the package distributed is not installed",
            where="--scheduler",
            remedy="pip install 'qpbae_tn[distributed]'",
        )
    import dask
    from distributed import Client

    limits = {"distributed.comm.timeouts.connect": seconds, "distributed.comm.retry.count": 0}
    with dask.config.set(limits):
        try:
            client = Client(address, timeout=seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError, ImportError) as error:
            reason = str(error) or "no answer"
            raise InputError(
                f"no scheduler can be reached there ({reason})",
                where=f"--scheduler {address}",
                remedy="start one with dask scheduler, or check the address",
            ) from None
    try:
        _check_versions(client, address)
        executor = client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close()


def worker_versions() -> dict[str, str]:
    """Versions of what decides the bits of a result, as this process has them."""
    from qpbae_tn.training.train import versions

    return {name: number for name, number in versions().items() if name in ("qpbae_tn", "python", "numpy", "scipy")}


def _check_versions(client: Client, address: str) -> None:
    here = worker_versions()
    answers: dict[str, Any] = client.run(worker_versions, on_error="return")
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
