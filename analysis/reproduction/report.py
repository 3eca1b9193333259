"""The page `reproduction`: the paper's tables and figures beside ours, on whatever data there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result, matched
from qpbae_tn.analysis.reproduction.authors import LOSS_FACTOR
from qpbae_tn.analysis.reproduction.departures import departure_rows
from qpbae_tn.analysis.reproduction.measurements import measurements
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.ceilings import effective_parameters
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.platform import processor_count
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.charts import overlap_chart, stride_chart
from qpbae_tn.study.presets import paper_cells
from qpbae_tn.study.sources import Source, open_sources
from qpbae_tn.study.specification import read_study
from qpbae_tn.study.store import results_path
from qpbae_tn.study.tables import Comparison, StudyResults, compare_with_paper
from qpbae_tn.study.work import CURVE_THRESHOLDS, run_study
from qpbae_tn.study.workers import LocalProcesses
from qpbae_tn.tables import frame

RUNS = Path("runs")
"""Where `qpbae study run` puts the two studies; a call that resumes, or has no data, takes their results from there."""
AUTHORS = "authors_results"
"""Name under which the folder of the authors' result files is given."""
DATA_NAMES = {"busi_32": "busi", "mvtec_grid_256": "grid"}
"""Names that other reports give the same data sets."""
METRICS = ("aupro", "auroc")
SIZES = ["patch_size", "bottleneck", "stride"]
TITLES = {"patch_size": "P", "bottleneck": "BD", "stride": "S", **METRIC_TITLES}
FIGURE_5 = {"patch_size": 4, "stride": 1, "bottleneck": 2}
DETECTORS = (QUANTUM, "dc_overlap", "patch_pca", "untrained", "classical")


def run(options: PageOptions) -> Result:
    """Run the presets `paper` and `departures` on the data that are given, and measure what they leave out.

    Computed afresh, unless the call resumes, or no data are given: then the results in `runs` are continued or read.
    """
    with TemporaryDirectory() as fresh:
        place = RUNS if options.previous is not None or not options.data else Path(fresh)
        paper, sources = run_or_read("paper", options.data, place / "paper", options.progress)
        changes, _ = run_or_read("departures", options.data, place / "departures", options.progress)
    options.progress("measurements")
    return result(paper, changes, measurements(paper, sources, options.data.get(AUTHORS)))


def run_or_read(
    name: str, data: Mapping[str, Path], place: Path, progress: Callable[[str], None] = lambda _: None
) -> tuple[StudyResults, dict[str, Source]]:
    """A preset's results: continued on the data sets that are given, or read as they are where none is.

    Args:
        name: of the preset.
        data: name to folder; names of other reports and the study's own.
        place: the study's folder.
        progress: called with words on what is being done.
    """
    study = read_study(name)
    progress(study.title)
    folders = {DATA_NAMES.get(key, key): str(folder) for key, folder in data.items()}
    folders = {key: folder for key, folder in folders.items() if key in study.data}
    sources: dict[str, Source] = {}
    if folders:
        sources = open_sources(study, folders)
        jobs = LocalProcesses(processor_count())
        outcome = run_study(study, sources, results_path(place), jobs)
        if outcome.failed:
            raise InputError(
                f"{len(outcome.failed)} cells failed, the first: {next(iter(outcome.failed.values()))}",
                where=place,
                remedy="see qpbae study status, and try again with `retry_failed`",
            )
    elif not results_path(place).exists():
        raise InputError(
            "the reproduction needs data that are not bundled",
            where="data",
            remedy=f"give {', '.join(f'`data` {key}=DIR' for key in study.data)}, as many as there are",
        )
    return StudyResults.read(place), sources


