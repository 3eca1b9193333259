"""`qpbae shots`: how many shots does a map need?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.fields import counts, names, one_of
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.analysis.shots.document import ShotPlan
    from qpbae_tn.experiment.loaded import LoadedExperiment

Rows = Sequence[Mapping[str, Any]]


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
            "--repetitions", min=1, help="Independent stacks of maps for each number of shots; 1 or 2 give no range."
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
    """Sample maps shot by shot and say what is left of AUROC, AUPRO and Dice; with --output, write a folder."""
    from qpbae_tn.analysis.shots.document import ShotPlan, run_plan
    from qpbae_tn.analysis.shots.training import Scheme
    from qpbae_tn.compiler.readouts import READOUTS, Quantity
    from qpbae_tn.experiment.description import Experiment
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.model.model import Model
    from qpbae_tn.output import check_output_folder, keep_inputs

    reporter = Reporter(json)
    readouts = tuple(READOUTS[name] for name in names(readout, "readout", tuple(READOUTS)))
    numbers = counts(shots, "shots")
    scheme = one_of(train_scheme, "train_scheme", ("all", *(member.value for member in Scheme)))
    schemes = tuple(Scheme) if scheme == "all" else (Scheme(scheme),)
    trainings = () if train_shots.strip().lower() == "none" else counts(train_shots, "train_shots")
    if trainings and not any(one.quantity is Quantity.TRASH_FIDELITY for one in readouts):
        raise InputError(
            f"`readout` {readout} does not estimate F_trash, which training needs",
            where="train_shots",
            remedy="add direct or ancilla_training to `readout`",
        )
    given = Model.load(model) if model is not None else None
    experiment = (
        Experiment.of_model(given, data=data, test=test, test_seed=seed)
        if given is not None
        else Experiment(data=data, test=test, seed=seed)
    )
    plan = ShotPlan(readouts, numbers, repetitions, dict.fromkeys(schemes, trainings), train_repetitions, seed)
    loaded = LoadedExperiment(experiment, model=given)
    if output is not None:
        keep_inputs(output, [model] if model is not None else [])
        check_output_folder(output, force=force)
    if dry_run:
        reporter.dry_run(plan.price(loaded))
        return
    loaded = _ready(loaded, plan, reporter)
    with reporter.steps("sampling", plan.step_count) as step:
        document = run_plan(loaded, plan, step)
    _describe(document, reporter, own_threshold=not len(loaded.validation))
    if output is not None:
        _write(document, output, force=force)
        reporter.say(f"Study written to {output}")
        document = {**document, "output": str(output)}
    reporter.emit(document)


def _ready(loaded: LoadedExperiment, plan: ShotPlan, reporter: Reporter) -> LoadedExperiment:
    """With a model, trained if none was given; says what a reader should know of the images."""
    from qpbae_tn.experiment.training import train

    if loaded.model is None:
        loaded = loaded.with_model(train(loaded).model)
        reporter.notice("no MODEL given: one with P = 4, S = 1, BD = 2 was trained on these data")
        for notice in loaded.notices:
            reporter.notice(notice)
    if not len(loaded.validation):
        reporter.notice("no normal images to validate on: thresholds are the model's own, without shot noise")
    if plan.trainings is not None and not len(loaded.train):
        raise InputError("the data hold no training images", where="train_shots", remedy="leave it out")
    if loaded.test.vanished:
        side = loaded.test.images.shape[1]
        reporter.notice(f"{len(loaded.test.vanished)} masks vanish at {side} px; their images count as good ones")
    return loaded


def _write(document: Mapping[str, Any], folder: Path, *, force: bool) -> None:
    """shots.json, rows.csv, and charts of AUROC and AUPRO."""
    import pandas as pd

    from qpbae_tn.analysis.shots.charts import metric_chart
    from qpbae_tn.compiler.readouts import Quantity
    from qpbae_tn.output import output_folder, write_atomically, write_json
    from qpbae_tn.tables import write_csv

    with output_folder(folder, force=force) as place:
        write_json(place / "shots.json", document)
        write_csv(place / "rows.csv", document["rows"])
        for values in document["exact"]:
            quantity = Quantity(values["quantity"])
            for metric in ("auroc", "aupro"):
                if values[metric] is not None:
                    label = f"{metric.upper()} of {quantity.value}"
                    rows = pd.DataFrame(document["rows"])
                    figure = metric_chart(rows, values, metric, label, "", quantity)
                    write_atomically(place / f"{metric}_{quantity.value.lower()}.svg", figure.content)


def _describe(document: Mapping[str, Any], reporter: Reporter, *, own_threshold: bool) -> None:
    _describe_maps(document["rows"], document["exact"], reporter, own_threshold=own_threshold)
    if document["needed_shots"]:
        _describe_needed(document["needed_shots"], document["rows"], reporter)
    if document["training_rows"]:
        _describe_training(document["training_rows"], reporter)


def _describe_maps(rows: Rows, exact: Rows, reporter: Reporter, *, own_threshold: bool) -> None:
    from qpbae_tn.interval import LEAST_REPETITIONS, Interval
    from qpbae_tn.report.numbers import bare, bare_ranged

    suffix = "_exact_threshold" if own_threshold else ""
    dice, rate = f"dice_paper{suffix}", f"fpr{suffix}"
    limits = {row["quantity"]: row for row in exact}
    lines: list[Sequence[object]] = []
    ends = []
    for name in dict.fromkeys(row["readout"] for row in rows):
        own = [row for row in rows if row["readout"] == name]
        for row in own:
            ranged = [bare_ranged(Interval.from_json(row[metric])) for metric in ("auroc", "aupro")]
            means = [bare(row[metric]["value"]) for metric in (dice, rate)]
            lines.append((name if row is own[0] else "", f"{row['shots_per_patch']:,}", *ranged, *means))
        limit = limits[own[0]["quantity"]]
        lines.append(("", "exact", *(bare(limit[metric]) for metric in ("auroc", "aupro", dice, rate))))
        ends.append(len(lines) - 1)
    count = rows[0]["repetitions"]
    enough = count >= LEAST_REPETITIONS
    kind = f"mean, 95% of {count} repetitions" if enough else f"mean of {count}, no range"
    reporter.table(
        f"Maps of {rows[0]['test_images']} images against shots per patch ({kind})",
        ("readout", "shots", "AUROC", "AUPRO", "Dice", "FPR"),
        lines,
        left=("readout",),
        sections=ends,
        notes="Dice and FPR are means; --json and --output hold their ranges"
        if enough
        else f"ranges need at least {LEAST_REPETITIONS} --repetitions",
    )


def _describe_needed(needed: Rows, rows: Rows, reporter: Reporter) -> None:
    from qpbae_tn.report.numbers import two_digits

    def shown(row: Mapping[str, Any]) -> str:
        value, low, high = (row["shots_per_patch"][key] for key in ("value", "low", "high"))
        if value is None:
            return "not reached"
        text = f"{'<' if row['bound'] == 'at_most' else ''}{two_digits(value)}"
        if low is None and high is None:
            return text
        return f"{text} ({'-'.join('?' if end is None else two_digits(end) for end in (low, high))})"

    qubits = {row["readout"]: row["qubits"] for row in rows}
    losses = sorted({row["loss_of_auroc"] for row in needed}, reverse=True)
    lines = []
    for name in dict.fromkeys(row["readout"] for row in needed):
        own = [row for row in needed if row["readout"] == name]
        states = own[-1]["preparations_per_image"]
        lines.append((name, qubits[name], *map(shown, own), None if states is None else f"{states:.1e}"))
    header = ("readout", "qubits", *(f"loss {loss:g}" for loss in losses), "states a map")
    notes = f"states a map: patch states prepared for one map at a loss of {losses[-1]:g}"
    reporter.table("Shots per patch for a given loss of AUROC", header, lines, left=("readout",), notes=notes)


def _describe_training(rows: Rows, reporter: Reporter) -> None:
    from qpbae_tn.report.numbers import bare, fixed

    lines = []
    for row in rows:
        scheme = (row["scheme"] or "").removesuffix("_patches").removesuffix("_patch")
        shots = (f"{row['shots']:,}", f"{row['total_shots']:.1e}") if row["shots"] else ("", "")
        found = (fixed(row["loss"]["value"], 5), bare(row["auroc"]["value"]))
        lines.append((row["readout"] or "exact gradients", scheme, *shots, *found))
    title = "Trained from shots: final loss and AUROC, both exact (mean of the trainings)"
    reporter.table(title, ("readout", "patches", "shots", "in all", "loss", "AUROC"), lines, left=("readout",))
