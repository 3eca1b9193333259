"""Sections of the page: baselines beside the model, Figs. 5 and 6, the authors' loss curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qpbae_tn.analysis.reproduction.authors import LOSS_FACTOR
from qpbae_tn.analysis.reproduction.results import StudyResults
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.page import Block, Figure, Heading, Table, Text
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.charts import overlap_chart, stride_chart
from qpbae_tn.study.tables import Configuration
from qpbae_tn.study.work import CURVE_THRESHOLDS

METRICS = ("aupro", "auroc")
FIGURE_5 = {"patch_size": 4, "stride": 1, "bottleneck": 2}
_SHOWN = (QUANTUM, "dc_overlap", "patch_pca", "untrained", "classical")
_SCALES = {
    "paper": "On the paper's scale: the authors' program applies (1 + x) / 2 twice, so a threshold t lies on "
    "(3 + F) / 4; pixels below it are anomalous.",
    "ours": "On ours: Y = (1 - F) / 2 = 2 (1 - t); pixels above the threshold are anomalous.",
}


def baseline_of(paper: StudyResults, one: Configuration, name: str) -> Configuration | None:
    """The baseline that belongs to a quantum configuration; the classical autoencoder only at the same compression."""
    keys = {key: one.parameters[key] for key in ("data", "patch_size", "stride")}
    if name in ("patch_pca", "untrained"):
        keys["bottleneck"] = one.parameters["bottleneck"]
    if name == "classical" and one.parameters["bottleneck"] != 2:
        return None
    return paper.one(detector=name, **keys)


def baseline_table(paper: StudyResults, data: str) -> Table:
    """AUPRO and AUROC of every detector on one data set."""
    rows = []
    order = ("patch_size", "bottleneck", "stride")
    for one in sorted(paper.configurations, key=lambda one: [one.parameters.get(name, 0) for name in order]):
        if one.data == data and one.detector == QUANTUM:
            sizes = [str(one.parameters[name]) for name in order]
            found = [one if name == QUANTUM else baseline_of(paper, one, name) for name in _SHOWN]
            rows.append([*sizes, *("-" if other is None else _both(other) for other in found)])
    names = [name.replace("_", " ") for name in _SHOWN]
    return Table(["P", "BD", "S", *names], rows, f"{data}: AUPRO / AUROC of each detector.")


def figure_5(paper: StudyResults) -> list[Block]:
    """Dice and IoU against the threshold, on the paper's scale and on ours, and where they peak."""
    blocks: list[Block] = [Heading("Fig. 5: Dice and IoU against the threshold")]
    for axis, caption in _SCALES.items():
        drawn = overlap_chart(paper.configurations, axis)
        if drawn is not None:
            sizes = "P = 4, S = 1, BD = 2, mean over images and seeds; bands span the seeds."
            blocks.append(Figure(f"fig5-{axis}-scale", drawn, f"{caption} {sizes}"))
    rows = []
    for data in paper.contents.data:
        one = paper.one(data=data, detector=QUANTUM, **FIGURE_5)
        if one is not None:
            rows.append([data, *_peak(one)])
    if rows:
        header = ["data", "best Dice", "at t = (3 + F) / 4", "at Y", "Dice with nothing called anomalous"]
        blocks.append(Table(header, rows, "Where the curves peak, mean over seeds."))
    return blocks


def figure_6(paper: StudyResults) -> list[Block]:
    """The model against the classical autoencoder, over strides."""
    blocks: list[Block] = []
    for data in paper.contents.data:
        own = [one for one in paper.configurations if one.data == data]
        for metric in METRICS:
            drawn = stride_chart(own, metric)
            if drawn is not None:
                caption = (
                    f"{METRIC_TITLES[metric]} on {data} against the classical autoencoder of the same compression "
                )
                caption += "and the DC overlap, which needs no training. Bars: standard deviation over 3 seeds."
                blocks.append(Figure(f"fig6-{metric}-{data}", drawn, caption))
    return [Heading("Fig. 6: against the classical autoencoder"), *blocks] if blocks else []


def loss_curves(measured: Mapping[str, Any]) -> list[Block]:
    """Our training losses beside those in the authors' files, on their scale."""
    rows = measured.get("losses") or []
    heading = Heading("The authors' loss curves")
    if not rows:
        return [heading, Text("Their result files were not given (`--data authors_results=DIR`).")]
    header = ["run", "seed", "training, first epoch", "theirs", "last epoch", "theirs", "largest difference"]
    lines = []
    for row in rows:
        sizes = f"{row['data']} P={row['patch_size']} S={row['stride']} BD={row['bottleneck']}"
        ours, theirs = row["train_ours"], row["train_theirs"]
        numbers = [ours[0], theirs[0], ours[-1], theirs[-1], row["largest_train_difference"]]
        lines.append([sizes, str(row["seed"]), *(f"{number:.4f}" for number in numbers)])
    words = (
        f"Their files hold {LOSS_FACTOR} times Eq. 8, and so do these numbers. Angles, learning rate, batches and "
        "epochs are theirs. Their index lists refer to a folder whose order of files is not known, so the hundred "
        f"images need not be the same. {_hundreds_words(measured)}"
    )
    return [heading, Text(words), Table(header, lines, "Training losses on their scale."), _loss_figure(rows)]


def _both(one: Configuration) -> str:
    spreads = [one.metric(metric) for metric in METRICS]
    return " / ".join("-" if spread is None else f"{spread.mean:.3f}" for spread in spreads)


def _peak(one: Configuration) -> list[str]:
    dice = np.mean([result["values"]["curves"]["dice"] for result in one.results], axis=0)
    at = int(np.argmax(dice))
    level = float(CURVE_THRESHOLDS[at])
    return [f"{dice[at]:.3f}", f"{1 - level / 2:.4f}", f"{level:.3f}", f"{dice[-1]:.3f}"]


def _hundreds_words(measured: Mapping[str, Any]) -> str:
    found = measured.get("other_hundreds")
    if not found:
        return ""
    first, last = (f"{found[key]['mean']:.4f} ± {found[key]['std']:.4f}" for key in ("first_epoch", "last_epoch"))
    return (
        f"Over random choices of a hundred, training at P = 8, S = 2, BD = 1 from the angles of seed 123 gives {first} "
        f"in the first epoch and {last} in the last."
    )


def _loss_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    first = rows[0]
    keys = ("data", "patch_size", "stride", "bottleneck")
    chosen = [row for row in rows if all(row[key] == first[key] for key in keys)]
    with chart("epoch", "half of Eq. 8", size_inches=(6.2, 3.8)) as drawn:
        for index, row in enumerate(chosen):
            epochs = range(1, len(row["train_ours"]) + 1)
            drawn.axes.plot(epochs, row["train_ours"], color=PALETTE[index], label=f"ours, seed {row['seed']}")
            drawn.axes.plot(epochs, row["train_theirs"], "o", ms=3.5, color=PALETTE[index], label="theirs")
        drawn.axes.set_yscale("log")
        drawn.axes.legend(ncols=len(chosen))
    sizes = f"P = {first['patch_size']}, S = {first['stride']}, BD = {first['bottleneck']}"
    return Figure("losses", drawn.svg, f"Training loss on {first['data']}, {sizes}: lines are ours, dots theirs.")
