"""The page `shots`: how many shots a map needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result, matched
from qpbae_tn.analysis.shots.cases import CasePlan, Trainings, run_case
from qpbae_tn.analysis.shots.charts import loss_chart, metric_chart, training_chart
from qpbae_tn.analysis.shots.coverage import coverage_rows
from qpbae_tn.analysis.shots.needed import LOSSES
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.tables import frame

REAL_DATA = "busi_32"
SHOTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1_000_000)
FEWER_SHOTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000)
MAIN_PATCHES = (4, 1)
OTHER_PATCHES = ((4, 4), (8, 1))
"""Patch sizes and strides beside the main ones, for the readouts of F without those that share another's law."""
TRAININGS = Trainings(
    {Scheme.DRAWN_PATCHES: (1, 10, 100, 1000, 10_000), Scheme.EVERY_PATCH: (1, 10)}, ("direct", "ancilla_training"), 5
)
FEWER_TRAININGS = Trainings({Scheme.DRAWN_PATCHES: (1, 10, 100, 1000)}, ("direct",), 3)
"""On the many images of a real data set, to see that it is alike."""

FEW = 10
"""Shots per patch that the text takes as an example of few."""
CLOSE = 0.002
"""A loss of AUROC that the text calls as good as exact gradients."""
SHOWN = (1, 10, 100, 1000)
"""Shots per patch in the table of thresholds."""
CONFIGURATION = ("data_set", "patch_size", "stride")


def run(options: PageOptions) -> Result:
    """The bundled textures, and BUSI where it is given; each data set's first plan is its main one."""
    data_sets = [("textures", TRAININGS)]
    if REAL_DATA in options.data:
        data_sets.append((str(options.data[REAL_DATA]), FEWER_TRAININGS))
    plans = []
    for data, trainings in data_sets:
        size, stride = MAIN_PATCHES
        main = Experiment(data=data, patch_size=size, stride=stride)
        plans.append(CasePlan(main, tuple(READOUTS), SHOTS, 20, trainings))
        for size, stride in OTHER_PATCHES:
            other = Experiment(data=data, patch_size=size, stride=stride)
            plans.append(CasePlan(other, ("latent", "destructive", "echo"), FEWER_SHOTS, 10))
    cases = [run_case(plan, options.seed, options.progress) for plan in plans]
    options.progress("coverage of intervals")
    document = {
        "seed": options.seed,
        "notes": cases[0].document["notes"],
        **{
            key: [row for case in cases for row in case.document[key]]
            for key in ("exact", "rows", "readout_rows", "needed_shots", "training_rows")
        },
        "coverage_rows": coverage_rows(),
    }
    return Result(document, data={case.provenance.data_set: case.provenance.digest for case in cases})


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """One readout at a few shots on the textures, where patches do not overlap; and the coverage of a few shots."""
    size, stride = OTHER_PATCHES[0]
    plan = CasePlan(Experiment(patch_size=size, stride=stride), ("latent",), (FEW,), 10)
    case = run_case(plan, document["seed"], lambda _: None)
    for key in ("exact", "rows"):
        yield from matched(
            document[key], case.document[key], (*CONFIGURATION, "quantity", "readout", "shots_per_patch")
        )
    yield from matched(document["coverage_rows"], coverage_rows((1, 3)), ("readout", "shots"))


def content(document: Document) -> Content:
    """What shots do to metrics, thresholds and training, data set by data set."""
    rows, exact = pd.DataFrame(document["rows"]), pd.DataFrame(document["exact"])
    needed, trained = pd.DataFrame(document["needed_shots"]), pd.DataFrame(document["training_rows"])
    readouts = pd.DataFrame(document["readout_rows"])
    values: list[dict[str, Any]] = []
    tables: dict[str, pd.DataFrame] = {}
    figures: dict[str, Figure] = {}
    for name in rows["data_set"].unique():
        slug = name.replace(":", "_")
        own = {key: _main(table, name) for key, table in (("rows", rows), ("exact", exact), ("needed", needed))}
        own["training"] = trained[trained["data_set"] == name]
        values.append({"name": name, "slug": slug, **_values(own, readouts), "stride": _overlap(rows, needed, name)})
        tables |= {
            f"needed_{slug}": _needed_table(own["needed"], own["exact"]),
            f"threshold_{slug}": _threshold_table(own["rows"], own["exact"].loc["F"]),
            f"training_{slug}": _training_table(own["training"]),
        }
        figures |= {
            f"auroc_{slug}": metric_chart(own["rows"], own["exact"].loc["F"], "auroc", "pixel AUROC", f"AUROC, {name}"),
            f"loss_{slug}": loss_chart(own["rows"], own["exact"].loc["F"], f"Loss of AUROC, {name}"),
            f"aupro_{slug}": metric_chart(own["rows"], own["exact"].loc["F"], "aupro", "AUPRO", f"AUPRO, {name}"),
            f"threshold_{slug}": metric_chart(
                own["rows"], own["exact"].loc["F"], "threshold", "threshold on Y", f"Threshold, {name}"
            ),
            f"training_{slug}": training_chart(own["training"], f"Trained from shots, {name}"),
        }
    tables["readouts"] = _readout_table(readouts)
    tables["patches"] = _patches_table(rows, exact, needed)
    tables["coverage"] = _coverage_table(pd.DataFrame(document["coverage_rows"]))
    least = min(row["least_coverage"] for row in document["coverage_rows"])
    names = ("rows", "needed_shots", "training_rows", "coverage_rows")
    return Content(
        {
            "data": values,
            "few": FEW,
            "close": CLOSE,
            "losses": LOSSES,
            "least_coverage": least,
            "notes": document["notes"],
        },
        tables,
        figures,
        {key: frame(document[key]) for key in names},
    )


