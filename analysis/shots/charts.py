"""Charts of a shot study: metrics and thresholds against shots per patch, trained models against all shots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from qpbae_tn.analysis.shots.sampling import law_of
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.content import Figure

SHOTS_AXIS = "shots per patch"


def curves(rows: pd.DataFrame, quantity: Quantity) -> Iterator[tuple[str, pd.DataFrame]]:
    """One curve for each law of a shot of this quantity: the readouts that share it, and the rows of the first."""
    found: dict[str, list[str]] = {}
    for name in rows[rows["quantity"] == quantity.value]["readout"].unique():
        found.setdefault(law_of(READOUTS[name]), []).append(name)
    for names in found.values():
        yield ", ".join(names), rows[rows["readout"] == names[0]]


def metric_chart(
    rows: pd.DataFrame,
    exact: Mapping[str, Any],
    metric: str,
    y_label: str,
    title: str,
    quantity: Quantity = Quantity.FIDELITY,
) -> Figure:
    """The mean over repetitions against shots, and a band where 95% of single repetitions fall.

    Args:
        rows: of one data set and patch size, as in the study's document.
        exact: the metrics without shot noise.
        metric: a column with intervals.
        y_label: of the axis.
        title: of the chart.
        quantity: which readouts are shown.
    """
    with chart(SHOTS_AXIS, y_label, title=title) as drawn:
        drawn.axes.set_xscale("log")
        for index, (name, own) in enumerate(curves(rows, quantity)):
            _band(drawn.axes, own["shots_per_patch"], own[metric], name, PALETTE[index % len(PALETTE)])
        if not math.isnan(value := exact.get(metric) or math.nan):
            drawn.axes.axhline(value, label="exact", color="#111827", linestyle="--", linewidth=1.2)
        drawn.axes.legend()
    return Figure(drawn.svg)


def loss_chart(rows: pd.DataFrame, exact: Mapping[str, Any], title: str) -> Figure:
    """AUROC below the exact one, both axes logarithmic, with the 1/shots law beside it; arguments as `metric_chart`."""
    with chart(SHOTS_AXIS, "exact AUROC - AUROC", title=title) as drawn:
        drawn.axes.set_xscale("log")
        drawn.axes.set_yscale("log")
        middle: tuple[float, float] | None = None
        for index, (name, own) in enumerate(curves(rows, Quantity.FIDELITY)):
            seen = _down_to_the_noise(own, exact["auroc"])
            drawn.axes.plot(*zip(*seen, strict=True), label=name, color=PALETTE[index % len(PALETTE)], marker=".")
            middle = middle or seen[len(seen) // 2]
        if middle is not None:
            ends = (middle[0] / 10, middle[0] * 10)
            drawn.axes.plot(
                ends, [middle[1] * 10, middle[1] / 10], label="1 / shots", color="#6B7280", linestyle=":", zorder=1
            )
        drawn.axes.legend()
    return Figure(drawn.svg)


def training_chart(rows: pd.DataFrame, title: str) -> Figure:
    """AUROC of exact maps of trained models against the shots of a whole training; the exact training's row first."""
    with chart("shots of the whole training", "AUROC of exact maps", title=title) as drawn:
        drawn.axes.set_xscale("log")
        noisy = rows[rows["readout"].notna()].groupby(["readout", "scheme"], sort=False)
        for index, ((readout, scheme), own) in enumerate(noisy):
            name = f"{readout}, {scheme.replace('_', ' ')}"
            _band(drawn.axes, own["total_shots"].astype(float), own["auroc"], name, PALETTE[index % len(PALETTE)], "o")
        value = rows.iloc[0]["auroc"]["value"]
        if value is not None:
            drawn.axes.axhline(value, label="exact gradients", color="#111827", linestyle="--", linewidth=1.2)
        drawn.axes.legend()
    return Figure(drawn.svg)


def _band(axes: Any, x: pd.Series, cells: pd.Series, name: str, colour: str, marker: str | None = None) -> None:
    """A curve of values with its intervals as a band; ends that are not known leave it out."""
    value, low, high = (np.array([cell[key] for cell in cells], dtype=float) for key in ("value", "low", "high"))
    axes.plot(x, value, label=name, color=colour, marker=marker, markersize=4)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _down_to_the_noise(rows: pd.DataFrame, exact: float) -> list[tuple[float, float]]:
    """The points up to the first whose loss is no larger than twice its standard error; at least one, positive."""
    kept: list[tuple[float, float]] = []
    for row in rows.itertuples():
        ends, loss = row.auroc, exact - row.auroc["value"]
        # A range of 95% is about four standard deviations wide.
        error = (ends["high"] - ends["low"]) / 4 / math.sqrt(row.repetitions) if ends["low"] is not None else 0.0
        if loss <= max(2 * error, 1e-7) and kept:
            break
        kept.append((float(row.shots_per_patch), max(loss, 1e-7)))
    return kept
