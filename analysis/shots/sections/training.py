"""Training from shots."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qpbae_tn.analysis.reports.page import Block, Figure, Heading, Table, Text
from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.charts import training_chart
from qpbae_tn.analysis.shots.sections.words import ranged
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.analysis.shots.training_study import TrainingRow


def section(cases: Sequence[Case]) -> list[Block]:
    """Final loss and detection of models trained from shots; empty where none were."""
    trained = [case for case in cases if case.training]
    if not trained:
        return []
    found: list[Block] = [
        Heading("Training from shots"),
        Text(
            "Adam with parameter-shift gradients, 20 epochs, batches of 4 images, every shifted loss estimated "
            "from shots "
            "with exact binomial noise. *Every patch* runs the training circuit of each patch of the batch N times. "
            "*Drawn patches* spends N shots in all on a shifted loss, each on a patch drawn with its weight: the "
            "loss is "
            "linear in the density matrix of the patch, so this is a fair estimate too, and its price does not "
            "depend on "
            "the number of patches. Loss and AUROC of the trained angles are exact."
        ),
    ]
    for case in trained:
        name = case.plan.data_set.name
        slug = name.replace(":", "_")
        rows = [_training_cells(row) for row in case.training]
        found += [
            Figure(
                f"training_{slug}",
                training_chart(
                    case.training, "auroc", "AUROC of exact maps", f"Trained from shots, {name}", log_y=False
                ),
                f"Mean and range over {case.plan.train_repetitions} trainings that differ in their noise only.",
            ),
            Table(
                ["readout", "patches", "N", "shots in all", "final loss", "AUROC", "AUPRO", "drift"],
                rows,
                f"{case.plan.label}. Drift: root mean square change, in radians, of the angles that the loss does not "
                "depend on.",
            ),
            Text(_training_words(case)),
        ]
    return found


def _training_words(case: Case) -> str:
    exact, rows = case.training[0], case.training[1:]
    close = [row for row in rows if exact.metrics["auroc"].value - row.metrics["auroc"].value < 0.002]
    words = []
    for readout in case.plan.train_readouts:
        enough = [row for row in close if (row.readout, row.scheme) == (readout, Scheme.DRAWN_PATCHES)]
        if enough:
            least = enough[0]
            words.append(
                f"With `{readout}` {least.shots} shots per shifted loss on drawn patches, {least.total_shots:.1e} "
                "in the "
                "whole training, end within 0.002 of the AUROC of exact gradients."
            )
    every = [row for row in rows if row.scheme is Scheme.EVERY_PATCH]
    if every:
        words.append(f"One shot for every patch costs {every[0].total_shots:.1e} shots, and is more than is needed.")
    drift = max(row.metrics["unseen_drift"].value for row in rows)
    words.append(
        "Adam divides each gradient by its own size, so angles that the loss does not depend on, whose gradient is "
        f"nothing but noise, wander off: by up to {drift:.2f} rad here. They do change F."
    )
    return " ".join(words)


def _training_cells(row: TrainingRow) -> list[str]:
    metrics = row.metrics
    drift = metrics["unseen_drift"].value
    return [
        row.readout or "exact gradients",
        row.scheme.value.split("_")[0] if row.scheme is not None else "",
        f"{row.shots:,}" if row.shots else "",
        f"{row.total_shots:.1e}" if row.total_shots else "",
        ranged(metrics["loss"], 4) if row.shots else f"{metrics['loss'].value:.4f}",
        ranged(metrics["auroc"], 3) if row.shots else f"{metrics['auroc'].value:.3f}",
        ranged(metrics["aupro"], 3) if row.shots else f"{metrics['aupro'].value:.3f}",
        "-" if math.isnan(drift) else f"{drift:.3f}",
    ]
