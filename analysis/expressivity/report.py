"""The page `expressivity`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from qpbae_tn.analysis.expressivity.study import ExpressivityPlan, run_study
from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result, matched
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.tables import frame

DATA_NAMES = ("busi_32", "mvtec_grid_256")
CELL = ["data", "patch_size", "bottleneck"]
CELL_TITLES = {"patch_size": "P", "bottleneck": "BD"}
CHECKED = ("loss", "uniform_weight_kept", "parameters", "effective_parameters", "metrics", "above_dc_overlap")
"""Of a row, what is computed again: not the angles' accidents, such as the gradient that is left."""

LEAST_SHARE = 1e-4
"""Shares of the gap below this are drawn as this: they are rounding."""
SAME = 1e-6
"""Losses of two starts that differ by less are the same valley."""


def run(options: PageOptions) -> Result:
    """The study on the bundled textures and on whatever real data sets are given."""
    sources: dict[str, str | Path] = {"textures": "textures"}
    sources |= {name: options.data[name] for name in DATA_NAMES if name in options.data}
    document = run_study(ExpressivityPlan(sources, seed=options.seed), options.progress)
    return Result(document, data=document["digests"])


def content(document: Document) -> Content:
    """Losses between their ceilings, what the encoders keep, detection beside it, and the flat angles."""
    rows, references = pd.DataFrame(document["rows"]), pd.DataFrame(document["reference_rows"])
    flat = pd.DataFrame(document["flat_rows"])
    rows["variant"] = rows["block"] + " x " + rows["layers"].astype(str)
    for metric in ("auroc", "aupro"):
        for table in (rows, references):
            table[metric] = [found[metric] if found else None for found in table["metrics"]]
    by_loss = references.pivot_table(index=CELL, columns="detector", values="loss", sort=False)
    losses = _losses(rows, by_loss)
    names = list(losses["data"].unique())
    tables = {f"loss_{name}": losses[losses["data"] == name].drop(columns="data") for name in names}
    tables["uniform_weight"] = _by_variant(rows, "uniform_weight_kept", "min")
    tables["first_row"] = _by_variant(rows, "dc_overlap_of_first_row", _range)
    tables["detection"] = _detection(rows, references)
    tables["difference"] = _differences(rows)
    tables["flat"] = flat[[*CELL, "mean_fidelity", "auroc", "aupro"]].rename(
        columns=CELL_TITLES | {"mean_fidelity": "mean F of normal pixels", "auroc": "AUROC", "aupro": "AUPRO"}
    )
    return Content(
        {"data": names, **_summary(rows, references, by_loss)},
        tables,
        {"gap": _gap_chart(rows, by_loss), "detection": _detection_chart(rows, references)},
        {
            "rows": frame(document["rows"]),
            "references": frame(document["reference_rows"]),
            "flat_angles": frame(document["flat_rows"]),
        },
    )


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """One layer of both kinds on the textures at P = 4, BD = 1, with its references."""
    now = run_study(ExpressivityPlan({"textures": "textures"}, (4,), (1,), (1,)))
    keys = (*CELL, "block", "layers", "detector")
    yield from matched(document["rows"], now["rows"], keys, CHECKED)
    for part in ("reference_rows", "flat_rows"):
        yield from matched(document[part], now[part], keys)
    yield document["digests"]["textures"], now["digests"]["textures"]


def _losses(rows: pd.DataFrame, by_loss: pd.DataFrame) -> pd.DataFrame:
    found = rows.pivot_table(index=CELL, columns="variant", values="loss", sort=False)
    table = by_loss[["dc_overlap", "product_filter"]].join(found).join(by_loss["patch_pca"]).reset_index()
    titles = {"dc_overlap": "DC overlap", "product_filter": "product ceiling", "patch_pca": "PCA ceiling"}
    return table.rename(columns=CELL_TITLES | titles)


def _by_variant(rows: pd.DataFrame, column: str, over_bottlenecks: Any) -> pd.DataFrame:
    table = rows.pivot_table(
        index=["data", "patch_size"], columns="variant", values=column, aggfunc=over_bottlenecks, sort=False
    )
    return table.reset_index().rename(columns=CELL_TITLES)


def _range(values: pd.Series) -> str:
    return f"{values.min():.2f} to {values.max():.2f}"


