"""Time of state preparation: a patch's angles bound to a compiled circuit, and whole stacks; one BLAS thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import cirq
import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.data.textures import Textures
from qpbae_tn.model.embedding import embed

FloatArray = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def _patches(size: int, count: int) -> FloatArray:
    """Patches of the bundled photographs at 32 pixels."""
    images = Textures("brick").train(32).images[: 2 + count // 16]
    patches = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))[:, ::4, ::4]
    states, _ = embed(patches.reshape(-1, size, size))
    return np.asarray(states[np.random.default_rng(size).permutation(len(states))[:count]], dtype=np.float64)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("preparation", "size", "limit_ms"),
    [
        (ExactPreparation(), 4, 20),
        (ExactPreparation(), 8, 100),
        (MpsPreparation(2), 8, 20),
        (MpsPreparation(2), 16, 20),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_another_patch(benchmark: BenchmarkFixture, preparation: Preparation, size: int, limit_ms: int) -> None:
    """The values of a template's symbols for another patch; the median over patches, in processor time."""
    states = _patches(size, 24)
    template = preparation.template(int(states.shape[1]).bit_length() - 1)
    preparation.fit(states[:1])
    numbers = iter(np.tile(np.arange(len(states)), 2).tolist())
    spent: list[float] = []

    def bind() -> cirq.ParamResolver:
        start = time.process_time()
        resolver = template.resolver(preparation.fit(states[[next(numbers)]]).angles[0])
        spent.append(time.process_time() - start)
        return resolver

    benchmark.pedantic(bind, rounds=len(states), warmup_rounds=1)
    assert np.median(spent) < limit_ms / 1000


@pytest.mark.parametrize(
    ("preparation", "size", "least"),
    [(ExactPreparation(), 4, 2.0), (MpsPreparation(2), 4, 8.0), (MpsPreparation(2), 8, 4.0)],
)
def test_stacks_pay(benchmark: BenchmarkFixture, preparation: Preparation, size: int, least: float) -> None:
    """A stack of patches against the same patches one by one."""
    states = _patches(size, 200)
    preparation.fit(states[:2])
    alone = min(_seconds(lambda: [preparation.fit(state[None]) for state in states[:40]]) / 40 for _ in range(2))
    benchmark.pedantic(lambda: preparation.fit(states), rounds=3, warmup_rounds=1)
    together = benchmark.stats.stats.min / len(states)
    assert alone > least * together
