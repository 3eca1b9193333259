"""Charts of a shot study: metrics, thresholds and false alarms against shots per patch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qpbae_tn.analysis.shots.sampling import law_of
from qpbae_tn.analysis.shots.study import ShotRow, ShotStudy
from qpbae_tn.analysis.shots.training_study import TrainingRow
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.report.charts import PALETTE, chart

SHOTS_AXIS = "shots per patch"


def curve_names(study: ShotStudy, quantity: Quantity) -> dict[str, str]:
    """For each law of this quantity its first readout, and what the curve is called: the readouts that share it."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(row.readout for row in study.rows if row.quantity is quantity):
        found.setdefault(law_of(READOUTS[name]), []).append(name)
    return {names[0]: ", ".join(names) for names in found.values()}


def metric_chart(study: ShotStudy, quantity: Quantity, metric: str, y_label: str, title: str = "") -> str:
    """One curve for each law: the mean over repetitions, and a band where single repetitions fall; SVG text."""
    with chart(SHOTS_AXIS, y_label, title=title) as drawn:
        drawn.axes.set_xscale("log")
        for index, (readout, name) in enumerate(curve_names(study, quantity).items()):
            rows = study.of(readout)
            shots = [row.shots for row in rows]
            spreads = [row.metrics[metric] for row in rows]
            colour = PALETTE[index % len(PALETTE)]
            drawn.axes.plot(shots, [spread.value for spread in spreads], label=name, color=colour)
            drawn.axes.fill_between(
                shots,
                [spread.low for spread in spreads],
                [spread.high for spread in spreads],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        exact = study.exact[quantity].get(metric, math.nan)
        if not math.isnan(exact):
            drawn.axes.axhline(exact, label="exact", color="#111827", linestyle="--", linewidth=1.2)
        drawn.axes.legend()
    return drawn.svg


def loss_chart(study: ShotStudy, quantity: Quantity, title: str = "") -> str:
    """AUROC below the exact one, both axes logarithmic, with the 1/shots law beside it; SVG text."""
    exact = study.exact[quantity]["auroc"]
    with chart(SHOTS_AXIS, "exact AUROC - AUROC", title=title) as drawn:
        drawn.axes.set_xscale("log")
        drawn.axes.set_yscale("log")
        middle: tuple[int, float] | None = None
        for index, (readout, name) in enumerate(curve_names(study, quantity).items()):
            points = [(row.shots, exact - row.metrics["auroc"].value) for row in study.of(readout)]
            seen = _down_to_the_noise(points, study.of(readout))
            drawn.axes.plot(*zip(*seen, strict=True), label=name, color=PALETTE[index % len(PALETTE)], marker=".")
            middle = middle or seen[len(seen) // 2]
        if middle is not None:
            ends = (middle[0] / 10, middle[0] * 10)
            drawn.axes.plot(
                ends, [middle[1] * 10, middle[1] / 10], label="1 / shots", color="#6B7280", linestyle=":", zorder=1
            )
        drawn.axes.legend()
    return drawn.svg


def training_chart(rows: Sequence[TrainingRow], metric: str, y_label: str, title: str = "", *, log_y: bool) -> str:
    """A metric of trained models against the shots of a whole training; SVG text."""
    with chart("shots of the whole training", y_label, title=title) as drawn:
        drawn.axes.set_xscale("log")
        drawn.axes.set_yscale("log" if log_y else "linear")
        curves: dict[tuple[str, str], list[TrainingRow]] = {}
        for row in rows:
            if row.readout is not None and row.scheme is not None:
                curves.setdefault((row.readout, row.scheme.value), []).append(row)
        for index, ((readout, scheme), found) in enumerate(curves.items()):
            shots = [float(row.total_shots or 0) for row in found]
            colour = PALETTE[index % len(PALETTE)]
            values = [row.metrics[metric] for row in found]
            name = f"{readout}, {scheme.replace('_', ' ')}"
            drawn.axes.plot(
                shots, [value.value for value in values], label=name, color=colour, marker="o", markersize=4
            )
            drawn.axes.fill_between(
                shots,
                [value.low for value in values],
                [value.high for value in values],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        exact = rows[0].metrics[metric].value
        if not math.isnan(exact):
            drawn.axes.axhline(exact, label="exact gradients", color="#111827", linestyle="--", linewidth=1.2)
        drawn.axes.legend()
    return drawn.svg


def _down_to_the_noise(points: Sequence[tuple[int, float]], rows: Sequence[ShotRow]) -> list[tuple[int, float]]:
    """The points up to the first whose loss is no larger than its own standard error; at least one, positive."""
    kept: list[tuple[int, float]] = []
    for (shots, loss), row in zip(points, rows, strict=True):
        spread = row.metrics["auroc"]
        told = math.isfinite(spread.low)
        error = (spread.high - spread.low) / 4 / math.sqrt(len(row.auroc)) if told else 0.0
        if loss <= max(2 * error, 1e-7) and kept:
            break
        kept.append((shots, max(loss, 1e-7)))
    return kept
