"""`qpbae run`: the main job, from images to a report."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.evaluate import describe, evaluate_with_progress, write_maps, write_scores
from qpbae_tn.cli.prices import check_target, price_on
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.cli.train import default_name, train_with_progress
from qpbae_tn.cli.train import describe as describe_training
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.output import Destination

if TYPE_CHECKING:
    from qpbae_tn.experiment.evaluation import Evaluation


@o.takes_settings(*o.TRAINING_SETTINGS, "test", "baselines", "seed")
def run(
    settings: dict[str, Any],
    target: Annotated[
        str, typer.Option("--target", help="Processor to price the model for: willow_pink, weber, rainbow, or none.")
    ] = "willow_pink",
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Train, evaluate beside baselines, and write a run folder with an HTML report; on bundled data by default."""
    experiment, reporter = Experiment(**settings), Reporter(json)
    check_target(target)
    from qpbae_tn.experiment.loaded import LoadedExperiment

    if dry_run:
        from qpbae_tn.cli.costs import training_work

        reporter.dry_run(training_work(LoadedExperiment(experiment)))
        return
    from qpbae_tn.output import write_atomically, write_json
    from qpbae_tn.report.run_report import run_report

    destination = Destination.choose(output, default_name(experiment), force=force)
    destination.check()
    loaded = LoadedExperiment(experiment)
    test, notices = loaded.test, loaded.notices
    training = train_with_progress(loaded, reporter)
    result = evaluate_with_progress(training.model, loaded, reporter)
    quoted = price_on(target, training.model, loaded, reporter)
    document = {"train": training.to_json(), "evaluate": result.to_json(), "price": quoted.document}
    sizes = f"P = {experiment.patch_size}, S = {experiment.stride}, BD = {experiment.bottleneck}"
    page = run_report(
        f"Anomaly maps of {test.provenance.data_set}: {sizes}",
        training,
        result,
        shlex.join(["qpbae", *sys.argv[1:]]),
        notes=_notes(training.zero_patches, result, notices),
        price=quoted.section,
    )
    with destination.draft() as draft:
        training.model.save(draft.place / "model.json")
        for name, part in document.items():
            write_json(draft.place / f"{name}.json", part)
        write_scores(result, draft.place)
        write_maps(result, draft.place)
        write_atomically(draft.place / "report.html", page)
    describe_training(training, reporter)
    describe(result, reporter)
    quoted.describe(reporter)
    reporter.say(f"Model, metrics, scores, maps and report.html written to {draft.folder}")
    reporter.emit({**document, "output": str(draft.folder)})


def _notes(zero_patches: int, result: Evaluation, notices: list[str]) -> list[str]:
    notes = list(notices)
    if result.test.vanished:
        side = result.test.images.shape[1]
        notes.append(f"{len(result.test.vanished)} masks vanish at {side} px; their images count as good ones.")
    if zero_patches or result.zero_patches:
        notes.append(
            f"{zero_patches} training and {result.zero_patches} test patches are all zero; |0...0> stands in for them."
        )
    notes += [f"Baseline {name} left out: {reason}." for name, reason in result.left_out.items()]
    return notes
