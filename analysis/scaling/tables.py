"""The tables of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qpbae_tn.analysis.scaling.circuits import RANK_QUBITS
from qpbae_tn.analysis.scaling.engines import engine_rows
from qpbae_tn.analysis.scaling.points import Row
from qpbae_tn.analysis.scaling.trainability import TEXTURE
from qpbae_tn.analysis.scaling.words import interval, patch, power, seconds, size_of_bytes
from qpbae_tn.report.page import Table

LEAST_POINTS = 5
"""Exponents through fewer points are marked: their interval leans on the scatter of two or three."""
DETECTORS = ("model", "untrained", "dc_overlap", "patch_pca", "patch_pca_32")


def part(rows: Sequence[Row], name: str, **wanted: Any) -> list[Row]:
    """The rows of a part that worked and have these inputs."""
    return [
        row
        for row in rows
        if row["part"] == name and "result" in row and all(row["point"].get(k) == v for k, v in wanted.items())
    ]


def is_shown(size: int, up_to: int = 64) -> bool:
    """Whether a long table has a line for this P: all small ones, and every fourth power of two; the JSON has all."""
    return size <= up_to or (size.bit_length() - 1) % 4 == 0 or (size.bit_length() - 1) % 10 == 0


def selection_words(shown: int, sizes: int) -> str:
    """What a caption says of sizes that are left out; empty where all are shown."""
    return "" if shown == sizes else f" A selection, {shown} of {sizes} sizes; the JSON has all."


def circuit_table(rows: Sequence[Row]) -> Table:
    """One layer of the paper's blocks: parameters, qubits and two-qubit gates, by formula."""
    lines = []
    found = part(rows, "circuits", block="ry", layers=1)
    for row in found:
        if not is_shown(row["point"]["patch_size"]):
            continue
        result, formula = row["result"], row["result"]["formula"]
        names = ("destructive_literal", "destructive_reduced", "latent_reduced", "echo_reduced", "direct_reduced")
        lines.append(
            [
                f"{patch(row['point']['patch_size'])}, {row['point']['bottleneck']}",
                str(result["qubits"]),
                f"{result['parameters']} / {result['effective_parameters']}",
                *(f"{formula[name]['two_qubit_gates']} ({formula[name]['qubits']})" for name in names),
            ]
        )
    header = ["P, BD", "n", "parameters / effective", "destructive, literal", "destructive", "latent", "echo", "direct"]
    caption = (
        "One layer of the paper's blocks: two-qubit gates (qubits) of each readout, preparation and SWAPs apart; "
        f"reduced unless it says literal.{selection_words(len(lines), len(found))}"
    )
    return Table(header, lines, caption)


def ansatz_table(rows: Sequence[Row], readouts: Sequence[str]) -> Table:
    """Counted circuits of all ansätze: two-qubit gates and depth, literal and reduced."""
    lines = []
    for row in part(rows, "circuits"):
        if row["result"]["readouts"] is None or not is_shown(row["point"]["patch_size"], 32):
            continue
        where, counts = row["point"], row["result"]["readouts"]
        known = row["result"]["effective_parameters"]
        cells = []
        for name in readouts:
            before, after = counts[name]["literal"], counts[name]["reduced"]
            cells.append(
                f"{before['two_qubit_gates']} ({before['two_qubit_depth']}) -> "
                f"{after['two_qubit_gates']} ({after['two_qubit_depth']})"
            )
        ansatz = f"{where['block']} x {where['layers']}"
        effective = "?" if known is None else str(known)
        lines.append([ansatz, patch(where["patch_size"]), f"{row['result']['parameters']} / {effective}", *cells])
    caption = (
        "Two-qubit gates (two-qubit depth) counted in the circuits, literal -> reduced; some sizes left out, the JSON "
        f"has all. ?: not computed; the rank that tells it is counted up to n = {RANK_QUBITS} qubits, and only one "
        "layer of ry has a formula."
    )
    return Table(["ansatz", "P", "parameters / effective", *readouts], lines, caption)


def preparation_table(rows: Sequence[Row], name: str) -> Table:
    """Median fidelity of truncated patches against the bond, row order."""
    found = part(rows, "preparation", data=name, order="row")
    bonds = sorted({entry["bond"] for row in found for entry in row["result"]["truncated"]})
    lines = []
    for row in found:
        by_bond = {entry["bond"]: entry for entry in row["result"]["truncated"]}
        cells = [f"{by_bond[bond]['median']:.4f}" if bond in by_bond else "1" for bond in bonds]
        lines.append([str(row["point"]["patch_size"]), *cells])
    caption = f"{name}: median fidelity of the best matrix product state of each bond, pixels row by row."
    return Table(["P", *(f"bond {bond}" for bond in bonds)], lines, caption)


