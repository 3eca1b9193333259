"""`qpbae shots`: how many shots does a map need?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter


def shots(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL", help="A run folder or model file; by default one is trained.", show_default=False
        ),
    ] = None,
    data: o.Data = "textures",
    readout: Annotated[str, typer.Option("--readout", help="Comma-separated readouts, or all.")] = "all",
    shots: Annotated[
        str, typer.Option("--shots", help="Comma-separated numbers of shots per patch.")
    ] = "10,100,1000,10000,100000,1000000",
    repetitions: Annotated[
        int,
        typer.Option(
            "--repetitions", min=1, help="Independent stacks of maps for each number of shots; 1 or 2 tell no range."
        ),
    ] = 20,
    test: o.TestCount = None,
    train_shots: Annotated[
        str, typer.Option("--train-shots", help="Train under shot noise with these numbers of shots, or none.")
    ] = "none",
    train_scheme: Annotated[
        str,
        typer.Option(
            "--train-scheme",
            help="Spend the shots of a shifted loss on every_patch (each gets as many), on drawn_patches (as many in "
            "all, each on a patch drawn by its weight), or try all.",
        ),
    ] = "all",
    train_repetitions: Annotated[
        int, typer.Option("--train-repetitions", min=1, help="Trainings for each number of shots.")
    ] = 3,
    seed: o.Seed = 0,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder to write; by default none is.", show_default=False)
    ] = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Sample maps shot by shot and tell what is left of AUROC, AUPRO and Dice; with --output, write a folder."""
    reporter = Reporter(json)
    from qpbae_tn.cli.destination import keep_inputs
    from qpbae_tn.cli.shot_request import ShotRequest, price
    from qpbae_tn.cli.shot_study import prepare, study, write
    from qpbae_tn.cli.shot_tables import describe
    from qpbae_tn.output import check_output_folder, output_folder

    request = ShotRequest.parse(
        model, data, readout, shots, repetitions, test, train_shots, train_scheme, train_repetitions, seed
    )
    if output is not None:
        keep_inputs(output, [model] if model is not None else [])
        check_output_folder(output, force=force)
    if dry_run:
        priced = price(request)
        for key, value in priced.items():
            reporter.console.print(f"{key.replace('_', ' ')}: {value:,}", markup=False)
        reporter.emit({"dry_run": priced})
        return
    found = study(request, prepare(request, reporter), reporter)
    describe(found, reporter)
    document = found.to_json()
    if output is not None:
        with output_folder(output, force=force) as place:
            write(found, place)
        reporter.console.print(f"Study written to {output}", markup=False, soft_wrap=True)
        document = {**document, "output": str(output)}
    reporter.emit(document)
