"""`qpbae execute`: score patches of an image from shots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.compile import PreparationBond, PreparationName, ReadoutName, TargetName
from qpbae_tn.cli.reporter import Reporter

SHOWN_PATCHES = 12


def execute(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A run folder or model file.", show_default=False)],
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image file.", show_default=False)],
    patch: Annotated[
        list[int] | None,
        typer.Option("--patch", metavar="I", help="Number of a patch, counted row by row from 0; repeatable."),
    ] = None,
    all_patches: Annotated[bool, typer.Option("--all", help="All patches, folded to a map.")] = False,
    shots: Annotated[int, typer.Option("--shots", help="Shots for each patch.")] = 1000,
    sampler: Annotated[
        str, typer.Option("--sampler", help="virtual (Google's engine, simulated here), noisy (qsim) or ideal.")
    ] = "virtual",
    readout: ReadoutName = "latent",
    preparation: PreparationName = "mps",
    bond: PreparationBond = None,
    target: TargetName = "willow_pink",
    literal: Annotated[bool, typer.Option("--literal", help="Leave the paper's circuit as it is.")] = False,
    stride: Annotated[
        int | None, typer.Option("--stride", min=1, help="Pixels between patches; the patch size by default.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="With --all: folder for the maps and the patches' CSV.", show_default=False),
    ] = None,
    force: o.Force = False,
    seed: o.Seed = 0,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Run compiled circuits on a sampler and score patches from their shots, beside the exact values."""
    from dataclasses import replace

    import numpy as np
    from rich.table import Table

    from qpbae_tn.cli.destination import Destination, keep_inputs
    from qpbae_tn.compiler.execution import check_shots, chosen_states, patch_states
    from qpbae_tn.compiler.execution import execute as run_patches
    from qpbae_tn.compiler.pipeline import compile_program
    from qpbae_tn.compiler.preparation.names import parse_preparation
    from qpbae_tn.compiler.readouts import get_readout
    from qpbae_tn.compiler.samplers import SamplerKind, make_sampler, sampler_kind
    from qpbae_tn.compiler.targets.devices import parse_target
    from qpbae_tn.data.images import read_image
    from qpbae_tn.errors import InputError
    from qpbae_tn.model.model import Model

    reporter = Reporter(json)
    check_shots(shots)
    if bool(patch) == all_patches:
        raise InputError("which patches?", where="--patch", remedy="give --patch I, or --all for the whole image")
    if output is not None and not all_patches:
        raise InputError("maps need all patches", where="--output", remedy="add --all, or leave --output out")
    kind, chosen, prepared = sampler_kind(sampler), get_readout(readout), parse_preparation(preparation, bond)
    loaded = Model.load(model)
    specification = replace(loaded.specification, stride=stride or loaded.specification.patch_size)
    pixels = read_image(image).resized(specification.image_size)
    keep_inputs(output, (model, image))
    destination = None if output is None else Destination.choose(output, "execute", force=force)
    if destination is not None:
        destination.check()
    grid, states, zero = patch_states(specification, pixels)
    numbers = list(range(len(states))) if all_patches else list(patch or [])
    wanted = chosen_states(states, numbers)
    processor = parse_target(target)
    if dry_run:
        words = f"{len(wanted)} patches x {shots:,} shots = {len(wanted) * shots:,} shots on {sampler} {processor.name}"
        reporter.console.print(words, markup=False)
        reporter.emit({"dry_run": {"patches": len(wanted), "shots": len(wanted) * shots}})
        return
    if all_patches and specification.stride > specification.patch_size:
        reporter.notice("pixels between patches take the score of the nearest ones: the stride is larger than a patch")
    if zero:
        reporter.notice(f"{zero} patches of the image are all zero; |0...0> stands in for them")
    program = compile_program(
        specification, loaded.angles, chosen, prepared, processor, literal=literal, state=wanted[0], seed=seed
    )
    with reporter.progress("patches", len(wanted)) as progress:
        scores = run_patches(
            program,
            wanted,
            make_sampler(kind, processor, seed),
            shots,
            on_patches=lambda count: progress.advance(progress.task_ids[0], count),
        )
    rows = [{"patch": number, **score.to_json()} for number, score in zip(numbers, scores, strict=True)]
    document = {
        "patches": rows,
        "quantity": chosen.quantity.value,
        "readout": chosen.name,
        "preparation": program.preparation.name,
        "target": processor.name,
        "sampler": kind.value,
        "shots": shots,
        "two_qubit_gates": program.counts.two_qubit_gates,
        "estimated_fidelity": program.price.estimated_fidelity,
    }
    table = Table(
        title=f"{chosen.quantity.value} from {shots:,} shots, {kind.value} {processor.name}", title_justify="left"
    )
    columns = {"from shots": "fidelity", "+-": "standard_error", "exact": "exact", "prepared": "prepared"}
    if kind is not SamplerKind.IDEAL:
        # A product of errors takes every error to spoil the score, so it bounds from below what a device gives.
        columns["if any error spoils it"] = "with_noise"
    for name in ("patch", *columns):
        table.add_column(name, justify="right")
    for row in rows[:SHOWN_PATCHES]:
        table.add_row(str(row["patch"]), *(f"{row[key]:.4f}" for key in columns.values()))
    reporter.console.print(table)
    if len(rows) > SHOWN_PATCHES:
        errors = np.array([row["fidelity"] - row["exact"] for row in rows])
        reporter.console.print(
            f"... and {len(rows) - SHOWN_PATCHES} more; from shots minus exact: mean {errors.mean():+.4f}, "
            f"standard deviation {errors.std():.4f}",
            markup=False,
        )
    if destination is not None:
        from qpbae_tn.cli.execute_folder import write_execution

        with destination.draft() as draft:
            write_execution(draft.place, grid, pixels, rows)
        reporter.console.print(
            f"Maps (exact and from shots, TIFF and maps.png) and patches.csv written to {draft.folder}",
            markup=False,
            soft_wrap=True,
        )
        document["output"] = str(draft.folder)
    reporter.emit(document)
