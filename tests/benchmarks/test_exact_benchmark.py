"""Time of the exact engine: of training, of a step, and of scoring a million patches.

Where a limit is a number of seconds, processor time on one thread is taken, which other programs hardly change.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from qpbae_tn.data.textures import Textures
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import prepare_problem
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.specification import ModelSpecification

ENGINE = ExactEngine()
PATCHES = 1_000_000


def best_seconds(works: list[Callable[[], object]], rounds: int = 4) -> list[float]:
    """The best time of each piece of work, taken in turns so that a busy machine is busy for all of them."""
    best = [np.inf] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            start = time.perf_counter()
            work()
            best[index] = min(best[index], time.perf_counter() - start)
    return best


def random_states(patch_size: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    states, _ = embed(rng.random((PATCHES, patch_size, patch_size), dtype=np.float32), dtype=np.float32)
    return states.astype(np.float32, copy=False)


@pytest.mark.benchmark(timer=time.thread_time)
def test_training_takes_less_than_a_second_after_loading(benchmark: BenchmarkFixture) -> None:
    """The paper's setting: 100 images of 32 x 32, P=4, S=1, 20 epochs of batches of 4; digesting and ceilings too."""
    images = Textures().train(32).images[:125]

    def unseen() -> tuple[tuple[LoadedExperiment], dict[str, object]]:
        return (LoadedExperiment.of_arrays(Experiment(bottleneck=1), images[:100], images[100:]),), {}

    with threadpool_limits(1):
        outcome = benchmark.pedantic(train, setup=unseen, rounds=5, warmup_rounds=1)
    assert len(outcome.history) == 20
    assert benchmark.stats.stats.min < 1.0


def test_a_step_takes_no_longer_for_more_patches(benchmark: BenchmarkFixture) -> None:
    """From 25 to 841 patches an image: within a third of the same time."""
    images = np.random.default_rng(0).random((4, 32, 32))
    works = []
    for stride in (8, 1):
        specification = ModelSpecification.build(4, stride, 1)
        problem = prepare_problem(specification, ENGINE, images, images[:0])
        angles = initial_angles(specification.ansatz, "normal", 0)
        works.append(lambda loss=problem.batches[0], angles=angles: loss.value_and_gradient(angles))
    benchmark.pedantic(works[1], rounds=50, iterations=5, warmup_rounds=5)
    few, many = best_seconds(works, rounds=500)
    benchmark.extra_info["ratio_of_841_to_25_patches"] = many / few
    assert many / few < 4 / 3


@pytest.mark.parametrize("bottleneck", [1, 2])
def test_scoring_8_px_patches_costs_few_matrix_products(benchmark: BenchmarkFixture, bottleneck: int) -> None:
    """10^6 patches in float32: within 6 times one product (N x 64)(64 x 64)."""
    states = random_states(8)
    specification = ModelSpecification.build(8, 1, bottleneck)
    angles = initial_angles(specification.ansatz, "dc", 0)
    matrix = np.random.default_rng(1).random((64, 64), dtype=np.float32)

    def score() -> object:
        return ENGINE.reconstruction_fidelity(specification, angles, states)

    benchmark.pedantic(score, rounds=1, warmup_rounds=1)
    product, scoring = best_seconds([lambda: states @ matrix, score])
    benchmark.extra_info["ratio_to_one_product"] = scoring / product
    benchmark.extra_info["million_patches_a_second"] = PATCHES / scoring / 1e6
    assert scoring / product < 6


@pytest.mark.benchmark(timer=time.thread_time)
@pytest.mark.parametrize("bottleneck", [1, 2])
def test_scoring_4_px_patches_reaches_four_million_a_second(benchmark: BenchmarkFixture, bottleneck: int) -> None:
    """10^6 patches in float32."""
    states = random_states(4)
    specification = ModelSpecification.build(4, 1, bottleneck)
    angles = initial_angles(specification.ansatz, "dc", 0)
    with threadpool_limits(1):
        benchmark.pedantic(
            ENGINE.reconstruction_fidelity, args=(specification, angles, states), rounds=5, warmup_rounds=1
        )
    rate = PATCHES / benchmark.stats.stats.min
    benchmark.extra_info["million_patches_a_second"] = rate / 1e6
    assert rate > 4e6
