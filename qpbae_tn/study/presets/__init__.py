"""Studies that ship with the package, the paper's tables, and what the authors published to repeat their runs."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError

PRESETS = ("paper", "departures", "textures")
"""Names that `qpbae study run` takes in the place of a file."""


def preset_text(name: str) -> str:
    """The TOML text of a preset."""
    return files("qpbae_tn.study.presets").joinpath(f"{name}.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class PaperCell:
    """One configuration of the paper's Tables I to III: mean and standard deviation over three seeds.

    Args:
        table: "I", "II" or "III".
        category: carpet, leather, wood or busi.
        patch_size, bottleneck, stride: of the configuration.
        values: (mean, standard deviation) of "aupro" and "auroc".
    """

    table: str
    category: str
    patch_size: int
    bottleneck: int
    stride: int
    values: dict[str, tuple[float, float]]


@cache
def paper_cells() -> tuple[PaperCell, ...]:
    """Tables I to III (Table II, BD = 2, is recovered from a garbled scan)."""
    text = files("qpbae_tn.study.presets").joinpath("paper_tables.csv").read_text(encoding="utf-8")
    return tuple(
        PaperCell(
            row["table"],
            row["category"],
            int(row["patch_size"]),
            int(row["bottleneck"]),
            int(row["stride"]),
            {name: (float(row[name]), float(row[f"{name}_std"])) for name in ("aupro", "auroc")},
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def _authors() -> dict[str, dict[str, dict[str, list[object]]]]:
    text = files("qpbae_tn.study.presets").joinpath("authors.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def authors_angles(seed: int, qubit_count: int) -> NDArray[np.float64]:
    """The authors' initial angles of one staircase of RY blocks, shape (2 (n - 1),), radians.

    Raises:
        InputError: a seed other than theirs, or a number of qubits other than 2, 4 or 6.
    """
    by_seed = _authors()["initial_angles"]
    if str(seed) not in by_seed:
        raise InputError(
            f"the authors' program has no angles for seed {seed}",
            where="init",
            remedy=f"use seeds {', '.join(by_seed)}, or init = 'normal'",
        )
    by_qubits = by_seed[str(seed)]
    if str(qubit_count) not in by_qubits:
        raise InputError(
            f"the authors' program has no angles for {qubit_count} qubits",
            where="init",
            remedy="use patch sizes 2, 4 and 8, or init = 'normal'",
        )
    return np.asarray(by_qubits[str(qubit_count)], dtype=np.float64).ravel()


def authors_split(count: int) -> dict[str, list[object]]:
    """The authors' lists `train` and `val` for a folder of so many training images.

    Raises:
        InputError: a number of images that their files do not list.
    """
    splits = _authors()["splits"]
    if str(count) not in splits:
        raise InputError(
            f"the authors' program has no split of {count} training images",
            where="split",
            remedy=f"use a complete data set (of {', '.join(splits)} images), or split = 'random'",
        )
    return splits[str(count)]
