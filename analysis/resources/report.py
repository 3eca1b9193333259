"""The page `resources`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result, matched
from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources.charts import budget_chart, preparation_chart, readout_chart, time_chart
from qpbae_tn.analysis.resources.configuration import Assumptions, Effort, Grid, Placing
from qpbae_tn.analysis.resources.estimate import estimate
from qpbae_tn.analysis.resources.fault_tolerance.physical import has_qualtran
from qpbae_tn.analysis.resources.fault_tolerance.study import fault_tolerance
from qpbae_tn.analysis.resources.formula_document import GROUPS, formula_document
from qpbae_tn.analysis.resources.formulas import preparation_gates
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.compiler.targets.devices import known_targets
from qpbae_tn.model.blocks import RY
from qpbae_tn.report.content import Content
from qpbae_tn.tables import frame

PATCH_SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
PLACED_SIZES = (4, 8)
PREPARATIONS = ("none", "mps:2", "exact")
READOUT_NAMES = ("latent", "destructive", "echo", "ancilla", "direct", "ancilla_training")
TIMED_SIZES = (2, 4, 8, 16, 32)
PAPER_SIZE, PAPER_BOTTLENECK = 8, 2


def run(options: PageOptions) -> Result:
    """A wide grid by formula and count, a small one placed on processors, and fault tolerance."""
    assert set(READOUT_NAMES) == set(READOUTS)
    assumptions = Assumptions()
    options.progress("formulas and counts")
    rows = _wide(PATCH_SIZES, assumptions)
    options.progress("placement")
    placed = _placed(PLACED_SIZES, known_targets(), ("mps:2", "exact"), READOUT_NAMES, assumptions, options.seed)
    options.progress("fault tolerance")
    return Result(
        {
            "assumptions": assumptions.to_json(),
            "rows": rows,
            "placed_rows": placed,
            "fault_tolerance": fault_tolerance(),
            "formulas": formula_document(),
        }
    )


def content(document: Document) -> Content:
    """Gates, preparations, processors, time, formulas and fault tolerance as tables and charts."""
    rows, placed = _table(document["rows"]), _table(document["placed_rows"])
    tables = {
        "gates": _gates(rows),
        "preparations": _preparations(rows),
        "time": _time(rows),
        "formulas": _formulas(document["formulas"]),
        **{f"placed_{name}": _processor(part) for name, part in placed.groupby("target", sort=False)},
        **{f"fault_{name}": part for name, part in _fault_tolerance(document["fault_tolerance"]["rows"])},
    }
    values = {
        "assumptions": document["assumptions"],
        "paper": _one(document["placed_rows"], PAPER_SIZE, "ancilla", "exact"),
        "best": _one(document["placed_rows"], PAPER_SIZE, "latent", "mps:2"),
        "timed": _one(document["rows"], PAPER_SIZE, "latent", "mps:2"),
        "claims": claims(),
        "targets": list(placed["target"].unique()),
        "legend": document["formulas"]["legend"],
        "fault": document["fault_tolerance"],
        "physical": any(row["physical"] for row in document["fault_tolerance"]["rows"]),
    }
    figures = {
        "readouts": readout_chart(rows, READOUT_NAMES),
        "preparations": preparation_chart(rows),
        "budget": budget_chart(placed),
        "time": time_chart(rows, TIMED_SIZES[-1]),
    }
    files = {
        "rows": frame(document["rows"]),
        "placed": frame(document["placed_rows"]),
        "fault_tolerance": frame(document["fault_tolerance"]["rows"]),
    }
    return Content(values, tables, figures, files)


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """All formulas, the wide grid up to P = 4, two placed cells, and the fault-tolerance table."""
    assumptions = Assumptions()
    yield document["assumptions"], assumptions.to_json()
    yield document["formulas"], formula_document()
    wide = _wide((2, 4), assumptions)
    numbers = tuple(name for name in wide[0] if name != "reason")
    yield from matched(document["rows"], wide, ("configuration",), numbers)
    placed = _placed((4,), ("willow_pink",), ("mps:2", "exact"), ("latent",), assumptions, 0)
    yield from matched(document["placed_rows"], placed, ("configuration",), numbers)
    fault = fault_tolerance()
    # Physical figures are compared where Qualtran is installed.
    columns = tuple(name for name in fault["rows"][0] if name != "physical" or has_qualtran())
    yield from matched(
        document["fault_tolerance"]["rows"], fault["rows"], ("patch_size", "readout", "preparation"), columns
    )


def _wide(sizes: Sequence[int], assumptions: Assumptions) -> list[dict[str, Any]]:
    grid = Grid(tuple(sizes), (1,), (1,), ("ry",), READOUT_NAMES, PREPARATIONS, ("willow_pink",))
    return estimate(grid.cells(), assumptions, Effort(count_limit=40, placing=Placing.NONE))


def _placed(
    sizes: Sequence[int],
    targets: Sequence[str],
    preparations: Sequence[str],
    readouts: Sequence[str],
    assumptions: Assumptions,
    seed: int,
) -> list[dict[str, Any]]:
    grid = Grid(tuple(sizes), (2,), (1,), ("ry",), tuple(readouts), tuple(preparations), tuple(targets))
    return estimate(grid.cells(), assumptions, Effort(count_limit=120, placing=Placing.ALL, seed=seed))


def claims() -> dict[str, Any]:
    """The numbers behind the answers to the paper's claims about its cost, at its P = 8, BD = 2."""
    n = 2 * (PAPER_SIZE.bit_length() - 1)
    sizes = (n, PAPER_BOTTLENECK, 1, RY)
    return {
        "nominal": f.PARAMETERS.value(*sizes),
        "effective": f.EFFECTIVE_PARAMETERS_ONE_LAYER.value(*sizes),
        "qubits": {name: f.LITERAL_QUBITS[name].value(*sizes) for name in ("ancilla", "latent")},
        "exact": {1 << m // 2: preparation_gates(ExactPreparation(), m) for m in (4, 6, 8, 12, 20)},
        "bond_2": preparation_gates(MpsPreparation(2), 20),
        "stages": {stage.value: by["ancilla"].value(*sizes) for stage, by in f.LITERAL_BY_STAGE.items()},
        "classical": {"paper": dense_parameters((64, 4, 64)), "program": dense_parameters((64, 4, 4, 64))},
    }


def dense_parameters(widths: Sequence[int]) -> int:
    """Weights and biases of a network of dense layers of these widths, input first."""
    return sum(before * after + after for before, after in pairwise(widths))


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows with the configuration's keys as columns of their own."""
    return frame(rows).rename(columns=lambda name: name.removeprefix("configuration."))


def _one(rows: Sequence[Mapping[str, Any]], size: int, readout: str, preparation: str) -> Mapping[str, Any]:
    """The row of a cell on Willow."""
    wanted = {"patch_size": size, "readout": readout, "preparation": preparation, "target": "willow_pink"}
    (row,) = (one for one in rows if wanted.items() <= one["configuration"].items())
    return row


def _gates(rows: pd.DataFrame) -> pd.DataFrame:
    bare = rows[rows["preparation"] == "none"]
    counts = bare["literal.two_qubit_gates"].astype(str) + " / " + bare["reduced.two_qubit_gates"].astype(str)
    table = bare.assign(counts=counts).pivot(index=["patch_size", "n"], columns="readout", values="counts")
    return table[list(READOUT_NAMES)].reset_index().rename(columns={"patch_size": "P"})


def _preparations(rows: pd.DataFrame) -> pd.DataFrame:
    latent = rows[rows["readout"] == "latent"].set_index("patch_size")
    exact, bond = (latent[latent["preparation"] == name] for name in ("exact", "mps:2"))
    gates = "reduced.by_stage.preparation"
    return pd.DataFrame(
        {
            "P": exact.index,
            "pixels": exact.index**2,
            "all else": (exact["reduced.two_qubit_gates"] - exact[gates]).to_numpy(),
            "mps:2": bond[gates].to_numpy(),
            "exact": exact[gates].to_numpy(),
            "exact on willow_pink": [
                reason if fits is False else "" for reason, fits in zip(exact["reason"], exact["fits"], strict=True)
            ],
        }
    )


def _processor(rows: pd.DataFrame) -> pd.DataFrame:
    """The placed cells of one processor; a cell without a place has its reason."""
    table = pd.DataFrame(
        {
            "P": rows["patch_size"],
            "readout": rows["readout"],
            "preparation": rows["preparation"],
            "literal": rows["literal.two_qubit_gates"],
            "reduced": rows["reduced.two_qubit_gates"],
            "qubits": rows["placed.qubits"],
            "placed": rows["placed.two_qubit_gates"],
            "SWAPs": rows["placed.swaps"],
            "us": rows["placed.duration_ns"] / 1000,
            "fidelity": rows["placed.fidelity"],
            "image, s": rows["image.wall_time_s"],
            "training, h": rows["training.nominal.wall_time_s"] / 3600,
            "why not": rows["reason"],
        }
    )
    table.loc[rows["placed.qubits"].isna(), ["image, s", "training, h"]] = None
    return table if table["why not"].any() else table.drop(columns="why not")


def _time(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `latent` and the paper's `ancilla`, with the training circuits that go with them."""
    chosen = rows[(rows["preparation"] == "mps:2") & rows["patch_size"].isin(TIMED_SIZES)].set_index("patch_size")
    latent, paper = (chosen[chosen["readout"] == name] for name in ("latent", "ancilla"))
    table = pd.DataFrame({"P": latent.index, "patches": latent["image.patches"].to_numpy()})
    for name, part in (("latent", latent), ("ancilla", paper)):
        table[f"{name}: shots"] = part["image.shots_per_patch"].to_numpy()
        table[f"{name}: s"] = part["image.wall_time_s"].to_numpy()
    for name, part in (("direct", latent), ("ancilla_training", paper)):
        for kind in ("nominal", "effective"):
            table[f"{name}, {kind}, h"] = (part[f"training.{kind}.wall_time_s"] / 3600).to_numpy()
    return table


def _formulas(document: Mapping[str, Any]) -> pd.DataFrame:
    """One row for each formula; readouts with the same one stand together."""
    lines = []
    for group in GROUPS:
        named: dict[str, list[str]] = {}
        for name, formula in document[group.name].items():
            named.setdefault(formula["text"], []).append(name)
        lines += [[group.title, ", ".join(names), text] for text, names in named.items()]
    return pd.DataFrame(lines, columns=["quantity", "of", "formula"])


def _fault_tolerance(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, pd.DataFrame]]:
    """A table for each preparation; without Qualtran its columns are left out."""
    titles = {
        "patch_size": "P",
        "readout": "readout",
        "qubits": "logical qubits",
        "rotations": "rotations",
        "toffolis": "Toffoli",
        "t_per_rotation": "T a rotation",
        "total_t_gates": "T in all",
    }
    physical = {"physical.qubits": "physical qubits", "physical.distance": "distance", "seconds": "a shot, s"}
    for name, part in frame(rows).groupby("preparation", sort=False):
        shown = titles
        if "physical.qubits" in part:
            part, shown = part.assign(seconds=part["physical.duration_us"] * 1e-6), titles | physical
        yield name, part[list(shown)].rename(columns=shown)


PAGE = Page("resources", run, content, recompute, picture="preparations", minutes=1, extras=("qualtran",))
