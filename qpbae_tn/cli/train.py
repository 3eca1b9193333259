"""`qpbae train`: images to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.output import Destination

if TYPE_CHECKING:
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.experiment.training import TrainingOutcome


@o.takes_settings(*o.TRAINING_SETTINGS, "seed")
def train(
    settings: dict[str, Any],
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Train a model on normal images and write it to a run folder."""
    experiment, reporter = Experiment(**settings), Reporter(json)
    from qpbae_tn.experiment.loaded import LoadedExperiment

    if dry_run:
        from qpbae_tn.cli.costs import training_work

        reporter.dry_run(training_work(LoadedExperiment(experiment)))
        return
    from qpbae_tn.output import write_json

    destination = Destination.choose(output, default_name(experiment), force=force)
    destination.check()
    outcome = train_with_progress(LoadedExperiment(experiment), reporter)
    document = outcome.to_json()
    with destination.draft() as draft:
        outcome.model.save(draft.place / "model.json")
        write_json(draft.place / "train.json", document)
    describe(outcome, reporter)
    reporter.say(f"Model written to {draft.folder}")
    reporter.emit({**document, "output": str(draft.folder)})


def train_with_progress(loaded: LoadedExperiment, reporter: Reporter) -> TrainingOutcome:
    """Train with a progress bar, and say what a reader should know."""
    from qpbae_tn.experiment.training import UNCONVERGED
    from qpbae_tn.experiment.training import train as train_model

    for notice in loaded.notices:
        reporter.notice(notice)
    with reporter.progress("training", _rounds(loaded)) as progress:
        outcome = train_model(loaded, on_epoch=lambda _: progress.advance(progress.task_ids[0]))
    if outcome.far_from_converged:
        reporter.notice(
            f"the loss, {outcome.optimum.value:.4f}, is more than {UNCONVERGED:.0f} times that of the best product "
            "filter: the training has not converged; try more --epochs, --init dc or --optimizer lbfgs"
        )
    if outcome.zero_patches:
        reporter.notice(f"{outcome.zero_patches} training patches are all zero; |0...0> stands in for them")
    return outcome


def _rounds(loaded: LoadedExperiment) -> int:
    """How often training reports: once an epoch of Adam, once a number of layers of L-BFGS."""
    from qpbae_tn.experiment.descent import layer_prefixes

    experiment = loaded.experiment
    if experiment.chosen_optimizer == "adam":
        return experiment.epochs
    return len(layer_prefixes(loaded.specification.ansatz))


def default_name(experiment: Experiment) -> str:
    """Name of a run folder: data set and sizes, e.g. textures-p4-s1-bd2."""
    name = Path(str(experiment.data).replace(":", "-")).resolve().name
    return f"{name}-p{experiment.patch_size}-s{experiment.stride}-bd{experiment.bottleneck}"


def describe(outcome: TrainingOutcome, reporter: Reporter) -> None:
    """A short table of the training on the terminal."""
    specification = outcome.model.specification
    size, n, effective = specification.patch_size, specification.qubit_count, outcome.effective_parameters
    seen = "not counted at this size" if effective is None else f"{effective} that the loss sees"
    rows = [
        ("patches", f"{size} x {size} px, stride {specification.stride}: {outcome.patches_per_image} an image"),
        ("qubits", f"{n} = {specification.trash_count} trash + {specification.bottleneck} latent"),
        ("parameters", f"{specification.ansatz.parameter_count}, {seen}"),
    ]
    optimum, name = outcome.optimum, "loss" if outcome.optimum.bound is None else "log-volume"
    if outcome.history:
        first, last = outcome.history[0], outcome.history[-1]
        unit = "epoch" if optimum.optimizer == "adam" else "step"
        start = f"{first.loss:.4f} in {unit} {first.epoch}, " if first is not last else ""
        rows.append((name, f"{start}{last.loss:.4f} in {unit} {last.epoch}"))
        if last.validation_loss is not None:
            rows.append((f"validation {name}", f"{last.validation_loss:.4f}"))
    if optimum.start is not None:
        rows.append(("lbfgs", f"lowest from start {optimum.start!r}, {optimum.evaluations} evaluations in all"))
    if optimum.bound is not None:
        rows.append(("log det", f"{optimum.bound:.4f}, which no encoder goes below; the gap is {optimum.gap:.4f}"))
    else:
        rows.append(("ceiling", f"{outcome.ceiling_loss:.4f}, the least loss that any encoder could reach (PCA)"))
        if outcome.product_ceiling_loss is not None:
            rows.append(("product ceiling", f"{outcome.product_ceiling_loss:.4f}, the least loss of product filters"))
    label = outcome.model.score.label
    rows.append(("score", label))
    rows.append(("threshold", f"{outcome.model.thresholds[label]:.5f} on the scale of Y"))
    rows.append(("time", f"{outcome.training_seconds:.2f} s in the loop"))
    reporter.facts("Training", rows)
