"""Charts of the page `resources`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from qpbae_tn.analysis.resources.study import READOUT_NAMES
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.page import Figure

Row = Mapping[str, Any]
LAST_SIZE_OF_IMAGE = 32


def select(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    """The rows whose configuration has these values."""
    return [row for row in rows if all(row["configuration"][key] == value for key, value in wanted.items())]


def readout_chart(rows: Sequence[Row]) -> Figure:
    """Two-qubit gates against P, by readout, without preparation."""
    with chart("patch size P, pixels", "two-qubit gates", title="Encoder, decoder and readout") as drawn:
        for index, name in enumerate(READOUT_NAMES):
            chosen = select(rows, readout=name, preparation="none")
            sizes = [row["configuration"]["patch_size"] for row in chosen]
            for key, style, label in (("literal", ":", None), ("reduced", "-", name)):
                gates = [row[key]["two_qubit_gates"] for row in chosen]
                drawn.axes.plot(sizes, gates, style, color=PALETTE[index], label=label, marker=".")
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("symlog", linthresh=1)
        drawn.axes.set_ylim(-0.2, 2000)
        drawn.axes.legend(ncols=2, fontsize=8, handlelength=3, loc="upper left")
    return Figure(
        "readouts",
        drawn.svg,
        "Two-qubit gates without preparation, BD = 1, one layer of the paper's blocks. Dotted: the paper's circuits; "
        "solid: after the reductions (direct needs none). Both grow with log P only.",
    )


def preparation_chart(rows: Sequence[Row]) -> Figure:
    """Two-qubit gates of the whole circuit against P, by preparation."""
    styles = {"latent": "-", "ancilla": "--"}
    with chart("patch size P, pixels", "two-qubit gates", title="With state preparation") as drawn:
        for index, preparation in enumerate(("none", "mps:2", "exact")):
            for name, style in styles.items():
                chosen = select(rows, readout=name, preparation=preparation)
                sizes = [row["configuration"]["patch_size"] for row in chosen]
                gates = [row["reduced"]["two_qubit_gates"] for row in chosen]
                label = f"{preparation}, {name}"
                drawn.axes.plot(sizes, gates, style, color=PALETTE[index], label=label, marker=".")
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("log")
        drawn.axes.legend(fontsize=8, handlelength=3, loc="upper left")
    return Figure(
        "preparations",
        drawn.svg,
        "Two-qubit gates of the reduced circuits, BD = 1, before placement. Exact preparation grows linearly in the "
        "number of pixels and soon is all there is.",
    )


def budget_chart(rows: Sequence[Row]) -> Figure:
    """Expected errors by stage on willow_pink at P = 8."""
    parts = ("preparation", "encoder", "decoder", "readout", "measurement")
    chosen = [row for row in select(rows, target="willow_pink", patch_size=8, preparation="mps:2") if row["placed"]]
    names = [row["configuration"]["readout"] for row in chosen]
    with chart("-ln(fidelity)", "", title="Where the fidelity goes: willow_pink, P = 8, mps:2") as drawn:
        left = [0.0] * len(chosen)
        for index, part in enumerate(parts):
            widths = [-log(row["placed"]["fidelity_budget"][part]) for row in chosen]
            drawn.axes.barh(names, widths, left=left, color=PALETTE[index], label=part, height=0.6)
            left = [a + b for a, b in zip(left, widths, strict=True)]
        drawn.axes.invert_yaxis()
        drawn.axes.legend(fontsize=8, handlelength=3, loc="lower right")
    return Figure(
        "budget",
        drawn.svg,
        "Minus the logarithm of the estimated fidelity by stage; lengths add up. Gates, waits and readout of the "
        "placed circuits at calibrated errors.",
    )


def time_chart(rows: Sequence[Row]) -> Figure:
    """Wall time of an image and of a training run against P."""
    with chart("patch size P, pixels", "wall time, s", title="willow_pink, images of 32 px, stride 1") as drawn:
        for index, name in enumerate(("latent", "ancilla")):
            chosen = [
                row
                for row in select(rows, readout=name, preparation="mps:2")
                if row["configuration"]["patch_size"] <= LAST_SIZE_OF_IMAGE
            ]
            sizes = [row["configuration"]["patch_size"] for row in chosen]
            image = [row["image"]["wall_time_s"] for row in chosen]
            training = [row["training"]["nominal"]["wall_time_s"] for row in chosen]
            drawn.axes.plot(sizes, image, "-", color=PALETTE[index], label=f"one image, {name}", marker=".")
            label = f"training, {chosen[0]['training']['readout']}"
            drawn.axes.plot(sizes, training, "--", color=PALETTE[index], label=label, marker=".")
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("log")
        drawn.axes.legend(fontsize=8, handlelength=3, loc="lower left")
    return Figure(
        "time",
        drawn.svg,
        "Time on the processor at 63,000 shots a second, without queues, transfers and calibration. Larger patches are "
        "fewer, so that an image takes less time; a 32 px image holds one patch of 32 px.",
    )
