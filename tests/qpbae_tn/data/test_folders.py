"""Folders of every layout: recognised, matched by name, and refused where something is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qpbae_tn.data.files import shorten
from qpbae_tn.data.layouts import BusiFolder, FlatFolder, MvtecFolder, open_data_set
from qpbae_tn.errors import InputError


def put(path: Path, level: int = 100, box: tuple[int, int, int, int] | None = None, size: int = 16) -> Path:
    """A grey file, with a white box (left, top, right, bottom) if there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size, size), level, dtype=np.uint8)
    if box is not None:
        left, top, right, bottom = box
        pixels[top:bottom, left:right] = 255
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def mvtec(tmp_path: Path) -> Path:
    root = tmp_path / "screws"
    for index in (10, 2, 1):
        put(root / f"train/good/{index}.png", level=index)
    put(root / "test/good/000.png")
    for index in range(4):
        put(root / f"test/bent/{index:03}.png")
        put(root / f"ground_truth/bent/{index:03}_mask.png", 0, (2, 2, 6 + index, 10))
    put(root / "test/cut/000.tif")
    put(root / "ground_truth/cut/000_mask.png", 0, (3, 3, 4, 4))
    (root / "license.txt").write_text("free")
    (root / "train/good/.DS_Store").write_text("")
    return root


@pytest.fixture
def busi(tmp_path: Path) -> Path:
    root = tmp_path / "Dataset_BUSI_with_GT"
    for index in (1, 2, 10):
        put(root / f"normal/normal ({index}).png", level=index)
        put(root / f"normal/normal ({index})_mask.png", level=0)
    for kind in ("benign", "malignant"):
        for index in (1, 2):
            put(root / f"{kind}/{kind} ({index}).png")
            put(root / f"{kind}/{kind} ({index})_mask.png", 0, (1, 1, 5, 5))
    put(root / "benign/benign (2)_mask_1.png", 0, (8, 8, 12, 12))
    put(root / "benign/benign (2)_mask_2.png", 0, (4, 4, 9, 9))
    return root


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    root = tmp_path / "flat"
    for name in ("b.png", "a.bmp", "c.jpg"):
        put(root / name)
    return root


def with_masks(flat: Path) -> Path:
    put(flat / "masks/a_mask.png", 0, (2, 2, 9, 9))
    put(flat / "masks/b.png", 0)
    put(flat / "masks/c_mask.bmp", 0, (0, 0, 4, 4))
    return flat


def test_the_layout_of_mvtec(mvtec: Path) -> None:
    data = open_data_set(str(mvtec))
    assert isinstance(data, MvtecFolder)
    assert data.name == "screws"
    train = data.train(8)
    assert train.names == ("train/good/1.png", "train/good/10.png", "train/good/2.png")
    np.testing.assert_array_equal(train.images[:, 0, 0], np.array([1, 10, 2]) / 255)
    assert train.images.shape == (3, 8, 8)
    test = data.test(16)
    assert test.classes == ("bent",) * 4 + ("cut", "good")
    assert test.names[4:] == ("test/cut/000.tif", "test/good/000.png")
    assert test.class_counts == {"bent": 4, "cut": 1, "good": 1}
    np.testing.assert_array_equal(test.masks.sum(axis=(1, 2)), [32, 40, 48, 56, 1, 0])
    assert test.vanished == ()


def test_masks_that_vanish_are_named_and_count_as_good(mvtec: Path) -> None:
    test = open_data_set(mvtec).test(4)
    assert test.vanished == ("test/cut/000.tif",)
    np.testing.assert_array_equal(test.defective, [True] * 4 + [False, False])


def test_provenance_names_the_set_without_its_place_and_follows_the_contents(mvtec: Path, tmp_path: Path) -> None:
    before = open_data_set(mvtec).test(8).provenance
    copy = shutil.copytree(mvtec, tmp_path / "elsewhere" / "screws")
    assert open_data_set(copy).test(8).provenance == before
    assert before.to_json()["data_set"] == "screws"
    assert str(tmp_path) not in str(before.to_json())
    put(copy / "ground_truth/cut/000_mask.png", 0, (3, 3, 4, 5))
    assert open_data_set(copy).test(8).provenance.digest != before.digest
    assert open_data_set(copy).train(8).provenance == open_data_set(mvtec).train(8).provenance


def test_a_limited_test_is_a_subset_of_the_whole(mvtec: Path) -> None:
    data = open_data_set(mvtec)
    whole, part = data.test(8), data.test(8, limit=3, seed=4)
    assert sorted(part.classes) == ["bent", "cut", "good"]
    rows = [whole.names.index(name) for name in part.names]
    assert rows == sorted(rows)
    np.testing.assert_array_equal(part.images, whole.images[rows])
    np.testing.assert_array_equal(part.masks, whole.take(rows).masks)
    assert part.names == data.test(8, limit=3, seed=4).names


def test_the_layout_of_busi_merges_the_masks_of_an_image(busi: Path) -> None:
    data = open_data_set(busi)
    assert isinstance(data, BusiFolder)
    assert data.train(16).names == ("normal/normal (1).png", "normal/normal (10).png", "normal/normal (2).png")
    test = data.test(16)
    assert test.classes == ("benign", "benign", "malignant", "malignant")
    np.testing.assert_array_equal(test.masks.sum(axis=(1, 2)), [16, 16 + 25 - 1 + 16 - 1, 16, 16])
    assert test.masks[1, 10, 10]
    assert data.test(16, limit=2).class_counts == {"benign": 1, "malignant": 1}


