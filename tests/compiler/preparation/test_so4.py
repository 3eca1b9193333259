"""Closed formulas for two-qubit gates and states, as matrices of the circuits that they stand for."""

import cirq
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.so4 import completed, rotation_angles, state_angles

FloatArray = NDArray[np.float64]


def _unitary(angles: FloatArray) -> FloatArray:
    """The circuit RY RY - CZ - RY RY - ... for angles of shape (layers, 2)."""
    first, second = cirq.LineQubit.range(2)
    circuit = cirq.Circuit()
    for index, layer in enumerate(angles):
        circuit.append([cirq.CZ(first, second)] * (index > 0))
        circuit.append([cirq.ry(layer[0])(first), cirq.ry(layer[1])(second)])
    return np.asarray(cirq.unitary(circuit)).real


def _rotations(rng: np.random.Generator, count: int) -> FloatArray:
    matrices = np.linalg.qr(rng.normal(size=(count, 4, 4)))[0]
    matrices[..., 0] *= np.sign(np.linalg.det(matrices))[:, None]
    return np.asarray(matrices)


@given(st.integers(0, 2**32 - 1))
def test_every_rotation_matrix(seed: int) -> None:
    (matrix,) = _rotations(np.random.default_rng(seed), 1)
    made = _unitary(rotation_angles(matrix[None])[0])
    np.testing.assert_allclose(made * np.sign(np.sum(made * matrix)), matrix, atol=1e-12)


@given(st.permutations(range(4)), st.lists(st.sampled_from([-1.0, 1.0]), min_size=4, max_size=4))
def test_signed_permutations(order: list[int], signs: list[float]) -> None:
    matrix = np.eye(4)[order] * signs
    matrix[:, 0] *= np.linalg.det(matrix)
    made = _unitary(rotation_angles(matrix[None])[0])
    np.testing.assert_allclose(made * np.sign(np.sum(made * matrix)), matrix, atol=1e-12)


@pytest.mark.parametrize("kind", ["random", "axes"])
def test_completion_keeps_the_columns(kind: str, rng: np.random.Generator) -> None:
    columns = _rotations(rng, 8)[..., :2] if kind == "random" else np.eye(4)[None, :, [3, 1]]
    matrices = completed(columns)
    np.testing.assert_allclose(matrices[..., :2], columns, atol=1e-14)
    np.testing.assert_allclose(
        matrices.swapaxes(1, 2) @ matrices, np.broadcast_to(np.eye(4), matrices.shape), atol=1e-13
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1.0, atol=1e-12)


@given(st.lists(st.integers(-3, 3), min_size=4, max_size=4).filter(any))
def test_every_two_qubit_state(amplitudes: list[int]) -> None:
    state = np.array(amplitudes, dtype=np.float64) / np.linalg.norm(amplitudes)
    made = _unitary(state_angles(state.reshape(1, 2, 2))[0])[:, 0]
    np.testing.assert_allclose(abs(made @ state), 1.0, atol=1e-12)
