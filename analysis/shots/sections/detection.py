"""Detection against shots, and what it depends on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qpbae_tn.analysis.reports.page import Block, Figure, Heading, Table, Text
from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.charts import loss_chart, metric_chart
from qpbae_tn.analysis.shots.needed import LOSSES
from qpbae_tn.analysis.shots.sections.words import FEW, at, main_cases, scientific, states, with_range
from qpbae_tn.compiler.readouts import READOUTS, Quantity


def section(cases: Sequence[Case]) -> list[Block]:
    """Metrics against shots, shots for a given loss, and what overlapping patches do."""
    found: list[Block] = [Heading("Detection against shots")]
    for case in main_cases(cases):
        found += _detection(case)
    return [*found, *_needed(cases), *_patches(cases)]


def _detection(case: Case) -> list[Block]:
    study, name = case.study, case.plan.data_set.name
    few = {readout: at(case, readout, FEW) for readout in ("echo", "latent", "destructive")}
    exact = study.exact[Quantity.FIDELITY]
    losses = ", ".join(f"{values['auroc'].value:.3f} (`{readout}`)" for readout, values in few.items())
    slug = name.replace(":", "_")
    figures = [
        ("auroc", metric_chart(study, Quantity.FIDELITY, "auroc", "pixel AUROC", f"AUROC, {name}")),
        ("loss", loss_chart(study, Quantity.FIDELITY, f"Loss of AUROC, {name}")),
        ("aupro", metric_chart(study, Quantity.FIDELITY, "aupro", "AUPRO", f"AUPRO, {name}")),
        ("dice", metric_chart(study, Quantity.FIDELITY, "dice_paper", "Dice", f"Dice at the threshold, {name}")),
    ]
    captions = {
        "auroc": "Mean over 20 repetitions; bands hold 95% of them.",
        "loss": "How far the mean AUROC lies below the exact one, down to where repetitions no longer tell.",
        "aupro": "As above, for the per-region overlap.",
        "dice": "Dice (empty masks with empty predictions counting 1), each repetition with the threshold of its own "
        "validation maps.",
    }
    return [
        Text(
            f"**{name}**, {case.document['rows'][0]['test_images']} test images. With {FEW} shots per patch AUROC is "
            f"{losses}, against {exact['auroc']:.3f} exactly. {_law(case)}"
        ),
        *(Figure(f"{key}_{slug}", svg, captions[key]) for key, svg in figures),
    ]


def _law(case: Case) -> str:
    """How the loss falls with shots where it is still well above its own noise."""
    rows = [row for row in case.study.of("destructive") if 30 <= row.shots <= 1000]
    exact = case.study.exact[Quantity.FIDELITY]["auroc"]
    points = [(row.shots, exact - row.metrics["auroc"].value) for row in rows]
    points = [(shots, loss) for shots, loss in points if loss > 2e-4]
    if len(points) < 2:
        return ""
    (first, high), (last, low) = points[0], points[-1]
    slope = math.log(low / high) / math.log(last / first)
    return (
        f"From {first} to {last} shots the loss of the SWAP test falls like shots to the power {slope:.2f}: with many "
        "shots the loss is quadratic in the noise, that is, proportional to 1/shots."
    )


def _needed(cases: Sequence[Case]) -> list[Block]:
    found: list[Block] = [Heading("Shots for a given loss of AUROC")]
    for case in main_cases(cases):
        rows = []
        for name in case.plan.readouts:
            needed = [case.shots_for(name, loss) for loss in LOSSES]
            exact = case.study.exact[READOUTS[name].quantity]["auroc"]
            rows.append([name, f"{exact:.3f}", *(with_range(row) for row in needed), *map(states, needed)])
        header = ["readout", "exact AUROC", *(f"shots, loss {loss:g}" for loss in LOSSES)]
        caption = (
            f"{case.plan.label}: shots per patch where the mean crosses (where 95% of single repetitions cross), "
            "interpolated between the sampled numbers; patch states prepared for one map at that number."
        )
        found.append(Table([*header, *(f"states a map, {loss:g}" for loss in LOSSES)], rows, caption))
    found.append(Text(" ".join(_needed_words(case) for case in main_cases(cases))))
    return found


def _needed_words(case: Case) -> str:
    swap, echo, latent = (case.shots_for(name, LOSSES[0]) for name in ("ancilla", "echo", "latent"))
    if any(row.bound != "equal" for row in (swap, echo, latent)):
        return ""
    return (
        f"On {case.plan.data_set.name} the paper's SWAP test takes {swap.shots / echo.shots:.1f} times the shots of "
        f"`echo` and {swap.shots / latent.shots:.1f} times those of `latent` for a loss of {LOSSES[0]:g}."
    )


def _patches(cases: Sequence[Case]) -> list[Block]:
    rows = []
    for case in cases:
        row = case.document["rows"][0]
        per_image = row["shots_per_image"] // row["shots_per_patch"]
        covering = (row["patch_size"] / row["stride"]) ** 2
        needed = [case.shots_for("latent", loss) for loss in LOSSES]
        shots = [with_range(item) for item in needed]
        whole = [scientific(item.shots * per_image) for item in needed]
        exact = case.study.exact[Quantity.FIDELITY]["auroc"]
        rows.append([case.plan.label, f"{exact:.3f}", str(per_image), f"{covering:.0f}", *shots, *whole])
    return [
        Heading("Overlapping patches share the noise"),
        Table(
            [
                *("data, patches", "exact AUROC", "patches", "patches a pixel"),
                *(f"shots a patch, loss {loss:g}" for loss in LOSSES),
                *(f"shots a map, {loss:g}" for loss in LOSSES),
            ],
            rows,
            "Readout `latent`.",
        ),
        Text(
            "A pixel's score is the mean over the patches that cover it, (P/S)² of them, so its noise shrinks "
            "with their "
            "number: few shots per patch go a long way at stride 1, where there are many patches. What a map costs is "
            "the product, in the last columns."
        ),
    ]
