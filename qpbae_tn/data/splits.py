"""Which images train, which validate, and which are tested: random or read from a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from qpbae_tn.documents import read_json, shaped
from qpbae_tn.errors import InputError

_REMEDY = 'write {"train": [...], "val": [...]} with indices into the sorted training images'


@dataclass(frozen=True)
class Split:
    """Indices into the sorted training images; their order is the order of the batches.

    Args:
        train: to train on.
        validation: to validate on; no index is in both.
        notice: what the user should be told about how it came about, or None.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    notice: str | None = None

    def to_json(self) -> dict[str, list[int]]:
        """As a split file has it."""
        return {"train": list(self.train), "val": list(self.validation)}


def random_split(count: int, seed: int, train: int = 100, validation: int = 25) -> Split:
    """A random split of `count` images.

    With fewer images than `train` + `validation`, all are used, four fifths of them to train, and the split's notice
    says so.

    Raises:
        InputError: fewer than two images, or `train` or `validation` below one.
    """
    for field, value in (("train", train), ("validation", validation)):
        if value < 1:
            raise InputError(f"{value} images", where=field, remedy="ask for at least 1")
    if count < 2:
        raise InputError(
            f"{count} training image{'s' * (count != 1)}, too few to train and validate on",
            where="data",
            remedy="give at least 2",
        )
    notice = None
    if count < train + validation:
        asked = f"{train} + {validation}"
        train = min(max(round(0.8 * count), 1), count - 1)
        validation = count - train
        notice = f"only {count} training images for {asked}: {train} to train on and {validation} to validate on"
    order = np.random.default_rng(seed).permutation(count).tolist()
    return Split(tuple(order[:train]), tuple(order[train : train + validation]), notice)


def read_split(path: Path | str, count: int) -> Split:
    """A split from a JSON file: an object with `train` and `val`, lists of indices from 0 into `count` images.

    Raises:
        InputError: a file that cannot be read, or lists that are missing, empty, not of integers, out of range, or
            with an index twice.
    """
    return split_from_json(read_json(Path(path), object, remedy=_REMEDY), count, where=Path(path))


class _Lists(msgspec.Struct):
    train: Annotated[list[int], msgspec.Meta(min_length=1)]
    val: Annotated[list[int], msgspec.Meta(min_length=1)]


def split_from_json(document: object, count: int, *, where: object) -> Split:
    """A split from the JSON value that `read_split` describes; `where` is what a message names."""
    lists = shaped(document, _Lists, where=where, remedy=_REMEDY)
    for key, indices in (("train", lists.train), ("val", lists.val)):
        for index, times in Counter(indices).items():
            if not 0 <= index < count:
                raise InputError(
                    f'index {index} of "{key}" is outside the {count} training images',
                    where=where,
                    remedy=f"use 0 to {count - 1}, or the data set that the split was made for",
                )
            if times > 1:
                raise InputError(f'index {index} is twice in "{key}"', where=where, remedy="list it once")
    shared = sorted(set(lists.train) & set(lists.val))
    if shared:
        raise InputError(f"index {shared[0]} is both in train and in val", where=where, remedy="keep it in one of them")
    return Split(tuple(lists.train), tuple(lists.val))


def stratified_subset(classes: Sequence[str], limit: int | None, seed: int = 0) -> tuple[int, ...]:
    """Indices of at most `limit` items, each class by its share, in ascending order; all items if `limit` is None.

    Shares are rounded by largest remainder; each class keeps at least one item where `limit` allows it.

    Raises:
        InputError: `limit` below one.
    """
    if limit is None:
        return tuple(range(len(classes)))
    if limit < 1:
        raise InputError(f"{limit} test images", where="test", remedy="ask for at least 1")
    if limit >= len(classes):
        return tuple(range(len(classes)))
    kinds, membership, sizes = np.unique(np.asarray(classes), return_inverse=True, return_counts=True)
    exact = limit * sizes / len(classes)
    quota = np.floor(exact).astype(int)
    quota[np.argsort(quota - exact, kind="stable")[: limit - quota.sum()]] += 1
    while limit >= len(kinds) and quota.min() == 0:
        quota[quota.argmax()] -= 1
        quota[quota.argmin()] += 1
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(membership == k))[: quota[k]] for k in range(len(kinds))]
    return tuple(np.sort(np.concatenate(chosen)).tolist())
