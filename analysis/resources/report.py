"""The page `resources`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from qpbae_tn.analysis.fault_tolerance.physical import has_qualtran
from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.analysis.resources.claims import claims
from qpbae_tn.analysis.resources.fault_tolerance_blocks import fault_tolerance_blocks
from qpbae_tn.analysis.resources.formula_document import GROUPS, LEGEND
from qpbae_tn.analysis.resources.report_charts import (
    budget_chart,
    preparation_chart,
    readout_chart,
    select,
    time_chart,
)
from qpbae_tn.analysis.resources.study import READOUT_NAMES, run_study
from qpbae_tn.experiment.training import versions
from qpbae_tn.report.page import Block, Foot, Heading, Page, Table, Text
from qpbae_tn.report.render import rows_as_csv

Row = Mapping[str, Any]
TITLE = "What it costs"


def make(options: ReportOptions) -> Page:
    """Estimate everything anew."""
    return page(run_study(options.seed, options.progress), options)


def page(document: Mapping[str, Any], options: ReportOptions) -> Page:
    """The page of a study's document."""
    rows, placed = document["rows"], document["placed_rows"]
    blocks: list[Block] = [Text(_how(document["assumptions"])), Heading("The paper's claims, checked")]
    blocks += [Text("\n".join(f"- **{claim}.** {answer}" for claim, answer in claims())), Heading("Two-qubit gates")]
    blocks += [readout_chart(rows), _gate_table(rows), preparation_chart(rows), _preparation_table(rows)]
    blocks += [Heading("On Google's processors"), Text(_PROCESSORS), *_target_tables(placed), budget_chart(placed)]
    blocks += [Heading("Time"), Text(_time_words(rows)), time_chart(rows), _time_table(rows)]
    blocks += [Heading("Closed formulas"), Text(_FORMULA_WORDS), Text(_formula_list())]
    blocks += fault_tolerance_blocks(document["fault_tolerance"])
    return Page(
        name="resources",
        title=TITLE,
        lead=_lead(placed, document["assumptions"]),
        blocks=blocks,
        document=document,
        foot=Foot(
            options.command("resources"), options.seed, "none; calibrations that come with cirq_google", _versions()
        ),
        tables={
            "rows": rows_as_csv(rows),
            "placed": rows_as_csv(placed),
            "fault_tolerance": rows_as_csv(document["fault_tolerance"]["rows"]),
        },
    )


def _versions() -> dict[str, str]:
    return versions() | ({"qualtran": version("qualtran")} if has_qualtran() else {})


def _one(rows: Sequence[Row], **wanted: Any) -> Row:
    (row,) = select(rows, **wanted)
    return row


def _lead(placed: Sequence[Row], assumptions: Mapping[str, Any]) -> str:
    paper = _one(placed, target="willow_pink", patch_size=8, readout="ancilla", preparation="exact")
    best = _one(placed, target="willow_pink", patch_size=8, readout="latent", preparation="mps:2")
    training, parameters = best["training"], best["parameters"]
    every, effective = (training[kind]["wall_time_s"] / 3600 for kind in ("nominal", "effective"))
    return (
        f"At P = 8, BD = 2 on willow_pink, the paper's test circuit with exact preparation has "
        f"{paper['literal']['two_qubit_gates']} two-qubit gates before it is placed. The reductions leave "
        f"{paper['reduced']['two_qubit_gates']}, at an estimated fidelity of {paper['placed']['fidelity']:.2f}; "
        "another readout (`latent`) and an approximate preparation (bond 2) leave "
        f"{best['placed']['two_qubit_gates']}, placed without SWAPs, at {best['placed']['fidelity']:.2f}. Readout and "
        f"preparation cost; encoder and decoder hardly do. A training run ({assumptions['epochs']} epochs, "
        f"{assumptions['training_images']} images, stride 1) by parameter shift with `{training['readout']}` takes "
        f"{every:.0f} hours of shots when all {parameters['nominal']} angles are shifted, {effective:.0f} when only "
        f"the {parameters['effective']} effective ones are. That is for a standard error of "
        f"{assumptions['standard_error']:g} of each circuit's score at F_trash = {assumptions['trash_fidelity']:g}, "
        "without undoing noise."
    )


def _how(assumptions: Mapping[str, Any]) -> str:
    return (
        "**Literal** is the paper's circuit in CZ gates; **reduced** the same measurement after the compiler's proved "
        "steps; **native** in the processor's own gates before placement; **placed** on its qubits, SWAPs included. "
        "Literal and reduced counts come from closed formulas, which tests hold against counted circuits on every cell "
        "up to P = 16; the JSON says for each figure whether it is formula, counted or placed. Fidelity is the "
        "probability that no gate, wait or readout fails, from median or placed calibrations. "
        f"Shots are for a standard error of {assumptions['standard_error']:g} of a patch's score at "
        f"F_trash = {assumptions['trash_fidelity']:g}, F = {assumptions['fidelity']:g}, without undoing noise; undoing "
        "it multiplies them by 1 / fidelity^2 (`rescaling_overhead`)."
    )


_PROCESSORS = (
    "BD = 2, one layer of the paper's blocks. A cell without a place without SWAPs is routed. On weber and rainbow a "
    "CZ takes two SYC gates. `ancilla` is the reduced test, with an ancilla a pair. Duration includes the measurement "
    "(Google's published gate times; 4 us on weber and rainbow). Placed gates can be fewer than reduced ones: with "
    "mps:2, `direct` and `ancilla_training` neither measure the last latent qubit nor let it act on one that they "
    "measure, so that it is dropped together with its gates, and the placed circuit has a qubit less. Training hours "
    "are those of the training circuit that goes with the readout, all angles shifted: `direct` for all but `ancilla` "
    "and `ancilla_training`, whose hours are those of `ancilla_training`; they are the same for both preparations, as "
    "the time between shots does not depend on the circuit."
)