def _detection(rows: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    paper = rows[rows["variant"] == "ry x 1"].set_index(CELL)
    best = rows.loc[rows.groupby(CELL, sort=False)["loss"].idxmin()].set_index(CELL)
    by_name = {name: part.set_index(CELL)["aupro"] for name, part in references.groupby("detector")}
    table = pd.DataFrame(
        {
            "paper's layer": paper["aupro"],
            "least loss": best["aupro"],
            "DC overlap": by_name["dc_overlap"],
            "patch PCA": by_name["patch_pca"],
            "least loss is": best["variant"],
        }
    )
    return table.reindex(paper.index).reset_index().rename(columns=CELL_TITLES)


def _differences(rows: pd.DataFrame) -> pd.DataFrame:
    """AUPRO less that of the DC overlap on the same images, for the paper's layer and for the least loss."""
    table = rows.assign(difference=[found["aupro"] for found in rows["above_dc_overlap"]])
    paper = table[table["variant"] == "ry x 1"].set_index(CELL)["difference"]
    best = table.loc[[part["loss"].idxmin() for _, part in table.groupby(CELL, sort=False)]].set_index(CELL)[
        "difference"
    ]
    found = pd.DataFrame({"paper's layer": paper, "least loss": best}).reindex(paper.index)
    return found.reset_index().rename(columns=CELL_TITLES)


def _summary(rows: pd.DataFrame, references: pd.DataFrame, by_loss: pd.DataFrame) -> dict[str, Any]:
    """What the sentences say."""
    one = rows[rows["variant"] == "ry x 1"].set_index(CELL)
    differences = [found["aupro"] for found in rows["above_dc_overlap"]]
    worse = _rises(rows)
    agree = [sum(loss <= min(losses) + SAME for loss in losses) > 1 for losses in rows["loss_of_each_start"]]
    return {
        "largest_difference": float((one["loss"] - by_loss["product_filter"]).abs().max()),
        "kept": {"low": one["uniform_weight_kept"].min(), "high": one["uniform_weight_kept"].max()},
        "correlations": {name: _correlations(rows, name) for name in ("auroc", "aupro")},
        "rows_above_dc": {"count": sum(found["low"] > 0 for found in differences), "of": len(differences)},
        "rows_below_dc": sum(found["high"] < 0 for found in differences),
        "largest_rise": worse,
        "starts_agree": {"count": sum(agree), "of": len(agree)},
    }


def _rises(rows: pd.DataFrame) -> float:
    """The largest rise of the loss from one layer to the next, over all cells and blocks; 0 where there is none."""
    rises = [part.sort_values("layers")["loss"].diff().max() for _, part in rows.groupby([*CELL, "block"])]
    return max(0.0, float(np.nanmax(rises))) if np.isfinite(rises).any() else 0.0


def _correlations(rows: pd.DataFrame, metric: str) -> dict[str, Any]:
    """Rank correlation of lower loss and higher metric over the ansätze, in each cell where both vary."""
    found = []
    for _, cell in rows.groupby(CELL, sort=False):
        losses, values = cell["loss"].to_numpy(), np.array([value["value"] for value in cell[metric]])
        if np.ptp(losses) > 0 and np.ptp(values) > 0:
            found.append(float(spearmanr(-losses, values).statistic))
    return {"positive": sum(value > 0 for value in found), "of": len(found), "median": float(np.median(found))}


def _gap_chart(rows: pd.DataFrame, by_loss: pd.DataFrame) -> Figure:
    """Share of the gap between product and PCA ceiling that each ansatz leaves open, against its parameters."""
    cells = rows.join(by_loss, on=CELL)
    gap = cells["product_filter"] - cells["patch_pca"]
    cells["left"] = ((cells["loss"] - cells["patch_pca"]) / gap).clip(lower=LEAST_SHARE)
    with chart("parameters", "share of the gap left", title="From the product ceiling to the PCA ceiling") as drawn:
        for index, (kind, marker) in enumerate((("ry", "o"), ("so4", "s"))):
            points = cells[(cells["block"] == kind) & (gap > 1e-6)]
            drawn.axes.scatter(
                points["parameters"], points["left"], s=18, marker=marker, color=PALETTE[index], alpha=0.7, label=kind
            )
        drawn.axes.set_xscale("log")
        drawn.axes.set_yscale("log")
        drawn.axes.legend()
    return Figure(drawn.svg)


def _detection_chart(rows: pd.DataFrame, references: pd.DataFrame) -> Figure:
    pca = references[references["detector"] == "patch_pca"]
    with chart("loss (Eq. 8)", "AUPRO", title="Detection against loss") as drawn:
        for index, name in enumerate(rows["data"].unique()):
            for table, style in ((rows, {"s": 16, "alpha": 0.7, "label": name}), (pca, {"s": 40, "marker": "x"})):
                chosen = table[table["data"] == name]
                values = [value["value"] for value in chosen["aupro"]]
                drawn.axes.scatter(chosen["loss"], values, color=PALETTE[index], **style)
        drawn.axes.set_xscale("log")
        drawn.axes.legend()
    return Figure(drawn.svg)


PAGE = Page("expressivity", run, content, recompute, picture="gap", minutes=7, data=DATA_NAMES)
