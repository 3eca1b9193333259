"""`qpbae scaling`: how everything grows with the patch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import named_folders
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.analysis.scaling.plan import ScalingPlan
    from qpbae_tn.analysis.scaling.points import Row
    from qpbae_tn.report.page import Table

POINTS = "points.json"
WIDTH = 78


def scaling(
    part: Annotated[
        str,
        typer.Option(
            "--part", help="Comma-separated: circuits, preparation, engines, trainability, detection, or all."
        ),
    ] = "all",
    max_patch_size: Annotated[
        int, typer.Option("--max-patch-size", help="Largest P; past 4096 patches are analytic or random trains.")
    ] = 1 << 20,
    bottleneck: o.Bottleneck = 2,
    bond: Annotated[int, typer.Option("--bond", help="Bond dimension at which the mps engine is followed.")] = 16,
    pixel_order: Annotated[
        str, typer.Option("--pixel-order", help="Comma-separated pixel orders to compare; row comes first.")
    ] = "row,column,morton",
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="NAME=DIR", help="Real images, e.g. busi_256=DIR; repeatable."),
    ] = None,
    train: Annotated[int, typer.Option("--train", help="Normal images to learn from.")] = 40,
    test: Annotated[int, typer.Option("--test", help="Test images, a stratified subset.")] = 120,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Seconds of each timed point's process.")] = 15.0,
    memory_limit: Annotated[int, typer.Option("--memory-limit", help="MiB of each timed point's process.")] = 2048,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the points in the --output folder and the --json file.")
    ] = False,
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    seed: o.Seed = 0,
    dry_run: o.DryRun = False,
) -> None:
    """Measure circuits, preparation, engines, trainability and detection against the patch size P."""
    from qpbae_tn.analysis.scaling.isolation import require_room
    from qpbae_tn.analysis.scaling.limits import Limits
    from qpbae_tn.analysis.scaling.plan import PARTS, ScalingPlan
    from qpbae_tn.analysis.scaling.study import planned, run_scaling

    plan = ScalingPlan(
        parts=_parts(part, bool(data), PARTS),
        max_patch_size=max_patch_size,
        bottleneck=bottleneck,
        bond=bond,
        orders=tuple(order.strip() for order in pixel_order.split(",")),
        data=named_folders(data),
        train_images=train,
        test_images=test,
        limits=Limits(time_limit, memory_limit),
        seed=seed,
    )
    known = _known(output, json) if resume else []
    reporter = Reporter(json)
    series = planned(plan)
    if dry_run:
        _tell_work(plan, [point.part for points in series for point in points], known, reporter)
        return
    if "engines" in plan.parts:
        require_room(plan.limits)
    folder = _open_folder(output, force=force, resume=resume)
    total = sum(len(points) for points in series)
    with reporter.progress("scaling", total) as progress:

        def on_rows(document: dict[str, Any]) -> None:
            progress.advance(progress.task_ids[0])
            _write_points(folder, document)

        document = run_scaling(
            plan,
            known,
            lambda text: progress.update(progress.task_ids[0], description=text[:40]),
            on_rows,
        )
    _write_points(folder, document)
    _write_page(folder, document, plan)
    for table in _tables(document, plan):
        _print_table(table, reporter)
    reporter.console.print(f"Points, charts and scaling.html written to {folder}", markup=False, soft_wrap=True)
    reporter.emit({**document, "output": str(folder)})


def _parts(option: str, has_data: bool, known: tuple[str, ...]) -> tuple[str, ...]:
    """The parts asked for; `all` leaves out what needs images where there are none."""
    from qpbae_tn.analysis.scaling.study import NEED_DATA

    if option == "all":
        return tuple(name for name in known if has_data or name not in NEED_DATA)
    return tuple(name.strip() for name in option.split(","))


def _known(output: Path | None, json_target: str | None) -> list[Row]:
    """Rows of an earlier run, from the folder and the file that this one will write."""
    from qpbae_tn.analysis.scaling.points import read_rows
    from qpbae_tn.errors import InputError

    files = [output / POINTS] if output is not None else []
    files += [Path(json_target)] if json_target not in (None, "-") else []
    rows: list[Row] = []
    found = [file for file in files if file.is_file()]
    if not found:
        raise InputError(
            "nothing to go on from", where="--resume", remedy="name the earlier run's --output folder or --json file"
        )
    for file in found:
        rows += read_rows(_read_json(file), file)
    return rows


def _read_json(file: Path) -> Any:
    import json

    from qpbae_tn.errors import InputError

    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise InputError("is not JSON", where=file, remedy="give a file that qpbae scaling wrote") from None


def _open_folder(output: Path | None, *, force: bool, resume: bool) -> Path:
    """The folder to write, made at once: points go there as they are measured, so that nothing is lost."""
    from qpbae_tn.output import output_folder, unused_folder

    folder = output if output is not None else unused_folder(Path("runs") / "scaling")
    if not (resume and folder.is_dir()):
        with output_folder(folder, force=force):
            pass
    return folder


def _write_points(folder: Path, document: dict[str, Any]) -> None:
    from qpbae_tn.output import write_json

    write_json(folder / POINTS, document)


def _write_page(folder: Path, document: dict[str, Any], plan: ScalingPlan) -> None:
    import shlex
    import sys

    from qpbae_tn.analysis.scaling.report import page
    from qpbae_tn.report.render import write_page

    write_page(page(document, plan, shlex.join(["qpbae", *sys.argv[1:]])), folder)


def _tell_work(plan: ScalingPlan, parts: list[str], known: list[Row], reporter: Reporter) -> None:
    counts = {part: parts.count(part) for part in dict.fromkeys(parts)}
    for part, count in counts.items():
        reporter.console.print(f"{part}: {count} points", markup=False)
    longest = counts.get("engines", 0) * plan.limits.time_s
    reporter.console.print(f"engines take at most {longest:g} s; points known already: {len(known)}", markup=False)
    reporter.emit({"dry_run": {"points": counts, "known": len(known), "engines_at_most_s": longest}})


def _tables(document: dict[str, Any], plan: ScalingPlan) -> list[Table]:
    """The tables of the page that fit a terminal."""
    from qpbae_tn.analysis.scaling import tables

    rows, found = document["rows"], []
    present = {row["part"] for row in rows}
    if "circuits" in present:
        found.append(tables.circuit_short_table(rows))
    found += [tables.preparation_table(rows, name) for name in plan.data if "preparation" in present]
    if "engines" in present:
        found += [tables.engine_time_table(rows, work, plan.bond) for work in ("score", "train")]
        found.append(tables.stop_table(rows))
    if "trainability" in present:
        found.append(tables.trainability_table(rows, "texture"))
    found += [tables.detection_short_table(rows, name) for name in plan.data if "detection" in present]
    if document["laws"]:
        found.append(tables.law_table(document["laws"]))
    return found


def _print_table(table: Table, reporter: Reporter) -> None:
    from rich.table import Table as Drawn

    drawn = Drawn(title=table.caption, title_justify="left", width=WIDTH)
    for index, name in enumerate(table.header):
        drawn.add_column(name, justify="left" if index == 0 else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*row)
    reporter.console.print(drawn)