def result(paper: StudyResults, changes: StudyResults, measured: Mapping[str, Any]) -> Result:
    """The page's numbers and the figures of the paper.

    Args:
        paper: results of the preset `paper`.
        changes: results of the preset `departures`.
        measured: what `measurements` gave.
    """
    done = {
        data: sum(len(one.results) for one in paper.configurations if one.data == data) for data in paper.study.data
    }
    document = {
        "rows": list(_rows(paper)),
        "comparison": [_pair(pair, metric) for pair in compare_with_paper(paper.configurations) for metric in METRICS],
        "cells": [{"data": name, "done": done[name], "of": count} for name, count in paper.study.counts().items()],
        "peaks": list(_peaks(paper)),
        "departures": departure_rows(paper, changes),
        "measured": dict(measured),
        "data": {name: {k: v for k, v in line.items() if k != "kind"} for name, line in paper.contents.data.items()},
    }
    drawings = {f"fig5-{axis}-scale": overlap_chart(paper.configurations, axis) for axis in ("paper", "ours")}
    for data in paper.contents.data:
        own = [one for one in paper.configurations if one.data == data]
        drawings |= {f"fig6-{metric}-{data}": stride_chart(own, metric) for metric in METRICS}
    digests: dict[str, str | None] = {name: line["digest"] for name, line in paper.contents.data.items()}
    digests |= {AUTHORS: None} if "losses" in measured else {}
    return Result(document, {name: Figure(svg) for name, svg in drawings.items() if svg is not None}, digests)


def content(document: Document) -> Content:
    """The paper's tables beside ours, the baselines, the authors' losses, and the departures."""
    rows = pd.DataFrame(document["rows"])
    comparison = pd.DataFrame(document["comparison"], columns=list(_PAIR))
    measured, departures = document["measured"], document["departures"]
    losses = measured.get("losses") or []
    tables = {
        "run": _run_table(document),
        **{f"table_{name}": _paper_table(part) for name, part in comparison.groupby("table", sort=False)},
        **{f"baselines_{name}": _baselines(rows[rows["data"] == name]) for name in document["data"]},
        "peaks": pd.DataFrame(document["peaks"]).rename(columns=_PEAKS),
        "changes": pd.DataFrame(departures["changes"]).rename(columns=TITLES),
        "legacy": pd.DataFrame(departures["legacy_aupro"]).rename(columns=TITLES | _LEGACY),
        "losses": _losses(losses),
        "dice": pd.DataFrame(measured.get("dice") or []).rename(columns=TITLES),
    }
    values = {
        "data": list(document["data"]),
        "absent": [cell["data"] for cell in document["cells"] if cell["data"] not in document["data"]],
        "tables_of_paper": {name: part["patch_size"].iloc[0] for name, part in comparison.groupby("table", sort=False)},
        "agreement": {name: _agreement(part) for name, part in comparison.groupby("data", sort=False)},
        "deviations": _deviations(comparison),
        "beaten": _beaten(rows),
        "measured": _NOT_MEASURED | measured,
        "departures": departures,
        "vanished": {name: line["vanished_masks"] for name, line in document["data"].items()},
        "images": {name: line["test_images"] for name, line in document["data"].items()},
        "dice": {row.data: row for row in rows[_is(rows, detector=QUANTUM, **FIGURE_5)].itertuples()},
        "loss_factor": LOSS_FACTOR,
        "largest": {part: max((row[f"largest_{part}_difference"] for row in losses), default=None) for part in _PARTS},
    }
    files = {"configurations": frame(document["rows"]), "comparison": frame(document["comparison"])}
    return Content(values, tables, {"losses": _losses_chart(losses)} if losses else {}, files)


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """What needs no data: the paper's own numbers, the deviations from them, and the counts of parameters."""
    cells = {(c.category, c.patch_size, c.bottleneck, c.stride): c for c in paper_cells()}
    for row in document["comparison"]:
        mean, std = cells[row["data"], row["patch_size"], row["bottleneck"], row["stride"]].values[row["metric"]]
        yield [row["paper"], row["paper_std"]], [mean, std]
        if row["sigmas"] is not None:
            yield row["sigmas"], (row["ours"] - mean) / float(np.hypot(row["ours_std"], std))
    counted = []
    for row in document["departures"]["parameters"]:
        one = ModelSpecification.build(row["patch_size"], 1, row["bottleneck"])
        counts = {"effective": effective_parameters(one), "nominal": one.ansatz.parameter_count}
        counted.append({"patch_size": row["patch_size"], "bottleneck": row["bottleneck"], **counts})
    yield from matched(document["departures"]["parameters"], counted, ("patch_size", "bottleneck"))


