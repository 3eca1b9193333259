"""The page `detection`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from qpbae_tn.analysis.detection.detectors import BASELINES, BRICK, DC, DISTANCE, PAPER, PCA, VOLUME, WALSH
from qpbae_tn.analysis.detection.study import COMPARED, DetectionPlan, class_study, run_study, shown_maps
from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result, matched
from qpbae_tn.report.charts import PALETTE, STYLE, chart
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.tables import frame

DATA_NAMES = ("busi_32", "mvtec_grid_256")
BUNDLED = ("textures:brick", "textures:grass", "textures:gravel")
KEYS = ("data", "seed", "by", "readout", "weights", "positions", "fold")
UNPLACED = {"positions": False, "fold": "mean"}
PLAIN = {"weights": "inverse", **UNPLACED}
LADDER: Mapping[str, Mapping[str, Any]] = {
    "F, the paper": {"by": PAPER, "readout": "F", "weights": None, "positions": False, "fold": "mean"},
    "T, same circuit": {"by": PAPER, "readout": "T", **PLAIN},
    "A, same circuit": {"by": PAPER, "readout": "A", **PLAIN},
    "A, Hadamard gates": {"by": WALSH, "readout": "A", **PLAIN},
    "A, brick": {"by": BRICK, "readout": "A", **PLAIN},
    "A, brick, log fold": {"by": BRICK, "readout": "A", **PLAIN, "fold": "log"},
    "A, brick, log fold, positions": {
        "by": BRICK,
        "readout": "A",
        "weights": "inverse",
        "positions": True,
        "fold": "log",
    },
}
"""From the paper's score to the best encoder, one step at a time."""


def run(options: PageOptions) -> Result:
    """The study on all bundled textures and on whatever real data sets are given; the picture is of bundled ones."""
    sources: dict[str, str | Path] = {name: name for name in BUNDLED}
    sources |= {name: options.data[name] for name in DATA_NAMES if name in options.data}
    seeds = tuple(range(options.seed, options.seed + 5))
    document = run_study(DetectionPlan(sources, seeds=seeds), options.progress)
    options.progress("detection: classes")
    document["large_rows"] = class_study(BUNDLED[0], seed=options.seed)
    return Result(document, {"maps": Figure(_picture(options.seed))}, document["digests"])


def content(document: Document) -> Content:
    """One table for each thing that is switched on, the ladder of all of them, and where defects are smooth."""
    rows = pd.DataFrame(document["rows"]).replace({np.nan: None})
    names = list(dict.fromkeys(rows["data"]))
    tables = {
        "ladder": _spread_table(rows, {name: dict(where) for name, where in LADDER.items()}, names),
        "readout": _spread_table(
            rows,
            {
                name: {"by": PAPER, "readout": name, "weights": weights, "positions": False, "fold": "mean"}
                for name, weights in (("F", None), ("F_trash", None), ("T", "inverse"), ("A", "inverse"))
            },
            names,
        ),
        "weights": _spread_table(
            rows,
            {
                f"{encoder}, {rule}": {"by": encoder, "readout": "A", **PLAIN, "weights": rule}
                for encoder in (PAPER, BRICK)
                for rule in ("linear", "log", "inverse")
            },
            names,
        ),
        "encoder": _spread_table(
            rows, {by: {"by": by, "readout": "A", **PLAIN} for by in (PAPER, VOLUME, WALSH, BRICK)}, names
        ),
        "switches": _switches(rows, names),
        "baselines": _spread_table(
            rows, {by: {"by": by, "positions": False, "fold": "mean"} for by in BASELINES}, names
        ),
        "differences": _differences(document["differences"]),
        "classes": _classes(document["classes"]),
        "training": _training(document["encoders"]),
        "large": _large(document["large_rows"]),
    }
    files = {key: frame(document[key]) for key in ("rows", "differences", "encoders", "classes", "large_rows")}
    return Content(_summary(rows, document, names), tables, {"ladder": _chart(tables["ladder"], names)}, files)


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """The brick texture with the first seed, without intervals."""
    now = run_study(DetectionPlan({BUNDLED[0]: BUNDLED[0]}, seeds=(0,), resamples=0))
    yield from matched(document["rows"], now["rows"], KEYS)
    yield from matched(document["classes"], now["classes"], ("data", "class"))
    yield document["digests"][BUNDLED[0]], now["digests"][BUNDLED[0]]