_FORMULA_WORDS = LEGEND + " `qpbae estimate --formulas` prints them as LaTeX too."


def _gate_table(rows: Sequence[Row]) -> Table:
    sizes = [row["configuration"]["patch_size"] for row in select(rows, readout="latent", preparation="none")]
    lines = []
    for size in sizes:
        cells = [_one(rows, patch_size=size, readout=name, preparation="none") for name in READOUT_NAMES]
        gates = [f"{row['literal']['two_qubit_gates']} / {row['reduced']['two_qubit_gates']}" for row in cells]
        lines.append([str(size), str(cells[0]["n"]), *gates])
    return Table(["P", "n", *READOUT_NAMES], lines, "Two-qubit gates, literal / reduced, BD = 1, no preparation.")


def _preparation_table(rows: Sequence[Row]) -> Table:
    lines = []
    for row in select(rows, readout="latent", preparation="exact"):
        size = row["configuration"]["patch_size"]
        mps = _one(rows, patch_size=size, readout="latent", preparation="mps:2")
        cells = [mps["reduced"]["by_stage"]["preparation"], row["reduced"]["by_stage"]["preparation"]]
        rest = row["reduced"]["two_qubit_gates"] - cells[1]
        reason = row["reason"] if row["fits"] is False else ""
        lines.append([str(size), str(size**2), str(rest), f"{cells[0]:,}", f"{cells[1]:,}", reason])
    header = ["P", "pixels", "all else", "mps:2", "exact", "exact on willow_pink"]
    return Table(
        header,
        lines,
        "Two-qubit gates of the two preparations of the latent readout, beside those of all else. Blank: not ruled out "
        "by its length alone.",
    )


def _target_tables(placed: Sequence[Row]) -> list[Block]:
    tables: list[Block] = []
    for name in dict.fromkeys(row["configuration"]["target"] for row in placed):
        lines = []
        for row in select(placed, target=name):
            c, place = row["configuration"], row["placed"]
            start = [f"P={c['patch_size']}, {c['readout']}, {c['preparation']}"]
            start += [str(row["literal"]["two_qubit_gates"]), str(row["reduced"]["two_qubit_gates"])]
            if place is None:
                lines.append([*start, "", "", "", "", "", row["reason"]])
                continue
            lines.append(
                [
                    *start,
                    str(place["qubits"]),
                    f"{place['two_qubit_gates']} ({place['swaps']})",
                    f"{place['duration_ns'] / 1000:.2f}",
                    _fidelity(place["fidelity"]),
                    f"{row['image']['wall_time_s']:.1f}",
                    f"{row['training']['nominal']['wall_time_s'] / 3600:.0f}",
                ]
            )
        header = ["cell", "literal", "reduced", "qubits", "placed (SWAPs)", "us", "fidelity", "image, s", "training, h"]
        tables.append(Table(header, lines, f"{name}: two-qubit gates, preparation included, and what a run takes."))
    return tables


def _fidelity(value: float) -> str:
    return "< 0.0005" if value < 0.0005 else f"{value:.3f}"


def _time_words(rows: Sequence[Row]) -> str:
    row = _one(rows, patch_size=8, readout="latent", preparation="mps:2")
    training, parameters = row["training"], row["parameters"]
    return (
        "A training run (20 epochs, 100 images) at P = 8, BD = 1 with `direct` runs "
        f"{training['nominal']['circuits']:,} circuits of "
        f"{training['shots_per_circuit']} shots when all {parameters['nominal']} angles are shifted, "
        f"{training['effective']['circuits']:,} when only the {parameters['effective']} effective ones are. Nearly all "
        "of them differ in the patch, so that on a cloud the parameters sent weigh more than the shots; that time is "
        "not in these figures. On a computer the data enter the exact gradient through one matrix a batch, and no "
        "shots are needed."
    )


def _time_table(rows: Sequence[Row]) -> Table:
    lines = []
    for size in (2, 4, 8, 16, 32):
        row = _one(rows, patch_size=size, readout="latent", preparation="mps:2")
        paper = _one(rows, patch_size=size, readout="ancilla", preparation="mps:2")
        lines.append(
            [
                str(size),
                str(row["image"]["patches"]),
                *(f"{item['image']['shots_per_patch']} / {item['image']['wall_time_s']:.2g}" for item in (row, paper)),
                *(
                    f"{part['wall_time_s'] / 3600:.3g}"
                    for item in (row, paper)
                    for part in (item["training"]["nominal"], item["training"]["effective"])
                ),
            ]
        )
    header = [
        "P",
        "patches",
        "latent: shots / s",
        "ancilla: shots / s",
        "direct, h",
        "effective",
        "ancilla_training, h",
    ]
    return Table(
        [*header, "effective"],
        lines,
        "willow_pink, mps:2, BD = 1: shots a patch and seconds an image; hours of a training run with `direct` and "
        "with `ancilla_training`, all angles and the effective ones.",
    )


def _formula_list() -> str:
    """One item a quantity; readouts with the same formula stand together."""
    items = []
    for group in GROUPS:
        named: dict[str, list[str]] = {}
        for name, formula in group.formulas.items():
            named.setdefault(formula.text, []).append(name)
        parts = [f"{', '.join(names)} `{text}`".strip() for text, names in named.items()]
        items.append(f"- {group.title}: " + "; ".join(parts))
    return "\n".join(items)


REPORT = Report(
    name="resources",
    title=TITLE,
    make=make,
    inputs=(
        "analysis/resources",
        "analysis/fault_tolerance",
        "compiler/readouts.py",
        "compiler/reductions.py",
        "compiler/price",
        "qpbae_tn/model",
    ),
)
