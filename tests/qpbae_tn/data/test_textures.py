"""The bundled textures: reproducible, with disjoint regions, exact masks, and defects that can be found."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from qpbae_tn.data import textures
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.textures import SURFACE_DEFECTS, TextureName, Textures, crop_side, foreign_material
from qpbae_tn.errors import InputError

Array = NDArray[np.float64]
MATERIALS = get_args(TextureName)


def test_names_choose_the_material() -> None:
    assert open_data_set("textures") == Textures("brick")
    for material in MATERIALS:
        data = open_data_set(f"textures:{material}")
        assert data == Textures(material)
        assert data.name == f"textures:{material}"
    for spec in ("textures:sand", "textures:"):
        with pytest.raises(InputError, match="choose textures:brick, textures:grass, textures:gravel"):
            open_data_set(spec)


@pytest.mark.parametrize("image_size", [8, 32, 48])
def test_counts_shapes_and_classes(image_size: int) -> None:
    data = open_data_set("textures")
    train, test = data.train(image_size), data.test(image_size)
    assert train.images.shape == (150, image_size, image_size)
    assert len(set(train.names) | set(test.names)) == 210
    assert test.class_counts == {"foreign": 15, "good": 15, "scratch": 15, "smudge": 15}
    assert list(test.classes) == sorted(test.classes)
    assert not test.masks[np.array(test.classes) == "good"].any()
    for images in (train.images, test.images):
        assert 0 <= images.min() < images.max() <= 1
    if image_size >= 32:
        assert test.vanished == ()


def test_the_set_depends_on_its_seed_alone() -> None:
    once, again, other = Textures("gravel").test(32), Textures("gravel").test(32), Textures("gravel", seed=1).test(32)
    np.testing.assert_array_equal(once.images, again.images)
    np.testing.assert_array_equal(once.masks, again.masks)
    assert once.provenance == again.provenance
    assert once.provenance.digest != other.provenance.digest
    assert (once.images != other.images).any(axis=(1, 2)).all()


def test_a_limited_test_holds_the_same_images() -> None:
    data = Textures("grass")
    whole, part = data.test(32), data.test(32, limit=10, seed=3)
    rows = [whole.names.index(name) for name in part.names]
    np.testing.assert_array_equal(part.images, whole.images[rows])
    np.testing.assert_array_equal(part.masks, whole.masks[rows])
    assert min(part.class_counts.values()) >= 2


@pytest.mark.parametrize("image_size", [32, 128])
def test_no_pixel_is_in_both_training_and_test_images(monkeypatch: pytest.MonkeyPatch, image_size: int) -> None:
    """The crops of a photograph that shows its own column numbers tell where they were cut."""
    columns = np.tile(np.repeat(np.arange(256, dtype=np.uint8), 2), (512, 1))
    monkeypatch.setattr(textures, "_photograph", lambda material: columns)
    data = Textures("brick")
    train, test = data.train(image_size), data.test(image_size, limit=12)
    good = test.images[np.array(test.classes) == "good"]
    assert len(good) == 3
    assert train.images.max() <= 127 / 255
    assert good.min() >= 128 / 255


def test_crops_keep_the_scale_of_the_texture_as_far_as_the_photograph_allows() -> None:
    assert [crop_side(size) for size in (8, 32, 64, 128, 256, 512)] == [64, 64, 128, 256, 256, 256]


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("kind", ["foreign", *SURFACE_DEFECTS])
def test_masks_are_exact(kind: str, size: int) -> None:
    """On flat ground nothing changes far from the mask, and most of what is in it does."""
    from scipy.ndimage import binary_dilation

    ground, matter = np.full((size, size), 0.5), np.random.default_rng(0).random((size, size))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        painted, mask = (
            foreign_material(ground, matter, rng) if kind == "foreign" else SURFACE_DEFECTS[kind](ground, rng)
        )
        changed = np.abs(painted - ground) > 0.02
        assert 0.002 < mask.mean() < 0.4
        assert changed[mask].mean() > 0.85
        assert not changed[~binary_dilation(mask, iterations=size // 8)].any()
        assert 0 <= painted.min() <= painted.max() <= 1


def dc_overlap_map(image: Array, side: int = 4) -> Array:
    """1 - (sum x)^2 / (N |x|^2) of every patch, averaged over the patches that hold a pixel."""
    patches = np.lib.stride_tricks.sliding_window_view(image, (side, side))
    score = 1 - patches.sum(axis=(2, 3)) ** 2 / (side**2 * (patches**2).sum(axis=(2, 3)))
    total, count = np.zeros_like(image), np.zeros_like(image)
    height, width = score.shape
    for row in range(side):
        for column in range(side):
            total[row : row + height, column : column + width] += score
            count[row : row + height, column : column + width] += 1
    return total / count


@pytest.mark.parametrize(
    ("material", "low", "high"), [("brick", 0.85, 0.95), ("grass", 0.7, 0.9), ("gravel", 0.65, 0.9)]
)
def test_defects_are_neither_trivial_nor_invisible_to_an_untrained_detector(
    material: TextureName, low: float, high: float
) -> None:
    test = Textures(material).test(32)
    maps = np.array([dc_overlap_map(image) for image in test.images])
    assert low < roc_auc_score(test.masks.ravel(), maps.ravel()) < high
    for kind in ("foreign", "scratch", "smudge"):
        rows = [name in (kind, "good") for name in test.classes]
        assert 0.6 < roc_auc_score(test.masks[rows].ravel(), maps[rows].ravel()) < 0.98
