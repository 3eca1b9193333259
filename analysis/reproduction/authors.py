"""The result files that the authors published, beside ours: loss curves and metrics."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qpbae_tn.errors import InputError
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.tables import StudyResults

IMAGE_PIXELS = 32 * 32
LOSS_FACTOR = 0.5
"""Their runs scored a patch by P(0) = (1 + F_trash) / 2, so that their loss is half of Eq. 8."""
_LOSSES = re.compile(r"(?P<data>[a-z]+)_KS(?P<p>\d+)_ST(?P<s>\d+)_BD(?P<bd>\d+)_s(?P<seed>\d+)_losses\.csv")
_METRICS = re.compile(r"(?P<data>[a-z]+)_KS(?P<p>\d+)_ST(?P<s>\d+)_BD(?P<bd>\d+)_metrics\.csv")
_TENSOR = re.compile(r"tensor\((?P<number>[^,)]+).*\)")


@dataclass(frozen=True)
class AuthorsLosses:
    """One of their loss curves.

    Args:
        data, patch_size, stride, bottleneck, seed: of the run.
        train, validation: a value an epoch, on their scale.
    """

    data: str
    patch_size: int
    stride: int
    bottleneck: int
    seed: int
    train: tuple[float, ...]
    validation: tuple[float, ...]


@dataclass(frozen=True)
class AuthorsMetrics:
    """One of their metric files: means over seeds.

    Args:
        data, patch_size, stride, bottleneck: of the runs.
        aupro, auroc: as in the file.
        dice: by threshold on their scale, (3 + F) / 4.
    """

    data: str
    patch_size: int
    stride: int
    bottleneck: int
    aupro: float
    auroc: float
    dice: Mapping[float, float]


def read_losses(folder: Path) -> list[AuthorsLosses]:
    """All loss files of quantum runs in a folder; raises `InputError` for one that cannot be read."""
    found = []
    for path, match in _matching(folder, _LOSSES):
        rows = _rows(path)
        train = tuple(_number(row["train_loss"], path) for row in rows)
        validation = tuple(_number(row["val_loss"], path) for row in rows)
        found.append(AuthorsLosses(match["data"], *_sizes(match), int(match["seed"]), train, validation))
    return found


def read_metrics(folder: Path) -> list[AuthorsMetrics]:
    """All metric files of quantum runs in a folder; raises `InputError` for one that cannot be read."""
    found = []
    for path, match in _matching(folder, _METRICS):
        rows = _rows(path)
        aupro, auroc = (_number(rows[0][f"mean_{name}"], path) for name in ("aupro", "auroc"))
        dice = {_number(row["threshold"], path): _number(row["mean_dice"], path) for row in rows}
        found.append(AuthorsMetrics(match["data"], *_sizes(match), aupro, auroc, dice))
    return found


def image_count(folder: Path, largest: int = 200) -> tuple[int, int] | None:
    """How many BUSI images their files are of, and how many anomalous pixels these have.

    Where everything is called anomalous, the accuracy is the share of anomalous pixels, a fraction whose denominator is
    the number of pixels; the number of images is the smallest that makes the numerator whole.

    Returns:
        Images and anomalous pixels, or None without such a file.
    """
    for path in sorted(folder.glob("CLASSICAL_busi_*_metrics.csv")):
        for row in _rows(path):
            accuracy, overlap = _number(row["mean_acc"], path), _number(row["mean_iou"], path)
            if abs(accuracy - overlap) > 1e-8:  # then not everything was called anomalous
                continue
            for images in range(1, largest + 1):
                pixels = accuracy * IMAGE_PIXELS * images
                if pixels > 1 and abs(pixels - round(pixels)) < 1e-6:
                    return images, round(pixels)
    return None


def loss_rows(authors: list[AuthorsLosses], ours: StudyResults) -> list[dict[str, Any]]:
    """Their loss curves beside ours on their scale, a row for each run that both have."""
    rows = []
    for theirs in authors:
        one = ours.one(
            data=theirs.data,
            detector=QUANTUM,
            patch_size=theirs.patch_size,
            stride=theirs.stride,
            bottleneck=theirs.bottleneck,
        )
        result = next((r for r in one.results if r["parameters"]["seed"] == theirs.seed), None) if one else None
        if result is None:
            continue
        train = [LOSS_FACTOR * loss for loss in result["values"]["losses"]]
        validation = [LOSS_FACTOR * loss for loss in result["values"]["validation_losses"]]
        rows.append(
            {
                "data": theirs.data,
                "patch_size": theirs.patch_size,
                "stride": theirs.stride,
                "bottleneck": theirs.bottleneck,
                "seed": theirs.seed,
                "train_ours": train,
                "train_theirs": list(theirs.train),
                "validation_ours": validation,
                "validation_theirs": list(theirs.validation),
                "largest_train_difference": _largest(train, theirs.train),
                "largest_validation_difference": _largest(validation, theirs.validation),
            }
        )
    return rows


def _largest(ours: list[float], theirs: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


def _matching(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in sorted(folder.glob("*.csv")):
        if match := pattern.fullmatch(path.name):
            yield path, match


def _sizes(match: re.Match[str]) -> tuple[int, int, int]:
    return int(match["p"]), int(match["s"]), int(match["bd"])


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, remedy="check its permissions") from None


def _number(text: str | None, path: Path) -> float:
    """A number, or a PyTorch scalar printed as `tensor(0.3020)`."""
    match = _TENSOR.fullmatch(text or "")
    try:
        return float(match["number"] if match else text or "")
    except ValueError:
        raise InputError(f"{text!r} is not a number", where=path, remedy="fetch the file again") from None