def _chosen(rows: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    mask = np.ones(len(rows), dtype=bool)
    for key, value in where.items():
        mask &= np.array([found == value for found in rows[key]])
    return rows[mask]


def _spread(values: pd.Series) -> dict[str, float]:
    """The median over seeds, between the least and the largest."""
    return {"value": float(values.median()), "low": float(values.min()), "high": float(values.max())}


def _spread_table(
    rows: pd.DataFrame, lines: Mapping[str, Mapping[str, Any]], names: list[str], metric: str = "aupro"
) -> pd.DataFrame:
    columns = {
        name: [_spread(_chosen(rows, {**where, "data": name})[metric]) for where in lines.values()] for name in names
    }
    return pd.DataFrame({"detector": list(lines), **columns})


def _switches(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """What the log fold, positions, and both add to AUPRO: the median over seeds of the difference."""
    lines = []
    for by, readout in ((PAPER, "F"), (PAPER, "T"), (WALSH, "A"), (BRICK, "A"), (DC, ""), (PCA, ""), (DISTANCE, "")):
        own = _chosen(rows, {"by": by, "readout": readout})
        own = own[[weights in (None, "inverse") for weights in own["weights"]]]
        for title, positions, fold in (("log", False, "log"), ("positions", True, "mean"), ("both", True, "log")):
            line: dict[str, Any] = {"detector": f"{by}, {readout}".rstrip(", "), "switched on": title}
            for name in names:
                here = _chosen(own, {"data": name}).set_index("seed")
                plain = _chosen(here, {"positions": False, "fold": "mean"})["aupro"]
                changed = _chosen(here, {"positions": positions, "fold": fold})["aupro"]
                line[name] = float((changed - plain).median())
            lines.append(line)
    return pd.DataFrame(lines)


def _title(row: Mapping[str, Any]) -> str:
    parts = [
        row["by"],
        row["readout"],
        "log fold" if row["fold"] == "log" else "",
        "positions" if row["positions"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _differences(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = [
        {
            "data": row["data"],
            "detector": _title(row),
            "AUPRO": row["aupro"],
            "minus the paper's": row["minus_paper"]["aupro"],
            "minus DC": row["minus_dc"]["aupro"],
            "AUPRO to .05": row["aupro_05"],
        }
        for row in rows
    ]
    return pd.DataFrame(table)


def _classes(rows: list[dict[str, Any]]) -> pd.DataFrame:
    titles = {
        "contrast": "contrast",
        "fine_share_of_normal": "fine share, normal",
        "fine_share_of_defects": "fine share, defects",
        "fine_weight": "weight, fine / coarse",
        "auroc_dc": "AUROC, DC",
        "auroc_paper": "AUROC, paper",
        "auroc_weighted": "AUROC, A brick",
    }
    return pd.DataFrame(rows).rename(columns=titles)


def _training(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    table = table[table["objective"] == "log-volume"]
    lines = []
    for (name, encoder), part in table.groupby(["data", "encoder"], sort=False):
        lines.append(
            {
                "data": name,
                "encoder": encoder,
                "log-volume": _spread(part["value"]),
                "log det": _spread(part["bound"]),
                "gap": _spread(part["gap"]),
            }
        )
    return pd.DataFrame(lines)


def _large(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    wide = table.pivot_table(index=["encoder", "fold"], columns="outcomes", values="aupro", sort=False).reset_index()
    return wide.rename(columns={"all": "all strings", "classes": "classes"})


def _summary(rows: pd.DataFrame, document: Document, names: list[str]) -> dict[str, Any]:
    """What the sentences say."""

    def median(step: str, name: str) -> float:
        return float(_chosen(rows, {**LADDER[step], "data": name})["aupro"].median())

    def placed(by: str, readout: str, name: str) -> float:
        where = {"by": by, "readout": readout, "data": name, "positions": True, "fold": "log"}
        return float(_chosen(rows, where)["aupro"].median())

    steps = {step: {name: median(step, name) for name in names} for step in LADDER}
    dc = {
        name: float(_chosen(rows, {"by": DC, "positions": False, "fold": "mean", "data": name})["aupro"].median())
        for name in names
    }
    best = "A, brick"
    return {
        "data": names,
        "steps": steps,
        "dc": dc,
        "gains": [name for name in names if steps[best][name] > dc[name]],
        "loses": [name for name in names if steps[best][name] <= dc[name]],
        "loses_to_paper": [name for name in names if steps[best][name] <= steps["F, the paper"][name]],
        "placed": {name: {by: placed(by, readout, name) for by, readout in ((DC, ""), (BRICK, "A"))} for name in names},
        "compared": len(COMPARED),
    }


def _chart(ladder: pd.DataFrame, names: list[str]) -> Figure:
    with chart("", "AUPRO", title="From the paper's score to the best encoder", size_inches=(6.4, 4.0)) as drawn:
        places = np.arange(len(ladder))
        for index, name in enumerate(names):
            values = np.array([[cell[key] for key in ("low", "value", "high")] for cell in ladder[name]]).T
            drawn.axes.plot(places, values[1], marker="o", color=PALETTE[index], label=name)
            drawn.axes.fill_between(places, values[0], values[2], color=PALETTE[index], alpha=0.15, linewidth=0)
        drawn.axes.set_xticks(places, ladder["detector"], rotation=20, ha="right")
        drawn.axes.legend()
    return Figure(drawn.svg)


def _picture(seed: int) -> bytes:
    """Test images of the brick texture with the maps of the paper's score and of weighted scores, each on its scale."""
    images, masks, maps, kinds = shown_maps(BUNDLED[0], list(LADDER)[:5], seed)
    rows: dict[str, NDArray[np.floating]] = {"input": images, "defect": masks, **maps}
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 1.15 * len(rows)), layout="constrained", dpi=110)
        axes = canvas.subplots(len(rows), len(images))
        for number, (title, stack) in enumerate(rows.items()):
            grey = title in ("input", "defect")
            low, high = (0.0, 1.0) if grey else (float(np.quantile(stack, q)) for q in (0.01, 0.995))
            for column, picture in enumerate(stack):
                place = axes[number][column]
                place.imshow(picture, cmap="gray" if grey else "inferno", vmin=low, vmax=high, interpolation="nearest")
                place.set_xticks([])
                place.set_yticks([])
                if number == 0:
                    place.set_title(kinds[column], fontsize=10)
                if column == 0:
                    place.set_ylabel(title.replace(", ", "\n", 1), fontsize=8)
        stream = BytesIO()
        canvas.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


PAGE = Page("detection", run, content, recompute, picture="ladder", minutes=8, data=DATA_NAMES)