def test_busi_refuses_what_does_not_match(busi: Path) -> None:
    (busi / "benign/benign (1)_mask.png").unlink()
    with pytest.raises(InputError, match=r"no mask for benign \(1\)\.png"):
        open_data_set(busi).test(16)
    put(busi / "normal/normal (2)_mask.png", 0, (1, 1, 3, 3))
    with pytest.raises(InputError, match=r"normal \(2\)_mask\.png: .*without defects has marks"):
        open_data_set(busi).train(16)
    shutil.rmtree(busi / "normal")
    (busi / "normal").mkdir()
    with pytest.raises(InputError, match="no images"):
        open_data_set(busi).train(16)


def test_a_flat_folder_without_masks_is_for_training(flat: Path) -> None:
    data = open_data_set(flat)
    assert isinstance(data, FlatFolder)
    assert data.train(8).names == ("a.bmp", "b.png", "c.jpg")
    with pytest.raises(InputError, match="no masks"):
        data.test(8)


@pytest.mark.parametrize("own_folder", [False, True])
def test_a_flat_folder_with_masks_is_for_testing(flat: Path, own_folder: bool) -> None:
    with_masks(flat)
    if own_folder:
        (flat / "images").mkdir()
        for path in [path for path in flat.iterdir() if path.is_file()]:
            path.rename(flat / "images" / path.name)
    data = open_data_set(flat)
    test = data.test(16)
    assert [Path(name).name for name in test.names] == ["a.bmp", "c.jpg", "b.png"]
    assert test.classes == ("defective", "defective", "good")
    np.testing.assert_array_equal(test.masks.sum(axis=(1, 2)), [49, 16, 0])
    with pytest.raises(InputError, match="for testing"):
        data.train(16)


def test_missing_and_extra_masks_are_listed(flat: Path) -> None:
    with_masks(flat)
    (flat / "masks/b.png").unlink()
    put(flat / "masks/d_mask.png", 0)
    with pytest.raises(InputError) as caught:
        open_data_set(flat).test(16)
    assert "no mask for b.png; no image for mask d_mask.png" in str(caught.value)


def test_mvtec_refuses_what_does_not_match(mvtec: Path) -> None:
    put(mvtec / "ground_truth/bent/001_mask.png", 0, size=8)
    with pytest.raises(InputError, match=r"001_mask\.png: the mask has 8 x 8 px, its image 001\.png 16 x 16"):
        open_data_set(mvtec).test(8)
    put(mvtec / "ground_truth/bent/001_mask.png", 0)
    put(mvtec / "ground_truth/good/000_mask.png", 0, (1, 1, 9, 9))
    with pytest.raises(InputError, match="without defects has marks"):
        open_data_set(mvtec).test(8)
    put(mvtec / "ground_truth/good/000_mask.png", 0)
    open_data_set(mvtec).test(8)
    shutil.rmtree(mvtec / "test/cut")
    with pytest.raises(InputError, match="classes without images: cut"):
        open_data_set(mvtec).test(8)
    shutil.rmtree(mvtec / "ground_truth/cut")
    shutil.rmtree(mvtec / "ground_truth/bent")
    with pytest.raises(InputError, match=r"no mask for 000\.png, 001\.png, 002\.png, 003\.png"):
        open_data_set(mvtec).test(8)
    shutil.rmtree(mvtec / "test")
    with pytest.raises(InputError, match="no test images"):
        open_data_set(mvtec).test(8)
    put(mvtec / "train/bent/000.png")
    with pytest.raises(InputError, match="outside good: bent"):
        open_data_set(mvtec).train(8)
    shutil.rmtree(mvtec / "train")
    (mvtec / "train").mkdir()
    with pytest.raises(InputError, match="no such folder"):
        open_data_set(mvtec).train(8)


def test_one_bad_file_stops_the_whole(mvtec: Path) -> None:
    path = mvtec / "train/good/2.png"
    path.write_bytes(path.read_bytes()[:45])
    with pytest.raises(InputError, match=r"2\.png: truncated"):
        open_data_set(mvtec).train(8)
    put(path, size=2)
    with pytest.raises(InputError, match="less than a patch of 4 px"):
        open_data_set(mvtec, minimum_side=4).train(8)


def test_folders_that_are_no_data_set_are_refused(tmp_path: Path, mvtec: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / ".hidden").write_text("")
    file = put(tmp_path / "file.png")
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("nothing")
    for spec, words in (
        (tmp_path / "absent", "no such folder"),
        (empty, "an empty folder"),
        (file, "not a folder"),
        (other, "no images"),
        (mvtec / "test", "no images"),
    ):
        with pytest.raises(InputError) as caught:
            open_data_set(spec)
        assert str(caught.value).startswith(f"{spec}: ")
        assert words in str(caught.value)
    with pytest.raises(InputError, match="give a folder in it: screws"):
        open_data_set(shutil.move(mvtec, tmp_path / "category" / "screws").parent)


def test_a_flat_folder_with_things_of_unknown_meaning_is_refused(flat: Path) -> None:
    put(flat / "labels/a.png")
    with pytest.raises(InputError, match="unknown meaning beside the images: labels"):
        open_data_set(flat)
    shutil.rmtree(flat / "labels")
    put(flat / "a_mask.png")
    with pytest.raises(InputError, match="masks beside their images: a_mask"):
        open_data_set(flat)
    (flat / "a_mask.png").unlink()
    put(flat / "a.png")
    with pytest.raises(InputError, match="several files of one name: a"):
        open_data_set(flat)
    (flat / "a.png").unlink()
    put(flat / "moving.gif")
    with pytest.raises(InputError, match=r"not read: moving\.gif"):
        open_data_set(flat)


def test_long_lists_of_names_are_shortened() -> None:
    assert shorten(["a", "b"]) == "a, b"
    assert shorten([str(i) for i in range(9)], 3) == "0, 1, 2 and 6 more"
