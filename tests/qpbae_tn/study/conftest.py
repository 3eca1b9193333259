"""A small folder in the layout of MVTec-AD, made here, and a study on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HERE = str(Path(__file__).parent)
# For `grid_functions`, here and in the processes that the tests start.
sys.path.insert(0, HERE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))

STUDY = """
name = "small"
seeds = [1, 2]
baselines = ["dc_overlap", "patch_pca"]

[data.stripes]
folder = "{folder}"

[defaults]
image_size = 16
train = 8
validation = 3
epochs = 3

[[grid]]
patch_size = 2
stride = [1, 2]

[[grid]]
patch_size = 4
stride = 2
bottleneck = [1, 2]

[record]
resamples = 20
subset_images = 5
subset_draws = 10
"""


@pytest.fixture(scope="session")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train/good`, `test/good`, `test/spot` and their masks: noisy stripes of 20 x 20 px, some with a bright spot."""
    root = tmp_path_factory.mktemp("data") / "stripes"
    rng = np.random.default_rng(5)
    wave = 90 + 60 * np.sin(np.arange(20) * 1.3)
    for folder, count in (("train/good", 12), ("test/good", 3), ("test/spot", 5)):
        (root / folder).mkdir(parents=True)
        for number in range(count):
            pixels = wave[None, :] + rng.normal(0, 6, (20, 20))
            if folder.endswith("spot"):
                y, x = rng.integers(2, 12, 2)
                mask = np.zeros((20, 20), dtype=np.uint8)
                mask[y : y + 6, x : x + 5] = 255
                pixels[mask > 0] = rng.uniform(180, 255, int((mask > 0).sum()))
                (root / "ground_truth/spot").mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask).save(root / f"ground_truth/spot/{number:03d}_mask.png")
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(root / folder / f"{number:03d}.png")
    return root


@pytest.fixture(scope="session")
def study_text(stripes: Path) -> str:
    """The small study: 4 configurations x 2 seeds and their baselines, 15 cells in 3 groups."""
    return STUDY.format(folder=stripes)


@pytest.fixture(scope="session")
def study_file(study_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study in a file."""
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(study_text)
    return path
