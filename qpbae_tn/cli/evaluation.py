"""What `qpbae evaluate` and `qpbae run` share: baselines fitted, the evaluation, its tables and files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from qpbae_tn.data.data_set import DataSet, ImageSet, LabelledImageSet
    from qpbae_tn.engines.protocol import Engine
    from qpbae_tn.experiment.evaluation import DetectorResult, Evaluation
    from qpbae_tn.interval import Interval
    from qpbae_tn.model.model import Model

SHOWN = {
    "auroc": "AUROC",
    "aupro": "AUPRO",
    "average_precision": "AP",
    "best_f1": "best F1",
    "image_auroc": "image",
}
"""Metrics of the terminal's table and their headings, which must fit 80 columns."""
AT_THRESHOLD = {
    "dice_paper": "Dice",
    "dice_defective": "Dice d",
    "dice_pooled": "Dice p",
    "iou_paper": "IoU",
    "iou_defective": "IoU d",
    "iou_pooled": "IoU p",
}
"""The same for the table at the operating thresholds."""


def baseline_names(option: str) -> tuple[str, ...]:
    """The baselines that `--baselines` names; raises `InputError` for an unknown one."""
    from qpbae_tn.experiment.baselines import BASELINES

    if option == "all":
        return tuple(BASELINES)
    if option == "none":
        return ()
    names = tuple(dict.fromkeys(name.strip() for name in option.split(",")))
    unknown = [name for name in names if name not in BASELINES]
    if unknown:
        raise InputError(
            f"unknown baseline {unknown[0]!r}",
            where="--baselines",
            remedy=f"choose from {', '.join(BASELINES)}, all or none",
        )
    return names


def training_images(data_set: DataSet, model: Model) -> tuple[ImageSet, ImageSet] | None:
    """Training and validation images for the baselines: the model's own split where the data are those it was made for.

    Returns:
        Two sets, or None where the data set has no training images.
    """
    from qpbae_tn.data.splits import random_split, split_from_json

    if not data_set.has_training_images:
        return None
    images = data_set.train(model.specification.image_size)
    if len(images) < 2:
        return images, images.take([])
    if model.provenance.get("data") == images.provenance.to_json() and "split" in model.provenance:
        split = split_from_json(model.provenance["split"], len(images), where="the split in the model file")
    else:
        split = random_split(len(images), model.provenance.get("seed", 0))
    return images.take(split.train), images.take(split.validation)


def foreign_data_notices(model: Model, normal: tuple[ImageSet, ImageSet] | None, names: Sequence[str]) -> list[str]:
    """What a reader of the table must know where the baselines are not fitted on the model's own training images."""
    if not names:
        return []
    if normal is None or not len(normal[1]):
        return ["without normal images to spare, the baselines take their thresholds from all test maps"]
    if model.provenance.get("data") == normal[0].provenance.to_json():
        return []
    return [
        "the model was trained on other images than these: the baselines are fitted on these, the model and its "
        "threshold stay as they are"
    ]


def evaluate(
    model: Model,
    engine: Engine,
    test: LabelledImageSet,
    normal: tuple[ImageSet, ImageSet] | None,
    names: Sequence[str],
    score: str,
    threshold: float,
    seed: int,
    reporter: Reporter,
) -> Evaluation:
    """Fit the baselines and evaluate everything, with a progress bar and notices."""
    from qpbae_tn.experiment.evaluation import evaluate_model, fit_baselines

    if test.vanished:
        reporter.notice(
            f"{len(test.vanished)} masks vanish at {test.images.shape[1]} px; their images count as good ones"
        )
    train_set, validation_set = normal if normal is not None else (None, None)
    baselines, left_out = fit_baselines(
        names,
        model,
        engine,
        score,  # type: ignore[arg-type]
        train_set.images if train_set is not None else None,
    )
    for name, reason in left_out.items():
        reporter.notice(f"baseline {name} left out: {reason}")
    with reporter.progress("evaluating", len(test)) as progress:
        result = evaluate_model(
            model,
            engine,
            test,
            score=score,  # type: ignore[arg-type]
            baselines=baselines,
            left_out=left_out,
            validation_images=validation_set.images if validation_set is not None else None,
            threshold=threshold,
            seed=seed,
            on_image=lambda: progress.advance(progress.task_ids[0]),
        )
    if result.zero_patches:
        reporter.notice(f"{result.zero_patches} test patches are all zero; |0...0> stands in for them")
    return result


def describe(result: Evaluation, reporter: Reporter) -> None:
    """The metrics' tables on the terminal: the model, then its baselines."""
    counts = f"{len(result.test)} test images, {int(result.test.defective.sum())} defective"
    rows = {"model": result.model, **result.baselines}
    parameters = {name: str(found.parameters) for name, found in rows.items()}
    title = f"Evaluation on {counts} (95% bootstrap intervals)"
    reporter.console.print(_table(title, rows, SHOWN, "parameters", parameters))
    title = "At the operating thresholds (d: only images with a defect, p: pooled pixels)"
    reporter.console.print(_table(title, rows, AT_THRESHOLD))


def _table(
    title: str,
    rows: Mapping[str, DetectorResult],
    metrics: Mapping[str, str],
    heading: str | None = None,
    cells: Mapping[str, str] | None = None,
) -> Table:
    """One row a detector: perhaps a cell of its own under `heading`, then its metrics."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("detector", no_wrap=True)
    for column in (*([heading] if heading else []), *metrics.values()):
        table.add_column(column, justify="right", no_wrap=True)
    for name, detector in rows.items():
        own = [cells[name]] if cells else []
        values = [show(detector.metrics[metric]) for metric in metrics]
        table.add_row(name, *own, *values, style="bold" if name == "model" else None)
    return table


def show(value: Interval) -> str:
    """A value above its interval, .71-1.0 for 0.71 to 1.00; a dash where it is not defined."""
    if not value.defined:
        return "-"
    low, high = (f"{end:.2f}".removeprefix("0").replace("1.00", "1.0") for end in (value.low, value.high))
    return f"{value.value:.3f}\n{low}-{high}"


def write_scores(result: Evaluation, place: Path) -> None:
    """scores.csv: one row a test image."""
    from qpbae_tn.metrics.table import decide
    from qpbae_tn.output import write_atomically

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "class", "score", "mean", "anomalous_fraction", "mask_fraction", "defective"])
    marked = decide(result.maps, result.model.threshold)
    rows: zip[tuple[str, str]] = zip(result.test.names, result.test.classes, strict=True)
    for index, (name, kind) in enumerate(rows):
        found, mask = result.maps[index], result.test.masks[index]
        writer.writerow(
            [
                name,
                kind,
                f"{found.max():.8f}",
                f"{found.mean():.8f}",
                f"{marked[index].mean():.6f}",
                f"{mask.mean():.6f}",
                int(mask.any()),
            ]
        )
    write_atomically(place / "scores.csv", text.getvalue())


def write_maps(result: Evaluation, place: Path) -> None:
    """maps/*.png: every test map in colours, on one scale."""
    from qpbae_tn.output import write_atomically
    from qpbae_tn.report.pictures import map_picture, png_bytes

    folder = place / "maps"
    folder.mkdir()
    low, high = float(result.maps.min()), float(result.maps.max())
    for index, (name, found) in enumerate(zip(result.test.names, result.maps, strict=True)):
        stem = Path(name).with_suffix("").as_posix().replace("/", "_")
        write_atomically(folder / f"{index:04d}_{stem}.png", png_bytes(map_picture(found, low, high)))
