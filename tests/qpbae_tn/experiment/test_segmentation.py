"""Single images: maps at their own size, overlays, rows, thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qpbae_tn.data.images import GreyImage
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.evaluation import operating_threshold_of
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.experiment.segmentation import Segmentation, SegmentationRow, output_stems, segment
from qpbae_tn.model.model import Model
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

ENGINE = ExactEngine()


@pytest.fixture
def model() -> Model:
    specification = ModelSpecification.build(4, 1, 1, image_size=16)
    return Model(specification, dc_angles(specification.ansatz), {"reconstruction": 0.1}, {})


def stripe(shape: tuple[int, int]) -> GreyImage:
    """A flat image with a stripe of noise."""
    pixels = np.full(shape, 128, dtype=np.uint8)
    pixels[:, 3:9] = np.random.default_rng(0).integers(0, 255, (shape[0], 6))
    return GreyImage(Path("some/where.png"), pixels)


def test_an_image_of_the_working_size_has_the_map_of_scoring(model: Model) -> None:
    image = stripe((16, 16))
    found = segment(model, image)
    scorer = model_scorer(model.specification, model.angles, ENGINE, "reconstruction")
    maps, _ = anomaly_maps(model.specification, image.values()[None], {"it": scorer})
    np.testing.assert_array_equal(found.anomaly_map, maps["it"][0])
    native = segment(model, image, native=True)
    np.testing.assert_array_equal(native.anomaly_map, found.anomaly_map)
    assert native.row == found.row


@pytest.mark.parametrize("native", [False, True])
def test_any_other_image_keeps_its_size(model: Model, native: bool) -> None:
    image = stripe((20, 41))
    result = segment(model, image, Experiment.of_model(model, threshold=0.05), native=native)
    found, row = result.anomaly_map, result.row
    np.testing.assert_array_equal(result.mask, found > 0.05)
    assert found.shape == (20, 41)
    assert (row.image, row.height, row.width) == ("where.png", 20, 41)
    assert row.score == found.max()
    assert row.mean == found.mean()
    assert row.threshold == 0.05
    assert row.anomalous_fraction == (found > 0.05).mean()
    # The stripe is what stands out.
    assert found[:, 4:8].mean() > 3 * found[:, 20:].mean()


def test_dark_patches_are_counted(model: Model) -> None:
    image = GreyImage(Path("a.png"), np.zeros((16, 16)))
    found = segment(model, image, Experiment.of_model(model, score="trash", threshold=0.1))
    assert found.row.zero_patches == 13 * 13
    assert np.isfinite(found.anomaly_map).all()


def test_the_overlay_tints_what_is_above_the_threshold() -> None:
    image = GreyImage(Path("a.png"), np.full((6, 8), 100, dtype=np.uint8))
    anomaly_map = np.zeros((6, 8))
    anomaly_map[2, 3] = 0.3
    anomaly_map[4, 5] = 0.2
    row = SegmentationRow("a.png", 6, 8, 0.3, 0.0, 0.2, 1 / 48, 0)
    picture = Segmentation(anomaly_map, row, image).overlay()
    assert (picture.mode, picture.size) == ("RGB", (8, 6))
    pixels = np.asarray(picture)
    changed = (pixels != 100).any(axis=2)
    assert np.argwhere(changed).tolist() == [[2, 3]]
    assert pixels[2, 3, 0] > 100 > pixels[2, 3, 1]
    assert isinstance(picture, Image.Image)


def test_the_threshold_is_the_one_given_or_the_models(model: Model) -> None:
    assert operating_threshold_of(model, Score()) == 0.1
    assert operating_threshold_of(model, Score(), 0.0) == 0.0
    with pytest.raises(InputError, match="no threshold for score 'trash'; give `threshold`"):
        operating_threshold_of(model, Score("trash"))
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(InputError, match="finite"):
            Experiment(threshold=wrong)


def test_names_of_outputs_are_unique() -> None:
    assert output_stems([Path("x/a.png"), Path("b.tiff")]) == ["a", "b"]
    with pytest.raises(InputError, match="named a"):
        output_stems([Path("x/a.png"), Path("y/a.jpg")])
