"""`qpbae execute`: score patches of an image from shots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.compile import Literal, PreparationBond, PreparationName, ReadoutName, TargetName
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qpbae_tn.model.patches import PatchGrid

SHOWN_PATCHES = 12
PICTURE_PX = 256
GAP_PX = 8


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
        str,
        typer.Option(
            "--sampler",
            help="virtual (Google's engine, simulated here), noisy (qsim), ideal, or mps (quimb, any size).",
        ),
    ] = "virtual",
    readout: ReadoutName = "latent",
    preparation: PreparationName = "mps",
    bond: PreparationBond = None,
    target: TargetName = "willow_pink",
    literal: Literal = False,
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

    from qpbae_tn.compiler.execution import (
        SamplerKind,
        check_shots,
        chosen_states,
        make_sampler,
        patch_states,
        sampler_kind,
    )
    from qpbae_tn.compiler.execution import execute as run_patches
    from qpbae_tn.compiler.mps_sampler import MpsSampler
    from qpbae_tn.compiler.pipeline import compile_program
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.readouts import get_readout
    from qpbae_tn.compiler.targets.devices import parse_target
    from qpbae_tn.data.images import read_image
    from qpbae_tn.errors import InputError
    from qpbae_tn.model.model import Model
    from qpbae_tn.output import Destination, keep_inputs

    reporter = Reporter(json)
    check_shots(shots)
    if bool(patch) == all_patches:
        raise InputError("which patches?", where="patch", remedy="give --patch I, or --all for the whole image")
    if output is not None and not all_patches:
        raise InputError("maps need all patches", where="output", remedy="add --all, or leave --output out")
    kind, chosen = sampler_kind(sampler.lower()), get_readout(readout.lower())
    prepared = parse_preparation(preparation.lower(), bond)
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
    processor = parse_target(target.lower())
    if dry_run:
        words = f"{len(wanted)} patches x {shots:,} shots = {len(wanted) * shots:,} shots on {sampler} {processor.name}"
        reporter.dry_run({"patches": len(wanted), "shots": len(wanted) * shots}, [words])
        return
    if all_patches and specification.stride > specification.patch_size:
        reporter.notice("pixels between patches take the score of the nearest ones: the stride is larger than a patch")
    if zero:
        reporter.notice(f"{zero} patches of the image are all zero; |0...0> stands in for them")
    program = compile_program(
        specification, loaded.angles, chosen, prepared, processor, literal=literal, state=wanted[0], seed=seed
    )
    machine = make_sampler(kind, processor, seed)
    with reporter.steps("patches", len(wanted)) as step:
        scores = run_patches(program, wanted, machine, shots, on_patches=step)
    rows = [{"patch": number, **score.to_json()} for number, score in zip(numbers, scores, strict=True)]
    title = f"{chosen.quantity.value} from {shots:,} shots, {kind.value} {processor.name}"
    _describe(title, rows, reporter, ideal=kind in (SamplerKind.IDEAL, SamplerKind.MPS))
    document: dict[str, Any] = {
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
    if isinstance(machine, MpsSampler):
        document["truncation_error"] = machine.truncation_error
        reporter.say(f"Truncation error of the matrix product states: at most {machine.truncation_error:.1e}")
    if destination is not None:
        with destination.draft() as draft:
            _write(draft.place, grid, pixels, rows)
        reporter.say(f"Maps (exact and from shots, TIFF and maps.png) and patches.csv written to {draft.folder}")
        document["output"] = str(draft.folder)
    reporter.emit(document)


def _describe(title: str, rows: Sequence[Mapping[str, Any]], reporter: Reporter, *, ideal: bool) -> None:
    import numpy as np

    columns = {"from shots": "fidelity", "+-": "standard_error", "exact": "exact", "prepared": "prepared"}
    if not ideal:
        # A product of errors takes every error to spoil the score, so it bounds from below what a device gives.
        columns["if any error spoils it"] = "with_noise"
    shown = [(row["patch"], *(f"{row[key]:.4f}" for key in columns.values())) for row in rows[:SHOWN_PATCHES]]
    notes = ""
    if len(rows) > SHOWN_PATCHES:
        errors = np.array([row["fidelity"] - row["exact"] for row in rows])
        notes = f"... and {len(rows) - SHOWN_PATCHES} more; from shots minus exact: mean {errors.mean():+.4f}, "
        notes += f"standard deviation {errors.std():.4f}"
    reporter.table(title, ("patch", *columns), shown, notes=notes)


def _write(folder: Path, grid: PatchGrid, image: NDArray[np.floating], rows: Sequence[Mapping[str, Any]]) -> None:
    """Maps as TIFF, the image and the maps side by side on one scale of colours, and a row of CSV for each patch."""
    import numpy as np
    import tifffile
    from PIL import Image

    from qpbae_tn.output import write_atomically
    from qpbae_tn.report.pictures import grey_picture, map_picture, png_bytes
    from qpbae_tn.tables import write_csv

    maps = {
        stem: grid.fold(np.array([(1 - row[name]) / 2 for row in rows]))
        for stem, name in (("map_exact", "exact"), ("map_from_shots", "fidelity"))
    }
    for stem, found in maps.items():
        tifffile.imwrite(folder / f"{stem}.tiff", found.astype("float32"), compression=None)
    low, high = min(found.min() for found in maps.values()), max(found.max() for found in maps.values())
    pictures = [grey_picture(image).convert("RGB"), *(map_picture(found, low, high) for found in maps.values())]
    factor = max(1, PICTURE_PX // max(pictures[0].size))
    width, height = (side * factor for side in pictures[0].size)
    whole = Image.new("RGB", (len(pictures) * (width + GAP_PX) - GAP_PX, height), "white")
    for index, picture in enumerate(pictures):
        whole.paste(picture.resize((width, height), Image.Resampling.NEAREST), (index * (width + GAP_PX), 0))
    write_atomically(folder / "maps.png", png_bytes(whole))
    write_csv(folder / "patches.csv", rows)
