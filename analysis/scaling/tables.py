"""The numbers of the study as tables, the laws by which they grow, and the document that holds all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import linregress, t

from qpbae_tn.analysis.scaling.engines import BOND_STUDY_SIZE, TRAIN_PATCHES
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.interval import LEVEL, Interval
from qpbae_tn.report.numbers import any_size, short_time, size_of_bytes
from qpbae_tn.report.tables import interval
from qpbae_tn.tables import frame

LEAST_SECONDS = 1e-3
"""Calls shorter than this are mostly overhead, and are left out of the fits of dense work."""
LEAST_BOND = 32
"""Smaller bonds are mostly overhead too."""
LEAST_POINTS = 5
"""Exponents through fewer points are marked: their interval leans on the scatter of two or three."""
DETECTORS = ("model", "untrained", "dc_overlap", "patch_pca", "patch_pca_32")
READOUTS = ("latent", "destructive", "echo", "ancilla", "direct")
FORMULAS = ("destructive_literal", "destructive_reduced", "latent_reduced", "echo_reduced", "direct_reduced")
JOBS = {"score": "scoring a patch", "train": "training step on 4 patches"}

Row = Mapping[str, Any]


def part_frame(rows: Sequence[Row], part: str, **wanted: Any) -> pd.DataFrame:
    """The points of a part as a table by rising P: a column for each input and each number of the result.

    Args:
        rows: of a document.
        part: its name.
        wanted: inputs that the points must have.

    Returns:
        Nested numbers have their keys joined by dots; `failed` is the cause, None where there is a result.
    """
    chosen = [
        {**row["point"], **row.get("result", {}), "failed": row.get("failed")}
        for row in rows
        if row["part"] == part and all(row["point"].get(key) == value for key, value in wanted.items())
    ]
    table = frame(chosen)
    return table.sort_values("patch_size", kind="stable", ignore_index=True) if chosen else table


def _done(rows: Sequence[Row], part: str, **wanted: Any) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Inputs and result of the points of a part that have one and these inputs, nested as they are in the document."""
    return [
        (row["point"], row["result"])
        for row in rows
        if row["part"] == part
        and "result" in row
        and all(row["point"].get(key) == value for key, value in wanted.items())
    ]


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """The points that have a result."""
    return table[table["failed"].isna()] if len(table) else table


# The document


def document_of(rows: Sequence[Row], plan: ScalingPlan, digests: Mapping[str, str] | None = None) -> dict[str, Any]:
    """All that is known of the study.

    Returns:
        `rows` (every point: `part`, `point`, `result` or `failed`), `laws` (fitted exponents), `mps_faster` (sizes at
        which the mps engine took less time than the exact one), `digests` (SHA-256 of the training images), `plan`.
    """
    faster = {
        f"{job}, {f'bond {bond}' if bond else 'no bond limit'}": faster_sizes(rows, job, bond)
        for job in JOBS
        for bond in (None, plan.bond)
    }
    return {
        "rows": [dict(row) for row in rows],
        "laws": growth_laws(rows),
        "mps_faster": faster,
        "digests": dict(digests or {}),
        "plan": plan.to_json(),
    }


def engine_frame(rows: Sequence[Row], job: str, engine: str, bond: int | None, source: str = "pixels") -> pd.DataFrame:
    """The points of one engine that have a result."""
    return finished(part_frame(rows, "engines", work=job, engine=engine, bond=bond, source=source))


def faster_sizes(rows: Sequence[Row], job: str, bond: int | None) -> list[int]:
    """The patch sizes at which mps with this bond (None: no limit) took less time than exact, on the same patches."""
    exact, mps = (engine_frame(rows, job, engine, limit) for engine, limit in (("exact", None), ("mps", bond)))
    if exact.empty or mps.empty:
        return []
    both = mps.merge(exact, on="patch_size", suffixes=("", "_exact"))
    return [int(size) for size in both["patch_size"][both["seconds.best"] < both["seconds.best_exact"]]]


# Growth laws: straight lines through logarithms, with intervals


