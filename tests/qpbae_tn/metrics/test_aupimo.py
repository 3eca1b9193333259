"""AUPIMO against one threshold at a time, and paired differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.aupimo import HIGH, LOW, Aupimo, require_normal_pixels
from qpbae_tn.metrics.evaluation import measure_table, paired_differences, resample_weights
from qpbae_tn.metrics.ranked import STRICT_FPR_LIMIT, Aupro
from qpbae_tn.metrics.table import PixelTable

Array = NDArray[np.float64]


def example(seed: int, levels: int = 0) -> tuple[Array, NDArray[np.bool_]]:
    """12 good images with 120,000 pixels, 4 defective ones whose defects stand out by different amounts."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((16, 100, 100), dtype=bool)
    for index in range(4):
        masks[index, 10 : 30 + index, 20:40] = True
    maps = rng.normal(size=masks.shape) + masks * np.linspace(2.0, 5.0, 16)[:, None, None]
    return (np.round(maps * levels) / levels if levels else maps), masks


def slow(maps: Array, masks: NDArray[np.bool_]) -> float:
    """The definition: both rates at every threshold, the recall between them linear in F, integrated numerically."""
    defective = masks.any(axis=(1, 2))
    good = maps[~defective].ravel()
    thresholds = np.unique(maps)[::-1]
    rates = np.append(0.0, 1.0 - np.searchsorted(np.sort(good), thresholds, side="left") / good.size)
    areas = []
    for image, mask in zip(maps[defective], masks[defective], strict=True):
        marked = np.sort(image[mask])
        recalls = np.append(0.0, 1.0 - np.searchsorted(marked, thresholds, side="left") / marked.size)
        knots = np.unique(np.concatenate([[LOW, HIGH], rates[(rates > LOW) & (rates < HIGH)]]))
        # At a rate that several thresholds share the recall jumps: right of it the last of them holds.
        for start, end in itertools.pairwise(knots):
            first = int(np.searchsorted(rates, start, side="right")) - 1
            slope = (recalls[first + 1] - recalls[first]) / (rates[first + 1] - rates[first])
            offset = recalls[first] - slope * rates[first]
            areas.append(quad(lambda z, a, b: a + b * np.exp(z), np.log(start), np.log(end), (offset, slope))[0])
    return float(np.sum(areas)) / np.log(HIGH / LOW) / defective.sum()


@pytest.mark.parametrize("levels", [0, 7])
def test_agrees_with_its_definition(levels: int) -> None:
    for seed in range(3):
        maps, masks = example(seed, levels)
        assert Aupimo().value(PixelTable(maps, masks, 0.0)) == pytest.approx(slow(maps, masks), abs=1e-9)


def test_perfect_and_constant_maps() -> None:
    maps, masks = example(0)
    assert Aupimo().value(PixelTable(masks.astype(float), masks, 0.0)) == pytest.approx(1.0)
    constant = Aupimo().value(PixelTable(np.zeros(masks.shape), masks, 0.0))
    assert constant == pytest.approx((HIGH - LOW) / np.log(HIGH / LOW))
    # Raising defects that are found already changes nothing, lowering one image's takes its share away.
    value = Aupimo().value(PixelTable(maps + 100 * masks, masks, 0.0))
    assert value == pytest.approx(1.0)
    hidden = maps + 100 * masks
    hidden[0] -= 200 * masks[0]
    assert Aupimo().value(PixelTable(hidden, masks, 0.0)) == pytest.approx(0.75)


def test_weights_stand_for_images_repeated_and_left_out() -> None:
    maps, masks = example(1, 9)
    metric = Aupimo(least_normal_pixels=0)
    weights = resample_weights(len(maps), 6, seed=2)
    found = metric.resampled(PixelTable(maps, masks, 0.0), weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        drawn = np.repeat(np.arange(len(maps)), row)
        assert value == pytest.approx(metric.value(PixelTable(maps[drawn], masks[drawn], 0.0)), nan_ok=True)


def test_too_few_normal_pixels_are_refused() -> None:
    maps, masks = example(0)
    table = PixelTable(maps[:13], masks[:13], 0.0)
    assert np.isnan(Aupimo().value(table))
    with pytest.raises(InputError, match="there are 90,000"):
        require_normal_pixels(table)
    require_normal_pixels(PixelTable(maps, masks, 0.0))


def test_aupro_to_a_lower_limit_is_the_start_of_the_same_curve() -> None:
    maps, masks = example(2)
    table = PixelTable(maps, masks, 0.0)
    limits = np.array([0.01, 0.02, STRICT_FPR_LIMIT, 0.3])
    areas = np.array([Aupro(limit=limit).value(table) * limit for limit in limits])
    means = np.diff(areas) / np.diff(limits)  # mean overlap between two limits: it can only rise
    assert (np.diff(means) >= 0).all()
    assert Aupro(limit=STRICT_FPR_LIMIT).value(PixelTable(np.zeros(masks.shape), masks, 0.0)) == pytest.approx(0.025)


def test_differences_are_paired() -> None:
    """Detectors that share what is hard about an image differ by far less than their own intervals suggest."""
    maps, masks = example(3)
    difficulty = np.random.default_rng(0).normal(size=(16, 1, 1))
    first, second = maps + 3 * difficulty * masks, maps + 3 * difficulty * masks + 0.3 * masks
    measured = [measure_table(PixelTable(found, masks, 1.0), resamples=60, seed=5) for found in (first, second)]
    differences = paired_differences(measured[1], measured[0])
    assert set(differences) == set(measured[0])
    for name in ("auroc", "aupro", "aupro_05"):
        difference, own = differences[name], measured[0][name].interval
        assert difference.value == pytest.approx(measured[1][name].value - own.value)
        assert 0 < difference.low <= difference.value <= difference.high
        assert difference.high - difference.low < 0.5 * (own.high - own.low)
    same = paired_differences(measured[0], measured[0])
    assert {(value.low, value.high) for name, value in same.items() if value.defined} == {(0.0, 0.0)}
