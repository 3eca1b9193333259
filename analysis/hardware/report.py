"""The page `hardware`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from qpbae_tn.analysis.hardware.bond_effect import bond_rows
from qpbae_tn.analysis.hardware.drawings import circuit_svg, grid_svg
from qpbae_tn.analysis.hardware.general_compiler import OURS, SEEDS, compare
from qpbae_tn.analysis.hardware.programs import compile_programs, program_row
from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result, matched
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.tables import frame

READOUTS = ("latent", "destructive", "echo", "ancilla")
SIZES = ((4, 1), (8, 2))
TARGET = "willow_pink"
DATA_NAMES = ("busi_32",)
COMPILERS = {"qiskit": "Qiskit level 3", "qpbae_tn": "qpbae compile"}
COLUMNS = {
    "patch_size": "P",
    "bottleneck": "BD",
    "readout": "readout",
    "form": "form",
    "qubits": "qubits",
    "two_qubit_gates.before_placement": "CZ, unplaced",
    "two_qubit_gates.native": "CZ, native",
    "swaps": "SWAPs",
    "two_qubit_depth": "CZ layers",
    "one_qubit_gates": "1-qubit gates",
    "duration_ns": "time, ns",
    "estimated_fidelity": "est. fidelity",
}
CHECKED = (
    "two_qubit_gates",
    "qubits",
    "swaps",
    "two_qubit_depth",
    "one_qubit_gates",
    "duration_ns",
    "estimated_fidelity",
)
"""Of a program, what is computed again: not what routing went through on its way."""
LOG_COLUMNS = {
    "name": "after",
    "two_qubit_gates": "2-qubit gates",
    "two_qubit_depth": "2-qubit layers",
    "one_qubit_gates": "1-qubit gates",
    "depth": "moments",
}


def run(options: PageOptions) -> Result:
    """Compile, draw, compare with Qiskit, and see what cut patches do to detection."""
    target = load_target(TARGET)
    programs = compile_programs(SIZES, READOUTS, MpsPreparation(2), target, options.seed, options.progress)
    compared = compare(SIZES, target, options.seed, on_circuit=options.progress)
    document = {
        "seed": options.seed,
        "rows": [program_row(one) for one in programs],
        "compared": list(compared),
    }
    options.progress("bond dimension and detection")
    data: dict[str, str | Path] = {"textures": "textures", **options.data}
    document["bond_rows"] = bond_rows(data, options.seed)
    digests = {name: open_data_set(str(source)).test(32).provenance.digest for name, source in data.items()}
    return Result(document, _drawings(programs), digests)


def content(document: Document) -> Content:
    """Tables of the programs, of what Qiskit makes of them, of their logs, and of cut patches."""
    rows, flat = document["rows"], frame(document["rows"])
    flat["form"] = ["literal" if literal else "reduced" for literal in flat["literal_circuit"]]
    small = min(row["patch_size"] for row in rows)
    tables = {
        "programs": flat[list(COLUMNS)].rename(columns=COLUMNS),
        "compared": _compared(document["compared"]),
        "bonds": pd.DataFrame(document["bond_rows"])[
            ["data", "patch_size", "bottleneck", "bond", "median_fidelity", "auroc", "aupro"]
        ].rename(
            columns={"patch_size": "P", "bottleneck": "BD", "median_fidelity": "median fidelity"}
            | {"auroc": "AUROC", "aupro": "AUPRO"}
        ),
    }
    for row in rows:
        if row["patch_size"] == small and not row["literal_circuit"]:
            tables[f"log_{row['readout']}"] = pd.DataFrame(row["log"])[list(LOG_COLUMNS)].rename(columns=LOG_COLUMNS)
    values = {
        "target": TARGET,
        "sizes": list(dict.fromkeys(row["patch_size"] for row in rows)),
        "rows": rows,
        "latent": next(row for row in rows if row["readout"] == "latent" and not row["literal_circuit"]),
        "counts": _best(document["compared"]),
        "seeds": SEEDS,
    }
    plain = flat.drop(columns=[name for name in flat if name.startswith(("stages", "log", "placement", "form"))])
    return Content(values, tables, {"counts": _counts_chart(document["compared"])}, {"programs": plain})


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """At P = 4: `latent` and `ancilla`, reduced and literal, `latent` with exact preparation, and the cut patches."""
    target = load_target(TARGET)
    programs = compile_programs(SIZES[:1], ("latent", "ancilla"), MpsPreparation(2), target, document["seed"])
    own = ("patch_size", "readout", "literal_circuit")
    yield from matched(document["rows"], [program_row(one) for one in programs], own, CHECKED)
    ours = [case for case in OURS if case[:2] == ("latent", "exact")]
    compared = compare(SIZES[:1], target, document["seed"], ours, general=False)
    keys = ("patch_size", "compiler", "readout", "literal", "preparation")
    yield from matched(document["compared"], compared, keys)
    bonds = bond_rows({"textures": "textures"}, document["seed"], SIZES[:1])
    yield from matched(document["bond_rows"], bonds, ("data", "patch_size", "bond"))


def _drawings(programs: Sequence[CompiledProgram]) -> dict[str, Figure]:
    """Every reduced circuit, the literal ones of the smallest patches, and where the reduced ones stand."""
    small = min(program.specification.patch_size for program in programs)
    grids: dict[str, dict[str, CompiledProgram]] = {}
    drawings = {}
    for program in programs:
        name, size = program.readout.name, program.specification.patch_size
        form = "literal" if program.literal else "reduced"
        if not program.literal:
            grids.setdefault(f"grid_p{size}", {})[name] = program
        if not program.literal or size == small:
            suffix = "_literal" if program.literal else ""
            drawings[f"circuit_{name}_p{size}{suffix}"] = circuit_svg(program, f"{name}, P = {size}, {form}")
    drawings |= {name: grid_svg(shown) for name, shown in grids.items()}
    return {name: Figure(svg, natural_size=True) for name, svg in drawings.items()}


def _compared(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    table["compiler"] = table["compiler"].map(COMPILERS)
    table["readout"] += table["literal"].map({True: ", literal", False: ""})
    titles = {"patch_size": "P", "bottleneck": "BD", "two_qubit_gates": "CZ", "two_qubit_depth": "CZ layers"}
    order = ["patch_size", "bottleneck", "preparation", "compiler", "readout", "two_qubit_gates", "two_qubit_depth"]
    return table[order].rename(columns=titles)


def _best(rows: Sequence[dict[str, Any]]) -> dict[int, dict[str, int]]:
    """By P: the paper's circuit with exact preparation by Qiskit, and `latent` with both; nothing without Qiskit."""
    names = {("qiskit", "ancilla", "exact"): "general"}
    names |= {("qpbae_tn", "latent", "exact"): "exact", ("qpbae_tn", "latent", "mps:2"): "bond"}
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        name = names.get((row["compiler"], row["readout"], row["preparation"]))
        if name is not None:
            found.setdefault(row["patch_size"], {})[name] = row["two_qubit_gates"]
    return {size: counts for size, counts in found.items() if "general" in counts}


