"""The HTML report of a run: one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from qpbae_tn.metrics.curves import overlap_curve, pro_curve, roc_curve
from qpbae_tn.metrics.evaluation import METRICS, metric_title
from qpbae_tn.metrics.table import PixelTable, decide
from qpbae_tn.report.charts import follow_theme, line_chart
from qpbae_tn.report.pictures import data_uri, grey_picture, map_picture, mask_picture
from qpbae_tn.report.tables import html_table, number
from qpbae_tn.report.template import html_environment

if TYPE_CHECKING:
    from qpbae_tn.experiment.evaluation import Evaluation
    from qpbae_tn.experiment.training import TrainingOutcome

RANKING = ("auroc", "aupro", "aupro_05", "aupimo", "average_precision", "best_f1", "image_auroc")
"""Metrics that need no threshold."""
GALLERY_DEFECTIVE, GALLERY_GOOD = 8, 2


@dataclass(frozen=True)
class PriceSection:
    """What the run's circuit costs on a processor, as rows of text.

    Args:
        target: the processor's name.
        lead: what is priced, in a sentence.
        rows: name and value, with units.
    """

    target: str
    lead: str
    rows: Sequence[tuple[str, str]]


def run_report(
    title: str,
    training: TrainingOutcome,
    evaluation: Evaluation,
    command: str,
    *,
    notes: Sequence[str] = (),
    price: PriceSection | None = None,
) -> str:
    """The page as HTML text; needs no network.

    Args:
        title: heading of the page.
        training: what training gave.
        evaluation: of the trained model.
        command: the command line that makes the run again.
        notes: what the reader should be warned of.
        price: what it costs on a processor.
    """
    at_threshold = [metric.name for metric in METRICS if metric.name not in RANKING]
    low, high = float(evaluation.maps.min()), float(evaluation.maps.max())
    environment = html_environment()
    environment.filters["number"] = number
    return environment.get_template("run_report.html.j2").render(
        title=title,
        training=training,
        evaluation=evaluation,
        specification=training.model.specification,
        provenance=training.model.provenance,
        metrics=evaluation.model.metrics,
        notes=notes,
        ranked=_detectors(evaluation, "parameters", RANKING),
        differences=_differences(evaluation),
        decided=_detectors(evaluation, "threshold", at_threshold),
        gallery=_gallery(evaluation, low, high),
        low=low,
        high=high,
        price=price,
        command=command,
        **{name: Markup(follow_theme(svg)) for name, svg in _charts(training, evaluation).items()},
    )


def _detectors(evaluation: Evaluation, column: str, metrics: Sequence[str]) -> Markup:
    """A table with one detector a row, the model first."""
    rows = []
    for name, result in {"this model": evaluation.model, **evaluation.baselines}.items():
        values = {metric_title(metric): result.metrics[metric].to_json() for metric in metrics}
        rows.append({"detector": name.replace("_", " "), column: getattr(result, column), **values})
    formats = dict.fromkeys(map(metric_title, metrics), ".3f") | {column: ".5f"}
    return Markup(html_table(pd.DataFrame(rows), formats))


def _differences(evaluation: Evaluation) -> Markup:
    """What the model's metrics are above each baseline's, with paired intervals."""
    rows = [
        {"baseline": name.replace("_", " "), **{metric_title(key): found[key].to_json() for key in RANKING}}
        for name, found in evaluation.differences.items()
    ]
    return Markup(html_table(pd.DataFrame(rows), dict.fromkeys(map(metric_title, RANKING), "+.3f")) if rows else "")


def _charts(training: TrainingOutcome, evaluation: Evaluation) -> dict[str, str]:
    table = PixelTable(evaluation.maps, evaluation.test.masks, evaluation.model.threshold)
    roc, pro = roc_curve(table), pro_curve(table)
    overlap = overlap_curve(evaluation.maps, evaluation.test.masks)
    return {
        "loss_chart": _loss_chart(training),
        "roc_chart": line_chart(
            {"this model": _points(roc.false_positive_rate, roc.rate), "chance": ([0, 1], [0, 1])},
            "false positive rate",
            "true positive rate",
            title="ROC",
        ),
        "pro_chart": line_chart(
            {"this model": _points(pro.false_positive_rate, pro.rate), "chance": ([0, 0.3], [0, 0.3])},
            "false positive rate",
            "per-region overlap",
            title="PRO",
        ),
        "overlap_chart": line_chart(
            {"Dice": _points(overlap.thresholds, overlap.dice), "IoU": _points(overlap.thresholds, overlap.iou)},
            "threshold on Y",
            "mean over images",
            title="Dice and IoU",
            marks={"operating threshold": evaluation.model.threshold},
        ),
    }


def _loss_chart(training: TrainingOutcome) -> str:
    bound = training.optimum.bound
    unit = "epoch" if training.optimum.optimizer == "adam" else "step"
    epochs = [record.epoch for record in training.history]
    losses = {"training": (epochs, [record.loss for record in training.history])}
    validation = [record for record in training.history if record.validation_loss is not None]
    if validation:
        held_back = [record.validation_loss for record in validation if record.validation_loss is not None]
        losses["validation"] = ([record.epoch for record in validation], held_back)
    if bound is not None:
        return line_chart(losses, unit, "log-volume", title="Log-volume", levels={"log det": bound})
    levels = {"PCA ceiling": training.ceiling_loss}
    if training.product_ceiling_loss is not None:
        levels["product ceiling"] = training.product_ceiling_loss
    # Perfect data reach a loss of zero, and no epoch leaves nothing to draw: neither has a logarithm.
    drawn = [*levels.values(), *(value for _, values in losses.values() for value in values)]
    logarithmic = bool(epochs) and min(drawn) > 0
    return line_chart(losses, unit, "loss (Eq. 8)", title="Loss", levels=levels, log_y=logarithmic)


def _points(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    return x.tolist(), y.tolist()


def _gallery(evaluation: Evaluation, low: float, high: float) -> list[Mapping[str, Any]]:
    decisions = decide(evaluation.maps, evaluation.model.threshold)
    items: list[Mapping[str, Any]] = []
    for index in _chosen(evaluation):
        pictures = [
            ("input", grey_picture(evaluation.test.images[index])),
            ("map", map_picture(evaluation.maps[index], low, high)),
            ("mask", mask_picture(evaluation.test.masks[index])),
            ("decision", mask_picture(decisions[index])),
        ]
        items.append(
            {
                "name": evaluation.test.names[index],
                "pictures": [{"alt": alt, "uri": data_uri(picture)} for alt, picture in pictures],
            }
        )
    return items


def _chosen(evaluation: Evaluation) -> list[int]:
    """Defective images, one class after another, each class from its best-separated image to its worst; then good ones.

    Spread over the whole range of scores, so that the gallery shows failures as well as successes.
    """
    test, score = evaluation.test, evaluation.maps.max(axis=(1, 2))
    classes = sorted({kind for kind, bad in zip(test.classes, test.defective, strict=True) if bad})
    chosen: list[int] = []
    for position, kind in enumerate(classes):
        members = np.flatnonzero(np.array([c == kind for c in test.classes]) & test.defective)
        share = GALLERY_DEFECTIVE // len(classes) + (position < GALLERY_DEFECTIVE % len(classes))
        ranked = members[np.argsort(-score[members], kind="stable")]
        picks = np.linspace(0, len(ranked) - 1, min(share, len(ranked))).round().astype(int)
        chosen += ranked[picks].tolist()
    good = np.flatnonzero(~test.defective)
    ranked = good[np.argsort(-score[good], kind="stable")]
    picks = np.linspace(0, max(len(ranked) - 1, 0), min(GALLERY_GOOD, len(ranked))).round().astype(int)
    return [*chosen, *map(int, ranked[picks])]
