"""Time and memory of the mps engine: a patch, a stack, a gradient, a conversion, a literal circuit; one BLAS thread."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.analytic import constant, wave
from qpbae_tn.model.conversion import states_to_mps
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.mps import MpsStack, mps_stack
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """The best of a few runs, after one to warm up."""
    work()
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return float(best)


def best_of(benchmark: BenchmarkFixture, work: Callable[[], object], rounds: int = 10) -> float:
    """The best time of a benchmark in seconds."""
    benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)
    return float(benchmark.stats.stats.min)


def model(size: int, layers: int = 1) -> tuple[ModelSpecification, Array]:
    specification = ModelSpecification.build(size, 1, 2, layers=layers, image_size=size)
    noise = np.random.default_rng(0).normal(size=specification.ansatz.parameter_count)
    return specification, np.asarray(dc_angles(specification.ansatz) + 0.1 * noise)


def patches(count: int, size: int) -> Array:
    """Smooth patches with noise, which keep every bond that they are allowed."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:size, :size] / size
    waves = [np.sin(3 * (number % 5 + 1) * rows + 2 * columns + number) for number in range(count)]
    return 1 + 0.5 * np.stack(waves) + 0.2 * rng.random((count, size, size))


def random_stack(count: int, qubits: int, bond: int) -> MpsStack:
    rng = np.random.default_rng(2)
    bonds = [min(bond, 1 << min(cut, qubits - cut, 20)) for cut in range(qubits + 1)]
    return mps_stack([1 + rng.normal(size=(count, bonds[site], 2, bonds[site + 1])) for site in range(qubits)])


def sinusoids(size: int) -> MpsStack:
    """32 sinusoids on a bright ground: bond 65."""
    texture = constant(size, 40.0)
    for number in range(1, 33):
        texture = texture + wave(size, (1.7 * number, 2.3 * number), number)
    return texture.state()


def test_a_patch_of_1024_pixels_a_side(benchmark: BenchmarkFixture) -> None:
    """n = 20, bond 16: F and F_trash in less than 10 ms."""
    specification, angles = model(1024)
    engine, stack = MpsEngine(), random_stack(1, 20, 16)
    assert best_of(benchmark, lambda: engine.score(specification, angles, stack)) < 0.010


def test_conversion_of_a_patch_of_1024_pixels_a_side(benchmark: BenchmarkFixture) -> None:
    """From pixels to bond 16 in less than 0.2 s."""
    pixels = patches(1, 1024)
    assert best_of(benchmark, lambda: states_to_mps(embed(pixels)[0], 16), rounds=5) < 0.2


def plain_svd(state: Array, bond: int) -> float:
    """The discarded weight of a conversion by singular value decompositions of the whole matrix at each cut."""
    rest, lost = state.reshape(1, -1), 0.0
    while rest.shape[1] > 1:
        _, values, right = np.linalg.svd(rest.reshape(rest.shape[0] * 2, -1), full_matrices=False)
        lost += float((values[bond:] ** 2).sum())
        rest = values[:bond, None] * right[:bond]
    return lost


def test_conversion_against_plain_svd(benchmark: BenchmarkFixture) -> None:
    """64 patches of P = 64 at bond 16: at least 10 times faster, the discarded weight at most 6% larger."""
    states = embed(patches(64, 64))[0]
    weights = states_to_mps(states, 16).discarded_weight
    np.testing.assert_allclose(weights, [plain_svd(state, 16) for state in states], rtol=0.06)
    slow = seconds(lambda: [plain_svd(state, 16) for state in states], rounds=2)
    ratio = slow / best_of(benchmark, lambda: states_to_mps(states, 16))
    benchmark.extra_info["times_faster_than_svd"] = ratio
    assert ratio > 10


