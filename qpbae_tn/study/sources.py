"""The data sets of a study: opened before anything runs, and loaded once in each process that needs them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qpbae_tn.data.protocol import ImageSet, LabelledImageSet
from qpbae_tn.data.registry import open_data_set
from qpbae_tn.data.splits import Split, random_split, split_from_json
from qpbae_tn.errors import InputError
from qpbae_tn.study.cells import Cell
from qpbae_tn.study.document import nearest
from qpbae_tn.study.presets import authors_split
from qpbae_tn.study.specification import Study

KEPT = 2
"""Loaded data sets that a process keeps: groups come ordered by data set."""


@dataclass(frozen=True)
class Source:
    """A data set that is there.

    Args:
        name: in the study.
        folder: where it lies, or the name of a bundled one.
        digest: SHA-256 of names and contents of all its images and masks.
        train_digest: of the training images alone.
        minimum_side: images with fewer pixels a side are refused: the study's largest patch.
        train_images, test_images, defective_images, vanished_masks: how many, the last at the size they were read at.
    """

    name: str
    folder: str
    digest: str
    train_digest: str
    minimum_side: int
    train_images: int
    test_images: int
    defective_images: int
    vanished_masks: int

    def counts(self) -> dict[str, int]:
        """As JSON values."""
        names = ("train_images", "test_images", "defective_images", "vanished_masks")
        return {name: getattr(self, name) for name in names}


def parse_data_options(options: Iterable[str], study: Study) -> dict[str, str]:
    """`NAME=DIR` options as a dictionary; raises `InputError` for another form, or a name that the study lacks."""
    folders = {}
    for option in options:
        name, separator, folder = option.partition("=")
        if not separator or not name or not folder:
            raise InputError(f"--data {option}", remedy="write --data NAME=FOLDER")
        if name not in study.data:
            raise InputError(
                f"the study {study.name} has no data set {name!r}",
                where="--data",
                remedy=f"did you mean {nearest(name, study.data)}? It has {', '.join(study.data)}",
            )
        folders[name] = folder
    return folders


def open_sources(study: Study, folders: Mapping[str, str]) -> dict[str, Source]:
    """Open and digest every data set that has a folder, from `--data` or from the study file.

    Raises:
        InputError: a data set that is missing or cannot be used, or no data set at all.
    """
    places = {**study.folders, **folders}
    found = {}
    for name in study.data:
        if name not in places:
            continue
        sizes = {settings.image_size for data, settings in study.blocks if data == name}
        patches = [settings.patch_size for data, settings in study.blocks if data == name]
        if not sizes:
            continue
        train, test = load(places[name], max(sizes), max(patches), None, 0)
        digest = hashlib.sha256(f"{train.provenance.digest} {test.provenance.digest}".encode()).hexdigest()
        defective, vanished = int(test.defective.sum()), len(test.vanished)
        found[name] = Source(
            name,
            places[name],
            digest,
            train.provenance.digest,
            max(patches),
            len(train),
            len(test),
            defective,
            vanished,
        )
    if not found:
        first = next(iter(study.data))
        raise InputError(
            f"the study {study.name} is told of no data",
            where="--data",
            remedy=f"give --data NAME=FOLDER, e.g. --data {first}=FOLDER; names are {', '.join(study.data)}",
        )
    return found


@lru_cache(maxsize=KEPT)
def load(
    folder: str, image_size: int, minimum_side: int, test: int | None, test_seed: int
) -> tuple[ImageSet, LabelledImageSet]:
    """Training and test images of a data set, read once in a process."""
    data_set = open_data_set(folder, minimum_side=minimum_side)
    return data_set.train(image_size), data_set.test(image_size, limit=test, seed=test_seed)


def split_of(cell: Cell, count: int) -> Split:
    """Which of `count` training images train and which validate.

    Raises:
        InputError: lists that do not fit this number of images.
    """
    settings = cell.settings
    if cell.listed is not None:
        return split_from_json(cell.listed.to_json(), count, where=settings.split)
    if settings.split == "authors":
        return split_from_json(authors_split(count), count, where="the authors' split")
    return random_split(count, settings.split_seed, settings.train, settings.validation)


def missing(study: Study, sources: Mapping[str, Source]) -> Sequence[str]:
    """Names of the study's data sets that are not there."""
    return [name for name in study.data if name not in sources]
