from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.errors import InputError
from qpbae_tn.model.patches import PatchGrid

grids = st.builds(
    PatchGrid,
    height=st.integers(8, 21),
    width=st.integers(8, 21),
    patch_size=st.sampled_from([2, 4, 8]),
    stride=st.integers(1, 11),
)


@given(grids)
def test_folding_is_a_mean_and_agrees_with_the_weights(grid: PatchGrid) -> None:
    scores = np.random.default_rng(0).normal(size=grid.count)
    folded = grid.fold(scores)
    assert folded.shape == (grid.height, grid.width)
    np.testing.assert_allclose(grid.fold(np.ones(grid.count)), 1.0)
    assert grid.weights.sum() == pytest.approx(1.0)
    assert folded.mean() == pytest.approx(grid.weights @ scores)


@given(grids)
def test_folding_is_equation_2_where_patches_cover(grid: PatchGrid) -> None:
    scores = np.random.default_rng(1).normal(size=grid.count)
    total = np.zeros((grid.height + grid.stride + 8, grid.width + grid.stride + 8))
    count = np.zeros_like(total)
    for index, score in enumerate(scores):
        top, left = (grid.stride * position for position in divmod(index, grid.columns))
        total[top : top + grid.patch_size, left : left + grid.patch_size] += score
        count[top : top + grid.patch_size, left : left + grid.patch_size] += 1
    total, count = total[: grid.height, : grid.width], count[: grid.height, : grid.width]
    covered = count > 0
    np.testing.assert_allclose(grid.fold(scores)[covered], (total[covered] / count[covered]), atol=1e-12)
    assert np.isfinite(grid.fold(scores)).all()


def test_equation_1_holds_where_the_stride_divides() -> None:
    assert PatchGrid(32, 32, 4, 1).count == 29**2
    assert PatchGrid(32, 32, 8, 4).count == 7**2
    assert PatchGrid(32, 32, 8, 5).count == 6**2  # one more a side than Eq. 1: the last pixels are covered too


def test_patches_are_cut_row_by_row_and_reflect_past_the_border() -> None:
    image = np.arange(36.0).reshape(6, 6)
    grid = PatchGrid(6, 6, 4, 1)
    patches = grid.cut(image)
    np.testing.assert_array_equal(patches[0], image[:4, :4])
    np.testing.assert_array_equal(patches[1], image[:4, 1:5])
    np.testing.assert_array_equal(patches[3], image[1:5, :4])
    beyond = PatchGrid(6, 6, 4, 4).cut(image)
    np.testing.assert_array_equal(beyond[1][:, 2:], image[:4, [4, 3]])
    bands = [grid.cut(image, band) for band in grid.bands(3)]
    assert len(bands) == 3
    np.testing.assert_array_equal(np.concatenate(bands), patches)


def test_an_image_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(InputError, match="4 x 9 px is smaller than a patch of 8 px"):
        PatchGrid(4, 9, 8, 1)


def test_a_stride_past_the_patch_gives_gaps_to_the_nearest_patch() -> None:
    grid = PatchGrid(8, 2, 2, 6)
    np.testing.assert_allclose(grid.fold(np.array([0.0, 1.0]))[:, 0], [0, 0, 0, 0, 1, 1, 1, 1])
