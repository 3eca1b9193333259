"""The sections of the page `shots`, written from what the studies found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.reports.page import Block, Heading, Text
from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.needed import LOSSES, NeededShots
from qpbae_tn.analysis.shots.sections import detection, intervals, readouts, thresholds, training
from qpbae_tn.analysis.shots.sections.words import count, main_cases
from qpbae_tn.compiler.readouts import READOUTS, Quantity


def lead(cases: Sequence[Case]) -> str:
    """The answer in a paragraph."""
    words = []
    for case in main_cases(cases):
        best = min((row for row in case.needed if _of_f(row) and row.loss == LOSSES[0]), key=lambda row: row.shots)
        paper = case.shots_for("ancilla", LOSSES[0])
        fine = case.shots_for("ancilla", LOSSES[1])
        words.append(
            f"on {case.plan.data_set.name} the paper's SWAP test needs {count(paper)} shots per patch to come within "
            f"{LOSSES[0]:g} of the exact AUROC and {count(fine)} to come within {LOSSES[1]:g}; `{best.readout}` needs "
            f"{count(best)} and {count(case.shots_for(best.readout, LOSSES[1]))}"
        )
    return (
        "How many shots does an anomaly map need? With P = 4, S = 1, BD = 2: "
        + "; ".join(words)
        + ". Training needs far fewer than one shot for each patch, if each shot takes a patch at random."
    )


def blocks(cases: Sequence[Case], coverage: Sequence[dict[str, Any]]) -> list[Block]:
    """All sections."""
    return [
        *readouts.section(cases),
        *detection.section(cases),
        *thresholds.section(cases),
        *training.section(cases),
        *intervals.section(coverage),
        Heading("What this page does not tell"),
        Text(_LIMITS),
    ]


_LIMITS = (
    "Shots here come from a perfect machine with exact preparation: device noise and approximate preparation "
    "come on top "
    "and do not shrink with shots. Ranges hold 95% of the repetitions for the same test images; how much the metrics "
    "would change with other images is another, larger, uncertainty, and the same for all numbers of shots. The models "
    "are one training each with the paper's settings, so the exact AUROC is theirs, not the best of the method. "
    "Dice is "
    "slow to converge where many images have an empty mask: one pixel above the threshold turns a 1 into a 0."
)


def _of_f(row: NeededShots) -> bool:
    return READOUTS[row.readout].quantity is Quantity.FIDELITY