def test_fidelity_of_a_stack(benchmark: BenchmarkFixture) -> None:
    """64 patches of P = 64 at bond 16: at least 5 times faster together than one by one."""
    specification, angles = model(64)
    engine, stack = MpsEngine(), states_to_mps(embed(patches(64, 64))[0], 16)
    single = [stack[number : number + 1] for number in range(64)]
    one_by_one = seconds(lambda: [engine.score(specification, angles, part) for part in single], rounds=3)
    ratio = one_by_one / best_of(benchmark, lambda: engine.score(specification, angles, stack))
    benchmark.extra_info["times_faster_than_one_by_one"] = ratio
    assert ratio > 5


def test_trash_fidelity_of_a_stack(benchmark: BenchmarkFixture) -> None:
    """The same for F_trash: at least 15 times."""
    specification, angles = model(64)
    engine, stack = MpsEngine(), states_to_mps(embed(patches(64, 64))[0], 16)
    single = [stack[number : number + 1] for number in range(64)]
    score = engine.trash_fidelity_of_mps
    one_by_one = seconds(lambda: [score(specification, angles, part) for part in single], rounds=3)
    ratio = one_by_one / best_of(benchmark, lambda: score(specification, angles, stack))
    benchmark.extra_info["times_faster_than_one_by_one"] = ratio
    assert ratio > 15


def test_a_stack_with_its_conversion(benchmark: BenchmarkFixture) -> None:
    """64 patches of P = 64 from amplitudes at bond 16: less than 150 ms."""
    specification, angles = model(64)
    engine, states = MpsEngine(bond=16), embed(patches(64, 64))[0]
    assert best_of(benchmark, lambda: engine.reconstruction_fidelity(specification, angles, states)) < 0.150


def test_gradient(benchmark: BenchmarkFixture) -> None:
    """n = 20, bond 16, two layers, 4 patches: less than 50 ms, and at most 6 times the loss alone."""
    specification, angles = model(1024, layers=2)
    loss = MpsEngine().prepare_mps_loss(specification, random_stack(4, 20, 16), np.full(4, 0.25))
    forward = seconds(lambda: loss.value(angles), rounds=10)
    time_taken = best_of(benchmark, lambda: loss.value_and_gradient(angles))
    benchmark.extra_info["times_the_forward_pass"] = time_taken / forward
    assert time_taken < 0.050
    assert time_taken < 6 * forward


@pytest.mark.parametrize("size", [1 << 20, 1 << 30], ids=["n40", "n60"])
def test_a_texture_of_bond_65(size: int, benchmark: BenchmarkFixture) -> None:
    """F and F_trash in less than 0.2 s at n = 40; n = 60 runs."""
    specification, angles = model(size)
    stack = sinusoids(size)
    assert stack.bond == 65
    time_taken = best_of(benchmark, lambda: MpsEngine().score(specification, angles, stack), rounds=5)
    assert time_taken < 0.2 * size.bit_length() / 21


MEMORY = '''
from pathlib import Path
from qpbae_tn.engines.mps import MpsEngine
from qpbae_tn.model.analytic import constant, wave
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.experiment.initial_angles import dc_angles

def peak():
    """Peak resident memory in KiB; unlike ru_maxrss it does not start from the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])

before = peak()
texture = constant(1 << 20, 40.0)
for number in range(1, 33):
    texture = texture + wave(1 << 20, (1.7 * number, 2.3 * number), number)
specification = ModelSpecification.build(1 << 20, 1, 2, image_size=1 << 20)
assert MpsEngine().score(specification, dc_angles(specification.ansatz), texture.state()).fidelity[0] > 0.5
print((peak() - before) / 1024)
'''


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_of_a_texture_of_bond_65(benchmark: BenchmarkFixture) -> None:
    """n = 40: less than 100 MiB above the imports, in a process of its own."""

    def grown() -> float:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-c", MEMORY]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return float(done.stdout)

    growth = benchmark.pedantic(grown, rounds=1)
    benchmark.extra_info["mebibytes"] = growth
    assert growth < 100
