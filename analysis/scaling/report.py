"""The page `scaling`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.analysis.scaling import charts, tables
from qpbae_tn.analysis.scaling.limits import Limits
from qpbae_tn.analysis.scaling.narrative import HOW, detection_words, engine_words, lead, trainability_words
from qpbae_tn.analysis.scaling.plan import LARGEST_OF_ALL, ScalingPlan
from qpbae_tn.analysis.scaling.points import Row, read_rows
from qpbae_tn.analysis.scaling.study import NEED_DATA, run_scaling
from qpbae_tn.analysis.scaling.trainability import TEXTURE
from qpbae_tn.experiment.training import versions
from qpbae_tn.report.page import Block, Foot, Heading, Page, Text, data_words
from qpbae_tn.report.render import rows_as_csv

DATA_NAMES = ("busi_256", "mvtec_grid_256")
LIMITS = Limits(time_s=15.0, memory_mib=2048)
READOUTS = ("latent", "destructive", "echo", "ancilla", "direct")


def make(options: ReportOptions) -> Page:
    """Run the study, on real images where they are given, or go on with the points of the committed page."""
    data = {name: options.data[name] for name in DATA_NAMES if name in options.data}
    base = ScalingPlan(max_patch_size=LARGEST_OF_ALL, data=data, limits=LIMITS, seed=options.seed)
    known: list[Row] = []
    if options.previous is not None:
        known = read_rows(json.loads(options.previous.read_text(encoding="utf-8")), options.previous)
    document = run_scaling(base, known, options.progress)
    return page(document, base, options.command("scaling"))


def page(document: Mapping[str, Any], plan: ScalingPlan, command: str) -> Page:
    """The page of a study's document, with the sections of the parts that it holds."""
    rows, laws = document["rows"], document["laws"]
    present = {row["part"] for row in rows}
    names = [name for name in plan.data if any(row["point"].get("data") == name for row in rows)]
    blocks: list[Block] = [Text(HOW)]
    if "circuits" in present:
        blocks += [Heading("Circuits"), tables.circuit_table(rows), charts.circuit_chart(rows)]
        blocks.append(tables.ansatz_table(rows, READOUTS))
    if "preparation" in present:
        blocks += [Heading("Preparation"), *_preparation(rows, names, plan)]
    if "engines" in present:
        blocks += [Heading("Engines"), *_engines(document, plan)]
    if "trainability" in present:
        blocks += [Heading("Trainability"), Text(trainability_words(laws))]
        blocks += [charts.trainability_chart(rows, TEXTURE, key) for key in ("gradient", "shots")]
        sources = list(dict.fromkeys(row["point"]["patches"] for row in rows if row["part"] == "trainability"))
        blocks += [tables.trainability_table(rows, source) for source in sources]
        blocks.append(tables.law_table(laws, ("gradient", "shots"), "Analytic textures, all sizes: exponents."))
    if "detection" in present:
        blocks += [Heading("Detection"), Text(detection_words(rows, plan))]
        for name in names:
            blocks += [charts.detection_chart(rows, name)]
            blocks += [tables.detection_table(rows, name, metric) for metric in ("aupro", "auroc")]
        blocks.append(tables.detection_order_table(rows))
    left_out = [part for part in NEED_DATA if part not in present]
    if left_out:
        blocks.append(Text(f"Left out for want of `--data`: {', '.join(left_out)}."))
    return Page(
        name="scaling",
        title="How it scales: circuits, preparation, engines, trainability, detection",
        lead=lead(document),
        blocks=blocks,
        document=document,
        foot=Foot(
            command,
            plan.seed,
            data_words([*names, "analytic textures"], document.get("digests", {}), "training images"),
            versions(),
        ),
        tables={"laws": rows_as_csv(laws)},
    )


def _preparation(rows: Sequence[Row], names: Sequence[str], plan: ScalingPlan) -> list[Block]:
    blocks: list[Block] = []
    for name in names:
        blocks += [charts.preparation_chart(rows, name), tables.preparation_table(rows, name)]
    circuits = tables.preparation_circuit_table(rows)
    blocks += [circuits] if circuits.rows else []
    return [*blocks, tables.order_table(rows, names, plan.orders)]


def _engines(document: Mapping[str, Any], plan: ScalingPlan) -> list[Block]:
    rows = document["rows"]
    blocks: list[Block] = [Text(engine_words(document, plan))]
    for work in ("score", "train"):
        blocks += [charts.engine_chart(rows, work, [plan.bond], value) for value in ("seconds", "bytes")]
        blocks.append(tables.engine_table(rows, work, [plan.bond]))
    return [*blocks, tables.stop_table(rows), tables.law_table(document["laws"], ("exact", "qsim", "mps"))]


REPORT = Report(
    name="scaling",
    title="How it scales: circuits, preparation, engines, trainability, detection",
    make=make,
    inputs=("analysis/scaling", "qpbae_tn/engines", "compiler/readouts.py", "compiler/reductions.py"),
)
