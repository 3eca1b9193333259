"""The HTML report of a run: one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qpbae_tn.experiment.evaluation import DetectorResult, Evaluation
from qpbae_tn.experiment.training import TrainingOutcome, versions
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.curves import overlap_curve, pro_curve, roc_curve
from qpbae_tn.metrics.evaluation import METRICS, metric_title
from qpbae_tn.metrics.table import PixelTable, decide
from qpbae_tn.report.charts import line_chart
from qpbae_tn.report.pictures import data_uri, grey_picture, map_picture, mask_picture
from qpbae_tn.report.template import html_environment

RANKING = ("auroc", "aupro", "average_precision", "best_f1", "image_auroc")
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
    specification, split = training.model.specification, training.model.provenance["split"]
    rows = {"this model": evaluation.model, **evaluation.baselines}
    template = html_environment().get_template("run_report.html.j2")
    low, high = float(evaluation.maps.min()), float(evaluation.maps.max())
    at_threshold = [metric.name for metric in METRICS if metric.name not in RANKING]
    return template.render(
        title=title,
        qubits=specification.qubit_count,
        patch=specification.patch_size,
        trash=specification.trash_count,
        latent=specification.bottleneck,
        image_size=specification.image_size,
        train_images=len(split["train"]),
        test_images=len(evaluation.test),
        defective=int(evaluation.test.defective.sum()),
        cards=_cards(training, evaluation),
        notes=notes,
        tables=[
            {
                "titles": [metric_title(metric) for metric in metrics],
                "rows": [_row(name, result, metrics) for name, result in rows.items()],
            }
            for metrics in (RANKING, at_threshold)
        ],
        gallery=_gallery(evaluation, low, high),
        low=f"{low:.4f}",
        high=f"{high:.4f}",
        threshold=f"{evaluation.model.threshold:.5f}",
        facts=_facts(training, evaluation),
        price_target=price.target if price else "",
        price_lead=price.lead if price else "",
        price_rows=list(price.rows) if price else [],
        foot=f"Made by: {command}. "
        + ", ".join(f"{name} {number}" for name, number in versions().items())
        + f". Seed {training.model.provenance['seed']}. Data: {evaluation.test.provenance.data_set}, "
        f"{evaluation.test.provenance.layout}, digest {evaluation.test.provenance.digest[:16]}.",
        **_charts(training, evaluation),
    )


def _cards(training: TrainingOutcome, evaluation: Evaluation) -> list[dict[str, str]]:
    metrics = evaluation.model.metrics
    effective = training.effective_parameters
    return [
        {"value": _show(metrics["auroc"]), "label": "pixel AUROC"},
        {"value": _show(metrics["aupro"]), "label": "AUPRO up to FPR 0.3"},
        {"value": _show(metrics["image_auroc"]), "label": "image AUROC"},
        {
            "value": str(training.model.specification.ansatz.parameter_count),
            "label": "parameters" + ("" if effective is None else f", {effective} effective"),
        },
        {"value": f"{training.training_seconds:.2f} s", "label": "to train"},
    ]


def _show(value: Interval) -> str:
    return f"{value.value:.3f}" if value.defined else "not defined"


def _row(name: str, result: DetectorResult, metrics: Sequence[str]) -> dict[str, Any]:
    cells = []
    for metric in metrics:
        value = result.metrics[metric]
        interval = f"{value.low:.3f} to {value.high:.3f}" if value.defined and np.isfinite(value.low) else ""
        cells.append({"value": _show(value), "interval": interval})
    return {"name": name, "parameters": result.parameters, "threshold": f"{result.threshold:.5f}", "metrics": cells}


def _facts(training: TrainingOutcome, evaluation: Evaluation) -> list[tuple[str, str]]:
    specification = training.model.specification
    facts = [
        ("ansatz", f"{specification.ansatz.name}, {len(specification.ansatz.blocks)} blocks"),
        ("stride", f"{specification.stride} px, {training.patches_per_image} patches an image"),
        ("engine", str(training.model.provenance["engine"])),
        ("score", f"{evaluation.score} fidelity"),
        ("loss at the PCA ceiling", f"{training.ceiling_loss:.4f}"),
        ("zero patches in training", str(training.zero_patches)),
        ("zero patches in the test", str(evaluation.zero_patches)),
        ("masks that vanish at this size", str(len(evaluation.test.vanished))),
    ]
    if training.history:
        facts.insert(4, ("final loss", f"{training.history[-1].loss:.4f}"))
    return facts


def _charts(training: TrainingOutcome, evaluation: Evaluation) -> dict[str, str]:
    epochs = [record.epoch for record in training.history]
    losses = {"training": (epochs, [record.loss for record in training.history])}
    validation = [record.validation_loss for record in training.history if record.validation_loss is not None]
    if validation:
        losses["validation"] = (epochs, validation)
    levels = {"PCA ceiling": training.ceiling_loss}
    if training.product_ceiling_loss is not None:
        levels["product ceiling"] = training.product_ceiling_loss
    # Perfect data reach a loss of zero, and no epoch leaves nothing to draw: neither has a logarithm.
    drawn = [*levels.values(), *(value for _, values in losses.values() for value in values)]
    logarithmic = bool(epochs) and min(drawn) > 0
    table = PixelTable(evaluation.maps, evaluation.test.masks, evaluation.model.threshold)
    roc, pro = roc_curve(table), pro_curve(table)
    overlap = overlap_curve(evaluation.maps, evaluation.test.masks)
    mark = {"operating threshold": evaluation.model.threshold}
    return {
        "loss_chart": line_chart(losses, "epoch", "loss (Eq. 8)", title="Loss", levels=levels, log_y=logarithmic),
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
            {
                "Dice": _points(overlap.thresholds, overlap.dice),
                "IoU": _points(overlap.thresholds, overlap.iou),
            },
            "threshold on Y",
            "mean over images",
            title="Dice and IoU",
            marks=mark,
        ),
    }


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
