"""`qpbae estimate`: resource estimates over a grid of configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import in_options, integers, names, one_of
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.analysis.resources.configuration import Assumptions, Grid

PATCH_SIZES = "2,4,8,16,32,64,128,256,512,1024"


def estimate(
    patch_size: Annotated[
        str, typer.Option("--patch-size", metavar="P,...", help="Pixels a side, powers of two.")
    ] = PATCH_SIZES,
    bottleneck: Annotated[str, typer.Option("--bottleneck", metavar="BD,...", help="Latent qubits.")] = "1",
    layers: Annotated[str, typer.Option("--layers", metavar="L,...", help="Layers of the staircase.")] = "1",
    block: Annotated[str, typer.Option("--block", metavar="KIND,...", help="Block kinds: ry, so4, or all.")] = "ry",
    readout: Annotated[
        str,
        typer.Option(
            "--readout",
            metavar="NAME,...",
            help="latent, destructive, echo, ancilla, direct, ancilla_training, or all.",
        ),
    ] = "all",
    preparation: Annotated[
        str, typer.Option("--preparation", metavar="NAME,...", help="none, exact, mps:BOND.")
    ] = "mps:2",
    target: Annotated[
        str, typer.Option("--target", metavar="NAME,...", help="willow_pink, weber, rainbow, or all.")
    ] = "willow_pink",
    stride: o.Stride = 1,
    image_size: o.ImageSize = 32,
    standard_error: Annotated[
        float, typer.Option("--standard-error", help="Of a patch's score, that shots are chosen for.")
    ] = 0.01,
    trash_fidelity: Annotated[
        float, typer.Option("--trash-fidelity", min=0, max=1, help="F_trash at which a shot's variance is taken.")
    ] = 0.97,
    fidelity: Annotated[
        float, typer.Option("--fidelity", min=0, max=1, help="F at which a shot's variance is taken.")
    ] = 0.95,
    shot_period: Annotated[
        str | None,
        typer.Option(
            "--shot-period",
            help="Preset of the time from shot to shot: willow_2024, sycamore_2021 or sycamore_2019; by default the "
            "target's.",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Of a training run.")] = 20,
    train: Annotated[int, typer.Option("--train", min=1, help="Images of a training run.")] = 100,
    count_limit: Annotated[
        int,
        typer.Option(
            "--count-limit",
            min=0,
            help="Circuits of at most this many reduced two-qubit gates are built and counted; formulas alone past it.",
        ),
    ] = 30,
    place: Annotated[
        str,
        typer.Option(
            "--place",
            help="Counted circuits to place on the device: none, small (at most 14 two-qubit gates, without SWAPs) or "
            "all (routed if need be; slow).",
        ),
    ] = "small",
    formulas: Annotated[bool, typer.Option("--formulas", help="Print the closed formulas instead.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the rows as CSV.", show_default=False)
    ] = None,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Say what configurations cost on a processor: gates, depth, time, fidelity, shots; one row each.

    Images smaller than a patch are taken to be as large as the patch.
    """
    from qpbae_tn.analysis.resources.configuration import Assumptions, Effort, Grid, Placing
    from qpbae_tn.errors import InputError
    from qpbae_tn.output import check_output_file

    reporter = Reporter(json)
    if formulas:
        _formulas(reporter)
        return
    if csv is not None:
        check_output_file(csv)
    from qpbae_tn.compiler.readouts import READOUTS
    from qpbae_tn.compiler.targets.devices import known_targets
    from qpbae_tn.experiment.description import choices

    grid = Grid(
        patch_sizes=integers(patch_size, "patch_size"),
        bottlenecks=integers(bottleneck, "bottleneck"),
        layers=integers(layers, "layers"),
        blocks=names(block, "block", choices("block")),
        readouts=names(readout, "readout", tuple(READOUTS)),
        preparations=names(preparation, "preparation"),
        targets=names(target, "target", known_targets()),
        stride=stride,
        image_size=image_size,
    )
    assumptions = Assumptions(standard_error, trash_fidelity, fidelity, shot_period, epochs, train)
    effort = Effort(count_limit, Placing(one_of(place, "placing", tuple(Placing))), seed=seed)
    _check(grid, assumptions)
    cells = list(grid.cells())
    if dry_run:
        reporter.dry_run({"rows": len(cells)}, [f"{len(cells)} rows"])
        return
    from qpbae_tn.analysis.resources.estimate import estimate as estimate_cells
    from qpbae_tn.tables import write_csv

    with reporter.steps("estimate", len(cells)) as step:
        rows = estimate_cells(cells, assumptions, effort, step)
    rows = [{**row, "reason": in_options(row["reason"])} for row in rows]
    if not any("native" in row for row in rows):
        raise InputError(f"no configuration is possible: {rows[0]['reason']}", remedy="see qpbae estimate --help")
    _describe(rows, reporter)
    if csv is not None:
        write_csv(csv, rows)
    reporter.emit({"assumptions": assumptions.to_json(), "rows": rows})


