"""`qpbae scaling`: how everything grows with the patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import named_folders, names
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.documents import read_json
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from qpbae_tn.analysis.scaling.plan import ScalingPlan
    from qpbae_tn.analysis.scaling.study import Row

OLD_POINTS = "points.json"
"""Where earlier versions kept the points; they are taken over by --resume."""


def scaling(
    part: Annotated[
        str,
        typer.Option(
            "--part", help="Comma-separated: circuits, preparation, engines, trainability, detection, or all."
        ),
    ] = "all",
    max_patch_size: Annotated[
        int, typer.Option("--max-patch-size", help="Largest P; past 4096 patches are analytic or random states.")
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
    jobs: Annotated[
        int, typer.Option("--jobs", help="Local processes; by default 0, all points one after another in this one.")
    ] = 0,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the --output folder, and from the --json file of an earlier run; nothing is lost.",
        ),
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try points again that failed before.")] = False,
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    seed: o.Seed = 0,
    dry_run: o.DryRun = False,
) -> None:
    """Measure circuits, preparation, engines, trainability and detection against the patch size P."""
    from qpbae_tn.analysis.scaling.plan import ScalingPlan
    from qpbae_tn.analysis.scaling.study import planned, run_scaling
    from qpbae_tn.study.limited import Limits
    from qpbae_tn.study.store import results_path
    from qpbae_tn.study.workers import InProcess, LocalProcesses

    folders = named_folders(data)
    plan = ScalingPlan(
        parts=_parts(part, bool(folders)),
        max_patch_size=max_patch_size,
        bottleneck=bottleneck,
        bond=bond,
        orders=names(pixel_order, "orders"),
        data=folders,
        train_images=train,
        test_images=test,
        limits=Limits(time_limit, memory_limit),
        seed=seed,
    )
    known = _known(output, json) if resume else []
    reporter = Reporter(json)
    series = planned(plan)
    if dry_run:
        _say_work(plan, [work.cells[0].part for one in series for work in one], output, known, reporter)
        return
    folder = _open_folder(output, force=force, resume=resume)
    with reporter.steps("scaling", sum(len(one) for one in series)) as step:
        document, progress = run_scaling(
            plan,
            results_path(folder),
            LocalProcesses(jobs) if jobs else InProcess(),
            known=known,
            retry_failed=retry_failed,
            on_work=lambda work: step(0, text=work.cells[0].describe()),
            on_cells=step,
        )
    _write_page(folder, document)
    for title, table in _tables(document):
        reporter.table(
            title, list(table), map(_cells, table.itertuples(index=False)), left=_texts(table), wrapped=_texts(table)
        )
    reporter.say(f"Results, charts and scaling.html written to {folder}")
    # That an engine stops at a limit is what was to be found out; anything else that fails is not.
    for failure in progress.failed.values():
        if not failure.startswith("engines: "):
            reporter.say(f"failed: {failure}", style="red")
    reporter.emit({**document, "output": str(folder)})
    if any(not failure.startswith("engines: ") for failure in progress.failed.values()):
        raise typer.Exit(1)


def _parts(option: str, has_data: bool) -> tuple[str, ...]:
    """The parts asked for; `all` leaves out what needs images where there are none."""
    from qpbae_tn.analysis.scaling.plan import NEED_DATA, PARTS

    if option == "all":
        return tuple(name for name in PARTS if has_data or name not in NEED_DATA)
    return names(option, "parts", PARTS)


def _known(output: Path | None, json_target: str | None) -> list[Row]:
    """Rows of earlier documents: of the file that this run will write, and of a folder of an earlier version."""
    from qpbae_tn.analysis.scaling.study import read_rows
    from qpbae_tn.study.store import results_path

    files = [output / OLD_POINTS] if output is not None else []
    files += [Path(json_target)] if json_target not in (None, "-") else []
    found = [file for file in files if file.is_file()]
    if not found and (output is None or not results_path(output).is_file()):
        raise InputError(
            "nothing to go on from", where="resume", remedy="name the earlier run's `output` folder or `json` file"
        )
    remedy = "give a file that qpbae scaling wrote"
    return [row for file in found for row in read_rows(read_json(file, object, remedy=remedy), file)]


def _open_folder(output: Path | None, *, force: bool, resume: bool) -> Path:
    """The folder to write, made at once: points go there as they are measured, so that nothing is lost."""
    from qpbae_tn.output import output_folder, unused_folder

    folder = output if output is not None else unused_folder(Path("runs") / "scaling")
    if not (resume and folder.is_dir()):
        with output_folder(folder, force=force):
            pass
    return folder


def _write_page(folder: Path, document: dict[str, Any]) -> None:
    import shlex
    import sys

    from qpbae_tn.analysis.pages import write_page
    from qpbae_tn.analysis.scaling.report import PAGE, result_of
    from qpbae_tn.experiment.training import versions
    from qpbae_tn.report.content import Made

    command = shlex.join(["qpbae", *sys.argv[1:]])
    made = Made(command, document["plan"]["seed"], document["digests"], versions())
    write_page(PAGE, result_of(document), made, folder)


def _say_work(
    plan: ScalingPlan, parts: Sequence[str], output: Path | None, known: Sequence[Row], reporter: Reporter
) -> None:
    from qpbae_tn.analysis.scaling.study import read_scaling
    from qpbae_tn.study.store import results_path

    results = results_path(output) if output is not None else None
    held = len(read_scaling(results)) if results is not None and results.is_file() else 0
    counts = {part: parts.count(part) for part in dict.fromkeys(parts)}
    longest = counts.get("engines", 0) * plan.limits.time_s
    lines = [f"{part}: {count} points" for part, count in counts.items()]
    lines.append(f"engines take at most {longest:g} s; points known already: {max(held, len(known))}")
    reporter.dry_run({"points": counts, "known": max(held, len(known)), "engines_at_most_s": longest}, lines)


def _tables(document: Mapping[str, Any]) -> list[tuple[str, pd.DataFrame]]:
    """The tables of the page that fit a terminal, each with its title."""
    from qpbae_tn.analysis.scaling import tables

    rows = document["rows"]
    done = [row for row in rows if "result" in row]
    present = {row["part"] for row in done}
    found: list[tuple[str, pd.DataFrame]] = []
    if "circuits" in present:
        table = tables.circuit_table(rows).drop(columns="direct")
        table = table.rename(columns={"destructive, literal": "literal", "parameters": "angles"})
        found.append(("One layer: two-qubit gates (qubits) of each readout, without preparation", table))
    for name in dict.fromkeys(row["point"]["data"] for row in done if row["part"] == "preparation"):
        found.append((f"{name}: median fidelity of the best mps of each bond", tables.preparation_table(rows, name)))
    if "engines" in present:
        for job, what in (("score", "Scoring: time of a patch"), ("train", "Time of a training step")):
            found.append((what, tables.engine_table(rows, job, document["plan"]["bond"], memory=False)))
        found.append(("Where each engine stops", tables.stop_table(rows)))
    if any(row["point"]["patches"] == "texture" for row in done if row["part"] == "trainability"):
        title = "Analytic textures: size of a gradient component; shots to resolve it"
        found.append((title, tables.trainability_table(rows, "texture")))
    for name in dict.fromkeys(row["point"]["data"] for row in done if row["part"] == "detection"):
        found.append((f"{name}: AUPRO", tables.detection_table(rows, name, "aupro").map(_value)))
    if document["laws"]:
        found.append(("Fitted exponents", tables.law_table(document["laws"])))
    return [(title, table) for title, table in found if len(table)]


def _value(cell: Any) -> Any:
    """An interval without its ends."""
    return cell["value"] if isinstance(cell, Mapping) else cell


def _cells(row: Sequence[Any]) -> list[str | None]:
    from qpbae_tn.interval import Interval
    from qpbae_tn.report.numbers import fixed, ranged

    def shown(cell: Any) -> str | None:
        if isinstance(cell, Mapping):
            return ranged(Interval.from_json(cell), 2)
        return fixed(cell, 4) if isinstance(cell, float) else None if cell is None else str(cell)

    return [shown(cell) for cell in row]


def _texts(table: pd.DataFrame) -> list[str]:
    """The columns of words."""
    return [name for name in table if name in ("P, BD", "P", "engine", "cause", "quantity")]
