"""Compression against SVD truncation, quimb, and the limits where it must be exact; product states likewise."""

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.line_fit import marginal_angles
from qpbae_tn.compiler.preparation.mps import compress, product_angles
from qpbae_tn.compiler.preparation.template import Ladder

FloatArray = NDArray[np.float64]


def _svd_fidelity(state: FloatArray, bond: int) -> float:
    """1 - the weight that left-to-right SVD truncation throws away."""
    rest = state.reshape(1, -1)
    while rest.shape[1] > 1:
        _, s, vt = np.linalg.svd(rest.reshape(2 * rest.shape[0], -1), full_matrices=False)
        rest = s[:bond, None] * vt[:bond]
    return float(np.sum(rest**2))


def _stack(rng: np.random.Generator, qubit_count: int, count: int = 12) -> FloatArray:
    """Noise of either sign, noise of one sign, sparse vectors, a basis state, a uniform one and a Bell-like one."""
    states = rng.normal(size=(count, 2**qubit_count))
    states[1::3] = np.abs(states[1::3])
    states[2::3] *= rng.random(states[2::3].shape) < 0.3
    states[0], states[3], states[6] = 0.0, 1.0, 0.0
    states[0, 1], states[6, 0], states[6, -1] = -1.0, 1.0, -1.0
    states[:, 0] += (np.abs(states).sum(axis=1) == 0) * 1.0
    return np.asarray(states / np.linalg.norm(states, axis=1, keepdims=True))


@pytest.mark.parametrize("bond", [1, 2, 3, 4])
@pytest.mark.parametrize("qubit_count", [2, 3, 4, 5, 7])
def test_canonical_and_at_least_as_good_as_svd(qubit_count: int, bond: int, rng: np.random.Generator) -> None:
    states = _stack(rng, qubit_count)
    mps = compress(states, bond)
    made = mps.stack.to_dense()
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-12)
    for tensor in mps.left:
        gram = np.einsum("plsr,plst->prt", tensor, tensor)
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(gram.shape[1]), gram.shape), atol=1e-12)
    for tensor in mps.right:
        gram = np.einsum("plsr,pmsr->plm", tensor, tensor)
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(gram.shape[1]), gram.shape), atol=1e-12)
    assert max(tensor.shape[-1] for tensor in mps.left) <= bond
    fidelity = np.einsum("pk,pk->p", made, states) ** 2
    assert (fidelity >= [_svd_fidelity(state, bond) - 1e-12 for state in states]).all()
    if bond >= 2 ** (qubit_count // 2):
        np.testing.assert_allclose(fidelity, 1.0, atol=1e-12)


def test_bond_two_is_at_least_as_good_as_quimb(rng: np.random.Generator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from quimb.tensor import MatrixProductState
    states = _stack(rng, 6)
    fidelity = np.einsum("pk,pk->p", compress(states, 2).stack.to_dense(), states) ** 2
    for state, own in zip(states, fidelity, strict=True):
        other = MatrixProductState.from_dense(state, dims=[2] * 6)
        other.compress(max_bond=2, cutoff=0.0)
        other.normalize()
        assert own >= float(other.to_dense().ravel() @ state) ** 2 - 1e-12


def test_one_at_a_time_equals_a_stack(rng: np.random.Generator) -> None:
    states = _stack(rng, 5)
    together = compress(states, 2).stack.to_dense()
    apart = np.concatenate([compress(state[None], 2).stack.to_dense() for state in states])
    np.testing.assert_allclose(together**2, apart**2, atol=1e-10)


@pytest.mark.parametrize("qubit_count", [1, 2, 4, 6])
def test_product_states_are_found_by_both_ways(qubit_count: int, rng: np.random.Generator) -> None:
    template = Ladder(qubit_count, ()).template()
    states = template.states(rng.uniform(-4, 4, size=(20, qubit_count)))
    for angles in (product_angles(states), marginal_angles(states)):
        overlaps = np.einsum("pk,pk->p", template.states(angles), states)
        np.testing.assert_allclose(np.abs(overlaps), 1.0, atol=1e-12)
