"""The bias that shot noise puts on the operating threshold."""

from __future__ import annotations

from collections.abc import Sequence

from qpbae_tn.analysis.reports.page import Block, Figure, Heading, Table, Text
from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.charts import metric_chart
from qpbae_tn.analysis.shots.sections.words import FEW, at, main_cases, ranged
from qpbae_tn.compiler.readouts import Quantity


def section(cases: Sequence[Case]) -> list[Block]:
    """Threshold and false alarms against shots."""
    found: list[Block] = [Heading("The operating threshold")]
    for case in main_cases(cases):
        name = case.plan.data_set.name
        slug = name.replace(":", "_")
        exact = case.study.exact[Quantity.FIDELITY]
        rows = []
        for readout in ("ancilla", "latent", "echo"):
            for shots in (1, 10, 100, 1000):
                values = at(case, readout, shots)
                cells = [
                    ranged(values["threshold"], 4),
                    f"{values['threshold'].value / exact['threshold'] - 1:+.1%}",
                    *(
                        f"{values[key].value:.2%}"
                        for key in ("validation_fpr_exact_threshold", "fpr_exact_threshold", "fpr")
                    ),
                    f"{values['dice_paper'].value:.3f}",
                    f"{values['dice_paper_exact_threshold'].value:.3f}",
                ]
                rows.append([readout, str(shots), *cells])
        last = [f"{exact['threshold']:.4f}", "", f"{exact['validation_fpr_exact_threshold']:.2%}"]
        last += [f"{exact['fpr_exact_threshold']:.2%}", f"{exact['fpr']:.2%}", f"{exact['dice_paper']:.3f}"]
        rows.append(["exact", "", *last, f"{exact['dice_paper_exact_threshold']:.3f}"])
        ten = at(case, "ancilla", FEW)
        found += [
            Text(
                f"**{name}.** The threshold is the 0.99 quantile of Y over normal validation pixels. Shot noise widens "
                f"their distribution: with {FEW} shots of the SWAP test the quantile moves from "
                f"{exact['threshold']:.4f} to {ten['threshold'].value:.4f}, and if the exact threshold is kept, "
                f"{ten['validation_fpr_exact_threshold'].value:.1%} of the normal validation pixels are called "
                f"anomalous instead of 1%. A threshold taken from maps with the same number of shots restores the rate "
                f"(test pixels: {ten['fpr'].value:.1%}, exactly {exact['fpr']:.1%}), not the detection lost."
            ),
            Figure(
                f"threshold_{slug}",
                metric_chart(case.study, Quantity.FIDELITY, "threshold", "threshold on Y", f"Threshold, {name}"),
                "The 0.99 quantile of validation maps that are sampled with as many shots.",
            ),
            Figure(
                f"false_alarms_{slug}",
                metric_chart(
                    case.study,
                    Quantity.FIDELITY,
                    "validation_fpr_exact_threshold",
                    "share of normal pixels above",
                    f"Exact threshold kept, {name}",
                ),
                "Normal validation pixels above the threshold of exact maps; 0.01 without shot noise.",
            ),
            Table(
                [
                    *("readout", "shots", "threshold", "moved"),
                    *("alarms, exact threshold", "test FPR, exact threshold", "test FPR, own", "Dice, own"),
                    "Dice, exact threshold",
                ],
                rows,
                f"{case.plan.label}. Own: the threshold of validation maps with the same number of shots.",
            ),
        ]
    return found