_PAIR = (
    *("table", "data", "patch_size", "bottleneck", "stride", "metric"),
    *("ours", "ours_std", "paper", "paper_std", "sigmas", "sigmas_with_subsets"),
)
_NOT_MEASURED: dict[str, Any] = {
    "losses": [],
    "other_hundreds": None,
    "precision": [],
    "aupro_files": [],
    "test_images": None,
}
_PARTS = ("train", "validation")
_PEAKS = {
    "dice": "best Dice",
    "t": "at t = (3 + F) / 4",
    "y": "at Y",
    "dice_of_nothing": "Dice with nothing called anomalous",
}
_LEGACY = {
    "mvtec": "AUPRO",
    "anomalib_to_0.3": "Anomalib's, up to 0.3",
    "anomalib_without_limit": "Anomalib's, without limit",
}


def _is(rows: pd.DataFrame, **wanted: Any) -> pd.Series:
    found = pd.Series(True, index=rows.index)
    for name, value in wanted.items():
        found &= rows[name] == value
    return found


def _rows(paper: StudyResults) -> Iterator[dict[str, Any]]:
    """Every configuration with all of its metrics."""
    names = list(paper.configurations[0].results[0]["values"]["metrics"])
    for one in paper.configurations:
        spreads = {name: one.metric(name) for name in names}
        numbers = {k: {"mean": v.mean, "std": v.std, "seeds": v.count} for k, v in spreads.items() if v is not None}
        yield {**one.parameters, **numbers}


def _pair(pair: Comparison, metric: str) -> dict[str, Any]:
    ours, cell = pair.ours.metric(metric), pair.paper
    own = (None, None) if ours is None else (ours.mean, ours.std)
    deviations = (pair.deviations(metric), pair.deviations_with_subsets(metric))
    place = (cell.table, cell.category, cell.patch_size, cell.bottleneck, cell.stride, metric)
    return dict(zip(_PAIR, (*place, *own, *cell.values[metric], *deviations), strict=True))


def _peaks(paper: StudyResults) -> Iterator[dict[str, Any]]:
    """Where the Dice of Fig. 5 is largest, mean over seeds."""
    for data in paper.contents.data:
        one = paper.one(data=data, detector=QUANTUM, **FIGURE_5)
        if one is not None:
            dice = np.mean([result["values"]["curves"]["dice"] for result in one.results], axis=0)
            at = int(np.argmax(dice))
            level = float(CURVE_THRESHOLDS[at])
            yield {"data": data, "dice": dice[at], "t": 1 - level / 2, "y": level, "dice_of_nothing": dice[-1]}


def _run_table(document: Document) -> pd.DataFrame:
    keys = {"train_images": "train", "test_images": "test", "defective_images": "defective"}
    keys["vanished_masks"] = "masks that vanish at 32 px"
    return pd.DataFrame(
        {
            "data": cell["data"],
            **{title: document["data"].get(cell["data"], {}).get(key) for key, title in keys.items()},
            "cells done": cell["done"],
            "of": cell["of"],
        }
        for cell in document["cells"]
    ).astype(object)


def _paper_table(part: pd.DataFrame) -> pd.DataFrame:
    table = part.drop(columns=["table", "patch_size"]).assign(metric=part["metric"].map(METRIC_TITLES))
    table.insert(table.columns.get_loc("sigmas"), "diff.", part["ours"] - part["paper"])
    titles = {"ours_std": "± ", "paper_std": "±", "sigmas": "σ", "sigmas_with_subsets": "σ*"}
    return table.rename(columns=TITLES | titles)


