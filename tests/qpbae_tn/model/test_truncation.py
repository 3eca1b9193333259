"""The intervals hold the true scores, computed from the formulas of the model for random unitaries and states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.model.truncation import score_intervals


def _scores(unitary: NDArray[np.float64], states: NDArray[np.float64], latent: int) -> tuple[NDArray[np.float64], ...]:
    rows = (states @ unitary.T).reshape(len(states), -1, latent)
    overlaps = np.einsum("pa,pka->pk", rows[:, 0], rows)
    return overlaps[:, 0], (overlaps**2).sum(axis=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-9, 1.0), st.sampled_from([2, 4]), st.booleans())
def test_true_scores_lie_inside(seed: int, size: float, latent: int, near_one: bool) -> None:
    random = np.random.default_rng(seed)
    states = random.normal(size=(50, 8))
    unitary = np.linalg.qr(random.normal(size=(8, 8)))[0]
    if near_one:
        states = states @ np.diag([1.0] * latent + [0.05] * (8 - latent)) @ unitary
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    close = states + size * random.normal(size=states.shape)
    close /= np.linalg.norm(close, axis=1, keepdims=True)
    eps = 1 - np.einsum("pk,pk->p", states, close) ** 2
    trash, fidelity = _scores(unitary, states, latent)
    intervals = score_intervals(*_scores(unitary, close, latent), eps)
    assert (intervals.trash_low <= trash + 1e-7).all()
    assert (trash <= intervals.trash_high + 1e-7).all()
    assert (intervals.low <= fidelity + 1e-7).all()
    assert (fidelity <= intervals.high + 1e-7).all()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_order_and_identity_at_no_loss(trash: float, share: float, eps: float) -> None:
    fidelity = trash**2 + share * (trash - trash**2)
    exact = score_intervals(trash, fidelity, 0.0)
    np.testing.assert_allclose(exact, [trash, trash, fidelity, fidelity], atol=1e-15)
    wide = score_intervals(trash, fidelity, eps)
    assert 0 <= wide.trash_low <= trash <= wide.trash_high <= 1
    assert 0 <= wide.low <= fidelity <= wide.high <= 1


def test_equals_the_formula_with_angles() -> None:
    trash, fidelity, eps = np.array([0.9, 0.5, 0.99]), np.array([0.85, 0.3, 0.981]), np.array([1e-3, 0.02, 1e-5])
    delta = np.arcsin(np.sqrt(eps))
    a, b = np.arccos(np.sqrt(trash)), np.arccos(np.sqrt(fidelity))
    low, high = np.cos(b + 2 * delta) ** 2, np.cos(np.maximum(b - 2 * delta, 0)) ** 2
    trash_low, trash_high = np.cos(a + delta) ** 2, np.cos(np.maximum(a - delta, 0)) ** 2
    intervals = score_intervals(trash, fidelity, eps)
    np.testing.assert_allclose(intervals.low, np.maximum(low, trash_low**2))
    np.testing.assert_allclose(intervals.high, np.minimum(high, trash_high))
    np.testing.assert_allclose(intervals.trash_low, np.maximum(trash_low, low))
    np.testing.assert_allclose(intervals.trash_high, np.minimum(trash_high, np.sqrt(high)))


@pytest.mark.parametrize("eps", [1.0, 2.0])
def test_everything_lost_says_nothing(eps: float) -> None:
    intervals = score_intervals(np.array([0.7]), np.array([0.6]), eps)
    assert (intervals.trash_low, intervals.trash_high, intervals.low, intervals.high) == (0.0, 1.0, 0.0, 1.0)
