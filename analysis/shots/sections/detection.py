"""Detection against shots, and what it depends on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.charts import loss_chart, metric_chart
from qpbae_tn.analysis.shots.needed import LOSSES
from qpbae_tn.analysis.shots.sections.words import FEW, at, main_cases, scientific, slug, states, with_range
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.report.page import Block, Figure, Heading, Table, Text

CAPTIONS = {
    "auroc": "Mean over the repetitions; bands hold 95% of them.",
    "loss": "How far the mean AUROC lies below the exact one, down to where the repetitions no longer tell.",
    "aupro": "As above, for the per-region overlap.",
    "dice": "Dice, an empty mask with an empty prediction counting 1; each repetition with the threshold of its own "
    "validation maps.",
}


def section(cases: Sequence[Case]) -> list[Block]:
    """Metrics against shots, shots for a given loss, and what overlapping patches do."""
    found: list[Block] = [Heading("Detection against shots")]
    for case in main_cases(cases):
        found += _detection(case)
    return [*found, *_needed(cases), *_patches(cases)]


def _detection(case: Case) -> list[Block]:
    study, name = case.study, case.plan.data_set.name
    few = {readout: at(case, readout, FEW)["auroc"].value for readout in ("echo", "latent", "destructive")}
    found = ", ".join(f"{value:.3f} (`{readout}`)" for readout, value in few.items())
    of_f = Quantity.FIDELITY
    charts = {
        "auroc": metric_chart(study, of_f, "auroc", "pixel AUROC", f"AUROC, {name}"),
        "loss": loss_chart(study, of_f, f"Loss of AUROC, {name}"),
        "aupro": metric_chart(study, of_f, "aupro", "AUPRO", f"AUPRO, {name}"),
        "dice": metric_chart(study, of_f, "dice_paper", "Dice", f"Dice at the threshold, {name}"),
    }
    images = case.document["rows"][0]["test_images"]
    return [
        Text(
            f"**{name}**, {images} test images. With {FEW} shots per patch AUROC is {found}, against "
            f"{study.exact[of_f]['auroc']:.3f} exactly. {_law(case)}"
        ),
        *(Figure(f"{key}_{slug(case)}", svg, CAPTIONS[key]) for key, svg in charts.items()),
    ]


def _law(case: Case) -> str:
    """How the loss falls with shots where it is well above its own noise."""
    exact = case.study.exact[Quantity.FIDELITY]["auroc"]
    high, low = (exact - at(case, "destructive", shots)["auroc"].value for shots in (10, 100))
    if low <= 0:
        return ""
    return (
        f"From 10 to 100 shots the loss of the SWAP test shrinks {high / low:.0f}-fold; tenfold would be proportional "
        "to the variance of the noise, as it is once shots are many."
    )


def _needed(cases: Sequence[Case]) -> list[Block]:
    found: list[Block] = [Heading("Shots for a given loss of AUROC")]
    for case in main_cases(cases):
        rows = []
        for name in case.plan.readouts:
            needed = [case.shots_for(name, loss) for loss in LOSSES]
            exact = case.study.exact[READOUTS[name].quantity]["auroc"]
            rows.append([name, f"{exact:.3f}", *map(with_range, needed), *map(states, needed)])
        header = ["readout", "exact AUROC", *(f"shots, loss {loss:g}" for loss in LOSSES)]
        caption = (
            f"{case.plan.label}: shots per patch where the mean crosses (where 95% of single repetitions cross), "
            "interpolated between the sampled numbers; and patch states prepared for one map at that number."
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
        covering = (row["patch_size"] / row["stride"]) ** 2
        needed = case.shots_for("latent", LOSSES[0])
        cells = [f"{row['patch_size']}, {row['stride']}", f"{case.study.exact[Quantity.FIDELITY]['auroc']:.3f}"]
        cells += [str(_patches_of(case)), f"{covering:.0f}", with_range(needed)]
        rows.append([row["data_set"], *cells, scientific(needed.shots * _patches_of(case))])
    return [
        Heading("Overlapping patches share the noise"),
        Table(
            ["data", "P, S", "exact AUROC", "patches", "covering a pixel", "shots a patch", "shots a map"],
            rows,
            f"Readout latent, for an AUROC {LOSSES[0]:g} below the exact one of the same patches.",
        ),
        Text(
            "A pixel's score is the mean over the patches that cover it, (P/S)² of them away from the border, so its "
            "noise shrinks with their number. " + " ".join(_stride_words(cases))
        ),
    ]


def _stride_words(cases: Sequence[Case]) -> list[str]:
    """What overlap does to the price of a map, for each data set with two strides of one patch size."""
    words = []
    for main in main_cases(cases):
        own, name = main.plan.specification, main.plan.data_set.name
        for case in cases:
            other = case.plan.specification
            if case.plan.data_set.name != name or other.patch_size != own.patch_size or other.stride == own.stride:
                continue
            patches = _patches_of(main) / _patches_of(case)
            shots, others = (each.shots_for("latent", LOSSES[0]).shots for each in (main, case))
            if math.isfinite(shots) and math.isfinite(others):
                words.append(
                    f"On {name} stride {own.stride} takes {patches:.0f} times the patches of stride {other.stride}, "
                    f"but {patches * shots / others:.1f} times the shots for a whole map."
                )
    return words


def _patches_of(case: Case) -> int:
    row = case.document["rows"][0]
    return int(row["shots_per_image"] // row["shots_per_patch"])