def _main(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of a data set's main patches; exact values by quantity."""
    size, stride = MAIN_PATCHES
    own = table[(table["data_set"] == name) & (table["patch_size"] == size) & (table["stride"] == stride)]
    return own.set_index("quantity") if "quantity" in own and "readout" not in own else own


def _at(rows: pd.DataFrame, readout: str, shots: int) -> Mapping[str, Any]:
    """The metrics of this readout with this many shots per patch."""
    found: Mapping[str, Any] = rows[(rows["readout"] == readout) & (rows["shots_per_patch"] == shots)].iloc[0]
    return found


def _values(own: Mapping[str, pd.DataFrame], readouts: pd.DataFrame) -> dict[str, Any]:
    """What the sentences say of one data set."""
    rows, exact = own["rows"], own["exact"].loc["F"]
    swap = [exact["auroc"] - _at(rows, "destructive", shots)["auroc"]["value"] for shots in (10, 100)]
    shots = {
        (row.readout, row.loss_of_auroc): {**row.shots_per_patch, "bound": row.bound}
        for row in own["needed"].itertuples()
    }
    by_readout = {name: {loss: shots[name, loss] for loss in LOSSES} for name in rows["readout"].unique()}
    swap_test, echo, latent = (by_readout[name][LOSSES[0]]["value"] for name in ("ancilla", "echo", "latent"))
    reached = None not in (swap_test, echo, latent)
    name = rows["data_set"].iloc[0]
    return {
        "test_images": int(rows["test_images"].iloc[0]),
        "exact": exact.to_dict(),
        "few": {name: _at(rows, name, FEW) for name in ("echo", "latent", "destructive", "ancilla")},
        "tenfold": swap[0] / swap[1] if swap[1] > 0 else None,
        "needed": by_readout,
        "times": {"echo": swap_test / echo, "latent": swap_test / latent} if reached else None,
        "infidelity": readouts[readouts["data_set"] == name]["median_infidelity"].iloc[0],
        "training": _training_values(own["training"]),
    }


def _overlap(rows: pd.DataFrame, needed: pd.DataFrame, name: str) -> dict[str, float] | None:
    """What overlapping patches do to the number of patches and to the shots for a map."""
    (size, one), (_, other) = MAIN_PATCHES, OTHER_PATCHES[0]
    found = []
    for stride in (one, other):
        row = rows[(rows["data_set"] == name) & (rows["patch_size"] == size) & (rows["stride"] == stride)].iloc[0]
        shots = _latent(needed, name, size, stride)["shots_per_patch"]["value"]
        found.append((row["shots_per_image"] / row["shots_per_patch"], shots))
    (patches, shots), (fewer, more) = found
    if shots is None or more is None:
        return None
    return {"stride": other, "patches": patches / fewer, "shots": patches * shots / (fewer * more)}


def _latent(needed: pd.DataFrame, name: str, size: int, stride: int) -> Mapping[str, Any]:
    chosen = (needed["data_set"] == name) & (needed["patch_size"] == size) & (needed["stride"] == stride)
    chosen &= (needed["readout"] == "latent") & (needed["loss_of_auroc"] == LOSSES[0])
    found: Mapping[str, Any] = needed[chosen].iloc[0]
    return found


def _training_values(rows: pd.DataFrame) -> dict[str, Any]:
    """The fewest shots on drawn patches that train as well as exact gradients, by readout; one shot a patch; drift."""
    exact, noisy = rows.iloc[0]["auroc"]["value"], rows[rows["readout"].notna()]
    drawn = noisy[noisy["scheme"] == Scheme.DRAWN_PATCHES.value]
    good = drawn[[exact - cell["value"] < CLOSE for cell in drawn["auroc"]]].drop_duplicates("readout")
    every = noisy[noisy["scheme"] == Scheme.EVERY_PATCH.value]
    columns = ["shots", "total_shots"]
    return {
        "enough": {row["readout"]: {key: int(row[key]) for key in columns} for _, row in good.iterrows()},
        "every_patch": int(every.iloc[0]["total_shots"]) if len(every) else None,
        "drift": max(cell["value"] or 0.0 for cell in noisy["unseen_drift"]),
        "repetitions": int(noisy["repetitions"].iloc[0]),
    }


def _readout_table(readouts: pd.DataFrame) -> pd.DataFrame:
    keys = ["readout", "quantity", "qubits", "preparations", "variance_formula"]
    table = readouts.pivot_table(index=keys, columns="data_set", values="median_variance", sort=False).reset_index()
    titles = {"quantity": "estimates", "preparations": "states a shot", "variance_formula": "variance of a shot"}
    return table.rename(columns=titles | {name: f"median on {name}" for name in readouts["data_set"].unique()})


def _needed_table(needed: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame({"readout": needed["readout"].unique()})
    table["exact AUROC"] = [exact.loc[READOUTS[name].quantity.value, "auroc"] for name in table["readout"]]
    for loss in LOSSES:
        own = needed[needed["loss_of_auroc"] == loss].set_index("readout")
        table[f"shots, loss {loss:g}"] = [own.loc[name, "shots_per_patch"] for name in table["readout"]]
        table[f"states a map, {loss:g}"] = [own.loc[name, "preparations_per_image"] for name in table["readout"]]
    return table


def _threshold_table(rows: pd.DataFrame, exact: Mapping[str, Any]) -> pd.DataFrame:
    """What shot noise does to the threshold, and what thresholds of as many shots do."""
    columns = {
        "threshold": "threshold",
        "validation_fpr_exact_threshold": "alarms, exact threshold kept",
        "fpr": "FPR, own threshold",
        "dice_paper": "Dice, own threshold",
        "dice_paper_exact_threshold": "Dice, exact threshold",
    }
    found = [
        {
            "readout": readout,
            "shots": shots,
            **{title: _at(rows, readout, shots)[key] for key, title in columns.items()},
        }
        for readout in ("ancilla", "latent", "echo")
        for shots in SHOWN
    ]
    last = {"readout": "exact", "shots": None, **{title: exact[key] for key, title in columns.items()}}
    return pd.DataFrame([*found, last])


def _training_table(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "readout": rows["readout"].fillna("exact gradients"),
            "patches": [
                (scheme or "").split("_")[0]
                for scheme in rows["scheme"].astype(object).where(rows["scheme"].notna(), "")
            ],
            "N": rows["shots"].astype("Int64"),
            "shots in all": rows["total_shots"].astype("Int64"),
            "final loss": rows["loss"],
            "AUROC": rows["auroc"],
            "AUPRO": rows["aupro"],
            "drift": [cell["value"] for cell in rows["unseen_drift"]],
        }
    )


def _patches_table(rows: pd.DataFrame, exact: pd.DataFrame, needed: pd.DataFrame) -> pd.DataFrame:
    found = []
    for (name, size, stride), own in rows.groupby(list(CONFIGURATION), sort=False):
        first, latent = own.iloc[0], _latent(needed, name, size, stride)
        patches = int(first["shots_per_image"] // first["shots_per_patch"])
        same = (exact["data_set"] == name) & (exact["patch_size"] == size) & (exact["stride"] == stride)
        shots = latent["shots_per_patch"]["value"]
        found.append(
            {
                "data": name,
                "P": size,
                "S": stride,
                "exact AUROC": exact[same & (exact["quantity"] == "F")]["auroc"].iloc[0],
                "patches": patches,
                "covering a pixel": (size / stride) ** 2,
                "shots a patch": latent["shots_per_patch"],
                "shots a map": None if shots is None else shots * patches,
            }
        )
    return pd.DataFrame(found)


def _coverage_table(coverage: pd.DataFrame) -> pd.DataFrame:
    table = coverage.pivot_table(index="readout", columns="shots", values="least_coverage", sort=False)
    ends = coverage.groupby("readout", sort=False)[["coverage_at_0", "coverage_at_1"]].min()
    table.columns = [f"{count} shot{'s' if count > 1 else ''}" for count in table.columns]
    return table.join(ends.rename(columns={"coverage_at_0": "at 0", "coverage_at_1": "at 1"})).reset_index()


PAGE = Page("shots", run, content, recompute, picture="loss_textures_brick", minutes=3, data=(REAL_DATA,))
