"""The page `expressivity`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from qpbae_tn.analysis.expressivity.study import ExpressivityPlan, run_study
from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.experiment.training import versions
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.page import Block, Figure, Foot, Heading, Page, Table, Text, data_words
from qpbae_tn.report.render import rows_as_csv

DATA_NAMES = ("busi_32", "mvtec_grid_256")
Row = Mapping[str, Any]


def make(options: ReportOptions) -> Page:
    """Run the study on the bundled textures and on whatever real data sets are given."""
    sources: dict[str, str | Path] = {"textures": "textures"}
    sources |= {name: options.data[name] for name in DATA_NAMES if name in options.data}
    document = run_study(ExpressivityPlan(sources, seed=options.seed), options.progress)
    return page(document, options)


def page(document: Mapping[str, Any], options: ReportOptions) -> Page:
    """The page of a study's document."""
    rows, references, flat = document["rows"], document["reference_rows"], document["flat_rows"]
    names = list(dict.fromkeys(row["data"] for row in rows))
    blocks: list[Block] = [Text(_how()), Heading("Loss against the ceilings")]
    blocks += [_loss_table(rows, references, name) for name in names]
    blocks += [_gap_chart(rows, references), Heading("Close to the DC detector"), *_dc_tables(rows)]
    blocks += [Heading("Does a better fidelity give a better map?"), Text(_detection_words(rows, references))]
    blocks += [_detection_chart(rows, references), _detection_table(rows, references)]
    blocks += [Heading("Angles that the loss does not see"), Text(_FLAT_WORDS), _flat_table(flat)]
    return Page(
        name="expressivity",
        title="What the ansatz can express, and what detection makes of it",
        lead=_lead(rows, references),
        blocks=blocks,
        document=document,
        foot=Foot(
            options.command("expressivity"),
            options.seed,
            f"{data_words(names, document['digests'], 'test images')}; all at 32 px",
            versions(),
        ),
        tables={"rows": rows_as_csv(rows), "references": rows_as_csv(references), "unseen_angles": rows_as_csv(flat)},
    )


def _how() -> str:
    return (
        "Every ansatz is trained to convergence (L-BFGS with the exact gradient on the mean state of 100 training "
        "images, three starts, best kept), so that what is compared is the ansatz, not the optimiser. The **PCA "
        "ceiling** is the least loss of any encoder, the **product ceiling** the least loss of a product filter, which "
        "one layer of the paper's blocks is. Losses are one minus the mean trash fidelity (Eq. 8)."
    )


_FLAT_WORDS = (
    "One layer of the paper's ansatz has n - BD effective angles; the others do not move the loss, but they do move "
    "the reconstruction fidelity F that scores the test images. Here they are drawn at random, with the loss fixed at "
    "its minimum. The interval is the smallest and the largest value over the draws."
)


def _lead(rows: Sequence[Row], references: Sequence[Row]) -> str:
    one = [row for row in rows if row["block"] == "ry" and row["layers"] == 1]
    closed = []
    for row in one:
        ceiling, product = (_reference(references, row, name)["loss"] for name in ("patch_pca", "product_filter"))
        closed.append((row["loss"] - ceiling, abs(row["loss"] - product)))
    worst = max(difference for _, difference in closed)
    overlap = [row["uniform_weight_kept"] for row in one]
    return (
        "One layer of the paper's ansatz is a product filter: trained to convergence, its loss equals the product "
        f"ceiling (largest difference {worst:.1e}), and the space that it keeps holds {min(overlap):.1%} to "
        f"{max(overlap):.1%} of the uniform state: it is close to a detector that needs no training. More layers and "
        "SO(4) blocks come closer to the PCA ceiling. Whether that improves detection is answered below with numbers."
    )


def _reference(references: Sequence[Row], row: Row, detector: str) -> Row:
    keys = ("data", "patch_size", "bottleneck")
    return next(r for r in references if r["detector"] == detector and all(r[key] == row[key] for key in keys))


