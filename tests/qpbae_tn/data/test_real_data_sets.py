"""BUSI and MVTec-AD grid, where they are present."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.splits import read_split


def test_busi_and_the_published_split(real_images: Path, reference: Path, tmp_path: Path) -> None:
    data = open_data_set(real_images / "busi_32", minimum_side=4)
    train, test = data.train(32), data.test(32)
    assert (len(train), train.names[0], train.names[-1]) == (
        133,
        "train/good/normal_001.png",
        "train/good/normal_133.png",
    )
    assert test.class_counts == {"benign": 437, "malignant": 210}
    assert test.vanished == ()
    path = real_images / "busi_32" / test.names[400]
    np.testing.assert_array_equal(test.images[400], np.asarray(Image.open(path)) / 255)
    (tmp_path / "split.json").write_text(json.dumps(json.loads((reference / "splits_seed123.json").read_text())["133"]))
    split = read_split(tmp_path / "split.json", len(train))
    assert (len(split.train), len(split.validation)) == (100, 25)
    assert train.take(split.train).names[0] == train.names[43]


def test_mvtec_grid_with_defects_that_vanish(real_images: Path) -> None:
    data = open_data_set(real_images / "mvtec_grid_256", minimum_side=4)
    assert len(data.train(32)) == 264
    whole, small = data.test(256), data.test(32)
    assert whole.class_counts["good"] == 21
    assert int(whole.defective.sum()) == 57
    assert whole.vanished == ()
    assert small.vanished
    assert int(small.defective.sum()) + len(small.vanished) == 57
