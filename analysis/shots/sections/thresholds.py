"""The bias that shot noise puts on the operating threshold."""

from __future__ import annotations

from collections.abc import Sequence

from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.charts import metric_chart
from qpbae_tn.analysis.shots.sections.words import FEW, at, main_cases, ranged, slug
from qpbae_tn.compiler.readouts import Quantity
from qpbae_tn.report.page import Block, Figure, Heading, Table, Text

KEPT = "validation_fpr_exact_threshold"
DICES = ("dice_paper", "dice_paper_exact_threshold")
SHOWN = (1, 10, 100, 1000)
"""Shots per patch in the table."""


def section(cases: Sequence[Case]) -> list[Block]:
    """Threshold and false alarms against shots."""
    found: list[Block] = [Heading("The operating threshold")]
    for case in main_cases(cases):
        found += [_words(case), *_charts(case), *_tables(case)]
    return found


def _words(case: Case) -> Text:
    exact, few = case.study.exact[Quantity.FIDELITY], at(case, "ancilla", FEW)
    return Text(
        f"**{case.plan.data_set.name}.** The threshold is the 0.99 quantile of Y over the pixels of normal validation "
        f"images, so that 1% of them are called anomalous. Shot noise widens their distribution: with {FEW} shots of "
        f"the SWAP test the quantile lies at {few['threshold'].value:.4f} instead of {exact['threshold']:.4f}, and "
        f"if the exact threshold is kept, {few[KEPT].value:.1%} of these pixels are called anomalous. With the "
        f"threshold of maps of as many shots, {few['fpr'].value:.1%} of the normal test pixels are, against "
        f"{exact['fpr']:.1%} exactly: that mends the rate of false alarms, not what detection has lost."
    )


def _charts(case: Case) -> list[Figure]:
    name, of_f = case.plan.data_set.name, Quantity.FIDELITY
    return [
        Figure(
            f"threshold_{slug(case)}",
            metric_chart(case.study, of_f, "threshold", "threshold on Y", f"Threshold, {name}"),
            "The 0.99 quantile of validation maps that are sampled with as many shots.",
        ),
        Figure(
            f"false_alarms_{slug(case)}",
            metric_chart(case.study, of_f, KEPT, "share of normal pixels above", f"Exact threshold kept, {name}"),
            "Normal validation pixels above the threshold of exact maps; 0.01 without shot noise. Scores of very few "
            "shots take few values, hence the steps.",
        ),
    ]


def _tables(case: Case) -> list[Table]:
    """What shot noise does to the threshold, and what thresholds of as many shots do; mean and range in each cell."""
    exact = case.study.exact[Quantity.FIDELITY]
    moved, own = [], []
    for readout in ("ancilla", "latent", "echo"):
        for shots in SHOWN:
            values = at(case, readout, shots)
            change = f"{values['threshold'].value / exact['threshold'] - 1:+.1%}"
            moved.append([readout, str(shots), ranged(values["threshold"], 4), change, ranged(values[KEPT], 2, "%")])
            own.append([readout, str(shots), ranged(values["fpr"], 2, "%"), *(ranged(values[key], 3) for key in DICES)])
    moved.append(["exact", "", f"{exact['threshold']:.4f}", "", f"{exact[KEPT]:.2%}"])
    own.append(["exact", "", f"{exact['fpr']:.2%}", *(f"{exact[key]:.3f}" for key in DICES)])
    ranges = f"Mean and range of 95% of {case.plan.repetitions} repetitions."
    return [
        Table(
            ["readout", "shots", "threshold", "mean moved by", "alarms, exact threshold kept"],
            moved,
            f"{case.plan.label}: the threshold of validation maps of as many shots; and the share of the normal "
            f"validation pixels called anomalous if the threshold of exact maps is kept. {ranges}",
        ),
        Table(
            ["readout", "shots", "FPR, own", "Dice, own", "Dice, exact"],
            own,
            f"{case.plan.label}: false positive rate of the normal test pixels, and Dice, with the threshold of "
            f"validation maps of as many shots (own) or that of exact maps (exact). {ranges}",
        ),
    ]