def _loss_table(rows: Sequence[Row], references: Sequence[Row], name: str) -> Table:
    chosen = [row for row in rows if row["data"] == name]
    cells = list(dict.fromkeys((row["patch_size"], row["bottleneck"]) for row in chosen))
    variants = list(dict.fromkeys((row["block"], row["layers"]) for row in chosen))
    header = ["P, BD", "DC overlap", "product ceiling"]
    header += [f"{block} x {layers}" for block, layers in variants] + ["PCA ceiling"]
    lines = []
    for size, bottleneck in cells:
        members = [row for row in chosen if (row["patch_size"], row["bottleneck"]) == (size, bottleneck)]
        reference = {
            d: _reference(references, members[0], d)["loss"] for d in ("dc_overlap", "product_filter", "patch_pca")
        }
        values = [reference["dc_overlap"], reference["product_filter"], *(row["loss"] for row in members)]
        lines.append([f"{size}, {bottleneck}", *(f"{value:.4f}" for value in [*values, reference["patch_pca"]])])
    return Table(header, lines, f"Loss on {name}: block kind x layers, between the DC overlap and the PCA ceiling.")


def _gap_chart(rows: Sequence[Row], references: Sequence[Row]) -> Figure:
    """Share of the gap between product and PCA ceiling that each ansatz closes, against its parameters."""
    with chart("parameters", "share of the gap closed", title="From the product ceiling to the PCA ceiling") as drawn:
        for index, (kind, marker) in enumerate((("ry", "o"), ("so4", "s"))):
            points = []
            for row in rows:
                if row["block"] != kind:
                    continue
                pca, product = (_reference(references, row, name)["loss"] for name in ("patch_pca", "product_filter"))
                if product - pca > 1e-6:
                    points.append((row["parameters"], (product - row["loss"]) / (product - pca)))
            x, y = zip(*points, strict=True)
            drawn.axes.scatter(x, y, s=18, marker=marker, color=PALETTE[index], alpha=0.7, label=kind)
        drawn.axes.set_xscale("log")
        drawn.axes.legend()
    return Figure(
        "gap",
        drawn.svg,
        "0: no better than a product filter; 1: as good as any encoder can be. All data sets, P and BD.",
    )


def _dc_tables(rows: Sequence[Row]) -> list[Table]:
    captions = {
        "uniform_weight_kept": "Weight of the uniform state in the space that the trained encoder keeps, |U_0 u|^2; "
        "the least over BD. The DC detector's is 1.",
        "dc_overlap_of_first_row": "Overlap of the encoder's first row with the uniform state; the least and the "
        "largest over BD. The loss does not fix how the kept space is spread over its rows, so it may be small.",
    }
    variants = list(dict.fromkeys((row["block"], row["layers"]) for row in rows))
    header = ["data, P", *(f"{block} x {layers}" for block, layers in variants)]
    tables = []
    for column, caption in captions.items():
        lines = []
        for name, size in dict.fromkeys((row["data"], row["patch_size"]) for row in rows):
            cells = []
            for block, layers in variants:
                key = (name, size, block, layers)
                members = [
                    row[column] for row in rows if (row["data"], row["patch_size"], row["block"], row["layers"]) == key
                ]
                low, high = min(members), max(members)
                cells.append(f"{low:.3f}" if column == "uniform_weight_kept" else f"{low:.2f} to {high:.2f}")
            lines.append([f"{name}, P={size}", *cells])
        tables.append(Table(header, lines, caption))
    return tables


def _correlation(rows: Sequence[Row], metric: str) -> dict[tuple[str, int, int], float]:
    found = {}
    for key in dict.fromkeys((row["data"], row["patch_size"], row["bottleneck"]) for row in rows):
        members = [row for row in rows if (row["data"], row["patch_size"], row["bottleneck"]) == key]
        losses, values = [row["loss"] for row in members], [row["metrics"][metric]["value"] for row in members]
        if np.ptp(losses) > 0 and np.ptp(values) > 0:
            found[key] = float(spearmanr(-np.array(losses), values).statistic)
    return found