@dataclass(frozen=True)
class PowerLaw:
    """y = c x^exponent.

    Args:
        exponent: slope of log y over log x by least squares, with its 95% t-interval.
        points: how many.
        smallest, largest: x.
    """

    exponent: Interval
    points: int
    smallest: float
    largest: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        ends = {"from": self.smallest, "to": self.largest}
        return {"exponent": self.exponent.to_json(), "points": self.points, **ends}


def fit_power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw | None:
    """The power law through positive points, or None for fewer than three, where no interval exists.

    The interval is for independent scatter about a true power law. Where the points bend, it is too narrow.

    Example:
        >>> law = fit_power_law([1, 2, 4], [3, 12, 48])
        >>> round(law.exponent.value, 6), law.points
        (2.0, 3)
    """
    kept = [(a, b) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    if len(kept) < 3:
        return None
    logs = np.log(np.array(kept, dtype=np.float64))
    line = linregress(logs[:, 0], logs[:, 1])
    # A line has two parameters, so that n points leave n - 2 degrees of freedom for its scatter.
    half = float(t.ppf((1 + LEVEL) / 2, len(kept) - 2)) * float(line.stderr)
    slope, places = float(line.slope), [float(a) for a, _ in kept]
    return PowerLaw(Interval(slope, slope - half, slope + half), len(kept), min(places), max(places))


def growth_laws(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Fitted exponents: `what`, `over` ("P", "n" or "bond"), and the law; left out where there are too few points."""
    return [
        {"what": what, "over": over, **law.to_json()}
        for what, over, x, y in [*_engine_curves(rows), *_trainability_curves(rows)]
        if (law := fit_power_law(list(x), list(y))) is not None
    ]


Curve = tuple[str, str, Sequence[float], Sequence[float]]
"""What grows, over what, and its points."""


def _engine_curves(rows: Sequence[Row]) -> Iterator[Curve]:
    bonds = sorted({row["point"]["bond"] for row in rows if row["part"] == "engines"} - {None})
    for job, words in JOBS.items():
        wide: list[tuple[float, float]] = []
        for engine, bond in [("exact", None), ("qsim", None), ("mps", None), *(("mps", bond) for bond in bonds)]:
            limit = f", bond {bond}" if bond else ""
            dense = engine_frame(rows, job, engine, bond)
            if len(dense):
                # A call scores several patches together; a step's time is that of all its patches, and compares only
                # where they are as many.
                call = dense["seconds.best"] * (dense["patches"] if job == "score" else 1)
                alike = True if job == "score" else dense["patches"] == TRAIN_PATCHES
                dense = dense[(call >= LEAST_SECONDS) & alike]
                yield f"{engine}{limit}, {words}", "P", dense["patch_size"], dense["seconds.best"]
            random = engine_frame(rows, job, engine, bond, "random_mps")
            if len(random):
                qubits = random["patch_size"].map(lambda size: 2.0 * (int(size).bit_length() - 1))
                # Where the bond is full all along the chain but for its ends.
                grown = 2 ** (qubits // 2) > 4 * (bond or 1)
                seconds = random["seconds.best"]
                yield f"mps on random states{limit}, {words}", "n", qubits[grown], seconds[grown]
                at_20 = seconds[random["patch_size"] == BOND_STUDY_SIZE]
                wide += [(bond, second) for second in at_20 if bond is not None and bond >= LEAST_BOND]
        yield f"mps on random states, n = 20, {words}", "bond", [bond for bond, _ in wide], [y for _, y in wide]


def _trainability_curves(rows: Sequence[Row]) -> Iterator[Curve]:
    for init in ("normal", "dc"):
        found = finished(part_frame(rows, "trainability", patches="texture", init=init))
        for cost in ("global", "local") if len(found) else ():
            for key, words in (("gradient", "gradient"), ("shots", "shots for a gradient")):
                yield f"{words}, {cost} cost, {init} angles", "P", found["patch_size"], found[f"{cost}.{key}"]


# Tables for people: of a page, or of a terminal


def patch(size: int) -> str:
    """P as a number up to 4096, as a power of two past it."""
    return str(size) if size <= 4096 else f"2^{int(size).bit_length() - 1}"


def is_shown(size: int, up_to: int = 64) -> bool:
    """Whether a long table has a line for this P: all small ones, and every fourth power of two; the JSON has all."""
    return size <= up_to or (int(size).bit_length() - 1) % 4 == 0 or (int(size).bit_length() - 1) % 10 == 0


def circuit_table(rows: Sequence[Row]) -> pd.DataFrame:
    """One layer of the paper's blocks: parameters, qubits and two-qubit gates, by formula."""
    found = finished(part_frame(rows, "circuits", block="ry", layers=1))
    found = found[found["patch_size"].map(is_shown)]
    columns = {
        "P, BD": [f"{patch(p)}, {b}" for p, b in zip(found["patch_size"], found["bottleneck"], strict=True)],
        "n": found["qubits"],
        "parameters": found["parameters"],
        "effective": found["effective_parameters"],
    }
    for name in FORMULAS:
        gates, qubits = found[f"formula.{name}.two_qubit_gates"], found[f"formula.{name}.qubits"]
        title = name.removesuffix("_reduced").replace("_", ", ")
        columns[title] = [f"{g} ({q})" for g, q in zip(gates, qubits, strict=True)]
    return pd.DataFrame(columns)


def ansatz_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Counted circuits of all ansätze: two-qubit gates and depth, literal -> reduced."""
    lines = []
    for point, result in _done(rows, "circuits"):
        if result["readouts"] and is_shown(point["patch_size"], 32):
            line = {"ansatz": f"{point['block']} x {point['layers']}", "P": point["patch_size"]}
            line |= {"parameters": result["parameters"], "effective": result["effective_parameters"]}
            for name in READOUTS:
                counts = [result["readouts"][name][form] for form in ("literal", "reduced")]
                line[name] = " -> ".join(f"{one['two_qubit_gates']} ({one['two_qubit_depth']})" for one in counts)
            lines.append(line)
    return pd.DataFrame(lines, dtype=object)


def preparation_table(rows: Sequence[Row], name: str) -> pd.DataFrame:
    """Median fidelity of truncated patches against the bond, row order; a bond of P and more leaves them whole."""
    lines = {
        point["patch_size"]: {f"bond {entry['bond']}": entry["median"] for entry in result["truncated"]}
        for point, result in _done(rows, "preparation", data=name, order="row")
    }
    table = pd.DataFrame.from_dict(lines, orient="index").sort_index().fillna(1.0)
    table.insert(0, "P", table.index)
    return table


def preparation_circuit_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Fidelity that circuits of CZ and RY reach, with their CZ."""
    lines = [
        (
            point["data"],
            point["patch_size"],
            *(entry[key] for key in ("bond", "two_qubit_gates", "median", "lowest_tenth")),
        )
        for point, result in _done(rows, "preparation")
        for entry in result["circuits"]
    ]
    columns = ["data", "P", "bond", "CZ", "median fidelity", "lowest tenth"]
    return pd.DataFrame(lines, columns=columns, dtype=object)


def order_table(rows: Sequence[Row]) -> pd.DataFrame:
    """What the pixel order does: largest median entropy over the cuts in bits; median fidelity of bonds 2 and 8."""

    def cell(result: Mapping[str, Any]) -> str:
        fidelity = {entry["bond"]: f"{entry['median']:.4f}" for entry in result["truncated"]}
        return f"{max(result['entropy_bits']):.2f}; {fidelity.get(2, '1')}, {fidelity.get(8, '1')}"

    return _by_order([(point, cell(result)) for point, result in _done(rows, "preparation")]).fillna("")


def detection_order_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The trained model under each pixel order: loss; AUPRO. Only where all orders were tried."""

    def cell(result: Mapping[str, Any]) -> str:
        return f"{result['loss']:.4f}; {interval(result['detectors']['model']['aupro'], '.2f')}"

    return _by_order([(point, cell(result)) for point, result in _done(rows, "detection")]).dropna()


def _by_order(cells: Sequence[tuple[Mapping[str, Any], str]]) -> pd.DataFrame:
    """A line for each data set and P, a column for each pixel order, in the order of their first appearance."""
    orders = dict.fromkeys(point["order"] for point, _ in cells)
    lines: dict[tuple[str, int], dict[str, Any]] = {}
    for point, text in cells:
        place = (point["data"], point["patch_size"])
        lines.setdefault(place, {"data": place[0], "P": place[1]})[point["order"]] = text
    return pd.DataFrame(list(lines.values()), columns=["data", "P", *orders])


def engine_name(engine: str, bond: int | None, source: str) -> str:
    """An engine with its limit and the states that it was given."""
    limit = f", bond {bond}" if bond else ""
    return engine + limit + (" (random states)" if source == "random_mps" else "")


def engine_columns(bond: int) -> list[tuple[str, int | None, str]]:
    """The engines that are compared, each with its limit and its states."""
    dense = [("exact", None), ("qsim", None), ("mps", None), ("mps", bond)]
    return [*((engine, limit, "pixels") for engine, limit in dense), ("mps", bond, "random_mps")]


def engine_table(rows: Sequence[Row], job: str, bond: int, *, memory: bool = True) -> pd.DataFrame:
    """Time of each engine by size, with its memory if that is asked for; empty past where it stops."""
    columns: dict[str, dict[int, str]] = {}
    for key in engine_columns(bond):
        cells = columns.setdefault(engine_name(*key), {})
        wanted = dict(zip(("engine", "bond", "source"), key, strict=True))
        for point in part_frame(rows, "engines", work=job, **wanted).to_dict("records"):
            cells[point["patch_size"]] = "stops"
            if point["failed"] is None:
                used = f", {size_of_bytes(point['peak_bytes'])}" if memory else ""
                cells[point["patch_size"]] = short_time(point["seconds.best"]) + used
    return _by_size(columns, "")


def stop_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Where each engine stops, and why."""
    lines = [
        (engine_name(point["engine"], point["bond"], point["source"]), point["work"], patch(point["patch_size"]), cause)
        for point, cause in (
            (row["point"], row["failed"]) for row in rows if row["part"] == "engines" and "failed" in row
        )
    ]
    return pd.DataFrame(lines, columns=["engine", "work", "first P that fails", "cause"])


def trainability_table(rows: Sequence[Row], patches: str) -> pd.DataFrame:
    """Size of a gradient component; shots to resolve it; and the score itself, by size."""
    columns: dict[str, dict[int, str]] = {}
    for init in ("normal", "dc"):
        found = {
            point["patch_size"]: result for point, result in _done(rows, "trainability", patches=patches, init=init)
        }
        shown = {size: result for size, result in found.items() if is_shown(size)}
        for cost in ("global", "local"):
            columns[f"{init}: {cost}"] = {
                size: f"{any_size(result[cost]['gradient'])}; {any_size(result[cost]['shots'])}"
                for size, result in shown.items()
            }
        columns[f"{init}: F_trash"] = {size: any_size(result["global"]["value"]) for size, result in shown.items()}
    return _by_size(columns, "-")


def _by_size(columns: Mapping[str, Mapping[int, str]], empty: str) -> pd.DataFrame:
    """Columns of cells by P as a table with a line for each P."""
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    table = table.sort_index().fillna(empty)
    table.insert(0, "P", [patch(size) for size in table.index])
    return table


def law_table(laws: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Fitted exponents with intervals; those through few points are marked."""
    return pd.DataFrame(
        {
            "quantity": [law["what"] for law in laws],
            "law": [f"{law['over']}^k" for law in laws],
            "k": [law["exponent"] for law in laws],
            "points": [f"{law['points']}{' (few)' if law['points'] < LEAST_POINTS else ''}" for law in laws],
        }
    )


def detection_table(rows: Sequence[Row], name: str, metric: str) -> pd.DataFrame:
    """A metric of the model and its baselines by P, row order; cells are intervals."""
    lines = [
        {"P": point["patch_size"]} | {detector: found[metric] for detector, found in result["detectors"].items()}
        for point, result in _done(rows, "detection", data=name, order="row")
    ]
    return pd.DataFrame(lines, columns=["P", *DETECTORS]).sort_values("P")
