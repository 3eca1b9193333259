"""`qpbae run`: the main job, from images to a report."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.destination import Destination
from qpbae_tn.cli.quoting import check_target, price_on
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.cli.training import TrainingRequest, build_specification, default_name, prepare
from qpbae_tn.cli.training import describe as describe_training
from qpbae_tn.cli.training import train as train_as_asked

if TYPE_CHECKING:
    from qpbae_tn.experiment.evaluation import Evaluation


def run(
    data: o.Data = "textures",
    patch_size: o.PatchSize = 4,
    stride: o.Stride = 1,
    bottleneck: o.Bottleneck = 2,
    ansatz: o.AnsatzPattern = "staircase",
    block: o.BlockName = "ry",
    layers: o.Layers = 1,
    trash: o.TrashPosition = "first",
    pixel_order: o.PixelOrderName = "row",
    engine: o.EngineName = "exact",
    bond: o.Bond = "none",
    cutoff: o.Cutoff = 0.0,
    image_size: o.ImageSize = 32,
    epochs: o.Epochs = 20,
    learning_rate: o.LearningRate = 0.005,
    batch_size: o.BatchSize = 4,
    train: o.TrainCount = 100,
    validation: o.ValidationCount = 25,
    split: o.SplitFile = None,
    init: o.Init = "normal",
    initial_angles: o.InitialAnglesFile = None,
    test: o.TestCount = None,
    score: o.ScoreName = "reconstruction",
    baselines: o.Baselines = "all",
    target: Annotated[
        str, typer.Option("--target", help="Processor to price the model for: willow_pink, weber, rainbow, or none.")
    ] = "willow_pink",
    seed: o.Seed = 0,
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Train, evaluate beside baselines, and write a run folder with an HTML report; on bundled data by default."""
    specification = build_specification(
        patch_size, stride, bottleneck, ansatz, block, layers, trash, image_size, pixel_order
    )
    request = TrainingRequest(
        data,
        specification,
        engine,
        epochs,
        learning_rate,
        batch_size,
        train,
        validation,
        split,
        initial_angles,
        init,
        seed,
        bond,
        cutoff,
    )
    reporter = Reporter(json)
    from qpbae_tn.cli.evaluation import baseline_names, describe, evaluate, write_maps, write_scores
    from qpbae_tn.model.names import check_score

    check_score(score)
    check_target(target)
    names = baseline_names(baselines)
    if dry_run:
        from qpbae_tn.cli.pricing import dry_run_training

        dry_run_training(request, reporter)
        return

    from qpbae_tn.output import write_atomically, write_json
    from qpbae_tn.report.run_report import run_report

    destination = Destination.choose(output, default_name(specification, data), force=force)
    destination.check()
    prepared = prepare(request)
    test_set = prepared.data_set.test(specification.image_size, limit=test, seed=seed)
    training = train_as_asked(prepared, reporter)
    model = training.model
    level = model.thresholds[score]  # type: ignore[index]
    normal = (prepared.train, prepared.validation)
    result = evaluate(model, prepared.engine, test_set, normal, names, score, level, seed, reporter)
    quoted = price_on(target, training, prepared, test_set.images, seed, reporter)
    document = {"train": training.to_json(), "evaluate": result.to_json(), "price": quoted.document}
    title = f"Anomaly maps of {test_set.provenance.data_set}: P = {patch_size}, S = {stride}, BD = {bottleneck}"
    command = shlex.join(["qpbae", *sys.argv[1:]])
    page = run_report(
        title,
        training,
        result,
        command,
        notes=_notes(training.zero_patches, result, prepared.notices),
        price=quoted.section,
    )
    with destination.draft() as draft:
        model.save(draft.place / "model.json")
        write_json(draft.place / "train.json", document["train"])
        write_json(draft.place / "evaluate.json", document["evaluate"])
        write_json(draft.place / "price.json", document["price"])
        write_scores(result, draft.place)
        write_maps(result, draft.place)
        write_atomically(draft.place / "report.html", page)
    describe_training(training, reporter)
    describe(result, reporter)
    quoted.describe(reporter)
    reporter.console.print(
        f"Model, metrics, scores, maps and report.html written to {draft.folder}", markup=False, soft_wrap=True
    )
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
