"""Patches to matrix product states: the weight thrown away is exact, and about what an SVD leaves out."""

from __future__ import annotations

import numpy as np
import pytest
import quimb.tensor as qtn
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.conversion import EXACT_ROWS, compress, entanglement_entropy, schmidt_weights, states_to_mps
from qpbae_tn.model.mps import from_quimb, mps_stack, to_quimb

Array = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)


def mixed_states(rng: np.random.Generator, count: int, qubits: int) -> Array:
    """States from smooth to random, so that singular values fall fast, slowly and not at all."""
    grid = np.linspace(0, 1, 1 << qubits)
    smooth = 1 + np.sin(rng.uniform(1, 20, size=(count, 1)) * grid + rng.uniform(0, 6, size=(count, 1)))
    states = smooth + rng.choice([0.0, 1e-6, 1e-2, 1.0], size=(count, 1)) * rng.normal(size=smooth.shape)
    return np.asarray(states / np.linalg.norm(states, axis=1, keepdims=True))


def by_svd(state: Array, bond: int) -> tuple[Array, float]:
    """One state truncated by plain singular value decompositions, as amplitudes, and its discarded weight."""
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
    least = np.array([by_svd(state, bond)[1] for state in states])
    if bond <= EXACT_ROWS // 2:
        np.testing.assert_allclose(least, stack.discarded_weight, atol=1e-13)
    else:
        # A randomised decomposition: more than the least at one cut may be less at the next.
        assert (stack.discarded_weight <= 1.25 * least + 1e-13).all()


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


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize("bond", [1, 3, 16])
def test_weights_too_small_for_a_gram_matrix_are_still_measured(bond: int, count: int) -> None:
    """1e-11 of another state on top of one of this bond: the square of that is past a Gram matrix and a norm."""
    rng = np.random.default_rng(1)
    bonds = [min(bond, 1 << min(cut, 10 - cut)) for cut in range(11)]
    whole = mps_stack([rng.normal(size=(bonds[site], 2, bonds[site + 1])) for site in range(10)]).to_dense()[0]
    state = whole + 1e-11 * rng.normal(size=whole.size) / np.sqrt(whole.size)
    stack = states_to_mps(np.stack([state] * count), bond)
    dense = stack.to_dense()[0]
    found = ((state - (dense @ state) * dense) ** 2).sum()
    assert 1e-24 < found < 1e-21
    np.testing.assert_allclose(stack.discarded_weight, found, rtol=1e-2)


@pytest.mark.parametrize("kind", ["noise", "few"])
def test_approximate_truncation_is_close_to_the_best(kind: str) -> None:
    """Bond 16 past the exact sizes, many columns folded: a few per cent above plain singular value decompositions."""
    rng = np.random.default_rng(3)
    grid = np.linspace(0, 1, 1 << 14)
    states = 1 + 0.5 * np.sin(rng.uniform(1, 9, size=(4, 1)) * grid) + 0.1 * rng.normal(size=(4, grid.size))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    some = states[:2] if kind == "few" else states
    stack = states_to_mps(some, 16)
    least = np.array([by_svd(state, 16)[1] for state in some])
    assert (np.abs(stack.discarded_weight / least - 1) < 0.06).all()
    overlap = np.einsum("pk,pk->p", stack.to_dense(), some) ** 2
    np.testing.assert_allclose(1 - overlap, stack.discarded_weight, atol=1e-12)
    np.testing.assert_array_equal(states_to_mps(some, 16).tensors[7], stack.tensors[7])


def test_states_of_small_bond_lose_nothing(rng: np.random.Generator) -> None:
    bonds = [min(16, 1 << min(cut, 12 - cut)) for cut in range(13)]
    stack = mps_stack([rng.normal(size=(5, bonds[site], 2, bonds[site + 1])) for site in range(12)])
    again = states_to_mps(stack.to_dense(), 16)
    assert (again.discarded_weight < 1e-24).all()
    np.testing.assert_allclose(np.abs(again.overlaps(stack)), 1.0, atol=1e-12)


def test_quimb_truncates_to_the_same_weight(rng: np.random.Generator) -> None:
    states = mixed_states(rng, 3, 8)
    stack = states_to_mps(states, 5)
    for number, state in enumerate(states):
        theirs = qtn.MatrixProductState.from_dense(state, dims=[2] * 8, max_bond=5, cutoff=0.0)
        kept = float(theirs.H @ theirs)
        fidelity = float(from_quimb(theirs).to_dense()[0] @ state) ** 2
        assert fidelity == pytest.approx(1 - stack.discarded_weight[number], abs=5e-3)
        assert 0 < kept <= 1 + 1e-12
        np.testing.assert_allclose(to_quimb(stack, number).to_dense().ravel(), stack.to_dense()[number], atol=1e-14)
    back = from_quimb(to_quimb(stack, 1))
    np.testing.assert_allclose(back.to_dense()[0], stack.to_dense()[1], atol=1e-14)
    with pytest.raises(InputError, match="complex or periodic"):
        from_quimb(qtn.MPS_rand_state(4, 2, dtype=complex))


@pytest.mark.parametrize(("bond", "cutoff"), [(0, 0.0), (-3, 0.0), (4, 1.0), (4, -0.1)])
def test_impossible_limits_are_refused(bond: int, cutoff: float) -> None:
    state = np.ones((1, 4)) / 2
    with pytest.raises(InputError):
        states_to_mps(state, bond, cutoff)
    with pytest.raises(InputError):
        compress(states_to_mps(state), bond, cutoff)


@given(seeds, st.integers(2, 8))
def test_entropy_of_states_and_of_amplitudes(seed: int, qubits: int) -> None:
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
