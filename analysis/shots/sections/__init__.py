"""The sections of the page `shots`, written from what the studies found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.needed import LOSSES
from qpbae_tn.analysis.shots.sections import detection, intervals, readouts, thresholds, training
from qpbae_tn.analysis.shots.sections.words import count, main_cases
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.report.page import Block, Heading, Text

LIMITS = (
    "Shots here come from a perfect machine with exact preparation: device noise and approximate preparation come on "
    "top and do not shrink with shots. Ranges hold 95% of the repetitions for the same test images; how much the "
    "metrics would change with other images is another uncertainty, the same for all numbers of shots. Each model is "
    "one training with the paper's settings, so its exact AUROC is not the best of the method. Dice converges slowly "
    "where many images have an empty mask: one pixel above the threshold turns a 1 into a 0."
)


def lead(cases: Sequence[Case]) -> str:
    """The answer in a paragraph."""
    words = []
    for case in main_cases(cases):
        of_f = [
            row for row in case.needed if READOUTS[row.readout].quantity is Quantity.FIDELITY and row.loss == LOSSES[0]
        ]
        best = min(of_f, key=lambda row: row.shots)
        coarse, fine = (case.shots_for("ancilla", loss) for loss in LOSSES)
        words.append(
            f"on {case.plan.data_set.name} the paper's SWAP test needs {count(coarse)} shots per patch to come within "
            f"{LOSSES[0]:g} of the exact AUROC and {count(fine)} to come within {LOSSES[1]:g}, `{best.readout}` "
            f"{count(best)} and {count(case.shots_for(best.readout, LOSSES[1]))}"
        )
    specification = main_cases(cases)[0].plan.specification
    setting = f"P = {specification.patch_size}, S = {specification.stride}, BD = {specification.bottleneck}"
    question = f"How many shots does an anomaly map need? With {setting}: "
    return question + "; ".join(words) + ". " + training.summary(cases)


def blocks(cases: Sequence[Case], coverage: Sequence[dict[str, Any]]) -> list[Block]:
    """All sections."""
    return [
        *readouts.section(cases),
        *detection.section(cases),
        *thresholds.section(cases),
        *training.section(cases),
        *intervals.section(coverage),
        Heading("What this page does not tell"),
        Text(LIMITS),
    ]
