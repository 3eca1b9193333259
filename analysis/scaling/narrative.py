"""The words of the page, with numbers taken from the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Row
from qpbae_tn.analysis.scaling.tables import part
from qpbae_tn.analysis.scaling.words import interval, patch, seconds

HOW = (
    "P is the patch's side in pixels, n = 2 log2 P its qubits. Everything about circuits is counted or a formula; "
    "fidelities, gradients and detection are computed; only the section on engines is timed. There **each point runs "
    "in a process of its own**, with one thread, a limit on its processor time and one on its address space, one call "
    "to warm up, and then several calls (3 to 25; one, if a call takes over 2 s), of which the best is shown; the "
    "JSON holds the median too. Times are processor times, which on an idle machine are the times on the clock. The "
    "machine was shared with other work, which takes its part of caches and memory: single times can be too long by "
    "half. Exponents are slopes of least-squares lines through logarithms, with 95% t-intervals; where points bend, "
    "as times do that are still partly overhead, the interval is too narrow."
)


def lead(document: Mapping[str, Any]) -> str:
    """What the page answers, as far as the document holds it."""
    rows, sentences = document["rows"], []
    circuits = part(rows, "circuits", block="ry", layers=1)
    if circuits:
        last = circuits[-1]
        gates = last["result"]["formula"]["latent_reduced"]["two_qubit_gates"]
        sentences.append(
            f"Circuits grow with log P: at P = {patch(last['point']['patch_size'])} the `latent` readout of one layer "
            f"takes {gates} two-qubit gates beside preparation."
        )
    longest = [
        row for row in part(rows, "engines", work="score", source="trains") if row["point"]["patch_size"] >= 1 << 20
    ]
    if longest:
        top = max(longest, key=lambda row: int(row["point"]["patch_size"]))
        sentences.append(
            f"Statevectors end where the tables say; the mps engine scores a patch of P = "
            f"{patch(top['point']['patch_size'])} at bond {top['point']['bond']} in "
            f"{seconds(top['result']['seconds']['best'])}."
        )
    for law in document["laws"]:
        if law["what"] == "shots for a gradient, global cost, normal angles":
            sentences.append(
                "From the paper's random start, the shots for a gradient of its cost grow on analytic textures as "
                f"P^{interval(law['exponent'])}, fitted from P = {patch(int(law['from']))} to "
                f"{patch(int(law['to']))}; near the DC solution they hardly grow."
            )
    found = part(rows, "detection", order="row")
    if found:
        wins = sum(_clearly_better(row, "model", "dc_overlap") for row in found)
        sentences.append(
            f"In {wins} of {len(found)} cells of detection the AUPRO interval of the trained one-layer model lies "
            f"above that of the DC overlap, which needs no training. The best AUPRO: {_best_cells(found)}."
        )
    return " ".join(sentences) or "How the model grows with its patches."


def engine_words(document: Mapping[str, Any], plan: ScalingPlan) -> str:
    """What the engines' numbers mean, and where mps overtakes exact."""
    lines = []
    for what, sizes in document["mps_faster"].items():
        told = ", ".join(f"{patch(size)} (n = {2 * (size.bit_length() - 1)})" for size in sizes) or "no size"
        lines.append(f"- {what}: {told}")
    return (
        "Scoring is F of up to 256 patches (2^20 amplitudes) at once, told per patch; conversion from pixels is part "
        "of the time of mps. A training step is loss and gradient of the patches of 4 images of 256 px at stride P/4 "
        "(at most 2048), of 4 patches where images are too small; qsim, which runs two circuits for each angle and "
        "patch (and scores 1024 amplitudes at once), and random trains get 4 patches at every P. Patches past P = "
        f"4096 never exist as pixels: they are random trains of bond {plan.bond}. Memory is that of the whole call. "
        f"Limits: {plan.limits.time_s:g} s and {plan.limits.memory_mib} MiB a process.\n\nThe mps engine took less "
        "time than exact, on the same patches, at these P; `--engine auto` "
        "follows them:\n\n" + "\n".join(lines)
    )


def trainability_words(laws: Sequence[Mapping[str, Any]]) -> str:
    """Global and local cost."""
    words = (
        "One layer of the paper's blocks, gradient by the parameter shift. The **global** cost is the paper's, 1 - "
        "F_trash, all trash qubits in 0 at once; the **local** one is 1 - mean_i P(trash qubit i in 0). A gradient "
        "component is the root mean square of 6 components that do not vanish identically, spread evenly over the "
        "staircase; its shots are those of both shifted circuits until it is one standard error away from zero (at "
        "most that many for the local cost). Values are medians over 16 draws of the angles. Angles are `normal` (the "
        "paper's, standard deviation 1) or `dc` (the DC solution plus 0.1 of that)."
    )
    told = [law for law in laws if law["what"].startswith("shots")]
    exponents = "; ".join(f"{law['what']}: P^{interval(law['exponent'])}" for law in told)
    return f"{words} On analytic textures, {exponents}." if exponents else words


def detection_words(rows: Sequence[Row], plan: ScalingPlan) -> str:
    """How detection was measured."""
    counts = {
        row["point"]["data"]: (row["result"]["test_images"], row["result"]["defective_images"])
        for row in part(rows, "detection")
    }
    told = ", ".join(f"{name} {tests} test images, {bad} with a defect" for name, (tests, bad) in counts.items())
    return (
        f"Images of {plan.image_size} px, stride P/4, BD = {plan.bottleneck}; {plan.train_images} normal images to "
        f"learn from; {told} (subsets stratified by class where there are more). The model is one layer of the paper's "
        "blocks, trained to convergence on the mean state and scored by F. `untrained`: the same at random angles. "
        "`dc_overlap`: no training. `patch_pca`: as many components as the latent register has amplitudes, the best "
        "F_trash of any encoder; `patch_pca_32`: 32 components (8 at P = 4), what a larger latent register could give."
    )


def _best_cells(rows: Sequence[Row]) -> str:
    told = []
    for name in dict.fromkeys(row["point"]["data"] for row in rows):
        cells = [
            (found["aupro"]["value"], detector, row["point"]["patch_size"])
            for row in rows
            if row["point"]["data"] == name
            for detector, found in row["result"]["detectors"].items()
        ]
        value, detector, size = max(cells)
        told.append(f"{value:.2f} on {name} (`{detector}`, P = {size})")
    return ", ".join(told)


def _clearly_better(row: Row, one: str, other: str) -> bool:
    found = row["result"]["detectors"]
    return bool(found[one]["aupro"]["low"] > found[other]["aupro"]["high"])
