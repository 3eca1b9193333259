"""Every departure: of ours from the paper, and of the authors' program from it; what each does, measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qpbae_tn.analysis.reproduction.results import StudyResults
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.tables import Configuration

SETTINGS = ({"patch_size": 4}, {"patch_size": 8})
REFERENCE = {
    "detector": QUANTUM,
    "stride": 2,
    "bottleneck": 1,
    "init": "authors",
    "split": "authors",
    "score": "reconstruction",
}


@dataclass(frozen=True)
class Departure:
    """One departure.

    Args:
        whose: "ours" from the paper, or "their program" from the paper.
        paper: what the paper does or says.
        instead: what is done instead.
        effect: what that does, measured.
    """

    whose: str
    paper: str
    instead: str
    effect: str


def departures(paper: StudyResults, changes: StudyResults, measured: Mapping[str, Any]) -> list[Departure]:
    """The list.

    Args:
        paper: results of the preset `paper`.
        changes: results of the preset `departures`.
        measured: further measurements, see `measurements`; what is missing is told as not measured.
    """
    return [*_ours(paper, changes, measured), *_theirs(paper, changes, measured)]


def _ours(paper: StudyResults, changes: StudyResults, measured: Mapping[str, Any]) -> list[Departure]:
    return [
        Departure(
            "ours",
            "BUSI is tested on a subset of 100 images, which is not published",
            "all 647 lesion images",
            _subset_effect(paper),
        ),
        Departure(
            "ours",
            "100 training and 25 validation images of the authors' choice",
            "their index lists, applied to our sorted file names, or a random split",
            "a random split instead of their lists: " + _change(changes, {"split": "random"}),
        ),
        Departure(
            "ours",
            "initial angles drawn by PyTorch",
            "the authors' angles where the preset asks for them, ours from NumPy elsewhere",
            "other normal angles: "
            + _change(changes, {"init": "normal"})
            + "; near the DC solution: "
            + _change(changes, {"init": "dc"}),
        ),
        Departure(
            "ours",
            "circuits simulated gate by gate, patch by patch",
            "closed formulas and mean-state training in float64",
            _precision_effect(measured),
        ),
        Departure(
            "ours",
            "maps are of the test circuit, which gives F",
            "F too; F_trash of the training circuit, n qubits narrower, can be asked for (`--score trash`)",
            "F_trash instead of F: " + _change(changes, {"score": "trash"}),
        ),
        Departure(
            "ours",
            "patches without any light are not mentioned",
            "|0...0> stands in, as in the authors' program; counted",
            _zero_effect(paper),
        ),
        Departure(
            "ours",
            "masks at 32 px are not discussed",
            "an image whose mask vanishes at 32 px counts as a good one; counted",
            _vanished_effect(paper),
        ),
        Departure(
            "ours",
            "Dice and IoU: empty mask with empty prediction counts as 1",
            "the same, and beside it the mean over defective images alone",
            _averaging_effect(paper),
        ),
    ]


def _theirs(paper: StudyResults, changes: StudyResults, measured: Mapping[str, Any]) -> list[Departure]:
    return [
        Departure(
            "their program",
            "the loss is Eq. 8 of the trash fidelity",
            "half of it: patches are scored by P(0) = (1 + F_trash) / 2",
            _loss_effect(measured),
        ),
        Departure(
            "their program",
            "Y = 1 - Z with Z = (1 + F) / 2 (Eqs. 2, 3)",
            "(1 + x) / 2 twice: thresholds lie on (3 + F) / 4",
            "none on AUROC and AUPRO, which only rank; a threshold of 0.97 there is F = 0.88, Y = 0.06 here. "
            + _dice_effect(measured),
        ),
        Departure(
            "their program",
            "AUPRO up to a false positive rate of 0.3",
            "their files hold the area without a limit, of an early Anomalib's index-averaged curves",
            _legacy_effect(changes, measured),
        ),
        Departure(
            "their program",
            "100 BUSI test images",
            _image_count(measured),
            "see the first of this list",
        ),
        Departure(
            "their program",
            'classical autoencoder 64-4-64, "132 parameters"',
            "64-4-4-64 with 600 parameters; the paper's has 580 (132 is its number of units)",
            _classical_effect(changes),
        ),
        Departure(
            "their program",
            "54 configurations a data set",
            "the tables hold 16, each over three seeds",
            "none: all 16 are here",
        ),
        Departure(
            "the paper",
            "2 (n - 1) trainable parameters",
            "the loss sees n - BD directions of them; the others stay where they were drawn and move F",
            _effective_effect(paper),
        ),
    ]


def _change(changes: StudyResults, change: Mapping[str, Any]) -> str:
    """AUROC and AUPRO changed less the reference, for each data set and patch size; same images, mean over seeds."""
    parts = []
    for data in changes.contents.data:
        for sizes in SETTINGS:
            before = changes.one(data=data, **REFERENCE, **sizes)
            after = changes.one(data=data, **{**REFERENCE, **change}, **sizes)
            if before is not None and after is not None:
                told = ", ".join(f"{METRIC_TITLES[name]} {_less(after, before, name)}" for name in ("auroc", "aupro"))
                parts.append(f"{data} P={sizes['patch_size']}: {told}")
    return "; ".join(parts) or "not measured"


def _less(after: Configuration, before: Configuration, metric: str) -> str:
    a, b = after.metric(metric), before.metric(metric)
    return "not defined" if a is None or b is None else f"{a.mean - b.mean:+z.4f}"


def _subset_effect(paper: StudyResults) -> str:
    own = [one for one in paper.configurations if one.matches(data="busi", detector=QUANTUM)]
    texts = []
    for metric in ("auroc", "aupro"):
        spreads = [one.spread("subsets", metric, "std") for one in own]
        means = [spread.mean for spread in spreads if spread is not None]
        if means:
            texts.append(f"{metric.upper()} {min(means):.3f} to {max(means):.3f}")
    return (
        "standard deviation over random stratified subsets of 99 images: " + ", ".join(texts)
        if texts
        else "not measured"
    )


def _zero_effect(paper: StudyResults) -> str:
    parts = []
    for data in paper.contents.data:
        own = [one for one in paper.configurations if one.matches(data=data, detector=QUANTUM)]
        counts = [
            int(result["values"]["train_zero_patches"]) + int(result["values"]["test_zero_patches"])
            for one in own
            for result in one.results
        ]
        if counts:
            parts.append(f"{data}: at most {max(counts):,} zero patches in any configuration")
    return "; ".join(parts) or "not measured"


def _vanished_effect(paper: StudyResults) -> str:
    parts = [
        f"{name}: {line['vanished_masks']} of {line['test_images']} test images"
        for name, line in paper.contents.data.items()
    ]
    return "; ".join(parts)


def _averaging_effect(paper: StudyResults) -> str:
    parts = []
    for data in paper.contents.data:
        one = paper.one(data=data, detector=QUANTUM, patch_size=4, stride=1, bottleneck=2)
        if one is not None:
            a, b = one.metric("dice_paper"), one.metric("dice_defective")
            if a is not None and b is not None:
                parts.append(f"{data}: Dice {a.mean:.3f} against {b.mean:.3f}")
    return "P=4, S=1, BD=2 at our threshold, " + "; ".join(parts) if parts else "not measured"


def _classical_effect(changes: StudyResults) -> str:
    parts = []
    for data in changes.contents.data:
        paper, program = (changes.one(data=data, detector=name) for name in ("classical", "classical_4_4"))
        if paper is not None and program is not None:
            told = ", ".join(f"{METRIC_TITLES[name]} {_less(program, paper, name)}" for name in ("auroc", "aupro"))
            parts.append(f"{data}: {told}")
    return "64-4-4-64 less 64-4-64 at P=8, S=2: " + "; ".join(parts) if parts else "not measured"


def _effective_effect(paper: StudyResults) -> str:
    parts = []
    for patch, bottleneck in ((2, 1), (4, 1), (4, 2), (8, 1), (8, 2)):
        one = paper.one(detector=QUANTUM, patch_size=patch, bottleneck=bottleneck)
        if one is not None:
            values = one.results[0]["values"]
            parts.append(f"P={patch} BD={bottleneck}: {values['effective_parameters']} of {values['parameters']}")
    return "; ".join(parts)


def _precision_effect(measured: Mapping[str, Any]) -> str:
    rows = measured.get("precision") or []
    if not rows:
        return "not measured"
    return "the same maps in single precision, which theirs used: " + "; ".join(
        f"{row['data']} P={row['patch_size']}: AUROC moves by {abs(row['auroc_difference']):.1e}" for row in rows
    )


def _loss_effect(measured: Mapping[str, Any]) -> str:
    rows = measured.get("losses") or []
    if not rows:
        return "a factor of exactly 2; their files were not given"
    train = max(row["largest_train_difference"] for row in rows)
    validation = max(row["largest_validation_difference"] for row in rows)
    return (
        f"a factor of exactly 2; halved, our curves differ from their {len(rows)} BUSI files by at most {train:.4f} "
        f"(training) and {validation:.4f} (validation)"
    )


def _dice_effect(measured: Mapping[str, Any]) -> str:
    rows: Sequence[Mapping[str, Any]] = measured.get("dice") or []
    parts = [
        f"P={row['patch_size']} S={row['stride']} BD={row['bottleneck']} at {row['threshold']:g}: "
        f"{row['ours']:.3f}, theirs {row['theirs']:.3f}"
        for row in rows
    ]
    return "Dice on BUSI there: " + "; ".join(parts) if parts else "Their files were not given."


def _legacy_effect(changes: StudyResults, measured: Mapping[str, Any]) -> str:
    parts = []
    for data in changes.contents.data:
        for sizes in SETTINGS:
            one = changes.one(data=data, **REFERENCE, **sizes)
            if one is None:
                continue
            paths = (("metrics", "aupro", "value"), ("legacy_aupro", "fpr_limit_0.3"), ("legacy_aupro", "fpr_limit_1"))
            spreads = [one.spread(*path) for path in paths]
            numbers = [f"{spread.mean:.3f}" for spread in spreads if spread is not None]
            parts.append(f"{data} P={sizes['patch_size']}: {' / '.join(numbers)}")
    told = [f"AUPRO of MVTec / of Anomalib up to 0.3 / without limit: {'; '.join(parts)}"] if parts else []
    for row in (measured.get("aupro_files") or [])[:3]:
        size = f"P={row['patch_size']} S={row['stride']} BD={row['bottleneck']}"
        told.append(f"{row['data']} {size}: {row['file']:.3f} in their file, {row['table']:.3f} in the table")
    return "; ".join(told) or "not measured"


def _image_count(measured: Mapping[str, Any]) -> str:
    found = measured.get("test_images")
    if not found:
        return "their files were not given"
    images, pixels = found
    return (
        f"{images}: the shares in their files are whole numbers of pixels ({pixels:,}) of that many images, not of 100"
    )