def _check(grid: Grid, assumptions: Assumptions) -> None:
    """Raises `InputError` for what is wrong in every cell, before any work."""
    from qpbae_tn.analysis.resources.formulas import preparation_gates
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.quote import shot_period, shots_for
    from qpbae_tn.errors import InputError
    from qpbae_tn.model.specification import patch_qubit_count

    for size in grid.patch_sizes:
        patch_qubit_count(size)
    for name in grid.preparations:
        preparation_gates(parse_preparation(name), 2)
    for field, values in {"layers": grid.layers, "bottleneck": grid.bottlenecks, "stride": (grid.stride,)}.items():
        if min(values) < 1:
            raise InputError(f"{min(values)}", where=field, remedy="give at least 1")
    shots_for(assumptions.standard_error, 1.0)
    if assumptions.fidelity > assumptions.trash_fidelity:
        raise InputError(
            f"F = {assumptions.fidelity:g} above F_trash = {assumptions.trash_fidelity:g}",
            where="fidelity",
            remedy="F is never above F_trash; give less, or a larger `trash_fidelity`",
        )
    if assumptions.shot_period is not None:
        shot_period(assumptions.shot_period)


def _formulas(reporter: Reporter) -> None:
    from qpbae_tn.analysis.resources.formula_document import GROUPS, LEGEND, formula_document

    reporter.say(LEGEND)
    for group in GROUPS:
        reporter.say(f"\n{group.title}")
        for name, formula in group.formulas.items():
            reporter.say(f"  {name:17} {formula.text}\n  {'':17} ${formula.latex}$")
    reporter.emit({"formulas": formula_document()})


SHOWN_NOTES = 8
HEADER = ("P", "BD", "readout", "qub", "literal", "reduced", "native", "us", "fid", "image", "train", "fits")
LEGEND_OF_HEADER = (
    "literal, reduced (CZ, before placement) and native (placed where 'fits' says yes): two-qubit gates, preparation "
    "included; us: duration; fid: estimated fidelity; image: seconds; train: hours, parameter shift over nominal "
    "parameters; ~ by formula, bounds and medians."
)


def _describe(rows: list[dict[str, Any]], reporter: Reporter) -> None:
    """A table for each value of what does not fit a terminal beside P, BD and readout."""
    tables: dict[str, list[list[str]]] = {}
    reasons: dict[str, int] = {}
    for row in rows:
        configuration = row["configuration"]
        rest = {"L": "layers", "block": "block", "preparation": "preparation", "target": "target"}
        title = ", ".join(f"{name} {configuration[key]}" for name, key in rest.items())
        note = f" {reasons.setdefault(row['reason'], len(reasons) + 1)}" if row["reason"] else ""
        fits = {True: "yes", False: "no", None: "?"}[row["fits"]] + note
        readout = configuration["readout"].replace("ancilla_training", "anc. training")
        start = [str(configuration["patch_size"]), str(configuration["bottleneck"]), readout]
        tables.setdefault(title, []).append([*start, *_figures(row), fits])
    for title, lines in tables.items():
        reporter.table(title, HEADER, lines, left=("readout", "fits"))
    reporter.console.print(LEGEND_OF_HEADER, markup=False)
    for reason, number in list(reasons.items())[:SHOWN_NOTES]:
        reporter.console.print(f"fits {number}: {reason}", markup=False)
    if len(reasons) > SHOWN_NOTES:
        reporter.say(f"... and {len(reasons) - SHOWN_NOTES} more reasons, in --json and --csv")


def _figures(row: dict[str, Any]) -> list[str]:
    from qpbae_tn.report.numbers import short

    if "native" not in row:
        return [""] * 8
    best = row["placed"] or row["native"]
    mark = "~" if best["source"] == "formula" else ""
    return [
        str(row["reduced"]["qubits"]),
        short(row["literal"]["two_qubit_gates"]),
        short(row["reduced"]["two_qubit_gates"]),
        mark + short(best["two_qubit_gates"]),
        mark + short(best["duration_ns"] / 1000),
        f"{mark}{best['fidelity']:.2f}",
        short(row["image"]["wall_time_s"]),
        short(row["training"]["nominal"]["wall_time_s"] / 3600),
    ]
