"""The data sets of a study: opened before anything runs, and loaded once in each process that needs them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qpbae_tn.data.data_set import ImageSet, LabelledImageSet
from qpbae_tn.data.layouts import is_bundled, open_data_set
from qpbae_tn.data.splits import Split, random_split, split_from_json
from qpbae_tn.documents import nearest
from qpbae_tn.errors import InputError
from qpbae_tn.study.cells import AUTHORS, Cell
from qpbae_tn.study.presets import authors_split
from qpbae_tn.study.specification import Study

KEPT = 2
"""Loaded data sets that a process keeps: groups come ordered by data set."""


@dataclass(frozen=True)
class Request:
    """Which images of a data set a group of cells needs.

    Args:
        folder: the data set's, as the worker sees it.
        digest: of all its files, so that a worker that lives on takes changed files for what they are.
        image_size: in pixels.
        minimum_side: images with fewer pixels a side are refused.
        test: at most this many test images, all by default.
        test_seed: of that subset.
    """

    folder: str
    digest: str
    image_size: int
    minimum_side: int
    test: int | None = None
    test_seed: int = 0


@dataclass(frozen=True)
class Source:
    """A data set that is there.

    Args:
        name: in the study.
        request: its images at the largest size that the study asks for.
        train_images, test_images, defective_images, vanished_masks: how many, the last at that size.
    """

    name: str
    request: Request
    train_images: int
    test_images: int
    defective_images: int
    vanished_masks: int

    @property
    def folder(self) -> str:
        """Where it lies, or the name of a bundled one."""
        return self.request.folder

    @property
    def digest(self) -> str:
        """SHA-256 of names and contents of all its images and masks."""
        return self.request.digest

    def request_for(self, cell: Cell) -> Request:
        """The images that a cell needs."""
        e = cell.experiment
        return replace(self.request, image_size=e.image_size, test=e.test, test_seed=e.evaluation_seed)

    def counts(self) -> dict[str, int]:
        """As JSON values."""
        names = ("train_images", "test_images", "defective_images", "vanished_masks")
        return {name: getattr(self, name) for name in names}


def check_names(names: Iterable[str], study: Study) -> None:
    """Raises `InputError` for a name that is none of the study's data sets."""
    for name in names:
        if name not in study.data:
            raise InputError(
                f"the study {study.name} has no data set {name!r}",
                where="data",
                remedy=f"did you mean {nearest(name, study.data)}? It has {', '.join(study.data)}",
            )


def open_sources(study: Study, folders: Mapping[str, str]) -> dict[str, Source]:
    """Open and digest every data set that has a folder, from `folders` or from the study file.

    Raises:
        InputError: a data set that is missing or cannot be used, or no data set at all.
    """
    places = {**study.folders, **folders}
    found = {}
    for name in study.used_data:
        if name not in places:
            continue
        sizes = {settings.experiment.image_size for data, settings in study.blocks if data == name}
        patches = [settings.experiment.patch_size for data, settings in study.blocks if data == name]
        request = Request(places[name], "", max(sizes), max(patches))
        train, test = loaded = _read(request)
        # A worker may have been started in another folder than this process.
        folder = places[name] if is_bundled(places[name]) else str(Path(places[name]).absolute())
        request = replace(request, folder=folder, digest=_digest(loaded))
        _keep(request, loaded)
        defective, vanished = int(test.defective.sum()), len(test.vanished)
        found[name] = Source(name, request, len(train), len(test), defective, vanished)
    if not found:
        first = study.used_data[0]
        raise InputError(
            f"the study {study.name} is given no data",
            where="data",
            remedy=f"give `data` NAME=DIR, e.g. `data` {first}=DIR; names are {', '.join(study.used_data)}",
        )
    return found


Loaded = tuple[ImageSet, LabelledImageSet]
_kept: OrderedDict[Request, Loaded] = OrderedDict()


def load(request: Request) -> Loaded:
    """Training and test images, read once in a process.

    Raises:
        InputError: images that cannot be used, or that are others than when the study began.
    """
    loaded = _kept.get(request)
    if loaded is None:
        loaded = _read(request)
        # Bundled photographs do not change, and are other crops at another size.
        known = request.test is None and not is_bundled(request.folder)
        if known and _digest(loaded) != request.digest:
            raise InputError(
                "the images have changed since the study began",
                where=request.folder,
                remedy="start the study in another `output`",
            )
        _keep(request, loaded)
    return loaded


def _read(request: Request) -> Loaded:
    data_set = open_data_set(request.folder, minimum_side=request.minimum_side)
    size = request.image_size
    return data_set.train(size), data_set.test(size, limit=request.test, seed=request.test_seed)


def _keep(request: Request, loaded: Loaded) -> None:
    _kept[request] = loaded
    for old in list(_kept)[:-KEPT]:
        _kept.pop(old, None)


def _digest(loaded: Loaded) -> str:
    return hashlib.sha256(" ".join(part.provenance.digest for part in loaded).encode()).hexdigest()


def split_of(cell: Cell, count: int) -> Split:
    """Which of `count` training images train and which validate.

    Raises:
        InputError: lists that do not fit this number of images.
    """
    e, name = cell.experiment, cell.settings.split
    if cell.listed is not None:
        return split_from_json(cell.listed.to_json(), count, where=name)
    if name == AUTHORS:
        return split_from_json(authors_split(count), count, where="the authors' split")
    return random_split(count, e.split_seed or 0, e.train, e.validation)


def missing(study: Study, sources: Mapping[str, Source]) -> Sequence[str]:
    """Names of the data sets that the study's grid asks for and that are not there."""
    return [name for name in study.used_data if name not in sources]
