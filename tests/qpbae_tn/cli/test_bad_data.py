"""Images, masks and folders that cannot be used: one line that names them, status 2, nothing written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

Refused = Callable[..., str]
HERE = np.full((16, 16), 0.5)


def saved(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)


def cut_short(path: Path, share: float = 0.6) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])


def broken_png(path: Path) -> Path:
    saved(path.with_suffix(".png"), np.random.default_rng(0).random((16, 16)))
    cut_short(path.with_suffix(".png"))
    return path.with_suffix(".png")


def broken_jpeg(path: Path) -> Path:
    saved(path.with_suffix(".jpg"), np.random.default_rng(0).random((64, 64)))
    cut_short(path.with_suffix(".jpg"))
    return path.with_suffix(".jpg")


def broken_tiff(path: Path) -> Path:
    saved(path.with_suffix(".tif"), np.random.default_rng(0).random((64, 64)))
    cut_short(path.with_suffix(".tif"))
    return path.with_suffix(".tif")


def empty_file(path: Path) -> Path:
    path.with_suffix(".bmp").write_bytes(b"")
    return path.with_suffix(".bmp")


def text_file(path: Path) -> Path:
    path.with_suffix(".png").write_text("this is no image")
    return path.with_suffix(".png")


def tiny_image(path: Path) -> Path:
    saved(path.with_suffix(".png"), HERE[:3])
    return path.with_suffix(".png")


def float_tiff(value: float) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        pixels = HERE.astype(np.float32).copy()
        pixels[3, 4] = value
        tifffile.imwrite(path.with_suffix(".tiff"), pixels)
        return path.with_suffix(".tiff")

    return write


def transparent(path: Path) -> Path:
    pixels = np.full((16, 16, 4), 100, dtype=np.uint8)
    Image.fromarray(pixels).save(path.with_suffix(".png"))
    return path.with_suffix(".png")


BAD_IMAGES = {
    "truncated PNG": (broken_png, "truncated"),
    "truncated JPEG": (broken_jpeg, "truncated"),
    "truncated TIFF": (broken_tiff, "truncated"),
    "empty file": (empty_file, "not a PNG"),
    "text": (text_file, "not a PNG"),
    "smaller than a patch": (tiny_image, "less than a patch of 4 px"),
    "NaN pixel": (float_tiff(float("nan")), "NaN"),
    "infinite pixel": (float_tiff(float("inf")), "infinite"),
    "pixel out of range": (float_tiff(7.0), "between 0 and 1"),
    "transparent": (transparent, "transparent"),
}
each_bad_image = pytest.mark.parametrize(("make", "word"), BAD_IMAGES.values(), ids=BAD_IMAGES)


@each_bad_image
def test_train_refuses(refused: Refused, normal_folder: Path, make: Callable[[Path], Path], word: str) -> None:
    path = make(normal_folder / "a")
    refused("train", "--data", normal_folder, "--output", "out", words=(path, word))


@each_bad_image
def test_segment_refuses(
    refused: Refused, run_folder: Path, normal_folder: Path, tmp_path: Path, make: Callable[[Path], Path], word: str
) -> None:
    path = make(tmp_path / "a")
    refused("segment", run_folder, normal_folder / "0.png", path, "--output", "out", words=(path, word))


@each_bad_image
@pytest.mark.parametrize("part", ["train", "test"])
def test_evaluate_refuses(
    refused: Refused, run_folder: Path, data_folder: Path, part: str, make: Callable[[Path], Path], word: str
) -> None:
    folder = data_folder / part / "good"
    path = make(folder / "a")
    refused("evaluate", run_folder, "--data", data_folder, "--output", "out", words=(path, word))


def test_folders_that_are_missing_empty_or_unknown(refused: Refused, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.png").write_text("x")
    (tmp_path / "other/deep").mkdir(parents=True)
    (tmp_path / "text").mkdir()
    (tmp_path / "text/notes.txt").write_text("x")
    for name in ("missing", "empty", "file.png", "other", "text"):
        folder = tmp_path / name
        refused("train", "--data", folder, "--output", "out", words=folder)
        refused("run", "--data", folder, "--output", "out", words=folder)
        refused("evaluate", run_folder, "--data", folder, "--output", "out", words=folder)


def test_a_single_training_image(refused: Refused, normal_folder: Path) -> None:
    for path in sorted(normal_folder.iterdir())[1:]:
        path.unlink()
    refused("train", "--data", normal_folder, "--output", "out", words="1 training image")


def mask_of_another_size(root: Path) -> tuple[str, str]:
    saved(root / "ground_truth/spot/3_mask.png", np.zeros((8, 16)))
    return "3_mask.png", "16 x 8 px"


def missing_mask(root: Path) -> tuple[str, str]:
    (root / "ground_truth/spot/3_mask.png").unlink()
    return "no mask", "3.png"


def extra_mask(root: Path) -> tuple[str, str]:
    saved(root / "ground_truth/spot/9_mask.png", np.zeros((16, 16)))
    return "no image", "9_mask.png"


def truncated_mask(root: Path) -> tuple[str, str]:
    path = root / "ground_truth/spot/3_mask.png"
    saved(path, np.random.default_rng(0).random((16, 16)))
    cut_short(path)
    return "3_mask.png", "truncated"


def no_masks_at_all(root: Path) -> tuple[str, str]:
    shutil.rmtree(root / "ground_truth")
    return "no mask", "2.png"


def no_test_images(root: Path) -> tuple[str, str]:
    shutil.rmtree(root / "test")
    return "test", "no test images"


def masks_of_an_unknown_class(root: Path) -> tuple[str, str]:
    (root / "test/spot").rename(root / "test/stain")
    return "ground_truth", "spot"


def marked_good_image(root: Path) -> tuple[str, str]:
    (root / "ground_truth/good").mkdir()
    saved(root / "ground_truth/good/0_mask.png", np.eye(16))
    return "0_mask.png", "without defects"


@pytest.mark.parametrize(
    "spoil",
    [
        mask_of_another_size,
        missing_mask,
        extra_mask,
        truncated_mask,
        no_masks_at_all,
        no_test_images,
        masks_of_an_unknown_class,
        marked_good_image,
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "run"])
def test_masks_that_do_not_fit(
    refused: Refused, run_folder: Path, data_folder: Path, command: str, spoil: Callable[[Path], tuple[str, str]]
) -> None:
    words = spoil(data_folder)
    start = ("evaluate", run_folder) if command == "evaluate" else ("run", "--image-size", 16)
    refused(*start, "--data", data_folder, "--output", "out", words=words)


def test_a_folder_without_masks_is_not_for_evaluation(refused: Refused, run_folder: Path, normal_folder: Path) -> None:
    refused("evaluate", run_folder, "--data", normal_folder, "--output", "out", words=("no masks", "qpbae segment"))


def test_images_that_are_missing_or_alike(refused: Refused, run_folder: Path, normal_folder: Path) -> None:
    missing, twin = normal_folder / "nothing.png", normal_folder.parent / "elsewhere" / "0.png"
    twin.parent.mkdir()
    shutil.copy(normal_folder / "0.png", twin)
    refused("segment", run_folder, missing, "--output", "out", words=missing)
    refused("segment", run_folder, normal_folder, "--output", "out", words=normal_folder)
    refused("segment", run_folder, normal_folder / "0.png", twin, "--output", "out", words="IMAGE")
    refused("segment", run_folder, "x" * 300, "--output", "out", words="x" * 300)


def test_native_resolution_needs_a_patch_too(refused: Refused, run_folder: Path, tmp_path: Path) -> None:
    saved(tmp_path / "strip.png", HERE[:3])
    refused("segment", run_folder, tmp_path / "strip.png", "--native", "--output", "out", words="strip.png")
