"""The page `reproduction`: the paper's tables and figures beside ours, on whatever data there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import spearmanr

from qpbae_tn.analysis.reproduction.departures import Departure, departures
from qpbae_tn.analysis.reproduction.results import StudyResults
from qpbae_tn.analysis.reproduction.sections import (
    METRICS,
    baseline_of,
    baseline_table,
    figure_5,
    figure_6,
    loss_curves,
)
from qpbae_tn.experiment.training import versions
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.report.page import Block, Foot, Heading, Page, Table, Text
from qpbae_tn.report.render import rows_as_csv
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.tables import Comparison, compare_with_paper, paper_tables

_TABLE_WORDS = (
    "Mean and standard deviation over the seeds 123, 456 and 789 (ours with n - 1). Initial angles and index lists are "
    "the authors'. **σ** is the difference over the root of the sum of both squared standard deviations over seeds; "
    "**σ\\*** adds the spread over random stratified test subsets of 99 images: what a subset of the paper's size is "
    "worth if it is drawn at random."
)
_BASELINE_WORDS = (
    "All detectors score the same patches of the same images. The DC overlap compares each patch with a uniform one "
    "and learns nothing; patch PCA keeps as many components as the model has latent amplitudes; *untrained* is the "
    "model at its initial angles. AUPRO / AUROC, mean over seeds."
)
_NOISE_WORDS = (
    "The authors' program also holds a noisy run (P = 2, a depolarising channel of 0.2 after every gate, training "
    "included); the paper reports no numbers of it, and it is not repeated here."
)
_GALLERY_WORDS = (
    "Images, maps and masks (Fig. 4) are pictures of licensed data and not part of this document. "
    "`qpbae study run paper --data NAME=DIR` and then `qpbae study plot runs/paper --data NAME=DIR` write them beside "
    "your own results."
)


def reproduction_page(
    paper: StudyResults, changes: StudyResults, measured: Mapping[str, Any], *, command: str, seed: int = 0
) -> Page:
    """The page.

    Args:
        paper: results of the preset `paper`.
        changes: results of the preset `departures`.
        measured: what `measurements` gave.
        command: the command line that makes the page again.
        seed: of the bootstrap.
    """
    pairs = compare_with_paper(paper.configurations)
    listed = departures(paper, changes, measured)
    blocks: list[Block] = [Heading("What was run"), _data_table(paper), Text(_not_run(paper))]
    blocks += [Heading("Tables I to III"), Text(_TABLE_WORDS if pairs else "No data set of the paper was there.")]
    blocks += [Table(table.header, table.rows, table.title) for table in paper_tables(paper.configurations)]
    blocks += [Heading("Beside detectors that need no training, or less"), Text(_BASELINE_WORDS)]
    blocks += [baseline_table(paper, data) for data in paper.contents.data]
    blocks += figure_5(paper) + figure_6(paper)
    blocks += [Heading("Fig. 4: galleries"), Text(_GALLERY_WORDS)]
    blocks += loss_curves(measured)
    blocks += [Heading("Every departure, and what it does"), Text(_list(listed))]
    data = ", ".join(f"{name} (digest {line['digest'][:12]})" for name, line in paper.contents.data.items())
    return Page(
        name="reproduction",
        title="The paper's results, reproduced",
        lead=_lead(paper, pairs),
        blocks=blocks,
        document=_document(paper, pairs, listed, measured),
        foot=Foot(command, seed, data, versions()),
        tables=_csv(paper, pairs, listed),
    )


def _lead(paper: StudyResults, pairs: Sequence[Comparison]) -> str:
    parts = []
    for data in dict.fromkeys(pair.paper.category for pair in pairs):
        own = [pair for pair in pairs if pair.paper.category == data]
        parts.append(f"On {data}, with {len(own)} of the paper's 16 configurations: {_agreement(own)}")
    if not pairs:
        parts.append("None of the paper's data sets were there, so nothing stands beside its tables.")
    if told := _in_deviations(pairs):
        parts.append(
            "The paper's test subset of BUSI is not published. With the spread over random subsets of its size, the "
            f"difference in AUROC is {told} standard deviations."
        )
    won, total = _beaten(paper)
    if total:
        parts.append(
            f"The DC overlap, which needs no training, has the higher AUPRO in {won} of {total} configurations."
        )
    return " ".join(parts)


def _agreement(pairs: Sequence[Comparison]) -> str:
    texts = []
    for metric in METRICS:
        differences = [pair.difference(metric) for pair in pairs]
        text = f"{METRIC_TITLES[metric]} differs by {min(differences):+.3f} to {max(differences):+.3f}"
        if len(pairs) > 2:
            ours = [spread.mean for pair in pairs for spread in [pair.ours.metric(metric)] if spread is not None]
            rank = spearmanr(ours, [pair.paper.values[metric][0] for pair in pairs]).statistic
            text += f" (rank correlation with the paper over configurations {rank:.2f})"
        texts.append(text)
    return ", ".join(texts) + "."


def _in_deviations(pairs: Sequence[Comparison]) -> str:
    by_size: dict[int, list[float]] = {}
    for pair in pairs:
        value = pair.deviations_with_subsets("auroc")
        if value is not None:
            by_size.setdefault(pair.paper.patch_size, []).append(value)
    return ", ".join(f"{min(v):+.1f} to {max(v):+.1f} (P = {size})" for size, v in by_size.items())


def _beaten(paper: StudyResults) -> tuple[int, int]:
    """In how many configurations the DC overlap has a higher AUPRO than the trained model, and of how many."""
    won = total = 0
    for one in paper.configurations:
        if one.detector == QUANTUM:
            other = baseline_of(paper, one, "dc_overlap")
            a, b = one.metric("aupro"), other.metric("aupro") if other else None
            if a is not None and b is not None:
                won, total = won + (b.mean > a.mean), total + 1
    return won, total


def _data_table(paper: StudyResults) -> Table:
    rows = []
    for name, count in paper.study.counts().items():
        line = paper.contents.data.get(name)
        if line is None:
            rows.append([name, "-", "-", "-", "-", f"0 of {count}"])
            continue
        done = sum(len(one.results) for one in paper.configurations if one.data == name)
        keys = ("train_images", "test_images", "defective_images", "vanished_masks")
        rows.append([name, *(str(line[key]) for key in keys), f"{done} of {count}"])
    return Table(["data", "train", "test", "defective", "masks that vanish at 32 px", "cells done"], rows)


def _not_run(paper: StudyResults) -> str:
    absent = [name for name in paper.study.data if name not in paper.contents.data]
    told = [_NOISE_WORDS]
    if absent:
        told.insert(
            0,
            f"Not run: {', '.join(absent)}. These categories of MVTec-AD are for research only (CC BY-NC-SA 4.0) and "
            "were not at hand; with them, `qpbae study run paper --data NAME=DIR` fills the rows.",
        )
    return " ".join(told)


def _list(listed: Sequence[Departure]) -> str:
    lines = ["Changes of one thing at a time are measured on the same 99 stratified test images, mean over seeds.", ""]
    for number, one in enumerate(listed, 1):
        whose = one.whose[0].upper() + one.whose[1:]
        lines.append(f"{number}. **{whose}.** Paper: {one.paper}. Instead: {one.instead}.")
        lines.append(f"   *Effect:* {one.effect}.")
    return "\n".join(lines)


def _document(
    paper: StudyResults, pairs: Sequence[Comparison], listed: Sequence[Departure], measured: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "rows": _rows(paper),
        "comparison": [_pair(pair, metric) for pair in pairs for metric in METRICS],
        "departures": [vars(one) for one in listed],
        "measured": dict(measured),
        "data": {name: {k: v for k, v in line.items() if k != "kind"} for name, line in paper.contents.data.items()},
    }


def _rows(paper: StudyResults) -> list[dict[str, Any]]:
    """Every configuration with all of its metrics."""
    names = list(paper.configurations[0].results[0]["values"]["metrics"])
    rows = []
    for one in paper.configurations:
        spreads = {name: one.metric(name) for name in names}
        numbers = {k: {"mean": v.mean, "std": v.std, "seeds": v.count} for k, v in spreads.items() if v is not None}
        rows.append({**one.parameters, **numbers})
    return rows


def _pair(pair: Comparison, metric: str) -> dict[str, Any]:
    ours, cell = pair.ours.metric(metric), pair.paper
    return {
        "table": cell.table,
        "data": cell.category,
        "patch_size": cell.patch_size,
        "bottleneck": cell.bottleneck,
        "stride": cell.stride,
        "metric": metric,
        "ours": None if ours is None else ours.mean,
        "ours_std": None if ours is None else ours.std,
        "paper": cell.values[metric][0],
        "paper_std": cell.values[metric][1],
        "sigmas": pair.deviations(metric),
        "sigmas_with_subsets": pair.deviations_with_subsets(metric),
    }


def _csv(
    paper: StudyResults, pairs: Sequence[Comparison], listed: Sequence[Departure]
) -> dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]:
    tables: dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]] = {
        "configurations": rows_as_csv(_rows(paper)),
        "departures": rows_as_csv([vars(one) for one in listed]),
    }
    if pairs:
        tables["comparison"] = rows_as_csv([_pair(pair, metric) for pair in pairs for metric in METRICS])
    return tables
