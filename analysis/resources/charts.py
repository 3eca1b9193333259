"""Charts of the page `resources`, from its rows with the configuration's keys as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.content import Figure

STAGES = ("preparation", "encoder", "decoder", "readout", "measurement")


def readout_chart(rows: pd.DataFrame, readouts: Sequence[str]) -> Figure:
    """Two-qubit gates against P, by readout, without preparation: dotted literal, solid reduced."""
    bare = rows[rows["preparation"] == "none"]
    with chart("patch size P, pixels", "two-qubit gates", title="Encoder, decoder and readout") as drawn:
        for index, name in enumerate(readouts):
            part = bare[bare["readout"] == name]
            for form, style, label in (("literal", ":", None), ("reduced", "-", name)):
                gates = part[f"{form}.two_qubit_gates"]
                drawn.axes.plot(part["patch_size"], gates, style, color=PALETTE[index], label=label, marker=".")
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("symlog", linthresh=1)
        drawn.axes.set_ylim(-0.2, 2000)
        drawn.axes.legend(ncols=2, fontsize=8, handlelength=3, loc="upper left")
    return Figure(drawn.svg)


def preparation_chart(rows: pd.DataFrame) -> Figure:
    """Two-qubit gates of the whole circuit against P, by preparation, for `latent` and `ancilla`."""
    with chart("patch size P, pixels", "two-qubit gates", title="With state preparation") as drawn:
        for index, preparation in enumerate(("none", "mps:2", "exact")):
            for name, style in (("latent", "-"), ("ancilla", "--")):
                part = rows[(rows["readout"] == name) & (rows["preparation"] == preparation)]
                gates, label = part["reduced.two_qubit_gates"], f"{preparation}, {name}"
                drawn.axes.plot(part["patch_size"], gates, style, color=PALETTE[index], label=label, marker=".")
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("log")
        drawn.axes.legend(fontsize=8, handlelength=3, loc="upper left")
    return Figure(drawn.svg)


def budget_chart(placed: pd.DataFrame) -> Figure:
    """Expected errors by stage on willow_pink at P = 8 with mps:2."""
    here = (placed["target"] == "willow_pink") & (placed["patch_size"] == 8) & (placed["preparation"] == "mps:2")
    part = placed[here & placed["placed.qubits"].notna()]
    with chart("-ln(fidelity)", "", title="Where the fidelity goes: willow_pink, P = 8, mps:2") as drawn:
        left = np.zeros(len(part))
        for index, stage in enumerate(STAGES):
            widths = -np.log(part[f"placed.fidelity_budget.{stage}"].astype(float).to_numpy())
            drawn.axes.barh(part["readout"], widths, left=left, color=PALETTE[index], label=stage, height=0.6)
            left = left + widths
        drawn.axes.invert_yaxis()
        drawn.axes.legend(fontsize=8, handlelength=3, loc="lower right")
    return Figure(drawn.svg)


def time_chart(rows: pd.DataFrame, largest: int) -> Figure:
    """Wall time of an image and of a training run against P, up to the size of the image."""
    with chart("patch size P, pixels", "wall time, s", title="willow_pink, images of 32 px, stride 1") as drawn:
        for index, name in enumerate(("latent", "ancilla")):
            here = (rows["readout"] == name) & (rows["preparation"] == "mps:2") & (rows["patch_size"] <= largest)
            part, colour = rows[here], PALETTE[index]
            sizes, training = part["patch_size"], part["training.nominal.wall_time_s"]
            drawn.axes.plot(sizes, part["image.wall_time_s"], "-", color=colour, label=f"one image, {name}", marker=".")
            label = f"training, {part['training.readout'].iloc[0]}"
            drawn.axes.plot(sizes, training, "--", color=colour, label=label, marker=".")
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("log")
        drawn.axes.legend(fontsize=8, handlelength=3, loc="lower left")
    return Figure(drawn.svg)
