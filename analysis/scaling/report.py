"""The page `scaling`: its charts, and what its template names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result
from qpbae_tn.analysis.scaling import tables
from qpbae_tn.analysis.scaling.circuits import describe_circuits
from qpbae_tn.analysis.scaling.plan import LARGEST_OF_ALL, NEED_DATA, ScalingPlan
from qpbae_tn.analysis.scaling.study import read_rows, run_scaling
from qpbae_tn.analysis.scaling.tables import DETECTORS, Row, finished, part_frame
from qpbae_tn.analysis.scaling.trainability import TEXTURE, measure
from qpbae_tn.documents import read_json
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.study.limited import Limits
from qpbae_tn.tables import frame

DATA_NAMES = ("busi_256", "mvtec_grid_256")
LIMITS = Limits(time_s=15.0, memory_mib=2048)
MARKERS = "os^Dv<>P"
CHECKED_SIZE = 64
"""Points up to this P are computed again to see whether the page is stale."""


def run(options: PageOptions) -> Result:
    """Run the study, on real images where they are given, or go on with the points of the committed page."""
    data = {name: options.data[name] for name in DATA_NAMES if name in options.data}
    plan = ScalingPlan(max_patch_size=LARGEST_OF_ALL, data=data, limits=LIMITS, seed=options.seed)
    known: list[Row] = []
    if options.previous is not None:
        known = read_rows(read_json(options.previous, object), options.previous)
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        document, _ = run_scaling(
            plan, results, known=known, on_work=lambda work: options.progress(work.cells[0].describe())
        )
    return result_of(document)


def result_of(document: Document) -> Result:
    """A study's document as a page's result."""
    return Result(document, data=document["digests"])


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """Small circuits and gradients, and the laws from the rows."""
    rows = document["rows"]
    yield document["laws"], tables.growth_laws(rows)
    for row in rows:
        if row["point"]["patch_size"] > CHECKED_SIZE:
            continue
        if row["part"] == "circuits":
            yield row["result"], describe_circuits(**row["point"])
        if row["part"] == "trainability" and row["point"]["patches"] == TEXTURE:
            yield row["result"], measure(None, 1, **row["point"])


def content(document: Document) -> Content:
    """Tables and charts of the parts that the document holds, and the numbers that its sentences name."""
    rows, plan = document["rows"], document["plan"]
    present = list(dict.fromkeys(row["part"] for row in rows if "result" in row))
    shown: dict[str, pd.DataFrame] = {}
    figures: dict[str, Figure] = {}
    values: dict[str, Any] = {
        "plan": plan,
        "present": present,
        "left_out": [part for part in NEED_DATA if part not in present],
        "laws": {law["what"]: law for law in document["laws"]},
        "mps_faster": document["mps_faster"],
        "few": tables.LEAST_POINTS,
        **dict.fromkeys(("largest", "fastest", "detection")),
        "data": [],
    }
    if "circuits" in present:
        found = finished(part_frame(rows, "circuits", block="ry", layers=1))
        values["largest"] = {"P": tables.patch(found["patch_size"].iloc[-1])}
        values["largest"]["latent"] = found["formula.latent_reduced.two_qubit_gates"].iloc[-1]
        shown |= {"circuits": tables.circuit_table(rows), "ansatz": tables.ansatz_table(rows)}
        figures["circuits"] = _circuit_chart(found)
    if "preparation" in present:
        values["data"] = list(dict.fromkeys(finished(part_frame(rows, "preparation"))["data"]))
        for name in values["data"]:
            shown[f"preparation_{name}"] = tables.preparation_table(rows, name)
            figures[f"preparation_{name}"] = _preparation_chart(shown[f"preparation_{name}"], name)
        shown |= {"preparation_circuits": tables.preparation_circuit_table(rows), "orders": tables.order_table(rows)}
    if "engines" in present:
        values["fastest"] = _largest_random(rows)
        for job in tables.JOBS:
            shown[job] = tables.engine_table(rows, job, plan["bond"])
            for value in ("seconds", "bytes"):
                figures[f"{job}_{value}"] = _engine_chart(rows, job, plan["bond"], value)
        shown["stops"] = tables.stop_table(rows)
    if "trainability" in present:
        values["patches"] = list(dict.fromkeys(finished(part_frame(rows, "trainability"))["patches"]))
        for patches in values["patches"]:
            shown[f"trainability_{patches}"] = tables.trainability_table(rows, patches)
        if TEXTURE in values["patches"]:
            for key in ("gradient", "shots"):
                figures[f"trainability_{key}"] = _trainability_chart(rows, key)
    if "detection" in present:
        values["detection"] = _detection_values(rows)
        for name in values["detection"]["images"]:
            for metric in ("aupro", "auroc"):
                shown[f"{metric}_{name}"] = tables.detection_table(rows, name, metric)
            figures[f"detection_{name}"] = _detection_chart(shown[f"aupro_{name}"], name)
        shown["detection_orders"] = tables.detection_order_table(rows)
    for name, starts in (("engine_laws", ("exact", "qsim", "mps")), ("trainability_laws", ("gradient", "shots"))):
        shown[name] = tables.law_table([law for law in document["laws"] if law["what"].startswith(starts)])
    return Content(values, shown, figures, {"laws": frame(document["laws"])})


def _largest_random(rows: Sequence[Row]) -> dict[str, Any] | None:
    """The largest patch that the mps engine scored as a random state, if that is larger than any statevector."""
    found = finished(part_frame(rows, "engines", work="score", source="random_mps"))
    if not len(found) or found["patch_size"].iloc[-1] < 1 << 20:
        return None
    last = found.iloc[-1]
    return {"P": tables.patch(last["patch_size"]), "bond": last["bond"], "seconds": last["seconds.best"]}


def _detection_values(rows: Sequence[Row]) -> dict[str, Any]:
    """In how many cells the model is clearly better than the DC overlap, and the best detector on each data set."""
    found = finished(part_frame(rows, "detection", order="row"))
    wins = int((found["detectors.model.aupro.low"] > found["detectors.dc_overlap.aupro.high"]).sum())
    images: dict[str, dict[str, Any]] = {}
    for name, own in found.groupby("data", sort=False):
        candidates = [
            (value, detector, size)
            for detector in DETECTORS
            for value, size in zip(own[f"detectors.{detector}.aupro.value"], own["patch_size"], strict=True)
        ]
        value, detector, size = max(candidates)
        first = own.iloc[0]
        images[str(name)] = {"test": first["test_images"], "defective": first["defective_images"]}
        images[str(name)] |= {"aupro": value, "detector": detector, "P": size}
    return {"wins": wins, "cells": len(found), "images": images}


# Charts


def _loglog(
    title: str,
    curves: Mapping[str, tuple[Iterable[float], Iterable[float]]],
    x_label: str,
    y_label: str,
    *,
    log_y: bool = True,
) -> Figure:
    """Named curves with their points, x (and y) logarithmic; curves without points are left out."""
    with chart(x_label, y_label, title=title) as drawn:
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("log" if log_y else "linear")
        kept = {label: (list(x), list(y)) for label, (x, y) in curves.items()}
        for index, (label, (x, y)) in enumerate((label, curve) for label, curve in kept.items() if curve[0]):
            colour, marker = PALETTE[index % len(PALETTE)], MARKERS[index % len(MARKERS)]
            drawn.axes.plot(x, y, label=label, markersize=4, color=colour, marker=marker)
            drawn.axes.legend(fontsize=8)
    return Figure(drawn.svg)


def _circuit_chart(found: pd.DataFrame) -> Figure:
    keys = ("destructive_literal", "destructive_reduced", "latent_reduced", "echo_reduced")
    curves = {key.replace("_", ", "): (found["patch_size"], found[f"formula.{key}.two_qubit_gates"]) for key in keys}
    return _loglog("Gates grow with log P", curves, "P, pixels a side", "two-qubit gates", log_y=False)


def _preparation_chart(table: pd.DataFrame, name: str) -> Figure:
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for line in table.to_dict("records"):
        size = line.pop("P")
        # What is left of a patch that is whole is rounding.
        points = [(int(bond.removeprefix("bond ")), 1.0 - value) for bond, value in line.items() if value < 1 - 1e-8]
        curves[f"P={size}"] = [bond for bond, _ in points], [loss for _, loss in points]
    return _loglog(f"Loss of fidelity on {name}", curves, "bond dimension", "1 - fidelity")


def _engine_chart(rows: Sequence[Row], job: str, bond: int, value: str) -> Figure:
    curves = {}
    for key in tables.engine_columns(bond):
        found = tables.engine_frame(rows, job, *key)
        if len(found):
            shown = found["seconds.best"] if value == "seconds" else found["peak_bytes"].clip(lower=1 << 14) / 2**20
            curves[tables.engine_name(*key)] = (found["patch_size"], shown)
    title, seconds = ("Scoring", "seconds a patch") if job == "score" else ("Training", "seconds a step")
    title = f"{title}: {'time' if value == 'seconds' else 'memory'}"
    return _loglog(title, curves, "P, pixels a side", seconds if value == "seconds" else "MiB beyond the imports")


def _trainability_chart(rows: Sequence[Row], key: str) -> Figure:
    curves = {}
    for init in ("normal", "dc"):
        found = finished(part_frame(rows, "trainability", patches=TEXTURE, init=init))
        for cost in ("global", "local"):
            curves[f"{cost} cost, {init} angles"] = (found["patch_size"], found[f"{cost}.{key}"])
    label = "size of a gradient component" if key == "gradient" else "shots to resolve a component"
    return _loglog("Gradients" if key == "gradient" else "Shots for a gradient", curves, "P, pixels a side", label)


def _detection_chart(table: pd.DataFrame, name: str) -> Figure:
    curves = {
        detector: (table["P"], [cell["value"] for cell in table[detector]])
        for detector in DETECTORS
        if detector in table
    }
    return _loglog(f"Detection on {name}", curves, "P, pixels a side", "AUPRO", log_y=False)


PAGE = Page("scaling", run, content, recompute, picture="circuits", minutes=25, data=DATA_NAMES, resumes=True)
