"""Data that are strange but not wrong: the commands finish and say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SMALL = ("--image-size", 16, "--epochs", 2, "--bottleneck", 1, "--json", "-")


def repaint(root: Path, level: int, part: str = "") -> None:
    """All images of a folder in one grey level."""
    for path in (root / part).rglob("*.png"):
        if "ground_truth" not in path.parts:
            Image.fromarray(np.full((16, 16), level, dtype=np.uint8)).save(path)


def black(root: Path) -> None:
    repaint(root, 0)


def flat(root: Path) -> None:
    repaint(root, 90)


def flat_training(root: Path) -> None:
    repaint(root, 90, "train")


def black_training(root: Path) -> None:
    repaint(root, 0, "train")


def nothing_defective(root: Path) -> None:
    shutil.rmtree(root / "test" / "spot")
    shutil.rmtree(root / "ground_truth")


def all_defective(root: Path) -> None:
    shutil.rmtree(root / "test" / "good")


def all_of_it_defective(root: Path) -> None:
    all_defective(root)
    for path in (root / "ground_truth").rglob("*.png"):
        Image.fromarray(np.full((16, 16), 255, dtype=np.uint8)).save(path)


def vanishing_masks(root: Path) -> None:
    for path in (root / "ground_truth").rglob("*.png"):
        Image.fromarray(np.zeros((16, 16), dtype=np.uint8)).save(path)


def one_test_image(root: Path) -> None:
    nothing_defective(root)
    (root / "test" / "good" / "1.png").unlink()


def two_training_images(root: Path) -> None:
    for path in sorted((root / "train" / "good").iterdir())[2:]:
        path.unlink()


@pytest.mark.parametrize(
    "change",
    [
        black, flat, flat_training, black_training, nothing_defective, all_defective, all_of_it_defective,
        vanishing_masks, one_test_image, two_training_images,
    ],
)  # fmt: skip
def test_training_and_evaluation_finish(qpbae, data_folder: Path, change: Callable[[Path], None]) -> None:
    change(data_folder)
    trained = qpbae("train", "--data", data_folder, *SMALL, "--output", "model")
    assert trained.status == 0
    assert np.isfinite(trained.document["ceiling_loss"])
    evaluated = qpbae("evaluate", "model", "--data", data_folder, "--json", "-")
    assert evaluated.status == 0
    document = evaluated.document
    assert set(document["baselines"]) >= {"dc_overlap", "patch_pca", "untrained", "classical"}
    undefined = document["metrics"]["auroc"]["value"] is None
    assert undefined == (change in (nothing_defective, all_of_it_defective, vanishing_masks, one_test_image))
    if change is vanishing_masks:
        assert document["vanished_masks"] == 4
        assert "4 masks vanish" in evaluated.err
    if change in (black, black_training):
        assert trained.document["zero_patches"] == 169 * 6
        assert "all zero" in trained.err


@pytest.mark.parametrize(("change", "options"), [(one_test_image, ()), (flat, ("--epochs", 0))], ids=["one", "flat"])
def test_a_report_of_little_is_written(
    qpbae, data_folder: Path, change: Callable[[Path], None], options: tuple[object, ...]
) -> None:
    change(data_folder)
    result = qpbae("run", "--data", data_folder, *SMALL, "--baselines", "dc_overlap", "--target", "none", *options)
    assert result.status == 0
    page = (Path(result.document["output"]) / "report.html").read_text()
    # On images as few as these AUPIMO is not defined, for the model and for the baseline.
    assert (page.count("not defined") > 2) == (change is one_test_image)
