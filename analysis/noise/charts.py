"""Charts of a noise study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.page import Figure

Row = Mapping[str, Any]
_SOURCES = ("preparation", "encoder", "decoder", "readout", "measurement")


def response_chart(points: Sequence[Row], wanted: Mapping[str, Any], name: str) -> Figure:
    """Noisy against exact scores of the sampled patches of the first case that has these values and the largest P."""
    found = [point for point in points if all(point[key] == value for key, value in wanted.items())]
    case = max((p for p in found if p["data"] == found[0]["data"]), key=lambda p: int(p["patch_size"]))
    exact, noisy, normal = (np.array(case[key]) for key in ("exact", "noisy", "normal"))
    noise = f"p = {case['p']:g}" if case["target"] is None else case["target"]
    with chart("exact F", "noisy score", title=f"{noise}, {case['readout']}, P = {case['patch_size']}") as drawn:
        for chosen, colour, label in ((normal, PALETTE[0], "normal"), (~normal, PALETTE[1], "anomalous")):
            drawn.axes.scatter(exact[chosen], noisy[chosen], s=9, alpha=0.6, color=colour, label=label, linewidth=0)
        slope, intercept = np.polyfit(exact, noisy, 1)
        ends = np.array([exact.min(), exact.max()])
        drawn.axes.plot(ends, intercept + slope * ends, color="#111827", linewidth=1.2, label="line")
        drawn.axes.legend()
    caption = f"Each dot is a patch of {case['data']}. Ranks change where dots leave the line."
    return Figure(f"response_{name}", drawn.svg, caption)


def strength_chart(rows: Sequence[Row], data: str) -> Figure:
    """Contrast left against the strength of depolarising noise."""
    with chart("p", "contrast left (slope)", title="Depolarising noise") as drawn:
        members = [row for row in rows if row["data"] == data]
        cases = dict.fromkeys((row["readout"], row["patch_size"]) for row in members)
        readouts = list(dict.fromkeys(readout for readout, _ in cases))
        for readout, size in cases:
            chosen = [row for row in members if (row["readout"], row["patch_size"]) == (readout, size)]
            drawn.axes.plot(
                [row["p"] for row in chosen],
                [row["response"]["slope"]["value"] for row in chosen],
                color=PALETTE[readouts.index(readout) % len(PALETTE)],
                linestyle="-" if size == 2 else "--",
                marker=".",
                label=f"{readout}, P={size}",
            )
        drawn.axes.set_xscale("log")
        drawn.axes.set_yscale("log")
        drawn.axes.legend(ncol=2, fontsize=7.5)
    return Figure("strength", drawn.svg, f"Solid: P = 2; dashed: P = 4. Patches of {data}.")


def stage_chart(rows: Sequence[Row], target: str) -> Figure:
    """Contrast lost to each source of noise alone, stacked, by readout."""
    members = [row for row in rows if row["target"] == target and row["data"] == rows[0]["data"]]
    readouts = list(dict.fromkeys(row["readout"] for row in members))
    with chart("contrast lost", "", title=f"Where the contrast goes on {target}") as drawn:
        left = np.zeros(len(readouts))
        for index, source in enumerate(_SOURCES):
            width = np.array([row["contrast_lost"] for row in members if row["source"] == source]).clip(0)
            drawn.axes.barh(readouts, width, left=left, color=PALETTE[index], label=source, height=0.6)
            left += width
        drawn.axes.invert_yaxis()
        drawn.axes.legend(ncol=3, fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    return Figure("stages", drawn.svg, "One source of noise at a time; small losses add up to about the whole.")
