"""A noise study: for each model, noise and readout, the response of patches and what becomes of the maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.noise.affine import AffineFit, fit_with_intervals
from qpbae_tn.analysis.noise.calibrated import CalibratedNoise
from qpbae_tn.analysis.noise.images import StudiedPatches, exact_threshold, false_alarms, map_metrics
from qpbae_tn.analysis.noise.response import DepolarisedResponse, DeviceResponse, Response
from qpbae_tn.analysis.noise.stages import stage_rows
from qpbae_tn.analysis.noise.transfer import FloatArray
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.readouts import Quantity, Readout, one_shot_variance
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.errors import InputError
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.evaluation import Measured, paired_differences

Row = dict[str, Any]
Indices = NDArray[np.intp]

STAGE_PATCHES = 40
"""Patches of each kind that noise is split by stage on."""
SHOTS = 1000
"""Shots per patch of the maps that are sampled."""


@dataclass(frozen=True, eq=False)
class NoisePlan:
    """What to study.

    Args:
        strengths: of depolarising noise; none leave it out.
        targets: processors; none leave calibrated noise out.
        readouts: which.
        preparation: of compiled circuits.
        patches: at most so many normal and so many anomalous patches for responses.
        maps: whether to score whole test images too.
        seed: of samples and resamples.
    """

    strengths: tuple[float, ...]
    targets: tuple[Target, ...]
    readouts: tuple[Readout, ...]
    preparation: Preparation
    patches: int = 300
    maps: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.patches < 3:
            raise InputError(f"{self.patches} patches", where="patches", remedy="give at least 3")


@dataclass(frozen=True)
class NoiseStudy:
    """What was found.

    Args:
        rows: one for each model, noise and readout.
        stage_rows: one for each compiled circuit and source of noise.
        points: patches of each row, for charts: exact and noisy scores and whether they are anomalous.
    """

    rows: tuple[Row, ...]
    stage_rows: tuple[Row, ...]
    points: tuple[dict[str, Any], ...]


def run_study(studied: StudiedPatches, plan: NoisePlan, on_case: Callable[[str], None] = lambda _: None) -> NoiseStudy:
    """Study one model on one data set.

    Args:
        studied: the model and its patches.
        plan: what to study.
        on_case: told each case before it is worked on; there are `case_count`.

    Raises:
        InputError: a circuit that does not fit a target.
        TooEntangled: a circuit too large for an exact evaluation.
    """
    normal, anomalous = studied.sample(plan.patches, plan.seed)
    if min(len(normal), len(anomalous)) < 3:
        raise InputError("too few normal or anomalous patches", where="data", remedy="give images with both")
    exact_maps = _ExactMaps(studied, plan.seed)
    rows, stages, points = [], [], []
    for response in _responses(studied, plan):
        configuration = {**_model(studied), **response.configuration()}
        on_case(f"{studied.data} P={configuration['patch_size']} {label(configuration)}")
        measured = _patch_values(studied, response, normal, anomalous, plan.seed)
        row = {**configuration, **measured.values}
        if plan.maps:
            row |= _map_values(studied, response, exact_maps)
        rows.append(row)
        points.append({**configuration, **measured.points})
        if isinstance(response, DeviceResponse):
            sample = studied.test.states[np.concatenate([normal[:STAGE_PATCHES], anomalous[:STAGE_PATCHES]])]
            stages += [{**configuration, **row} for row in stage_rows(response, sample)]
    return NoiseStudy(tuple(rows), tuple(stages), tuple(points))


def label(configuration: Row) -> str:
    """Noise and readout in words."""
    noise = f"p={configuration['p']:g}" if configuration["target"] is None else configuration["target"]
    return f"{noise} {configuration['readout']}"


def case_count(plan: NoisePlan, patch_size: int) -> int:
    """How many cases `run_study` works on."""
    return (len(plan.strengths) * (patch_size <= 4) + len(plan.targets)) * len(plan.readouts)


def _responses(studied: StudiedPatches, plan: NoisePlan) -> Iterator[Response]:
    specification, angles = studied.model.specification, studied.model.angles
    if specification.patch_size <= 4:
        for readout in plan.readouts:
            for p in plan.strengths:
                yield DepolarisedResponse(specification, angles, readout, p)
    for target in plan.targets:
        for readout in plan.readouts:
            program = compile_program(specification, angles, readout, plan.preparation, target, seed=plan.seed)
            yield DeviceResponse(CalibratedNoise(program))


def _model(studied: StudiedPatches) -> Row:
    specification = studied.model.specification
    return {
        "data": studied.data,
        "test_images": len(studied.test),
        "patch_size": specification.patch_size,
        "stride": specification.stride,
        "bottleneck": specification.bottleneck,
        "image_size": specification.image_size,
    }


@dataclass(frozen=True)
class _Measured:
    values: Row
    points: dict[str, list[Any]]


def _patch_values(
    studied: StudiedPatches, response: Response, normal: Indices, anomalous: Indices, seed: int
) -> _Measured:
    chosen = np.concatenate([normal, anomalous])
    states, quantity = studied.test.states[chosen], response.readout.quantity
    exact, noisy = studied.exact(states, quantity), response.means(states)
    spread = response.squares(states) - noisy**2
    is_normal = np.arange(len(chosen)) < len(normal)
    whole = AffineFit.of(exact, noisy)
    on_normal = AffineFit.of(exact[is_normal], noisy[is_normal])
    clean = _clean_variance(studied, response.readout, states)
    values: Row = {
        "patches": {"normal": int(is_normal.sum()), "anomalous": int((~is_normal).sum())},
        "estimated_fidelity": response.estimated_fidelity,
        "response": fit_with_intervals(exact, noisy, seed),
        "response_normal": fit_with_intervals(exact[is_normal], noisy[is_normal], seed),
        "bias": Interval.of_mean(noisy - exact).to_json(),
        "scatter_of_f": whole.scatter / abs(whole.slope) if whole.slope else None,
        "corrected_bias_normal": Interval.of_mean(on_normal.undo(noisy[is_normal]) - exact[is_normal]).to_json(),
        "corrected_bias_anomalous": Interval.of_mean(on_normal.undo(noisy[~is_normal]) - exact[~is_normal]).to_json(),
        "noisy_variance": float(spread.mean()),
        "shots_factor": float(spread.mean() / clean.mean() / whole.slope**2) if whole.slope else None,
        "shots_for_0_01": float(spread.mean() / (0.01 * whole.slope) ** 2) if whole.slope else None,
    }
    if isinstance(response, DeviceResponse):
        prepared = studied.exact(response.prepared(states), quantity)
        values["scatter_of_preparation"] = AffineFit.of(exact, prepared).scatter
    points = {"exact": exact.round(6).tolist(), "noisy": noisy.round(6).tolist(), "normal": is_normal.tolist()}
    return _Measured(values, points)


def _clean_variance(studied: StudiedPatches, readout: Readout, states: FloatArray) -> FloatArray:
    trash, full = (studied.exact(states, quantity) for quantity in (Quantity.TRASH_FIDELITY, Quantity.FIDELITY))
    return one_shot_variance(readout, trash, full)


@dataclass(frozen=True, eq=False)
class _ExactMaps:
    """Metrics and thresholds without noise, kept for all cases of the same patches."""

    studied: StudiedPatches
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", {})

    def of(self, quantity: Quantity) -> tuple[dict[str, Measured], float, Row]:
        """Metrics, operating threshold, and the share of normal test pixels above it."""
        kept: dict[Quantity, tuple[dict[str, Measured], float, Row]] = self.__dict__["_kept"]
        if quantity not in kept:
            maps = self.studied.test.maps(self.studied.exact(self.studied.test.states, quantity))
            threshold = exact_threshold(self.studied, quantity)
            alarms = false_alarms(maps, self.studied.masks, threshold, self.seed)
            kept[quantity] = (map_metrics(maps, self.studied.masks, self.seed), threshold, alarms)
        return kept[quantity]


def _map_values(studied: StudiedPatches, response: Response, exact_maps: _ExactMaps) -> Row:
    """Metrics of noisy maps, of corrected ones, and false alarms at the threshold that was set without noise."""
    quantity = response.readout.quantity
    metrics, threshold, alarms = exact_maps.of(quantity)
    line = AffineFit.of(studied.exact(studied.normal.states, quantity), response.means(studied.normal.states))
    scores = response.means(studied.test.states)
    noisy, corrected = studied.test.maps(scores), studied.test.maps(line.undo(scores))
    sampled = studied.test.maps(_sampled(scores, response.squares(studied.test.states), exact_maps.seed))
    noisy_metrics = map_metrics(noisy, studied.masks, exact_maps.seed)
    corrected_metrics = map_metrics(corrected, studied.masks, exact_maps.seed)
    return {
        "exact": _as_json(metrics),
        "noisy": _as_json(noisy_metrics),
        "exact_1000_shots": _as_json(_noiseless_shots(studied, response.readout, exact_maps.seed)),
        "noisy_1000_shots": _as_json(map_metrics(sampled, studied.masks, exact_maps.seed)),
        "corrected": _as_json(corrected_metrics),
        "noisy_less_exact": _as_json(paired_differences(noisy_metrics, metrics)),
        "correction": {"slope": line.slope, "intercept": line.intercept},
        "false_alarms_exact": alarms,
        "false_alarms_noisy": false_alarms(noisy, studied.masks, threshold, exact_maps.seed),
        "false_alarms_corrected": false_alarms(corrected, studied.masks, threshold, exact_maps.seed),
    }


def _sampled(means: FloatArray, squares: FloatArray, seed: int) -> FloatArray:
    """Estimates from `SHOTS` shots a patch, whose values -1, 0, +1 have these means and mean squares."""
    plus, minus = ((squares + sign * means) / 2 for sign in (1, -1))
    shares = np.clip(np.stack([minus, 1 - squares, plus], axis=-1), 0.0, None)
    shares /= shares.sum(axis=-1, keepdims=True)
    counts = np.random.default_rng(seed).multinomial(SHOTS, shares)
    return np.asarray((counts[:, 2] - counts[:, 0]) / SHOTS)


def _noiseless_shots(studied: StudiedPatches, readout: Readout, seed: int) -> dict[str, Measured]:
    """Maps of the same readout from `SHOTS` shots a patch on a machine without noise."""
    states = studied.test.states
    trash, full = (studied.exact(states, quantity) for quantity in (Quantity.TRASH_FIDELITY, Quantity.FIDELITY))
    shares = readout.value_probabilities(trash, full)
    scores = _sampled(shares[:, 2] - shares[:, 0], shares[:, 2] + shares[:, 0], seed)
    return map_metrics(studied.test.maps(scores), studied.masks, seed)


def _as_json(metrics: Mapping[str, Measured | Interval]) -> Row:
    return {name: (one.interval if isinstance(one, Measured) else one).to_json() for name, one in metrics.items()}
