"""`qpbae noise`: what device noise does to patch scores and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import integers, names, numbers
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.errors import InputError

Rows = Sequence[Mapping[str, Any]]


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
    """Show how noise moves scores, how much a correction gives back, and which stage and readout suffer."""
    from qpbae_tn.analysis.noise.depolarising import check_strength
    from qpbae_tn.analysis.noise.document import price, run_plan
    from qpbae_tn.analysis.noise.study import NoisePlan
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.readouts import READOUTS
    from qpbae_tn.compiler.targets.devices import known_targets, parse_target
    from qpbae_tn.experiment.description import Experiment
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.model.model import Model
    from qpbae_tn.output import check_output_folder, keep_inputs, output_folder, write_json
    from qpbae_tn.tables import write_csv

    reporter = Reporter(json)
    given = Model.load(model) if model is not None else None
    if given is not None:
        experiments = [Experiment.of_model(given, data=data, test=test, test_seed=seed)]
    else:
        experiments = [
            Experiment(data=data, patch_size=size, stride=max(1, size // 2), bottleneck=1, test=test, seed=seed)
            for size in integers(patch_size, "patch_size")
        ]
    strengths = tuple(map(check_strength, numbers(p, "p", none=True)))
    targets = known_targets() if target.lower() == "all" else names(target.lower(), "target", none=True)
    prepared = parse_preparation(preparation.lower())
    if prepared.assumes_state and targets:
        raise InputError("no preparation", where="preparation", remedy="choose exact or mps, or --target none")
    if not strengths and not targets:
        raise InputError("no noise to study", where="p", remedy="give strengths, or processors with --target")
    smallest = min(experiment.patch_size for experiment in experiments)
    if strengths and not targets and smallest > 4:
        raise InputError(f"P = {smallest}", where="patch_size", remedy="depolarising noise takes 2 or 4")
    readouts = tuple(READOUTS[name] for name in names(readout, "readout", tuple(READOUTS)))
    plan = NoisePlan(strengths, tuple(map(parse_target, targets)), readouts, prepared, patches, seed=seed)
    loaded = [LoadedExperiment(experiment, model=given) for experiment in experiments]
    if output is not None:
        keep_inputs(output, [model] if model is not None else [])
        check_output_folder(output, force=force)
    priced = price(loaded, plan, train_noisy=train)
    if dry_run:
        reporter.dry_run(priced)
        return
    with reporter.steps("noise", priced["cases"]) as step:
        document = run_plan(loaded, plan, train_noisy=train, on_case=lambda text: step(text=text))
    _describe(document, reporter)
    if output is not None:
        with output_folder(output, force=force) as place:
            write_json(place / "noise.json", document)
            for name in ("rows", "stage_rows"):
                write_csv(place / f"{name}.csv", document[name])
        reporter.say(f"Study written to {output}")
        document = {**document, "output": str(output)}
    reporter.emit(document)


LEFT = ("noise", "readout", "target")
SOURCES = {"preparation": "prep", "encoder": "enc", "decoder": "dec", "readout": "read", "measurement": "bits"}
"""What the narrow table calls sources of noise."""


def _describe(document: Mapping[str, Any], reporter: Reporter) -> None:
    from qpbae_tn.report.numbers import bare, fixed

    _describe_rows(document["rows"], reporter)
    if document["stage_rows"]:
        cases: dict[tuple[Any, ...], list[str]] = {}
        for row in document["stage_rows"]:
            case = (row["patch_size"], row["target"], row["readout"])
            cases.setdefault(case, []).append(fixed(row["contrast_lost"]))
        sources = dict.fromkeys(row["source"] for row in document["stage_rows"])
        reporter.table(
            "Contrast lost to each source of noise alone",
            ("P", "target", "readout", *(SOURCES.get(source, source) for source in sources)),
            [(*case, *cells) for case, cells in cases.items()],
            left=("target", "readout"),
            notes="read: gates of the readout and waits for it; bits: errors of reading them",
        )
    for row in document["training_rows"]:
        reporter.say(
            f"P={row['patch_size']}, p={row['p']:g}, {row['trained']} training: loss {row['loss_without_noise']:.5f} "
            f"without noise, AUROC {bare(row['noisy']['auroc']['value'])} with it"
        )


def _describe_rows(rows: Rows, reporter: Reporter) -> None:
    """Responses, then maps, by case."""
    from qpbae_tn.interval import Interval
    from qpbae_tn.report.numbers import bare, bare_ranged

    responses, maps = [], []
    for row in rows:
        case = (row["patch_size"], row["target"] or f"p={row['p']:g}", row["readout"])
        slope = bare_ranged(Interval.from_json(row["response"]["slope"]))
        factor = f"x{row['shots_factor']:.3g}" if row["shots_factor"] else None
        responses.append((*case, slope, bare(row["scatter_of_f"], 4), factor))
        noisy, exact = row["noisy"], row["exact"]
        aupro = [bare(one["aupro"]["value"]) for one in (noisy, exact)]
        auroc = bare_ranged(Interval.from_json(noisy["auroc"]))
        maps.append((*case, auroc, bare(exact["auroc"]["value"]), *aupro))
    reporter.table(
        "Noisy scores against exact ones",
        ("P", "noise", "readout", "slope", "scatter", "shots"),
        responses,
        left=LEFT,
        notes="slope: contrast left, 95% interval; scatter: of F after undoing the line\n"
        "shots: how many times more for the same standard error",
    )
    reporter.table(
        "Maps from noisy scores, without shot noise",
        ("P", "noise", "readout", "AUROC", "exact", "AUPRO", "exact"),
        maps,
        left=LEFT,
        notes="AUROC with its 95% interval over images; --json has all intervals",
    )
