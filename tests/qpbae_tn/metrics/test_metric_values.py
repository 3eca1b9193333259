from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import DcOverlap
from qpbae_tn.experiment.scoring import anomaly_maps
from qpbae_tn.metrics.evaluation import METRICS, evaluate_maps
from qpbae_tn.model.specification import ModelSpecification

KEYS = {
    "auroc",
    "aupro",
    "aupro_05",
    "aupimo",
    "average_precision",
    "dice_paper",
    "dice_defective",
    "dice_pooled",
    "iou_paper",
    "iou_defective",
    "iou_pooled",
    "best_f1",
    "image_auroc",
}


def example(
    seed: int, levels: int = 0, images: int = 7, side: int = 9
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Maps that know something of the masks, with ties where `levels` is given; the first mask is empty."""
    rng = np.random.default_rng(seed)
    masks = rng.random((images, side, side)) < rng.uniform(0.02, 0.3)
    masks[0] = False
    masks[1, :2, :2] = True
    maps = rng.random(masks.shape) + 0.5 * masks
    return (np.round(maps * levels) / levels if levels else maps), masks


def values(maps: NDArray[np.floating], masks: NDArray[np.bool_], threshold: float = 0.6) -> dict[str, float]:
    found = evaluate_maps(maps, masks, threshold, resamples=0)
    return {name: result.value for name, result in found.items()}


def test_the_keys_are_those_of_the_results_and_values_are_in_range() -> None:
    results = evaluate_maps(*example(0), 0.6, resamples=30)
    assert set(results) == KEYS
    assert len(METRICS) == len(KEYS)
    assert not results.pop("aupimo").defined  # far fewer normal pixels than it needs
    for result in results.values():
        assert 0 <= result.low <= result.high <= 1
        assert 0 <= result.value <= 1


@given(seed=st.integers(0, 10**6), levels=st.sampled_from([0, 2, 5, 50]), single=st.booleans())
def test_area_metrics_are_those_of_scikit_learn_on_all_pixels(seed: int, levels: int, single: bool) -> None:
    maps, masks = example(seed, levels)
    if single:
        maps = maps.astype(np.float32)
    scores, labels = maps.ravel(), masks.ravel()
    found = values(maps, masks)
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found["average_precision"] == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    assert found["image_auroc"] == pytest.approx(
        roc_auc_score(masks.any(axis=(1, 2)), maps.max(axis=(1, 2))), abs=1e-12
    )
    precision, recall, _ = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    assert found["best_f1"] == pytest.approx(f1.max(), abs=1e-12)


@given(seed=st.integers(0, 10**6), levels=st.sampled_from([0, 5]), threshold=st.floats(0, 1.6))
def test_overlaps_agree_with_sets_of_pixels(seed: int, levels: int, threshold: float) -> None:
    maps, masks = example(seed, levels)
    called = [set(np.flatnonzero(found.ravel() > threshold)) for found in maps]
    wanted = [set(np.flatnonzero(mask.ravel())) for mask in masks]
    pairs = list(zip(called, wanted, strict=True))

    def dice(a: set[int], b: set[int]) -> float:
        return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0

    def iou(a: set[int], b: set[int]) -> float:
        return len(a & b) / len(a | b) if a or b else 1.0

    found = values(maps, masks, threshold)
    offsets = range(0, maps.size, maps[0].size)
    pooled = [
        {k + offset for part, offset in zip(sets, offsets, strict=True) for k in part} for sets in (called, wanted)
    ]
    for name, overlap in (("dice", dice), ("iou", iou)):
        assert found[f"{name}_paper"] == pytest.approx(np.mean([overlap(a, b) for a, b in pairs]))
        assert found[f"{name}_defective"] == pytest.approx(np.mean([overlap(a, b) for a, b in pairs if b]))
        assert found[f"{name}_pooled"] == pytest.approx(overlap(*pooled))


def test_the_paper_counts_an_empty_prediction_on_a_good_image_as_right() -> None:
    masks = np.zeros((4, 5, 5), dtype=bool)
    masks[0, 1, 1] = True
    found = values(np.zeros(masks.shape), masks, 0.5)
    assert found["dice_paper"] == found["iou_paper"] == 0.75
    assert found["dice_defective"] == found["iou_defective"] == 0
    assert found["dice_pooled"] == found["iou_pooled"] == 0


def test_a_pixel_at_the_threshold_is_normal() -> None:
    masks = np.ones((1, 2, 2), dtype=bool)
    maps = np.array([[[0.1, 0.1], [0.1, 0.3]]], dtype=np.float32)
    assert values(maps, masks, float(maps[0, 0, 0]))["iou_pooled"] == 0.25


def test_a_perfect_map_has_ones_everywhere() -> None:
    _, masks = example(3)
    found = evaluate_maps(masks.astype(float), masks, 0.5, resamples=20)
    assert not found.pop("aupimo").defined
    for result in found.values():
        assert (result.value, result.low, result.high) == pytest.approx((1, 1, 1))
        assert result.high <= 1


RANKED = {"auroc", "aupro", "aupro_05", "aupimo", "image_auroc"}


@pytest.mark.parametrize(
    ("fill", "undefined"),
    [
        (False, {*RANKED, "average_precision", "best_f1", "dice_defective", "iou_defective"}),
        (True, RANKED),
    ],
)
def test_what_is_not_defined_is_nan_and_null_in_json(fill: bool, undefined: set[str]) -> None:
    maps = np.random.default_rng(0).random((3, 4, 4))
    found = evaluate_maps(maps, np.full(maps.shape, fill), 0.5, resamples=5)
    assert {name for name, result in found.items() if not result.defined} == undefined
    for name in undefined:
        assert found[name].to_json() == {"value": None, "low": None, "high": None}


def test_without_resamples_there_is_no_interval() -> None:
    result = evaluate_maps(*example(1), 0.6, resamples=0)["auroc"]
    assert result.defined
    assert result.to_json() == {"value": result.value, "low": None, "high": None}


@pytest.mark.parametrize(
    ("maps", "masks", "threshold", "words"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3), dtype=bool), 0.0, "shape"),
        (np.zeros((0, 3, 3)), np.zeros((0, 3, 3), dtype=bool), 0.0, "at least one map"),
        (np.full((1, 2, 2), np.nan), np.zeros((1, 2, 2), dtype=bool), 0.0, "not finite"),
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 3), dtype=bool), 0.0, "mask"),
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 2)), 0.0, "boolean"),
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 2), dtype=bool), np.nan, "threshold"),
    ],
)
def test_wrong_input_is_refused(maps, masks, threshold: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        evaluate_maps(maps, masks, threshold)
    with pytest.raises(InputError, match="resamples"):
        evaluate_maps(*example(0), 0.5, resamples=-1)


def test_dc_overlap_on_ultrasound_images(real_images: Path) -> None:
    folder = real_images / "busi_32"
    files = sorted((folder / "test").rglob("*.png"))
    images = np.stack([np.asarray(Image.open(file).convert("L")) / 255 for file in files])
    places = [folder / "ground_truth" / file.parent.name / f"{file.stem}_mask.png" for file in files]
    masks = np.stack([np.asarray(Image.open(place)) > 0 for place in places])
    maps, _ = anomaly_maps(ModelSpecification.build(4, 1, 1), images, {"dc": DcOverlap().similarity})
    found = evaluate_maps(maps["dc"], masks, 0.1)
    assert len(images) == 647
    assert found["auroc"].value == pytest.approx(0.722, abs=0.001)
    assert found["aupro"].value == pytest.approx(0.386, abs=0.001)
    for name in ("auroc", "aupro", "average_precision", "best_f1"):
        assert found[name].low < found[name].value < found[name].high
    assert not found["image_auroc"].defined
