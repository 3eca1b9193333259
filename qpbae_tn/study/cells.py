"""One cell of a study: an experiment on one data set, with an id that is a hash of all that decides its values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from qpbae_tn.errors import InputError
from qpbae_tn.study.settings import Settings

ID_LENGTH = 16
"""Hexadecimal digits of a cell's id: 64 bits, enough for a million cells with odds of 1e-8 that two meet."""


@dataclass(frozen=True)
class Record:
    """What to record of each cell, beside the metrics.

    Args:
        resamples: of the bootstrap over test images, for the intervals.
        bootstrap_seed: its seed.
        curves: Dice and IoU against the threshold (Fig. 5).
        subset_images: if given, the spread of AUROC and AUPRO over random stratified subsets of so many test images.
        subset_draws: number of these subsets.
        legacy_aupro: AUPRO as the authors' files hold it, too; for comparison with them only, and slow.
    """

    resamples: int = 200
    bootstrap_seed: int = 0
    curves: bool = True
    subset_images: int | None = None
    subset_draws: int = 200
    legacy_aupro: bool = False

    def __post_init__(self) -> None:
        for name in ("resamples", "bootstrap_seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} = {getattr(self, name)}", where="[record]", remedy="give 0 or more")
        for name in ("subset_images", "subset_draws"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} = {value}", where="[record]", remedy="give at least 1")

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class ListedSplit:
    """The two lists of indices that a study's split file holds."""

    train: tuple[int, ...]
    validation: tuple[int, ...]

    def to_json(self) -> dict[str, list[int]]:
        """As the file has them."""
        return {"train": list(self.train), "val": list(self.validation)}


@dataclass(frozen=True)
class Cell:
    """One experiment.

    Args:
        data: name of the data set in the study.
        data_digest: SHA-256 of the data set's files.
        settings: normalised, see `Settings.normalised`.
        record: what to record.
        listed: the split, where the study has it from a file.
    """

    data: str
    data_digest: str
    settings: Settings
    record: Record = field(default_factory=Record)
    listed: ListedSplit | None = None

    @cached_property
    def identifier(self) -> str:
        """The content hash."""
        return identifier_of(self.to_json())

    @cached_property
    def group(self) -> str:
        """Cells of one group share images, splits, patches and patch states."""
        s = self.settings
        images = (self.data, self.data_digest, s.image_size, s.test, s.test_seed)
        split = (s.split, s.split_seed, s.train, s.validation)
        return canonical([images, split, s.patch_size, s.stride, s.pixel_order])

    def to_json(self) -> dict[str, Any]:
        """As JSON values: everything that the id is a hash of."""
        document = {
            "data": self.data,
            "data_digest": self.data_digest,
            **self.settings.to_json(),
            "record": self.record.to_json(),
        }
        if self.listed is not None:
            document["listed_split"] = self.listed.to_json()
        return document

    def describe(self) -> str:
        """In words, for messages: no two cells of a study are described alike."""
        s, defaults = self.settings.to_json(), Settings().to_json()
        sizes = f"P={s['patch_size']} S={s['stride']}" + (f" BD={s['bottleneck']}" if "bottleneck" in s else "")
        seed = f" seed {s['seed']}" if "seed" in s else ""
        told = ("detector", "patch_size", "stride", "bottleneck", "seed")
        others = [f" {name}={value}" for name, value in s.items() if name not in told and value != defaults.get(name)]
        return f"{self.data} {s['detector']} {sizes}{seed}{''.join(others)}"


def identifier_of(document: Mapping[str, Any]) -> str:
    """The id of the cell with these JSON values, see `Cell.to_json`."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()[:ID_LENGTH]


def canonical(document: Any) -> str:
    """JSON text that is the same for equal documents: keys sorted, no spaces, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