def _counts_chart(rows: Sequence[dict[str, Any]]) -> Figure:
    """Two-qubit gates with exact preparation: the paper's circuit by Qiskit and by us, reduced, and `latent`."""
    sizes = list(dict.fromkeys(row["patch_size"] for row in rows))
    bars: dict[str, dict[int, Any]] = {}
    for row in rows:
        if row["preparation"] == "exact":
            form = "the paper's circuit" if row["literal"] else row["readout"]
            bars.setdefault(f"{form}, {COMPILERS[row['compiler']]}", {})[row["patch_size"]] = row["two_qubit_gates"]
    with chart("", "CZ gates on the processor", title="With exact preparation of both patches") as drawn:
        width = 0.8 / len(bars)
        for index, (label, counts) in enumerate(bars.items()):
            places = [sizes.index(size) + (index - (len(bars) - 1) / 2) * width for size in counts]
            drawn.axes.bar(places, list(counts.values()), width * 0.9, color=PALETTE[index], label=label)
        drawn.axes.set_xticks(range(len(sizes)), [f"P = {size}" for size in sizes])
        drawn.axes.legend(fontsize=8)
    return Figure(drawn.svg)


PAGE = Page("hardware", run, content, recompute, picture="counts", minutes=0.7, data=DATA_NAMES, extras=("qiskit",))
