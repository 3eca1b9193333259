from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.curves import overlap_curve, pro_curve, roc_curve
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.metrics.overlap import Averaging
from qpbae_tn.metrics.table import PixelTable, decide, operating_threshold


@pytest.fixture
def table(rng: np.random.Generator) -> PixelTable:
    masks = rng.random((20, 24, 24)) < 0.1
    masks[:4] = False
    return PixelTable(rng.random(masks.shape) + 0.3 * masks, masks, 0.8)


def test_rate_curves_are_thin_rise_and_keep_their_area(table: PixelTable) -> None:
    values = evaluate_maps(table.maps, table.masks, 0.8, resamples=0)
    for curve, name, limit in ((roc_curve(table), "auroc", 1.0), (pro_curve(table), "aupro", 0.3)):
        x, y = curve.false_positive_rate, curve.rate
        assert len(x) <= 302
        assert x[0] == y[0] == 0
        assert x[-1] == pytest.approx(limit)
        assert (np.diff(x) >= 0).all()
        assert (np.diff(y) >= 0).all()
        assert np.trapezoid(y, x) / limit == pytest.approx(values[name].value, abs=1e-3)
    assert roc_curve(table).rate[-1] == pytest.approx(1)


def test_a_curve_with_enough_points_is_the_curve_itself(table: PixelTable) -> None:
    value = evaluate_maps(table.maps, table.masks, 0.8, resamples=0)["aupro"].value
    curve = pro_curve(table, points=10**6)
    assert np.trapezoid(curve.rate, curve.false_positive_rate) / 0.3 == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("fill", [True, False])
def test_curves_that_are_not_defined_are_empty(fill: bool) -> None:
    table = PixelTable(np.zeros((1, 3, 3)), np.full((1, 3, 3), fill), 0.0)
    assert roc_curve(table).rate.size == pro_curve(table).rate.size == 0


def test_curves_of_a_constant_map_are_straight() -> None:
    masks = np.zeros((1, 4, 4), dtype=bool)
    masks[0, 0, 0] = True
    table = PixelTable(np.zeros((1, 4, 4)), masks, 0.0)
    np.testing.assert_array_equal(roc_curve(table).rate, [0, 1])
    np.testing.assert_allclose(pro_curve(table).rate, [0, 0.3])


@pytest.mark.parametrize("averaging", Averaging)
def test_overlap_curves_agree_with_the_metrics_at_each_threshold(table: PixelTable, averaging: Averaging) -> None:
    # Among the thresholds are scores themselves, where > and >= differ.
    thresholds = np.sort(np.append(np.linspace(-0.1, 1.5, 9), table.maps[3, :2, :2].ravel()))
    curve = overlap_curve(table.maps, table.masks, thresholds, averaging)
    for threshold, dice, iou in zip(curve.thresholds, curve.dice, curve.iou, strict=True):
        found = evaluate_maps(table.maps, table.masks, threshold, resamples=0)
        assert dice == pytest.approx(found[f"dice_{averaging.value}"].value, abs=1e-12)
        assert iou == pytest.approx(found[f"iou_{averaging.value}"].value, abs=1e-12)


def test_overlap_curves_span_the_scores_and_end_with_nothing_called(table: PixelTable) -> None:
    curve = overlap_curve(table.maps, table.masks)
    assert curve.thresholds[0] == table.maps.min()
    assert curve.thresholds[-1] == table.maps.max()
    # 4 of 20 masks are empty, which the paper counts as found.
    assert curve.dice[-1] == curve.iou[-1] == 0.2
    with pytest.raises(InputError, match="thresholds"):
        overlap_curve(table.maps, table.masks, np.array([0.3, 0.2]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_operating_threshold_calls_one_percent_of_normal_pixels(
    rng: np.random.Generator, dtype: type[np.floating]
) -> None:
    maps: NDArray[np.floating] = rng.random((5, 20, 20)).astype(dtype)
    assert decide(maps, operating_threshold(maps)).mean() == pytest.approx(0.01, abs=1e-3)
    assert not decide(maps, operating_threshold(maps, 1.0)).any()


def test_an_operating_threshold_needs_maps_and_a_share() -> None:
    with pytest.raises(InputError, match="quantile"):
        operating_threshold(np.zeros(3), 1.1)
    for maps in (np.empty((0, 4, 4)), np.array([np.nan])):
        with pytest.raises(InputError, match="validation"):
            operating_threshold(maps)
