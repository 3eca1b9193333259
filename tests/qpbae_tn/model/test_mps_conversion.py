"""Patches to trains: the weight thrown away is exact and as small as a singular value decomposition makes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.engines.mps.entanglement import compress, entanglement_entropy, schmidt_weights
from qpbae_tn.errors import InputError
from qpbae_tn.model.mps import mps_stack, states_to_mps, truncated_split

Array = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)


def mixed_states(rng: np.random.Generator, count: int, qubits: int) -> Array:
    """States from smooth to random, so that singular values fall fast, slowly and not at all."""
    grid = np.linspace(0, 1, 1 << qubits)
    smooth = 1 + np.sin(rng.uniform(1, 20, size=(count, 1)) * grid + rng.uniform(0, 6, size=(count, 1)))
    states = smooth + rng.choice([0.0, 1e-6, 1e-2, 1.0], size=(count, 1)) * rng.normal(size=smooth.shape)
    return np.asarray(states / np.linalg.norm(states, axis=1, keepdims=True))


def by_svd(state: Array, bond: int) -> tuple[Array, float]:
    """The train of one state by plain singular value decompositions, as amplitudes, and its discarded weight."""
    rest, lost, basis = state.reshape(1, -1), 0.0, np.ones((1, 1))
    while rest.shape[1] > 1:
        matrix = rest.reshape(rest.shape[0] * 2, -1)
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        lost += float((values[bond:] ** 2).sum())
        basis = np.einsum("xa,asb->xsb", basis, left[:, :bond].reshape(rest.shape[0], 2, -1)).reshape(
            basis.shape[0] * 2, -1
        )
        rest = values[:bond, None] * right[:bond]
    dense = (basis @ rest).ravel()
    return dense / np.linalg.norm(dense), lost


@given(seeds, st.integers(2, 9), st.integers(1, 20))
def test_discarded_weight_is_exact_and_that_of_the_svd(seed: int, qubits: int, bond: int) -> None:
    states = mixed_states(np.random.default_rng(seed), 3, qubits)
    stack = states_to_mps(states, bond)
    assert stack.bond <= bond
    dense = stack.to_dense()
    np.testing.assert_allclose(np.einsum("pk,pk->p", dense, dense), 1.0, atol=1e-13)
    overlap = np.einsum("pk,pk->p", dense, states) ** 2
    np.testing.assert_allclose(1 - overlap, stack.discarded_weight, atol=1e-13)
    np.testing.assert_allclose([by_svd(state, bond)[1] for state in states], stack.discarded_weight, atol=1e-13)


@given(seeds, st.integers(2, 8), st.sampled_from([1e-12, 1e-6, 1e-3, 0.1]), st.sampled_from([None, 3]))
def test_cutoff_bounds_the_weight_of_each_cut(seed: int, qubits: int, cutoff: float, bond: int | None) -> None:
    states = mixed_states(np.random.default_rng(seed), 2, qubits)
    stack = states_to_mps(states, bond, cutoff)
    overlap = np.einsum("pk,pk->p", stack.to_dense(), states) ** 2
    np.testing.assert_allclose(1 - overlap, stack.discarded_weight, atol=1e-13)
    if bond is None:
        assert (stack.discarded_weight <= (qubits - 1) * cutoff + 1e-13).all()
    else:
        assert stack.bond <= bond


def test_without_limits_nothing_is_lost(rng: np.random.Generator) -> None:
    for qubits in (2, 4, 7, 10):
        states = mixed_states(rng, 4, qubits)
        stack = states_to_mps(states)
        np.testing.assert_allclose(stack.to_dense(), states, atol=1e-15)
        assert (stack.discarded_weight == 0).all()
        assert stack.bonds == tuple(min(1 << cut, 1 << (qubits - cut)) for cut in range(1, qubits))


def test_weights_too_small_for_a_gram_matrix_are_still_measured() -> None:
    """A second singular value of 1e-11, whose square the Gram matrix cannot see."""
    left, right = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 4, 2)))[0]
    matrix = left[:, :1] @ right[:, :1].T + 1e-11 * left[:, 1:] @ right[:, 1:].T
    values = np.linalg.svd(matrix, compute_uv=False)
    split = truncated_split(matrix[None], bond=1, cutoff=0.0)
    assert split.discarded[0] == pytest.approx(values[1] ** 2, rel=1e-3)
    assert split.discarded[0] == pytest.approx(1e-22, rel=1e-3)


@pytest.mark.parametrize(("bond", "cutoff"), [(0, 0.0), (-3, 0.0), (4, 1.0), (4, -0.1)])
def test_impossible_limits_are_refused(bond: int, cutoff: float) -> None:
    state = np.ones((1, 4)) / 2
    with pytest.raises(InputError):
        states_to_mps(state, bond, cutoff)
    with pytest.raises(InputError):
        compress(states_to_mps(state), bond, cutoff)


@given(seeds, st.integers(2, 8))
def test_entropy_of_trains_and_of_amplitudes(seed: int, qubits: int) -> None:
    states = mixed_states(np.random.default_rng(seed), 3, qubits)
    dense = entanglement_entropy(states)
    assert dense.shape == (3, qubits - 1)
    np.testing.assert_allclose(entanglement_entropy(states_to_mps(states)), dense, atol=1e-9)
    for patch, state in enumerate(states):
        for cut in range(1, qubits):
            weights = np.linalg.svd(state.reshape(1 << cut, -1), compute_uv=False) ** 2
            weights = weights[weights > 0]
            assert dense[patch, cut - 1] == pytest.approx(-(weights * np.log2(weights)).sum(), abs=1e-9)


def test_entropy_of_known_states() -> None:
    bell_pairs = np.einsum("ab,cd->acbd", np.eye(2), np.eye(2)).reshape(1, 16) / 2
    product = np.full((1, 16), 0.25)
    np.testing.assert_allclose(entanglement_entropy(bell_pairs), [[1, 2, 1]], atol=1e-14)
    np.testing.assert_allclose(entanglement_entropy(product), 0, atol=1e-13)
    weights = schmidt_weights(states_to_mps(bell_pairs))
    np.testing.assert_allclose(weights[1], [[0.25] * 4], atol=1e-14)


def test_compression_finds_the_rank_and_adds_up_what_is_lost(rng: np.random.Generator) -> None:
    tensors = [rng.normal(size=(4, *shape)) for shape in [(1, 2, 2), (2, 2, 3), (3, 2, 3), (3, 2, 2), (2, 2, 1)]]
    stack = mps_stack(tensors)
    doubled = mps_stack(
        [
            np.concatenate([tensors[0], tensors[0]], axis=3),
            *(_doubled(tensor) for tensor in tensors[1:-1]),
            np.concatenate([tensors[-1], tensors[-1]], axis=1),
        ]
    )
    assert doubled.bond == 6
    small = compress(doubled, cutoff=1e-14)
    assert small.bonds == stack.bonds
    np.testing.assert_allclose(np.abs(small.overlaps(stack)), 1.0, atol=1e-12)
    truncated = compress(doubled, bond=2)
    np.testing.assert_allclose(1 - truncated.overlaps(stack) ** 2, truncated.discarded_weight, atol=1e-12)
    twice = compress(truncated, bond=1)
    assert (1 - twice.overlaps(stack) ** 2 <= twice.discarded_weight + 1e-12).all()


def _doubled(tensor: Array) -> Array:
    count, left, _, right = tensor.shape
    joint = np.zeros((count, 2 * left, 2, 2 * right))
    joint[:, :left, :, :right] = joint[:, left:, :, right:] = tensor
    return joint
