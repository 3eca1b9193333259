"""What `qpbae train` and `qpbae run` share: from options to a specification, a split, and a trained model."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qpbae_tn.data.data_set import DataSet, ImageSet
    from qpbae_tn.data.splits import Split
    from qpbae_tn.engines.protocol import Engine
    from qpbae_tn.experiment.fit import FitOptions
    from qpbae_tn.experiment.training import TrainingOutcome
    from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True)
class TrainingRequest:
    """The options of a training, as they stand on the command line."""

    data: str
    specification: ModelSpecification
    engine: str
    epochs: int
    learning_rate: float
    batch_size: int
    train: int
    validation: int
    split: Path | None
    initial_angles: Path | None
    init: str
    seed: int
    bond: str = "none"
    cutoff: float = 0.0


@dataclass(frozen=True, eq=False)
class PreparedTraining:
    """All options checked, data opened and split, nothing trained yet."""

    request: TrainingRequest
    engine: Engine
    options: FitOptions
    start: NDArray[np.float64]
    data_set: DataSet
    train: ImageSet
    validation: ImageSet
    split: Split
    notices: list[str] = field(default_factory=list)


def build_specification(
    patch_size: int,
    stride: int,
    bottleneck: int,
    ansatz: str,
    block: str,
    layers: int,
    trash: str,
    image_size: int,
    pixel_order: str,
) -> ModelSpecification:
    """The specification that the options name; raises `InputError` for a value out of range."""
    from qpbae_tn.model.blocks import block_kind
    from qpbae_tn.model.specification import ModelSpecification

    return ModelSpecification.build(
        patch_size,
        stride,
        bottleneck,
        pattern=ansatz,
        kind=block_kind(block),
        layers=layers,
        trash=trash,  # type: ignore[arg-type]
        image_size=image_size,
        pixel_order=pixel_order,  # type: ignore[arg-type]
    )


def prepare(request: TrainingRequest) -> PreparedTraining:
    """Check all options, then open the data set, read its training images and split them."""
    from qpbae_tn.cli.engine import choose_engine, engine_notices
    from qpbae_tn.data.layouts import open_data_set
    from qpbae_tn.data.splits import random_split, read_split
    from qpbae_tn.experiment.fit import FitOptions
    from qpbae_tn.experiment.initial_angles import initial_angles, read_initial_angles

    options = FitOptions(request.epochs, request.learning_rate)
    engine = choose_engine(request.engine, request.bond, request.cutoff)
    start = initial_angles(request.specification.ansatz, request.init, request.seed)  # type: ignore[arg-type]
    if request.initial_angles is not None:
        start = read_initial_angles(request.initial_angles, request.specification.ansatz)
    data_set = open_data_set(request.data, minimum_side=request.specification.patch_size)
    images = data_set.train(request.specification.image_size)
    if request.split is not None:
        split = read_split(request.split, len(images))
    else:
        split = random_split(len(images), request.seed, request.train, request.validation)
    notices = engine_notices(engine, request.specification)
    notices += [split.notice] if split.notice else []
    parts = (images.take(split.train), images.take(split.validation))
    return PreparedTraining(request, engine, options, start, data_set, *parts, split, notices)


def train(prepared: PreparedTraining, reporter: Reporter) -> TrainingOutcome:
    """Train as asked, with a progress bar."""
    from qpbae_tn.experiment.training import train_model

    request = prepared.request
    provenance = {
        "data": prepared.train.provenance.to_json(),
        "split": {"train": list(prepared.split.train), "val": list(prepared.split.validation)},
        "seed": request.seed,
        "init": request.init if request.initial_angles is None else "file",
        "epochs": request.epochs,
        "learning_rate": request.learning_rate,
        "batch_size": request.batch_size,
    }
    for notice in prepared.notices:
        reporter.notice(notice)
    with reporter.progress("training", request.epochs) as progress:
        outcome = train_model(
            request.specification,
            prepared.engine,
            prepared.train.images,
            prepared.validation.images,
            prepared.start,
            options=prepared.options,
            batch_size=request.batch_size,
            provenance=provenance,
            on_epoch=lambda _: progress.advance(progress.task_ids[0]),
        )
    if outcome.zero_patches:
        reporter.notice(f"{outcome.zero_patches} training patches are all zero; |0...0> stands in for them")
    return outcome


def default_name(specification: ModelSpecification, data: str) -> str:
    """Name of a run folder: data set and sizes, e.g. textures-p4-s1-bd2."""
    name = Path(data.replace(":", "-")).resolve().name
    return f"{name}-p{specification.patch_size}-s{specification.stride}-bd{specification.bottleneck}"


def describe(outcome: TrainingOutcome, reporter: Reporter) -> None:
    """A short table of the training on the terminal."""
    from rich.table import Table

    specification = outcome.model.specification
    table = Table(title="Training", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    size, n = specification.patch_size, specification.qubit_count
    table.add_row("patches", f"{size} x {size} px, stride {specification.stride}: {outcome.patches_per_image} an image")
    table.add_row("qubits", f"{n} = {specification.trash_count} trash + {specification.bottleneck} latent")
    effective = outcome.effective_parameters
    told = "not counted at this size" if effective is None else f"{effective} that the loss sees"
    table.add_row("parameters", f"{specification.ansatz.parameter_count}, {told}")
    if outcome.history:
        first, last = outcome.history[0], outcome.history[-1]
        start = f"{first.loss:.4f} in epoch {first.epoch}, " if first is not last else ""
        table.add_row("loss", f"{start}{last.loss:.4f} in epoch {last.epoch}")
        if last.validation_loss is not None:
            table.add_row("validation loss", f"{last.validation_loss:.4f}")
    table.add_row("ceiling", f"{outcome.ceiling_loss:.4f}, the least loss that any encoder could reach (PCA)")
    if outcome.product_ceiling_loss is not None:
        table.add_row("product ceiling", f"{outcome.product_ceiling_loss:.4f}, the least loss of product filters")
    table.add_row("threshold", f"{outcome.model.thresholds['reconstruction']:.5f} on the scale of Y")
    table.add_row("time", f"{outcome.training_seconds:.2f} s in the loop")
    reporter.console.print(table)