def preparation_circuit_table(rows: Sequence[Row]) -> Table:
    """Fidelity that circuits of CZ and RY reach, with their CZ."""
    lines = []
    for row in part(rows, "preparation"):
        for entry in row["result"]["circuits"]:
            lines.append(
                [
                    f"{row['point']['data']}, P={row['point']['patch_size']}",
                    str(entry["bond"]),
                    str(entry["two_qubit_gates"]),
                    f"{entry['median']:.4f}",
                    f"{entry['lowest_tenth']:.4f}",
                ]
            )
    caption = "Preparation circuits on a line of neighbours: CZ a copy, and the fidelity reached."
    return Table(["data", "bond", "CZ", "median fidelity", "lowest tenth"], lines, caption)


def order_table(rows: Sequence[Row], names: Sequence[str], orders: Sequence[str]) -> Table:
    """What the pixel order does: entropy, fidelity of bond 2 and 8."""
    lines = []
    for name in names:
        for row in part(rows, "preparation", data=name, order="row"):
            size = row["point"]["patch_size"]
            cells = []
            for order in orders:
                (same,) = part(rows, "preparation", data=name, order=order, patch_size=size)[:1] or (None,)
                cells.append(_order_cell(same))
            lines.append([f"{name}, P={size}", *cells])
    caption = "Largest median entanglement entropy over the cuts in bits; median fidelity of bond 2, of bond 8."
    return Table(["data", *orders], lines, caption)


def _order_cell(row: Row | None) -> str:
    if row is None:
        return "-"
    found = {entry["bond"]: entry["median"] for entry in row["result"]["truncated"]}
    return f"{max(row['result']['entropy_bits']):.2f}; " + ", ".join(
        f"{found[bond]:.4f}" if bond in found else "1" for bond in (2, 8)
    )


def engine_table(rows: Sequence[Row], work: str, bonds: Sequence[int]) -> Table:
    """Time and memory of each engine by size, and why it stops."""
    columns: list[tuple[str, int | None, str]] = [
        ("exact", None, "pixels"),
        ("qsim", None, "pixels"),
        ("mps", None, "pixels"),
    ]
    columns += [("mps", bond, source) for bond in bonds for source in ("pixels", "trains")]
    by_column = {key: engine_rows(rows, work, *key) for key in columns}  # type: ignore[arg-type]
    sizes = sorted({row["point"]["patch_size"] for found in by_column.values() for row in found})
    lines = []
    for size in sizes:
        cells = []
        for found in by_column.values():
            row = next((row for row in found if row["point"]["patch_size"] == size), None)
            cells.append(_engine_cell(row))
        if any(cells):
            lines.append([patch(size), *cells])
    header = ["P", *(_column_name(*key) for key in columns)]
    what = "Scoring, seconds a patch" if work == "score" else "A training step"
    return Table(header, lines, f"{what}, with peak memory beyond the imports.")


def stop_table(rows: Sequence[Row]) -> Table:
    """Where each engine stops, and why."""
    lines = []
    for row in rows:
        if row["part"] == "engines" and "failed" in row:
            where = row["point"]
            name = _column_name(where["engine"], where["bond"], where["source"])
            lines.append(
                [name, "score" if where["work"] == "score" else "train", patch(where["patch_size"]), row["failed"]]
            )
    return Table(["engine", "work", "first P that fails", "cause"], lines, "Where each engine stops.")


def _column_name(engine: str, bond: int | None, source: str) -> str:
    limit = f", bond {bond}" if bond else ""
    return engine + limit + (" (trains)" if source == "trains" else "")


def _engine_cell(row: Row | None) -> str:
    if row is None:
        return ""
    if "failed" in row:
        return "stops"
    return f"{seconds(row['result']['seconds']['best'])}, {size_of_bytes(row['result']['peak_bytes'])}"


def trainability_table(rows: Sequence[Row], source: str) -> Table:
    """Score, gradient and shots by size."""
    lines = []
    found = part(rows, "trainability", patches=source, init="normal")
    for row in found:
        size = row["point"]["patch_size"]
        if not is_shown(size):
            continue
        cells = []
        for init in ("normal", "dc"):
            (same,) = part(rows, "trainability", patches=source, init=init, patch_size=size)[:1] or (None,)
            for cost in ("global", "local"):
                values = same["result"][cost] if same is not None else None
                cells.append("-" if values is None else f"{power(values['gradient'])}; {power(values['shots'])}")
            cells.append("-" if same is None else power(same["result"]["global"]["value"]))
        lines.append([patch(size), *cells])
    header = ["P"]
    for init in ("normal", "dc"):
        header += [f"{init}: global", f"{init}: local", f"{init}: F_trash"]
    name = "Analytic textures" if source == TEXTURE else source
    caption = f"{name}: size of a gradient component; shots to resolve it at one standard error."
    return Table(header, lines, caption + selection_words(len(lines), len(found)))


