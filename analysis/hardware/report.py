"""The page `hardware`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qpbae_tn.analysis.hardware.bond_effect import bond_lines, bond_rows
from qpbae_tn.analysis.hardware.drawings import circuit_svg, grid_svg
from qpbae_tn.analysis.hardware.general_compiler import SEEDS, Compiled, compare, qiskit_version
from qpbae_tn.analysis.hardware.programs import Shown, compile_shown
from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.experiment.training import versions
from qpbae_tn.report.page import Block, Figure, Foot, Heading, Page, Table, Text

TITLE = "Compiled circuits on the device"
READOUTS = ("latent", "destructive", "echo", "ancilla")
SIZES = ((4, 1), (8, 2))
TARGET = "willow_pink"


def make(options: ReportOptions) -> Page:
    """Compile and draw."""
    shown = compile_shown(
        SIZES, READOUTS, MpsPreparation(2), load_target(TARGET), options.seed, on_program=options.progress
    )
    compared = tuple(compare(SIZES, load_target(TARGET), options.seed, options.progress))
    options.progress("bond dimension and detection")
    data: dict[str, str | Path] = {"textures": "textures"}
    data |= {name: folder for name, folder in options.data.items() if name == "busi_32"}
    return page(shown, options, bond_rows(data, options.seed), compared)


def page(
    shown: Sequence[Shown],
    options: ReportOptions,
    bonds: Sequence[dict[str, Any]] = (),
    compared: Sequence[Compiled] = (),
) -> Page:
    """The page of some programs, of what small bonds do to detection, and of what a general compiler does."""
    document: dict[str, Any] = {
        "seed": options.seed,
        "rows": [item.to_json() for item in shown],
        "bond_rows": list(bonds),
        "compared": [item.to_json() for item in compared],
    }
    blocks: list[Block] = [Text(_HOW), _table(document["rows"])]
    if compared:
        blocks += [Heading("Beside a general compiler"), Text(_COMPARED_WORDS), _comparison(compared)]
    for size in dict.fromkeys(item.patch_size for item in shown):
        reduced = [item for item in shown if item.patch_size == size and not item.literal]
        blocks.append(Heading(f"P = {size} on {TARGET}"))
        where = {item.readout: item.program for item in reduced}
        caption = "Numbers are the qubits' places in their register. Darker couplers have larger errors."
        blocks.append(Figure(f"grid_p{size}", grid_svg(where), caption, natural_size=True))
        blocks += [_circuit(item) for item in reduced]
    smallest = min(item.patch_size for item in shown)
    blocks += [Heading("The same without reductions"), Text(_LITERAL_WORDS)]
    blocks += [_circuit(item) for item in shown if item.literal and item.patch_size == smallest]
    if bonds:
        header = ["data", "bond", "median fidelity", "AUROC", "AUPRO"]
        blocks += [Heading("What an approximate preparation does to detection"), Text(_BOND_WORDS)]
        blocks.append(Table(header, bond_lines(bonds), "Whole maps, stride P/2; 95% bootstrap intervals over images."))
    blocks += [Heading("How a program comes about"), *_logs(shown, smallest)]
    rows = [row for row in document["rows"] if row["patch_size"] == smallest]
    return Page(
        name="hardware",
        title=TITLE,
        lead=_lead(rows, compared),
        blocks=blocks,
        document=document,
        foot=Foot(options.command("hardware"), options.seed, _data_words(bonds), versions() | qiskit_version()),
        tables={"programs": _csv(document["rows"])},
    )


_HOW = (
    "Each circuit prepares its patch states (mps:2), encodes, and reads out; it is placed on Willow and written in "
    "its native gates: boxes are PhasedXZ, lines CZ, M measurements, all at the end. Every circuit was verified "
    "against the model's closed formula when it was compiled. *Literal* is the paper's circuit with the same "
    "preparation, the reset being a change of names; *reduced* has gone through the proved reductions. Estimated "
    "fidelity is the product of one minus every calibrated error, waits included: the probability that nothing "
    "fails."
)
_BOND_WORDS = (
    "A model trained on exact patches scores patches cut to a bond dimension, which is the state that preparation "
    "`mps:1` or `mps:2` makes, and the best that layers of it can come to at bond 4. The fidelity is that of the patch "
    "states."
)
_COMPARED_WORDS = (
    "Qiskit's transpiler at level 3 was given the paper's test circuit, Willow's couplers, and CZ as the only "
    f"two-qubit gate; the run with the fewest CZ of {SEEDS} seeds counts. With preparation, Qiskit's own "
    "`StatePreparation` makes both patch states. A general compiler has to keep the circuit's unitary. What is gained "
    "here comes from other readouts of the same fidelity, from reductions that use the known zeros, and from "
    "preparation on a line. Angles and patch are generic."
)
_LITERAL_WORDS = (
    "The paper's circuits, decoder in full, compiled as they stand. Where no placement without SWAPs exists or was "
    "found, Cirq's router adds them, and each merges with the gates of its pair beside it: the table counts SWAPs "
    "and CZ."
)


def _data_words(bonds: Sequence[dict[str, Any]]) -> str:
    names = ", ".join(dict.fromkeys(row["data"] for row in bonds)) or "none"
    return f"none for the circuits (initial angles near the DC solution); {names} for detection"


def _lead(rows: Sequence[dict[str, Any]], compared: Sequence[Compiled]) -> str:
    latent = next(row for row in rows if row["readout"] == "latent" and not row["literal_circuit"])
    words = [
        f"At P = {latent['patch_size']} the `latent` readout takes {latent['qubits']} qubits and "
        f"{latent['two_qubit_gates']['native']} CZ with its bond-2 preparation, in {latent['duration_ns'] / 1000:.2f} "
        f"us, and nothing fails in {latent['estimated_fidelity']:.1%} of the runs."
    ]
    counts = {
        (c.patch_size, c.compiler, c.readout, c.preparation): c.two_qubit_gates
        for c in compared
        if c.literal == (c.compiler == "qiskit")
    }
    for size in dict.fromkeys(c.patch_size for c in compared):
        general = counts.get((size, "qiskit", "ancilla", "exact"))
        if general is not None:
            exact, bond = (counts[size, "qpbae_tn", "latent", name] for name in ("exact", "mps:2"))
            words.append(
                f"Of the paper's test circuit at P = {size}, exact preparation included, Qiskit's transpiler makes "
                f"{general} CZ; the `latent` readout of the same fidelity takes {exact}, or {bond} with bond 2."
            )
    return " ".join(words)


def _circuit(item: Shown) -> Figure:
    price = item.program.price
    caption = (
        f"{price.qubits} qubits, {price.two_qubit_gates} CZ in {price.two_qubit_depth} layers, "
        f"{price.duration_ns:.0f} ns, estimated fidelity {price.estimated_fidelity:.3f}."
    )
    return Figure(f"circuit_{item.name}", circuit_svg(item.program, item.title), caption, natural_size=True)


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    header = ["P, BD", "readout", "form", "qubits", "CZ, unplaced", "CZ, native", "SWAPs", "CZ layers", "1-qubit gates"]
    header += ["time (ns)", "est. fidelity"]
    lines = [
        [
            f"{row['patch_size']}, {row['bottleneck']}",
            row["readout"],
            "literal" if row["literal_circuit"] else "reduced",
            str(row["qubits"]),
            str(row["two_qubit_gates"]["before_placement"]),
            str(row["two_qubit_gates"]["native"]),
            str(row["swaps"]),
            str(row["two_qubit_depth"]),
            str(row["one_qubit_gates"]),
            f"{row['duration_ns']:.0f}",
            f"{row['estimated_fidelity']:.3f}",
        ]
        for row in rows
    ]
    return Table(header, lines, "Literal and reduced, preparation mps:2 included.")


def _comparison(compared: Sequence[Compiled]) -> Table:
    names = {"qiskit": "Qiskit level 3", "qpbae_tn": "qpbae compile"}
    lines = [
        [
            f"{item.patch_size}, {item.bottleneck}",
            item.preparation,
            names[item.compiler],
            item.readout + (", literal" if item.literal else ""),
            str(item.two_qubit_gates),
            str(item.two_qubit_depth),
        ]
        for item in compared
    ]
    header = ["P, BD", "preparation", "compiler", "readout", "CZ", "CZ layers"]
    words = "Placed on Willow; mps:2 prepares its patches approximately, the others exactly or not at all."
    return Table(header, lines, words)


def _logs(shown: Sequence[Shown], size: int) -> list[Table]:
    tables = []
    for item in shown:
        if item.patch_size != size or item.literal:
            continue
        lines = [
            [r.name, str(r.two_qubit_gates), str(r.two_qubit_depth), str(r.one_qubit_gates), str(r.depth)]
            for r in item.program.log
        ]
        header = ["after", "2-qubit gates", "2-qubit layers", "1-qubit gates", "moments"]
        tables.append(Table(header, lines, f"Stage log of {item.title}."))
    return tables


def _csv(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    keys = [key for key in rows[0] if not isinstance(rows[0][key], dict | list)]
    counts = list(rows[0]["two_qubit_gates"])
    body = [[row[key] for key in keys] + [row["two_qubit_gates"][name] for name in counts] for row in rows]
    return [*keys, *(f"two_qubit_gates.{name}" for name in counts)], body


REPORT = Report(
    name="hardware",
    title=TITLE,
    make=make,
    inputs=(
        "analysis/hardware",
        "compiler/circuits.py",
        "compiler/lowering",
        "compiler/placement",
        "compiler/preparation",
        "compiler/readouts.py",
        "compiler/reductions.py",
    ),
)
