"""Scores of a whole image at once equal those of cut patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.whole_image import image_fidelities, supports
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import SO4
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

PAPER: dict[str, Any] = {}
STRONG = {"kind": SO4, "pattern": "brick", "layers": 2}


def model(patch_size: int, stride: int, options: Mapping[str, Any]) -> tuple[ModelSpecification, np.ndarray]:
    bottleneck = 1 if patch_size == 2 else 2
    specification = ModelSpecification.build(patch_size, stride, bottleneck, image_size=64, **options)
    # Near the angles that pass a uniform patch, where F is not small.
    angles = np.random.default_rng(3).normal(-0.8, 0.4, specification.ansatz.parameter_count)
    return specification, angles


def photograph(height: int, width: int, dark: int) -> np.ndarray:
    image = np.random.default_rng(5).uniform(0.3, 0.8, (height, width))
    image[:dark, :dark] = 0.0
    return image


@pytest.mark.parametrize("options", [PAPER, STRONG], ids=["staircase", "so4 brick"])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("patch_size", [2, 4, 8, 16])
def test_equal_to_cut_patches(patch_size: int, stride: int, options: Mapping[str, Any]) -> None:
    specification, angles = model(patch_size, stride, options)
    image = photograph(33, 47, dark=patch_size + 3)
    grid = PatchGrid.over(image, patch_size, stride)
    states, zero = embed(grid.cut(image), specification.pixel_order, np.float64)
    assert zero.any()
    engine = ExactEngine()
    expected = [
        engine.trash_fidelity(specification, angles, states),
        engine.reconstruction_fidelity(specification, angles, states),
    ]
    for dtype, error in ((np.float64, 1e-12), (np.float32, 2e-6)):
        found = image_fidelities(specification, angles, image, ("trash", "reconstruction"), dtype=dtype)
        assert found.shape == (2, grid.rows, grid.columns)
        assert found.dtype == dtype
        np.testing.assert_allclose(found.reshape(2, -1), expected, rtol=0, atol=error)


def test_weights_one_give_the_norm_and_a_single_weight_the_trash_fidelity() -> None:
    specification, angles = model(4, 1, PAPER)
    image = photograph(20, 30, dark=7)
    sizes = (1 << specification.bottleneck, 1 << specification.qubit_count)
    for weights, quantity in ((np.ones(sizes[1]), None), ((np.arange(sizes[1]) < sizes[0]).astype(float), "trash")):
        trash, weighted = image_fidelities(specification, angles, image, ("trash",), weights=weights, dtype=np.float64)
        np.testing.assert_allclose(weighted, np.ones_like(weighted) if quantity is None else trash, atol=1e-12)


def test_the_width_of_a_strip_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    specification, angles = model(8, 1, PAPER)
    image = photograph(40, 300, dark=0)
    whole = image_fidelities(specification, angles, image, dtype=np.float64)
    monkeypatch.setattr("qpbae_tn.engines.whole_image.CACHE_BYTES", {1 << 20: 1})
    np.testing.assert_array_equal(image_fidelities(specification, angles, image, dtype=np.float64), whole)


def test_other_orders_are_refused() -> None:
    for options in ({"pixel_order": "morton"}, {"trash": "last"}):
        specification, angles = model(4, 1, options)
        assert not supports(specification)
        with pytest.raises(InputError, match="score cut patches"):
            image_fidelities(specification, angles, photograph(20, 30, dark=0))
