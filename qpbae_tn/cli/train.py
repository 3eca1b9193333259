"""`qpbae train`: images to a model."""

from __future__ import annotations

from pathlib import Path

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.cli.training import TrainingRequest, build_specification, describe, prepare
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
    )
    reporter = Reporter(json)
    if dry_run:
        from qpbae_tn.cli.pricing import dry_run_training

        dry_run_training(request, reporter)
        return

    from qpbae_tn.output import output_folder, unused_folder, write_json

    folder = output or unused_folder(Path("runs") / default_name(specification, data))
    with output_folder(folder, force=force) as place:
        outcome = train_as_asked(request, prepare(request), reporter)
        outcome.model.save(place / "model.json")
        document = outcome.to_json()
        write_json(place / "train.json", document)
    describe(outcome, reporter)
    reporter.console.print(f"Model written to {folder}", markup=False, soft_wrap=True)
    reporter.emit({**document, "output": str(folder)})


def default_name(specification: object, data: str) -> str:
    """Name of a run folder: data set and sizes, e.g. textures-p4-s1-bd2."""
    from qpbae_tn.specification import ModelSpecification

    assert isinstance(specification, ModelSpecification)
    name = Path(data.replace(":", "-")).resolve().name
    return f"{name}-p{specification.patch_size}-s{specification.stride}-bd{specification.bottleneck}"