def _baselines(rows: pd.DataFrame) -> pd.DataFrame:
    """Each detector beside the model; the classical autoencoder only at the same compression."""
    means = rows.assign(**{metric: [cell["mean"] for cell in rows[metric]] for metric in METRICS})
    table = means[means["detector"] == QUANTUM].sort_values(SIZES)[[*SIZES, *METRICS]]
    table.columns = [*SIZES, *(f"{QUANTUM} {metric}" for metric in METRICS)]
    for name in DETECTORS[1:]:
        keys = SIZES if name in ("patch_pca", "untrained") else ["patch_size", "stride"]
        other = means[means["detector"] == name][[*keys, *METRICS]].drop_duplicates(keys)
        table = table.merge(other, how="left", on=keys)
        if name == "classical":
            table.loc[table["bottleneck"] != 2, list(METRICS)] = None
        table = table.rename(columns={metric: f"{name} {metric}" for metric in METRICS})
    shown = table[SIZES].astype(int).rename(columns=TITLES)
    for name in DETECTORS:
        for metric in METRICS:
            shown[f"{name.replace('_', ' ')} {METRIC_TITLES[metric]}"] = table[f"{name} {metric}"]
    return shown


def _agreement(part: pd.DataFrame) -> dict[str, Any]:
    """How one data set differs from the paper: the range for each metric, and the rank correlation."""
    found: dict[str, Any] = {"configurations": len(part) // len(METRICS)}
    for metric, own in part.groupby("metric", sort=False):
        differences = own["ours"] - own["paper"]
        rank = float(spearmanr(own["ours"], own["paper"]).statistic) if len(own) > 2 else None
        found[str(metric)] = {"low": differences.min(), "high": differences.max(), "rank": rank}
    return found


def _deviations(comparison: pd.DataFrame) -> dict[int, dict[str, float]]:
    """The difference in AUROC in standard deviations over seeds and test subsets, least and largest for each P."""
    own = comparison[(comparison["metric"] == "auroc") & comparison["sigmas_with_subsets"].notna()]
    by_size = own.groupby("patch_size")["sigmas_with_subsets"]
    return {int(size): {"low": values.min(), "high": values.max()} for size, values in by_size}


def _beaten(rows: pd.DataFrame) -> dict[str, int]:
    """In how many configurations the DC overlap has a higher AUPRO than the trained model, and of how many."""
    tables = [_baselines(part) for _, part in rows.groupby("data", sort=False)]
    pairs = pd.concat(tables)[["quantum AUPRO", "dc overlap AUPRO"]].dropna()
    return {"count": int((pairs["dc overlap AUPRO"] > pairs["quantum AUPRO"]).sum()), "of": len(pairs)}


def _losses(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    lines = []
    for row in rows:
        ours, theirs = row["train_ours"], row["train_theirs"]
        sizes = [row[name] for name in ("data", *SIZES, "seed")]
        lines.append([*sizes, ours[0], theirs[0], ours[-1], theirs[-1], row["largest_train_difference"]])
    header = ["data", "P", "BD", "S", "seed", "first epoch", "theirs", "last epoch", "theirs ", "largest difference"]
    return pd.DataFrame(lines, columns=header)


def _losses_chart(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The first run's losses for each seed: lines are ours, dots theirs."""
    keys = ("data", *SIZES)
    chosen = [row for row in rows if all(row[key] == rows[0][key] for key in keys)]
    title = f"Training on {rows[0]['data']}, " + ", ".join(f"{TITLES[key]} = {rows[0][key]}" for key in SIZES)
    with chart("epoch", "half of Eq. 8", title=title, size_inches=(6.2, 3.8)) as drawn:
        for index, row in enumerate(chosen):
            epochs = range(1, len(row["train_ours"]) + 1)
            drawn.axes.plot(epochs, row["train_ours"], color=PALETTE[index], label=f"ours, seed {row['seed']}")
            drawn.axes.plot(epochs, row["train_theirs"], "o", ms=3.5, color=PALETTE[index], label="theirs")
        drawn.axes.set_yscale("log")
        drawn.axes.legend(ncols=len(chosen))
    return Figure(drawn.svg)


PAGE = Page(
    "reproduction",
    run,
    content,
    recompute,
    picture="fig5-ours-scale",
    minutes=5,
    data=("busi_32", "mvtec_grid_256", AUTHORS, "busi", "grid", "carpet", "leather", "wood"),
    resumes=True,
)
