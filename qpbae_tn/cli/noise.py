"""`qpbae noise`: what device noise does to patch scores and maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter


def noise(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL]", help="A run folder or model file; by default one is trained for each P."),
    ] = None,
    data: o.Data = "textures",
    patch_size: Annotated[str, typer.Option("--patch-size", help="Comma-separated P of the trained models.")] = "2,4",
    p: Annotated[
        str, typer.Option("--p", help="Comma-separated strengths of depolarising noise, or none.")
    ] = "0.01,0.05,0.2",
    target: Annotated[str, typer.Option("--target", help="Comma-separated processors, all, or none.")] = "willow_pink",
    readout: Annotated[str, typer.Option("--readout", help="Comma-separated readouts, or all.")] = "all",
    preparation: Annotated[str, typer.Option("--preparation", help="Of compiled circuits: exact or mps:2.")] = "mps:2",
    patches: Annotated[int, typer.Option("--patches", min=3, help="Normal and anomalous patches sampled.")] = 200,
    test: o.TestCount = 20,
    train: Annotated[
        bool, typer.Option("--train-noisy", help="Also train with the noisy loss, at each P = 2 and each --p.")
    ] = False,
    seed: o.Seed = 0,
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Tell how noise moves scores, how much a correction gives back, and which stage and readout suffer."""
    reporter = Reporter(json)
    from qpbae_tn.cli.destination import keep_inputs
    from qpbae_tn.cli.noise_request import NoiseRequest
    from qpbae_tn.cli.noise_tables import describe
    from qpbae_tn.output import check_output_folder, output_folder

    request = NoiseRequest.parse(model, data, patch_size, p, target, readout, preparation, patches, test, train, seed)
    if output is not None:
        keep_inputs(output, [model] if model is not None else [])
        check_output_folder(output, force=force)
    if dry_run:
        priced = request.price()
        for key, value in priced.items():
            reporter.console.print(f"{key.replace('_', ' ')}: {value}", markup=False)
        reporter.emit({"dry_run": priced})
        return
    document = request.run(reporter)
    describe(document, reporter)
    if output is not None:
        from qpbae_tn.output import write_json
        from qpbae_tn.tables import write_csv

        with output_folder(output, force=force) as place:
            write_json(place / "noise.json", document)
            for name in ("rows", "stage_rows"):
                write_csv(place / f"{name}.csv", document[name])
        reporter.console.print(f"Study written to {output}", markup=False, soft_wrap=True)
        document = {**document, "output": str(output)}
    reporter.emit(document)
