"""The result files that the authors published, beside ours: loss curves and metrics."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qpbae_tn.errors import InputError
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.tables import StudyResults

IMAGE_PIXELS = 32 * 32
LOSS_FACTOR = 0.5
"""Their runs scored a patch by P(0) = (1 + F_trash) / 2, so that their loss is half of Eq. 8."""
SIZES = ("patch_size", "stride", "bottleneck")
_NAME = r"(?P<data>[a-z]+)_KS(?P<patch_size>\d+)_ST(?P<stride>\d+)_BD(?P<bottleneck>\d+)"
_LOSSES = re.compile(rf"{_NAME}_s(?P<seed>\d+)_losses\.csv")
_METRICS = re.compile(rf"{_NAME}_metrics\.csv")
_TENSOR = re.compile(r"tensor\((?P<number>[^,)]+).*\)")


def read_losses(folder: Path) -> list[dict[str, Any]]:
    """All loss files of quantum runs: data, sizes and seed, and `train` and `validation`, a value an epoch.

    Raises:
        InputError: one that cannot be read.
    """
    return [
        {
            **known,
            "train": [_number(row["train_loss"], path) for row in rows],
            "validation": [_number(row["val_loss"], path) for row in rows],
        }
        for path, known, rows in _files(folder, _LOSSES)
    ]


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All metric files of quantum runs, means over seeds: data and sizes, `aupro`, `auroc`, and `dice` by threshold.

    Thresholds are on their scale, (3 + F) / 4.

    Raises:
        InputError: one that cannot be read.
    """
    return [
        {
            **known,
            **{name: _number(rows[0][f"mean_{name}"], path) for name in ("aupro", "auroc")},
            "dice": {_number(row["threshold"], path): _number(row["mean_dice"], path) for row in rows},
        }
        for path, known, rows in _files(folder, _METRICS)
    ]


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


def loss_rows(authors: list[dict[str, Any]], ours: StudyResults) -> list[dict[str, Any]]:
    """Their loss curves beside ours on their scale, a row for each run that both have."""
    rows = []
    for theirs in authors:
        where = {name: theirs[name] for name in ("data", *SIZES)}
        one = ours.one(detector=QUANTUM, **where)
        result = next((r for r in one.results if r["parameters"]["seed"] == theirs["seed"]), None) if one else None
        if result is None:
            continue
        row = {**where, "seed": theirs["seed"]}
        for part, recorded in (("train", "losses"), ("validation", "validation_losses")):
            halves = [LOSS_FACTOR * loss for loss in result["values"][recorded]]
            largest = max(abs(a - b) for a, b in zip(halves, theirs[part], strict=True))
            row |= {f"{part}_ours": halves, f"{part}_theirs": theirs[part], f"largest_{part}_difference": largest}
        rows.append(row)
    return rows


def _files(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, dict[str, Any], list[dict[str, str]]]]:
    """Each matching file with what its name says and its rows."""
    for path in sorted(folder.glob("*.csv")):
        if match := pattern.fullmatch(path.name):
            known = {name: int(text) if text.isdigit() else text for name, text in match.groupdict().items()}
            yield path, known, _rows(path)


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