def _detection_words(rows: Sequence[Row], references: Sequence[Row]) -> str:
    words = []
    for metric, label in (("auroc", "AUROC"), ("aupro", "AUPRO")):
        found = _correlation(rows, metric)
        positive = sum(value > 0 for value in found.values())
        words.append(
            f"Within a data set, P and BD, the rank correlation between lower loss and higher {label} over the ansätze "
            f"is positive in {positive} of {len(found)} cells (median {np.median(list(found.values())):+.2f})."
        )
    wins = total = 0
    for row in rows:
        total += 1
        reference = _reference(references, row, "dc_overlap")["metrics"]["aupro"]
        wins += row["metrics"]["aupro"]["low"] > reference["high"]
    words.append(f"In {wins} of {total} rows the AUPRO interval lies wholly above that of the untrained DC overlap.")
    return " ".join(words)


def _detection_chart(rows: Sequence[Row], references: Sequence[Row]) -> Figure:
    with chart("loss (Eq. 8)", "AUPRO", title="Detection against loss") as drawn:
        for index, name in enumerate(dict.fromkeys(row["data"] for row in rows)):
            chosen = [row for row in rows if row["data"] == name]
            drawn.axes.scatter(
                [row["loss"] for row in chosen],
                [row["metrics"]["aupro"]["value"] for row in chosen],
                s=16,
                alpha=0.7,
                color=PALETTE[index],
                label=name,
            )
            pca = [row for row in references if row["data"] == name and row["detector"] == "patch_pca"]
            drawn.axes.scatter(
                [row["loss"] for row in pca],
                [row["metrics"]["aupro"]["value"] for row in pca],
                s=40,
                marker="x",
                color=PALETTE[index],
            )
        drawn.axes.set_xscale("log")
        drawn.axes.legend()
    return Figure("detection", drawn.svg, "Dots: trained ansätze. Crosses: patch PCA, at the ceiling. All P and BD.")


def _detection_table(rows: Sequence[Row], references: Sequence[Row]) -> Table:
    lines = []
    for key in dict.fromkeys((row["data"], row["patch_size"], row["bottleneck"]) for row in rows):
        members = [row for row in rows if (row["data"], row["patch_size"], row["bottleneck"]) == key]
        paper = next(row for row in members if row["block"] == "ry" and row["layers"] == 1)
        best = min(members, key=lambda row: float(row["loss"]))
        cells = [paper["metrics"], best["metrics"]]
        cells += [_reference(references, paper, name)["metrics"] for name in ("dc_overlap", "patch_pca")]
        lines.append(
            [
                f"{key[0]}, P={key[1]}, BD={key[2]}",
                *(_interval(c["aupro"]) for c in cells),
                f"{best['block']} x {best['layers']}",
            ]
        )
    header = ["cell", "paper's layer", "least loss", "DC overlap", "patch PCA", "least loss is"]
    return Table(header, lines, "AUPRO with 95% bootstrap intervals over images.")


def _interval(value: Mapping[str, float]) -> str:
    return f"{value['value']:.3f} ({value['low']:.2f} to {value['high']:.2f})"


def _flat_table(flat: Sequence[Row]) -> Table:
    lines = []
    for row in flat:
        cells = [
            f"{row[c]['value']:.4f} ({row[c]['low']:.4f} to {row[c]['high']:.4f})"
            for c in ("mean_fidelity", "auroc", "aupro")
        ]
        lines.append([f"{row['data']}, P={row['patch_size']}, BD={row['bottleneck']}", *cells])
    return Table(["cell", "mean F of normal pixels", "AUROC", "AUPRO"], lines, "At the trained angles, and over draws.")


REPORT = Report(
    name="expressivity",
    title="What the ansatz can express, and what detection makes of it",
    make=make,
    inputs=("analysis/expressivity", "qpbae_tn/model", "qpbae_tn/engines/exact.py", "qpbae_tn/experiment/ceilings.py"),
)
