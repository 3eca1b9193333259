"""`qpbae train`: images to a model."""

from __future__ import annotations

from qpbae_tn.cli import options as o
from qpbae_tn.cli.destination import Destination
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.cli.training import TrainingRequest, build_specification, default_name, describe, prepare
from qpbae_tn.cli.training import train as train_as_asked


def train(
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
    seed: o.Seed = 0,
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Train a model on normal images and write it to a run folder."""
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
    if dry_run:
        from qpbae_tn.cli.pricing import dry_run_training

        dry_run_training(request, reporter)
        return

    from qpbae_tn.output import write_json

    destination = Destination.choose(output, default_name(specification, data), force=force)
    destination.check()
    outcome = train_as_asked(prepare(request), reporter)
    document = outcome.to_json()
    with destination.draft() as draft:
        outcome.model.save(draft.place / "model.json")
        write_json(draft.place / "train.json", document)
    describe(outcome, reporter)
    reporter.console.print(f"Model written to {draft.folder}", markup=False, soft_wrap=True)
    reporter.emit({**document, "output": str(draft.folder)})