def law_table(
    laws: Sequence[Mapping[str, Any]], prefixes: Sequence[str] = (), caption: str = "Fitted exponents."
) -> Table:
    """Fitted exponents with intervals; those through few points are marked."""
    chosen = [law for law in laws if not prefixes or law["what"].startswith(tuple(prefixes))]
    lines = [
        [
            law["what"],
            f"{law['over']}^k",
            interval(law["exponent"]),
            f"{law['points']}{' (few)' if law['points'] < LEAST_POINTS else ''}",
        ]
        for law in chosen
    ]
    if any(law["points"] < LEAST_POINTS for law in chosen):
        caption += f" (few): fewer than {LEAST_POINTS} points, an indication only."
    return Table(["quantity", "law", "k (95% interval)", "points"], lines, caption)


def detection_table(rows: Sequence[Row], name: str, metric: str) -> Table:
    """A metric of the model and its baselines by P, row order."""
    lines = []
    for row in part(rows, "detection", data=name, order="row"):
        found = row["result"]["detectors"]
        lines.append(
            [str(row["point"]["patch_size"]), *(interval(found[key][metric]) for key in DETECTORS if key in found)]
        )
    return Table(["P", *DETECTORS], lines, f"{name}: {metric.upper()} with 95% bootstrap intervals over images.")


def detection_order_table(rows: Sequence[Row]) -> Table:
    """The model under each pixel order."""
    found = part(rows, "detection")
    orders = list(dict.fromkeys(row["point"]["order"] for row in found))
    lines = []
    for name, size in dict.fromkeys((row["point"]["data"], row["point"]["patch_size"]) for row in found):
        same = {row["point"]["order"]: row["result"] for row in part(rows, "detection", data=name, patch_size=size)}
        if len(same) == len(orders):
            cells = [
                f"{same[order]['loss']:.4f}; {interval(same[order]['detectors']['model']['aupro'])}" for order in orders
            ]
            lines.append([f"{name}, P={size}", *cells])
    return Table(["data", *orders], lines, "The trained model: loss; AUPRO.")


def circuit_short_table(rows: Sequence[Row]) -> Table:
    """`circuit_table` for a terminal: gates of four readouts."""
    lines = []
    for row in part(rows, "circuits", block="ry", layers=1):
        result, formula = row["result"], row["result"]["formula"]
        names = ("destructive_literal", "destructive_reduced", "latent_reduced", "echo_reduced")
        cells = [str(formula[name]["two_qubit_gates"]) for name in names]
        parameters = f"{result['parameters']} / {result['effective_parameters']}"
        lines.append([patch(row["point"]["patch_size"]), str(result["qubits"]), parameters, *cells])
    header = ["P", "n", "angles / effective", "literal", "destructive", "latent", "echo"]
    return Table(header, lines, "One layer: two-qubit gates of each readout, without preparation")


def engine_time_table(rows: Sequence[Row], work: str, bond: int) -> Table:
    """Seconds of each engine for a terminal."""
    columns: list[tuple[str, int | None, str]] = [
        ("exact", None, "pixels"),
        ("qsim", None, "pixels"),
        ("mps", None, "pixels"),
    ]
    columns += [("mps", bond, source) for source in ("pixels", "trains")]
    found = [{row["point"]["patch_size"]: row for row in engine_rows(rows, work, *key)} for key in columns]  # type: ignore[arg-type]
    lines = []
    for size in sorted({size for one in found for size in one}):
        cells = [_engine_cell(one.get(size)).split(",")[0] for one in found]
        lines.append([patch(size), *cells])
    title = "Scoring: time of a patch" if work == "score" else "Time of a training step"
    return Table(["P", *(_column_name(*key) for key in columns)], lines, title)


def detection_short_table(rows: Sequence[Row], name: str) -> Table:
    """AUPRO without intervals, for a terminal."""
    lines = []
    for row in part(rows, "detection", data=name, order="row"):
        found = row["result"]["detectors"]
        cells = [f"{found[key]['aupro']['value']:.3f}" if key in found else "-" for key in DETECTORS]
        lines.append([str(row["point"]["patch_size"]), *cells])
    return Table(["P", *DETECTORS], lines, f"{name}: AUPRO")
