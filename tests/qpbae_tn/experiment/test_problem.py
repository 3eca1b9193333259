"""Images digested into a training problem: what is read when, and what is refused for want of memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.engines.exact import mean_state
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.fit import require_memory, training_bytes
from qpbae_tn.model.embedding import ImagePatches, embed
from qpbae_tn.model.names import PixelOrder
from qpbae_tn.model.patches import PatchGrid


@pytest.mark.parametrize("order", ["row", "column", "morton"])
def test_images_are_embedded_as_when_all_at_once(order: PixelOrder) -> None:
    images = np.random.default_rng(0).uniform(size=(3, 12, 12))
    images[1, :8, :8] = 0
    grid = PatchGrid.over(images, 4, 4)
    embedded = ImagePatches(images, grid, order)
    states, zero = zip(*(embed(grid.cut(image), order) for image in images), strict=True)
    np.testing.assert_array_equal(np.array(list(embedded)), np.array(states))
    np.testing.assert_array_equal(np.array(list(embedded[1:])), np.array(states[1:]))
    assert embedded.zero_patches() == np.sum(zero) == 4


@pytest.mark.parametrize("size", [2, 8])
def test_the_mean_state_reads_each_image_once(size: int) -> None:
    images = np.random.default_rng(1).uniform(size=(3, 12, 12))
    grid = PatchGrid.over(images, size, 2)
    read: list[int] = []

    class Counted(ImagePatches):
        def __getitem__(self, index):  # type: ignore[no-untyped-def]
            found = super().__getitem__(index)
            read.append(index)
            return found

    mean = mean_state(Counted(images, grid), grid.weights)
    assert read[:3] == [0, 1, 2]
    assert len(read) <= 4  # the fourth ends the iteration
    states = np.concatenate(list(ImagePatches(images, grid)))
    sigma = np.einsum("p,pi,pj->ij", np.tile(grid.weights, 3) / 3, states, states)
    found = mean.array.T @ mean.array if mean.factored else mean.array
    np.testing.assert_allclose(found, sigma, atol=1e-14)
    assert mean.factored == (len(states) < size**2)


@given(st.integers(0, 3), st.integers(1, 4), st.integers(1, 9))
def test_memory_told_covers_what_the_mean_states_hold(power: int, stride: int, images: int) -> None:
    size = 2 << power
    stack = np.random.default_rng(2).uniform(size=(images, 24, 24))
    grid = PatchGrid.over(stack, size, stride)
    embedded = ImagePatches(stack, grid)
    means = [mean_state(embedded[start : start + 4], grid.weights) for start in range(0, images, 4)]
    held = sum(mean.array.nbytes for mean in means) + 3 * embedded[0].nbytes
    assert held <= training_bytes(grid, images, 4) <= 3 * held


def test_too_much_is_refused_at_once() -> None:
    require_memory(PatchGrid(64, 64, 8, 1), 100, 4)
    with pytest.raises(InputError, match=r"takes about [\d,]+ GiB, the machine has") as refusal:
        require_memory(PatchGrid(4096, 4096, 1024, 1), 100, 4)
    assert "`stride`" in str(refusal.value)
