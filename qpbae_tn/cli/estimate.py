"""`qpbae estimate`: resource estimates over a grid of configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import in_options
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
    """Tell what configurations cost on a processor: gates, depth, time, fidelity, shots; one row each.

    Images smaller than a patch are taken to be as large as the patch.
    """
    from qpbae_tn.analysis.resources.configuration import Assumptions, Effort, Grid, Placing
    from qpbae_tn.cli.lists import integers, names, one_of
    from qpbae_tn.errors import InputError
    from qpbae_tn.output import check_output_file, write_atomically

    reporter = Reporter(json)
    if formulas:
        _formulas(reporter)
        return
    if csv is not None:
        check_output_file(csv)
    from qpbae_tn.compiler.readouts import READOUTS
    from qpbae_tn.compiler.targets.devices import known_targets
    from qpbae_tn.model.blocks import BLOCK_KINDS

    grid = Grid(
        patch_sizes=integers(patch_size, "--patch-size"),
        bottlenecks=integers(bottleneck, "--bottleneck"),
        layers=integers(layers, "--layers"),
        blocks=names(block, "--block", tuple(BLOCK_KINDS)),
        readouts=names(readout, "--readout", tuple(READOUTS)),
        preparations=names(preparation, "--preparation"),
        targets=names(target, "--target", known_targets()),
        stride=stride,
        image_size=image_size,
    )
    assumptions = Assumptions(standard_error, trash_fidelity, fidelity, shot_period, epochs, train)
    effort = Effort(count_limit, Placing(one_of(place, "--place", tuple(Placing))), seed=seed)
    _check(grid, assumptions)
    cells = list(grid.cells())
    if dry_run:
        reporter.console.print(f"{len(cells)} rows", markup=False)
        reporter.emit({"dry_run": {"rows": len(cells)}})
        return
    from qpbae_tn.analysis.resources.estimate import estimate as estimate_cells
    from qpbae_tn.report.render import rows_as_csv, to_csv

    with reporter.progress("estimate", len(cells)) as progress:
        rows = estimate_cells(cells, assumptions, effort, lambda: progress.advance(progress.task_ids[0]))
    if not any("native" in row for row in rows):
        raise InputError(f"no configuration is possible: {rows[0]['reason']}", remedy="see qpbae estimate --help")
    _table(rows, reporter)
    if csv is not None:
        write_atomically(csv, to_csv(*rows_as_csv(rows)))
    reporter.emit({"assumptions": assumptions.to_json(), "rows": rows})


def _check(grid: Grid, assumptions: Assumptions) -> None:
    """Raises `InputError` for what is wrong in every cell, before any work."""
    from qpbae_tn.analysis.resources.preparation_formulas import preparation_gates
    from qpbae_tn.compiler.preparation.names import parse_preparation
    from qpbae_tn.compiler.price.runs import shot_period, shots_for
    from qpbae_tn.errors import InputError
    from qpbae_tn.model.specification import patch_qubit_count

    for size in grid.patch_sizes:
        patch_qubit_count(size)
    for name in grid.preparations:
        preparation_gates(parse_preparation(name), 2)
    for values, option in ((grid.layers, "--layers"), (grid.bottlenecks, "--bottleneck"), ((grid.stride,), "--stride")):
        if min(values) < 1:
            raise InputError(f"{min(values)}", where=option, remedy="give at least 1")
    shots_for(assumptions.standard_error, 1.0)
    if assumptions.fidelity > assumptions.trash_fidelity:
        raise InputError(
            f"F = {assumptions.fidelity:g} above F_trash = {assumptions.trash_fidelity:g}",
            where="--fidelity",
            remedy="F is never above F_trash; give less, or a larger --trash-fidelity",
        )
    if assumptions.shot_period is not None:
        shot_period(assumptions.shot_period)


def _formulas(reporter: Reporter) -> None:
    from qpbae_tn.analysis.resources.formula_document import GROUPS, LEGEND, formula_document

    write = reporter.console.print
    write(LEGEND, markup=False)
    for group in GROUPS:
        write(f"\n{group.title}", markup=False)
        for name, formula in group.formulas.items():
            write(f"  {name:17} {formula.text}", markup=False, soft_wrap=True)
            write(f"  {'':17} ${formula.latex}$", markup=False, soft_wrap=True)
    reporter.emit({"formulas": formula_document()})


CONFIGURATION = ("P", "BD", "readout", "L", "block", "preparation", "target")
FIGURES = ("qub", "literal", "reduced", "native", "us", "fid", "image", "train", "fits")
SHOWN_NOTES = 8
COLUMNS = 3
"""The first of the configuration that stand in the table; a table for each value of the rest fits a terminal."""


def _table(rows: list[dict[str, Any]], reporter: Reporter) -> None:
    from rich.table import Table

    tables: dict[tuple[str, ...], Table] = {}
    notes: dict[str, int] = {}
    for row in rows:
        cells = _cells(row)
        if row["reason"]:
            cells[-1] += f" {notes.setdefault(row['reason'], len(notes) + 1)}"
        rest = tuple(cells[COLUMNS : len(CONFIGURATION)])
        if rest not in tables:
            title = ", ".join(f"{name} {value}" for name, value in zip(CONFIGURATION[COLUMNS:], rest, strict=True))
            tables[rest] = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), title=title, title_justify="left")
            for name in (*CONFIGURATION[:COLUMNS], *FIGURES):
                side: Literal["left", "right"] = "left" if name in ("readout", "fits") else "right"
                tables[rest].add_column(name, justify=side, no_wrap=True)
        tables[rest].add_row(*cells[:COLUMNS], *cells[len(CONFIGURATION) :])
    for table in tables.values():
        reporter.console.print(table)
    reporter.console.print(
        "literal, reduced (CZ, before placement) and native (placed where 'fits' says yes): two-qubit gates, "
        "preparation included; us: duration; fid: estimated fidelity; image: seconds; train: hours, parameter shift "
        "over nominal parameters; ~ by formula, bounds and medians.",
        markup=False,
    )
    for reason, number in list(notes.items())[:SHOWN_NOTES]:
        reporter.console.print(f"fits {number}: {in_options(reason)}", markup=False)
    if len(notes) > SHOWN_NOTES:
        reporter.console.print(f"... and {len(notes) - SHOWN_NOTES} more reasons, in --json and --csv", markup=False)


def _cells(row: dict[str, Any]) -> list[str]:
    c = row["configuration"]
    start = [
        c["patch_size"],
        c["bottleneck"],
        c["readout"].replace("ancilla_training", "anc. training"),
        c["layers"],
        c["block"],
        c["preparation"],
        c["target"],
    ]
    fits = {True: "yes", False: "no", None: "?"}[row["fits"]]
    if "native" not in row:
        return [*map(str, start), *[""] * 8, fits]
    best = row["placed"] or row["native"]
    mark = "~" if best["source"] == "formula" else ""
    return [
        *map(str, start),
        str(row["reduced"]["qubits"]),
        _short(row["literal"]["two_qubit_gates"]),
        _short(row["reduced"]["two_qubit_gates"]),
        mark + _short(best["two_qubit_gates"]),
        mark + _short(best["duration_ns"] / 1000),
        f"{mark}{best['fidelity']:.2f}",
        _short(row["image"]["wall_time_s"]),
        _short(row["training"]["nominal"]["wall_time_s"] / 3600),
        fits,
    ]


def _short(number: float) -> str:
    """A count as it is, a measure to two digits, and either with an exponent where it is long."""
    if isinstance(number, int) and number < 100_000:
        return str(number)
    text = f"{number:.2g}" if number < 1000 else f"{number:.1e}"
    return text.replace("e+0", "e")
