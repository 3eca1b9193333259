"""The log-volume: its bound, its gradient, where it is reached, and descents that nest."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.engines.exact import MeanState, MeanStateLoss, mean_state
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.descent import DescentOptions, descend, hadamard_angles, layer_prefixes
from qpbae_tn.experiment.log_volume import LogVolume, log_volume_bound
from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.blocks import BLOCK_KINDS, RY, SO4
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**31)


def covariance(rng: np.random.Generator, size: int, fall: float = 6.0) -> MeanState:
    """A positive matrix of trace one whose spectrum falls over a few decades."""
    axes = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = np.exp(-fall * rng.uniform(size=size))
    return MeanState((axes * values / values.sum()) @ axes.T, factored=False)


@given(
    SEEDS, st.sampled_from(["all", "trash"]), st.sampled_from(["first", "last"]), st.sampled_from(sorted(BLOCK_KINDS))
)
def test_never_below_its_bound_and_gradient_of_differences(seed, kind, trash, block) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    specification = ModelSpecification.build(
        4, 1, 1 + seed % 3, pattern=("brick", "staircase")[seed % 2], kind=BLOCK_KINDS[block], trash=trash
    )
    loss = LogVolume(specification, covariance(rng, 16), Outcomes(specification, kind), 1e-4)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    value, gradient = loss.value_and_gradient(angles)
    assert value >= loss.bound() - 1e-9
    assert loss.value(angles) == pytest.approx(value, abs=1e-10)
    direction = rng.normal(size=angles.size)
    step = 1e-5
    slope = (loss.value(angles + step * direction) - loss.value(angles - step * direction)) / (2 * step)
    assert gradient @ direction == pytest.approx(slope, rel=1e-5, abs=1e-5)


@given(SEEDS)
def test_the_bound_over_all_strings_is_hadamards(seed: int) -> None:
    sigma = covariance(np.random.default_rng(seed), 16).array
    bound = log_volume_bound(np.linalg.eigvalsh(sigma), 16, 1e-5)
    assert bound == pytest.approx(np.linalg.slogdet(sigma + 1e-5 * np.eye(16))[1], abs=1e-8)
    values, axes = np.linalg.eigh(sigma)
    grouped = np.diag(axes.T @ sigma @ axes)[::-1].reshape(4, 4).sum(axis=1)
    assert log_volume_bound(values, 4, 1e-5) == pytest.approx(np.log(grouped + 1e-5).sum(), abs=1e-8)


def test_shares_are_the_mean_probabilities(rng: np.random.Generator) -> None:
    for trash in ("first", "last"):
        specification = ModelSpecification.build(4, 1, 1, kind=SO4, trash=trash)
        angles = rng.normal(size=18)
        states = rng.normal(size=(50, 16))
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        weights = rng.dirichlet(np.ones(50))
        for kind in ("trash", "all"):
            for rows in (slice(None), slice(0, 5)):  # as a matrix, and as a factor
                share = weights[rows] / weights[rows].sum()
                loss = LogVolume(specification, mean_state([states[rows]], share), Outcomes(specification, kind))
                expected = share @ outcome_probabilities(specification, angles, states[rows], kind)
                np.testing.assert_allclose(loss.shares(angles), expected, atol=1e-13)


def test_one_block_of_two_qubits_reaches_the_bound(rng: np.random.Generator) -> None:
    """Every rotation of two qubits is one so4 block, so the axes of Sigma can be learned in full."""
    specification = ModelSpecification.build(2, 1, 1, kind=SO4)
    for _ in range(5):
        mean = covariance(rng, 4)
        loss = LogVolume(specification, mean, Outcomes(specification, "all"))
        found = descend(lambda _, loss=loss: loss, specification.ansatz, rng.normal(size=6))
        assert found.value == pytest.approx(loss.bound(), abs=1e-6)


def test_blocks_on_pairs_reach_the_bound_of_a_kronecker_product(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(4, 1, 1, pattern="brick", kind=SO4)
    for _ in range(3):
        sigma = np.kron(covariance(rng, 4, 4.0).array, covariance(rng, 4, 4.0).array)
        loss = LogVolume(specification, MeanState(sigma, factored=False), Outcomes(specification, "all"))
        found = descend(lambda _, loss=loss: loss, specification.ansatz, rng.normal(size=18))
        assert found.value == pytest.approx(loss.bound(), abs=1e-6)


@pytest.mark.parametrize("kind", [RY, SO4], ids=lambda kind: kind.name)
@pytest.mark.parametrize("pattern", ["brick", "staircase"])
@pytest.mark.parametrize("size", [2, 4, 8])
def test_hadamard_angles_give_walsh_outcomes(kind, pattern, size) -> None:  # type: ignore[no-untyped-def]
    specification = ModelSpecification.build(size, 1, 1, pattern=pattern, kind=kind, layers=2)
    states = np.eye(size**2)
    found = outcome_probabilities(specification, hadamard_angles(specification.ansatz), states, "all")
    # Every pixel alone is spread evenly, the uniform patch gives one string for sure, and no two agree.
    np.testing.assert_allclose(found, 1 / size**2, atol=1e-12)
    walsh = np.ones((1, 1))
    for _ in range(specification.qubit_count):
        walsh = np.kron(walsh, np.array([[1.0, 1.0], [1.0, -1.0]])) / np.sqrt(2)
    names = outcome_probabilities(specification, hadamard_angles(specification.ansatz), walsh, "all")
    assert sorted(names.argmax(axis=1).tolist()) == list(range(size**2))
    np.testing.assert_allclose(names.max(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize("objective", ["fidelity", "all", "trash"])
@pytest.mark.parametrize("kind", [RY, SO4], ids=lambda kind: kind.name)
def test_more_layers_never_end_higher(objective, kind, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    whole = ModelSpecification.build(4, 1, 1, kind=kind, layers=3)
    mean = covariance(rng, 16)

    def loss(ansatz: Ansatz):  # type: ignore[no-untyped-def]
        specification = ModelSpecification(4, 1, 1, ansatz)
        if objective == "fidelity":
            return MeanStateLoss(specification, mean)
        return LogVolume(specification, mean, Outcomes(specification, objective))

    values: list[float] = []
    options = DescentOptions(near_hadamard=1, max_steps=40)  # too few to converge: nesting must hold all the same
    angles = rng.normal(size=whole.ansatz.parameter_count)
    best = descend(loss, whole.ansatz, angles, options, lambda descent: values.append(descent.value))
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    assert loss(whole.ansatz).value(best.angles) == pytest.approx(best.value, abs=1e-12) == values[-1]


def test_a_neutral_layer_leaves_the_objective_as_it_is(rng: np.random.Generator) -> None:
    mean = covariance(rng, 16)
    for kind in (RY, SO4):
        for pattern in ("brick", "staircase"):
            two = ModelSpecification.build(4, 1, 1, kind=kind, pattern=pattern, layers=2)
            one, _ = layer_prefixes(two.ansatz)
            angles = rng.normal(size=one.parameter_count)
            longer = np.concatenate([angles, np.zeros(two.ansatz.parameter_count - angles.size)])
            first = ModelSpecification(4, 1, 1, one)
            for outcomes in ("all", "trash"):
                before = LogVolume(first, mean, Outcomes(first, outcomes)).value(angles)
                assert LogVolume(two, mean, Outcomes(two, outcomes)).value(longer) == pytest.approx(before, abs=1e-10)
            assert MeanStateLoss(two, mean).value(longer) == pytest.approx(MeanStateLoss(first, mean).value(angles))


def test_layers_are_found_by_repetition() -> None:
    brick = ModelSpecification.build(4, 1, 1, pattern="brick", kind=SO4, layers=3).ansatz
    assert [len(part.blocks) for part in layer_prefixes(brick)] == [3, 6, 9]
    assert [len(part.blocks) for part in layer_prefixes(Ansatz(3, brick.blocks[:1] + brick.blocks[2:3]))] == [2]


def test_large_patches_and_classes_are_refused(rng: np.random.Generator) -> None:
    large = ModelSpecification.build(64, 1, 1, image_size=64)
    with pytest.raises(InputError, match="12 qubits"):
        LogVolume(large, MeanState(np.ones((1, 4096)), factored=True), Outcomes(large, "all"))
    small = ModelSpecification.build(4, 1, 1)
    with pytest.raises(InputError, match="classes"):
        LogVolume(small, covariance(rng, 16), Outcomes(small, "classes"))


def test_a_brick_encoder_is_trained_within_two_seconds(rng: np.random.Generator) -> None:
    """100 images of 32 px: from pixels to angles."""
    from qpbae_tn.data.textures import Textures
    from qpbae_tn.model.embedding import ImagePatches
    from qpbae_tn.model.patches import PatchGrid

    images = Textures("brick").train(32).images[:100]
    specification = ModelSpecification.build(4, 1, 1, pattern="brick", kind=SO4, layers=2)
    start = time.process_time()
    grid = PatchGrid.over(images, 4, 1)
    mean = mean_state(ImagePatches(images, grid), grid.weights)

    def loss(ansatz: Ansatz) -> LogVolume:
        part = ModelSpecification(4, 1, 1, ansatz)
        return LogVolume(part, mean, Outcomes(part, "all"))

    found = descend(loss, specification.ansatz, rng.normal(size=36))
    seconds = time.process_time() - start
    assert found.value < loss(specification.ansatz).bound() + 0.2
    assert seconds < 2.0
