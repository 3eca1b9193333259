"""The structured sweep against the exact engine, its cost counted, and what it refuses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.cost import plan_cost, sweep_cost
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.mps.plan import plan_sweep
from qpbae_tn.engines.mps.sweep import both_fidelities, plan_sites
from qpbae_tn.engines.mps.windows import window_matrices
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.ansatz import Ansatz, Block, make_ansatz
from qpbae_tn.model.blocks import BLOCK_KINDS, RY, SO4
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import PixelOrder, Trash
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
EXACT = ExactEngine()
seeds = st.integers(0, 2**32 - 1)


def smooth_patches(rng: np.random.Generator, count: int, size: int) -> Array:
    """Bright, slowly varying patches with some noise, and one of noise alone."""
    rows, columns = np.mgrid[:size, :size] / size
    waves = [np.sin(3 * rng.uniform() * rows + 4 * rng.uniform() * columns + number) for number in range(count)]
    patches = 1 + 0.3 * np.stack(waves) + 0.05 * rng.normal(size=(count, size, size))
    patches[0] = rng.normal(size=(size, size))
    return patches


def near_dc(specification: ModelSpecification, rng: np.random.Generator, scale: float = 0.1) -> Array:
    return np.asarray(dc_angles(specification.ansatz) + scale * rng.normal(size=specification.ansatz.parameter_count))


def both_by_exact(specification: ModelSpecification, angles: Array, states: Array) -> tuple[Array, Array]:
    return (
        np.asarray(EXACT.trash_fidelity(specification, angles, states)),
        np.asarray(EXACT.reconstruction_fidelity(specification, angles, states)),
    )


@pytest.mark.parametrize("order", ["row", "column", "morton"])
@pytest.mark.parametrize("size", [2, 4, 8, 16, 32])
def test_equals_exact(size: int, order: PixelOrder, rng: np.random.Generator) -> None:
    states = embed(smooth_patches(rng, 3, size), order)[0]
    engine = MpsEngine()
    for bottleneck, kind, layers, pattern, trash in itertools.product(
        range(1, min(3, 2 * (size.bit_length() - 1) - 1) + 1),
        BLOCK_KINDS.values(),
        (1, 2),
        ("staircase", "brick"),
        ("first", "last"),
    ):
        specification = ModelSpecification.build(
            size, 1, bottleneck, pattern=pattern, kind=kind, layers=layers, trash=trash, pixel_order=order
        )
        scale = 0.1 if pattern == "staircase" else 1.0
        angles = near_dc(specification, rng, scale)
        trash_values, values = both_by_exact(specification, angles, states)
        np.testing.assert_allclose(
            engine.trash_fidelity(specification, angles, states), trash_values, atol=1e-12, rtol=0
        )
        found = engine.reconstruction_fidelity(specification, angles, states)
        np.testing.assert_allclose(found, values, atol=1e-12, rtol=0)
        if pattern == "staircase" and layers == 1:
            assert values.max() > 0.5


@pytest.mark.parametrize("trash", ["first", "last"])
@pytest.mark.parametrize("bottleneck", range(1, 10))
def test_every_bottleneck(bottleneck: int, trash: Trash, rng: np.random.Generator) -> None:
    """Wide latent registers turn columns into matrices half way; nothing else changes."""
    states = embed(smooth_patches(rng, 2, 32))[0]
    for layers in (1, 2):
        specification = ModelSpecification.build(32, 1, bottleneck, kind=SO4, layers=layers, trash=trash)
        angles = near_dc(specification, rng, 0.5)
        stack = MpsEngine(bond=6).convert(states)
        scores = MpsEngine().score(specification, angles, stack)
        trash_values, values = both_by_exact(specification, angles, stack.to_dense())
        np.testing.assert_allclose(scores.trash_fidelity, trash_values, atol=1e-12, rtol=0)
        np.testing.assert_allclose(scores.fidelity, values, atol=1e-12, rtol=0)


def random_ansatz(rng: np.random.Generator, qubits: int, count: int, *, leftward: bool) -> Ansatz:
    """Blocks on neighbours in any order, either way round, in an overall direction."""
    blocks = []
    for _ in range(count):
        for _ in range(int(rng.integers(1, 4))):
            left = int(rng.integers(0, qubits - 1))
            pair = (left, left + 1) if rng.random() < 0.5 else (left + 1, left)
            blocks.append(Block([RY, SO4][int(rng.integers(2))], *pair))
        blocks += [Block(RY, left + 1, left) for left in reversed(range(qubits - 1)) if leftward]
    return Ansatz(qubits, tuple(blocks))


@given(seeds, st.booleans(), st.booleans(), st.integers(1, 5))
def test_any_ansatz_of_neighbours(seed: int, leftward: bool, last: bool, bottleneck: int) -> None:
    rng = np.random.default_rng(seed)
    ansatz = random_ansatz(rng, 6, 3, leftward=leftward)
    specification = ModelSpecification(8, 1, bottleneck, ansatz, "last" if last else "first")
    states = embed(smooth_patches(rng, 3, 8))[0]
    angles = rng.normal(size=ansatz.parameter_count)
    scores = MpsEngine().score_states(specification, angles, states)
    assert scores.errors is not None
    np.testing.assert_allclose(scores.errors.trash_fidelity, 0, atol=1e-12)
    np.testing.assert_allclose(scores.errors.fidelity, 0, atol=1e-12)


def test_an_ansatz_without_blocks(rng: np.random.Generator) -> None:
    specification = ModelSpecification(8, 1, 2, Ansatz(6, ()))
    states = embed(smooth_patches(rng, 3, 8))[0]
    scores = MpsEngine().score_states(specification, np.zeros(0), states)
    assert scores.errors is not None
    np.testing.assert_allclose(scores.errors.fidelity, 0, atol=1e-14)


def test_an_ansatz_that_runs_leftward_is_swept_leftward() -> None:
    blocks = tuple(Block(RY, qubit + 1, qubit) for qubit in reversed(range(19)))
    leftward = ModelSpecification(1024, 1, 2, Ansatz(20, blocks * 2), image_size=1024)
    rightward = ModelSpecification.build(1024, 1, 2, layers=2, trash="last", image_size=1024)
    assert plan_sweep(leftward).mirrored
    assert plan_sweep(leftward).widest == plan_sweep(rightward).widest == 2
    bonds = (16,) * 19
    assert sweep_cost(leftward, bonds) == sweep_cost(rightward, bonds)


def test_all_meeting_points_give_the_same(rng: np.random.Generator) -> None:
    states = embed(smooth_patches(rng, 2, 16))[0]
    stack = MpsEngine(bond=5).convert(states)
    for trash in ("first", "last"):
        specification = ModelSpecification.build(16, 1, 2, layers=2, trash=trash)
        angles = near_dc(specification, rng)
        plan = plan_sweep(specification)
        windows = window_matrices(plan, np.stack(specification.ansatz.matrices(angles)))
        found = [
            both_fidelities(plan, windows, plan_sites(plan, stack), meeting).reconstruction
            for meeting in range(plan.cut if trash == "first" else len(plan.steps) - plan.cut)
        ]
        np.testing.assert_allclose(found, np.broadcast_to(found[0], np.shape(found)), rtol=1e-12)


@given(seeds, st.sampled_from([1, 2, 3, 4]), st.sampled_from(["row", "morton"]), st.integers(1, 2), st.booleans())
def test_true_scores_lie_within_the_intervals(
    seed: int, bond: int, order: PixelOrder, layers: int, is_near_dc: bool
) -> None:
    rng = np.random.default_rng(seed)
    specification = ModelSpecification.build(8, 1, 2, layers=layers, pixel_order=order)
    noise = rng.choice([0.0, 0.01, 0.1, 1.0], size=(20, 1, 1))
    states = embed(smooth_patches(rng, 20, 8) + noise * rng.normal(size=(20, 8, 8)), order)[0]
    angles = near_dc(specification, rng) if is_near_dc else rng.normal(size=specification.ansatz.parameter_count)
    scores = MpsEngine(bond=bond).score_states(specification, angles, states)
    trash_values, values = both_by_exact(specification, angles, states)
    assert (scores.trash_low - 1e-12 <= trash_values).all()
    assert (trash_values <= scores.trash_high + 1e-12).all()
    assert (scores.low - 1e-12 <= values).all()
    assert (values <= scores.high + 1e-12).all()
    assert scores.errors is not None
    np.testing.assert_allclose(scores.fidelity - scores.errors.fidelity, values, atol=1e-14)
    np.testing.assert_allclose(scores.trash_fidelity - scores.errors.trash_fidelity, trash_values, atol=1e-14)


@pytest.mark.parametrize(("kind", "layers", "pattern"), [(RY, 1, "staircase"), (SO4, 2, "staircase"), (RY, 2, "brick")])
@pytest.mark.parametrize("trash", ["first", "last"])
def test_work_is_linear_in_qubits_and_at_most_cubic_in_the_bond(
    kind: object, layers: int, pattern: str, trash: Trash
) -> None:
    def cost(qubits: int, bond: int, bottleneck: int = 2) -> tuple[int, int]:
        size = 1 << (qubits // 2)
        specification = ModelSpecification.build(
            size, 1, bottleneck, pattern=pattern, kind=kind, layers=layers, trash=trash, image_size=size
        )
        bonds = tuple(min(bond, 1 << min(cut, qubits - cut, 20)) for cut in range(1, qubits))
        work = sweep_cost(specification, bonds)
        return work.trash_flops, work.fidelity_flops

    for which in range(2):
        by_qubits = [cost(qubits, 16)[which] for qubits in (40, 60, 80, 100)]
        steps = np.diff(by_qubits)
        assert (steps > 0).all()
        assert len(set(steps)) == 1  # the same work for every twenty qubits more
        small, large = (cost(60, bond)[which] for bond in (64, 128))
        assert large / small <= 2**3
    small, large = (cost(60, bond, bottleneck=30)[1] for bond in (64, 128))
    assert large / small <= 2**3


def test_counted_work_is_the_work_done(rng: np.random.Generator) -> None:
    """The count on a stack of no patches against the products of a real sweep."""
    specification = ModelSpecification.build(16, 1, 3, layers=2)
    stack = MpsEngine(bond=5).convert(embed(smooth_patches(rng, 3, 16))[0])
    plan = plan_sweep(specification)
    cost = plan_cost(plan, stack.bonds)
    done = 0

    def counted(left: Array, right: Array) -> Array:
        nonlocal done
        result: Array = np.matmul(left, right)
        done += 2 * result.size * left.shape[-1]
        return result

    windows = window_matrices(plan, np.stack(specification.ansatz.matrices(near_dc(specification, rng))))
    both_fidelities(plan, windows, plan_sites(plan, stack), cost.meeting, counted)
    assert done == 3 * cost.fidelity_flops


def test_what_cannot_be_swept_is_refused(rng: np.random.Generator) -> None:
    states = embed(smooth_patches(rng, 2, 8))[0]
    engine = MpsEngine()
    far = ModelSpecification(8, 1, 2, Ansatz(6, (Block(RY, 0, 2),)))
    with pytest.raises(InputError, match="not neighbours") as caught:
        engine.trash_fidelity(far, np.zeros(2), states)
    assert "\n" not in str(caught.value)
    both_ways = make_ansatz("staircase", 40).blocks + tuple(Block(RY, q, q + 1) for q in reversed(range(39)))
    with pytest.raises(InputError, match="wires open"):
        plan_sweep(ModelSpecification(2**20, 1, 2, Ansatz(40, both_ways), image_size=2**20))
    specification = ModelSpecification.build(16, 1, 2)
    with pytest.raises(InputError, match="states of 6 qubits"):
        engine.score(specification, near_dc(specification, rng), engine.convert(states))
    with pytest.raises(InputError, match="bonds"):
        sweep_cost(specification, (2, 2))
    with pytest.raises(InputError, match="bonds"):
        sweep_cost(specification, (2, 2, 2, 0, 2, 2, 2))
    small = MpsEngine(memory_bytes=1000)
    with pytest.raises(InputError, match="GiB"):
        small.reconstruction_fidelity(specification, near_dc(specification, rng), embed(np.ones((1, 16, 16)))[0])
    for bond, cutoff in ((0, 0.0), (2, 1.0)):
        with pytest.raises(InputError):
            MpsEngine(bond, cutoff)
