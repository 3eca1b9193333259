from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.model.embedding import embed, pixel_permutation


@given(st.floats(1e-300, 1e300))
def test_states_do_not_depend_on_the_scale(scale: float) -> None:
    patches = np.random.default_rng(0).random((5, 4, 4))
    states, zero = embed(patches)
    np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1.0)
    np.testing.assert_allclose(embed(patches * scale)[0], states, rtol=1e-12)
    assert not zero.any()


def test_a_zero_patch_is_the_ground_state_and_counted() -> None:
    patches = np.zeros((2, 2, 2))
    patches[1] = 1.0
    states, zero = embed(patches)
    np.testing.assert_array_equal(states, [[1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]])
    np.testing.assert_array_equal(zero, [True, False])
    assert embed(patches, dtype=np.float32)[0].dtype == np.float32


@pytest.mark.parametrize("size", [2, 4, 8])
def test_orders_are_permutations_of_index_bits(size: int) -> None:
    bits = size.bit_length() - 1
    column, morton = pixel_permutation(size, "column"), pixel_permutation(size, "morton")
    np.testing.assert_array_equal(pixel_permutation(size, "row"), np.arange(size**2))
    np.testing.assert_array_equal(column.reshape(size, size).T.ravel(), np.arange(size**2))
    for amplitude, pixel in enumerate(morton):
        row, col = divmod(int(pixel), size)
        interleaved = "".join(a + b for a, b in zip(f"{row:0{bits}b}", f"{col:0{bits}b}", strict=True))
        assert int(interleaved, 2) == amplitude


def test_morton_cuts_quadrants_from_each_other() -> None:
    patch = np.arange(16.0).reshape(1, 4, 4) + 1
    states, _ = embed(patch, "morton")
    first = states[0, :4] * np.linalg.norm(patch)
    np.testing.assert_allclose(first, [1, 2, 5, 6])
