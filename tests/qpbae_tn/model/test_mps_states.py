"""Stacks of trains as values: validation, norms, overlaps, joining, and their way back to amplitudes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.conversion import states_to_mps
from qpbae_tn.model.mps import MpsStack, concatenate, mps_stack


def random_tensors(rng: np.random.Generator, bonds: tuple[int, ...], count: int = 1) -> list[NDArray[np.float64]]:
    chain = (1, *bonds, 1)
    return [rng.normal(size=(count, chain[site], 2, chain[site + 1])) for site in range(len(chain) - 1)]


def test_amplitudes_are_products_of_matrices(rng: np.random.Generator) -> None:
    tensors = random_tensors(rng, (2, 3, 2), count=2)
    dense = MpsStack(tuple(tensors)).to_dense()
    for index in range(16):
        bits = [(index >> (3 - site)) & 1 for site in range(4)]
        for patch in range(2):
            product = np.eye(1)
            for tensor, bit in zip(tensors, bits, strict=True):
                product = product @ tensor[patch, :, bit]
            assert dense[patch, index] == pytest.approx(product[0, 0], abs=1e-12)


def test_norms_far_out_of_range_are_divided_out(rng: np.random.Generator) -> None:
    tensors = random_tensors(rng, (3,) * 59)
    plain = mps_stack(tensors)
    scaled = mps_stack([tensor * 1e12 for tensor in tensors])
    assert plain.overlaps(plain) == pytest.approx(1.0, abs=1e-12)
    assert scaled.overlaps(plain) == pytest.approx(1.0, abs=1e-12)
    tiny = mps_stack([tensor * 1e-30 for tensor in tensors])
    assert tiny.overlaps(plain) == pytest.approx(1.0, abs=1e-12)


def test_overlaps_are_those_of_the_amplitudes(rng: np.random.Generator) -> None:
    left, right = (mps_stack(random_tensors(rng, bonds, count=5)) for bonds in ((2, 4, 3, 2), (2, 3, 4, 1)))
    expected = np.einsum("pk,pk->p", left.to_dense(), right.to_dense())
    np.testing.assert_allclose(left.overlaps(right), expected, atol=1e-14)


def test_joined_stacks_keep_their_states(rng: np.random.Generator) -> None:
    stacks = [mps_stack(random_tensors(rng, bonds, count)) for bonds, count in (((2, 4, 2), 2), ((1, 3, 1), 3))]
    joint = concatenate(stacks)
    assert joint.bonds == (2, 4, 2)
    np.testing.assert_array_equal(joint.to_dense(), np.concatenate([stack.to_dense() for stack in stacks]))
    np.testing.assert_array_equal(joint[1:3].to_dense(), joint.to_dense()[1:3])


def test_one_patch_may_leave_out_the_stack_axis(rng: np.random.Generator) -> None:
    tensors = random_tensors(rng, (2,))
    np.testing.assert_array_equal(
        mps_stack([tensor[0] for tensor in tensors]).to_dense(), mps_stack(tensors).to_dense()
    )


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([], "no tensors"),
        ([(1, 2, 2), (3, 2, 1)], "does not follow"),
        ([(2, 2, 1)], "left bond of 2"),
        ([(1, 2, 2)], "right bond of 2"),
        ([(1, 3, 1)], "has shape"),
        ([(1, 2, 0), (0, 2, 1)], "has shape"),
        ([(1, 2)], "has shape"),
        ([(2, 1, 2, 2), (3, 2, 2, 1)], "does not follow"),
    ],
)
def test_trains_that_do_not_chain_are_refused(shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        mps_stack([np.ones(shape) for shape in shapes])
    assert "\n" not in str(caught.value)


def test_other_bad_trains_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="real numbers"):
        mps_stack([[["a"]]])
    with pytest.raises(InputError, match="not finite"):
        mps_stack([np.full((1, 2, 1), np.nan)])
    with pytest.raises(InputError, match="norm of state 0 is zero"):
        mps_stack([np.zeros((1, 2, 1))])
    stack = mps_stack(random_tensors(rng, (2,)))
    with pytest.raises(InputError, match="discarded weights"):
        MpsStack(stack.tensors, np.array([1.5]))
    with pytest.raises(InputError, match="against"):
        stack.overlaps(mps_stack(random_tensors(rng, (2, 2))))
    with pytest.raises(InputError, match="stacks of"):
        concatenate([stack, mps_stack(random_tensors(rng, (2, 2)))])
    with pytest.raises(InputError, match="stacks of"):
        concatenate([])
    with pytest.raises(InputError, match="2\\^40 amplitudes"):
        mps_stack(random_tensors(rng, (1,) * 39)).to_dense()


def test_states_of_no_patches_are_fine() -> None:
    assert states_to_mps(np.zeros((0, 16)), bond=2).to_dense().shape == (0, 16)
