"""The charts of the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qpbae_tn.analysis.scaling.engines import engine_rows
from qpbae_tn.analysis.scaling.points import Row
from qpbae_tn.analysis.scaling.tables import DETECTORS, part
from qpbae_tn.report.charts import PALETTE, chart
from qpbae_tn.report.page import Figure

Curve = tuple[list[float], list[float]]
MARKERS = "os^Dv<>P"


def loglog(
    name: str, curves: Mapping[str, Curve], x_label: str, y_label: str, title: str, caption: str, *, log_y: bool = True
) -> Figure:
    """Named curves with their points, x (and y) logarithmic."""
    curves = {label: curve for label, curve in curves.items() if curve[0]}
    with chart(x_label, y_label, title=title) as drawn:
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_yscale("log" if log_y else "linear")
        for index, (label, (x, y)) in enumerate(curves.items()):
            colour, marker = PALETTE[index % len(PALETTE)], MARKERS[index % len(MARKERS)]
            drawn.axes.plot(x, y, label=label, markersize=4, color=colour, marker=marker)
        if curves:
            drawn.axes.legend(fontsize=8)
    return Figure(name, drawn.svg, caption)


def circuit_chart(rows: Sequence[Row]) -> Figure:
    """Two-qubit gates of each readout against P, by formula."""
    found = part(rows, "circuits", block="ry", layers=1)
    curves: dict[str, Curve] = {}
    for key in ("destructive_literal", "destructive_reduced", "latent_reduced", "echo_reduced"):
        points = [(row["point"]["patch_size"], row["result"]["formula"][key]["two_qubit_gates"]) for row in found]
        curves[key.replace("_", ", ")] = _curve(points)
    return loglog(
        "circuits",
        curves,
        "P, pixels a side",
        "two-qubit gates",
        "Gates grow with log P",
        "One layer of the paper's blocks, preparation and SWAPs apart. direct takes none.",
        log_y=False,
    )


def preparation_chart(rows: Sequence[Row], name: str) -> Figure:
    """Infidelity against the bond for each P."""
    curves: dict[str, Curve] = {}
    for row in part(rows, "preparation", data=name, order="row"):
        entries = [(entry["bond"], 1.0 - entry["median"]) for entry in row["result"]["truncated"]]
        curves[f"P={row['point']['patch_size']}"] = _curve((x, y) for x, y in entries if y > 1e-8)
    return loglog(
        f"preparation_{name}",
        curves,
        "bond dimension",
        "1 - fidelity",
        f"Truncating real patches: {name}",
        "Median over 64 patches, pixels row by row. No circuit of that bond does better.",
    )


def engine_chart(rows: Sequence[Row], work: str, bonds: Sequence[int], value: str) -> Figure:
    """Seconds or bytes of each engine against P."""
    curves: dict[str, Curve] = {}
    keys: list[tuple[str, int | None, str]] = [(name, None, "pixels") for name in ("exact", "qsim", "mps")]
    keys += [("mps", bond, source) for bond in bonds for source in ("pixels", "trains")]
    for engine, bond, source in keys:
        label = engine + (f", bond {bond}" if bond else "") + (", from trains" if source == "trains" else "")
        found = [row for row in engine_rows(rows, work, engine, bond, source) if "result" in row]  # type: ignore[arg-type]
        if value == "seconds":
            points = [(row["point"]["patch_size"], row["result"]["seconds"]["best"]) for row in found]
        else:
            points = [(row["point"]["patch_size"], max(row["result"]["peak_bytes"], 1 << 14) / 2**20) for row in found]
        if points:
            curves[label] = _curve(points)
    what = "seconds a patch" if work == "score" else "seconds a step"
    title = ("Scoring" if work == "score" else "A training step") + (": time" if value == "seconds" else ": memory")
    label = what if value == "seconds" else "MiB beyond the imports"
    caption = "Each curve ends where the engine stops; the reasons are in the table."
    return loglog(f"{work}_{value}", curves, "P, pixels a side", label, title, caption)


def trainability_chart(rows: Sequence[Row], source: str, key: str) -> Figure:
    """Gradient or shots against P."""
    curves: dict[str, Curve] = {}
    for init in ("normal", "dc"):
        for cost in ("global", "local"):
            found = part(rows, "trainability", patches=source, init=init)
            curves[f"{cost} cost, {init} angles"] = _curve(
                (row["point"]["patch_size"], row["result"][cost][key]) for row in found
            )
    label = "size of a gradient component" if key == "gradient" else "shots to resolve a component"
    title = "Gradient where training starts" if key == "gradient" else "Shots for a gradient"
    return loglog(
        f"trainability_{key}", curves, "P, pixels a side", label, title, "Medians over 16 draws of the angles."
    )


def detection_chart(rows: Sequence[Row], name: str) -> Figure:
    """AUPRO against P, model and baselines."""
    found = part(rows, "detection", data=name, order="row")
    curves = {
        key: _curve((row["point"]["patch_size"], row["result"]["detectors"][key]["aupro"]["value"]) for row in found)
        for key in DETECTORS
    }
    caption = "AUPRO at 256 px, stride P/4; a constant map has 0.15. Intervals are in the table."
    return loglog(f"detection_{name}", curves, "P, pixels a side", "AUPRO", f"Detection: {name}", caption, log_y=False)


def _curve(points: Iterable[tuple[float, float]]) -> Curve:
    kept = list(points)
    return [float(x) for x, _ in kept], [float(y) for _, y in kept]
