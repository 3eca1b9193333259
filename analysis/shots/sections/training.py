"""Training from shots."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.charts import training_chart
from qpbae_tn.analysis.shots.sections.words import ranged, slug
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.analysis.shots.training_study import TrainingRow
from qpbae_tn.interval import LEAST_REPETITIONS
from qpbae_tn.report.page import Block, Figure, Heading, Table, Text

CLOSE = 0.002
"""A loss of AUROC that the text calls as good as exact gradients."""


def section(cases: Sequence[Case]) -> list[Block]:
    """Final loss and detection of models trained from shots; empty where none were."""
    trained = [case for case in cases if case.training]
    if not trained:
        return []
    found: list[Block] = [
        Heading("Training from shots"),
        Text(
            "Adam with parameter-shift gradients and the paper's settings; every shifted loss is estimated from shots "
            "with exact binomial noise. *Every patch* runs the training circuit of each patch of the batch N times. "
            "*Drawn patches* spends N shots in all on a shifted loss, each on a patch drawn with its weight in the "
            "loss: the loss is linear in the density matrix of the patch, so that is a fair estimate too, and its "
            "price does not depend on the number of patches. Loss and AUROC of the angles reached are exact."
        ),
    ]
    for case in trained:
        svg = training_chart(
            case.training, "auroc", "AUROC of exact maps", f"Trained from shots, {case.plan.data_set.name}", log_y=False
        )
        caption = f"{_what(case)} that differ in their noise only."
        found += [Figure(f"training_{slug(case)}", svg, caption), _table(case), Text(_words(case))]
    return found


def summary(cases: Sequence[Case]) -> str:
    """What training from shots takes, in a sentence."""
    found = [(case, _least(case, "direct")) for case in cases]
    enough = [f"{_rounded(row)} shots in all on {case.plan.data_set.name}" for case, row in found if row]
    every = next((row for row in map(_every_patch, cases) if row is not None), None)
    if not enough or every is None:
        return ""
    return (
        f"Training takes {', '.join(enough)}, if each shot takes a patch at random; one shot for every patch of every "
        f"batch would be {_rounded(every)}."
    )


def _least(case: Case, readout: str) -> TrainingRow | None:
    """The fewest shots on drawn patches that train as well as exact gradients."""
    if not case.training:
        return None
    exact = case.training[0].metrics["auroc"].value
    enough = (
        row
        for row in case.training
        if (row.readout, row.scheme) == (readout, Scheme.DRAWN_PATCHES) and exact - row.metrics["auroc"].value < CLOSE
    )
    return next(enough, None)


def _every_patch(case: Case) -> TrainingRow | None:
    return next((row for row in case.training if row.scheme is Scheme.EVERY_PATCH), None)


def _rounded(row: TrainingRow) -> str:
    """Shots of a training to one digit."""
    return f"{float(f'{row.total_shots:.0e}'):,.0f}"


def _words(case: Case) -> str:
    words, rows = [], case.training[1:]
    for readout in dict.fromkeys(str(row.readout) for row in rows):
        enough = _least(case, readout)
        if enough is not None:
            words.append(
                f"With `{readout}` on drawn patches, N = {enough.shots}, {_rounded(enough)} shots in the whole "
                f"training, ends within {CLOSE} of the AUROC of exact gradients."
            )
    every = _every_patch(case)
    if every is not None:
        words.append(f"One shot for every patch costs {_rounded(every)} shots, and is more than is needed.")
    drift = max(row.metrics["unseen_drift"].value for row in rows)
    if drift > 0:
        words.append(
            "Adam divides each gradient by its own size, so angles that the loss does not depend on, whose gradient is "
            f"nothing but noise, wander off: by up to {drift:.2f} rad here. They do change F."
        )
    return " ".join(words)


def _table(case: Case) -> Table:
    return Table(
        ["readout", "patches", "N", "shots in all", "final loss", "AUROC", "AUPRO", "drift"],
        [_cells(row) for row in case.training],
        f"{case.plan.label}. {_what(case)}. Drift: root mean square "
        "change, in radians, of the angles that the loss does not depend on, mean of the trainings.",
    )


def _what(case: Case) -> str:
    count = case.training[-1].repetitions
    return f"Mean{' and range' if count >= LEAST_REPETITIONS else ''} over {count} trainings"


def _cells(row: TrainingRow) -> list[str]:
    metrics, places = row.metrics, {"loss": 4, "auroc": 3, "aupro": 3}
    drift = metrics["unseen_drift"].value
    told = [
        ranged(metrics[name], count) if row.shots else f"{metrics[name].value:.{count}f}"
        for name, count in places.items()
    ]
    return [
        row.readout or "exact gradients",
        row.scheme.value.split("_")[0] if row.scheme is not None else "",
        f"{row.shots:,}" if row.shots else "",
        f"{row.total_shots:.1e}" if row.total_shots else "",
        *told,
        "-" if math.isnan(drift) else f"{drift:.3f}",
    ]
