"""What a study is: data sets, a grid of settings, seeds, baselines, and what to record; read from TOML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from qpbae_tn.data.layouts import is_bundled
from qpbae_tn.data.splits import Split
from qpbae_tn.documents import nearest, parse_toml, read_json, read_toml, shaped
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.study.cells import AUTHORS, KINDS, OWN, QUANTUM, Cell, Record, Settings
from qpbae_tn.study.grid import Kind
from qpbae_tn.study.presets import PRESETS, preset_text

_PLACEHOLDER = "0" * 64
"""Stands for a data set's digest while cells are only counted or checked."""
_SPLIT_REMEDY = 'write {"train": [...], "val": [...]} with indices into the sorted training images'


# The shape of a study file. Every setting is one value or a list of them, so the block is made of `KINDS`.


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    title: str | None = None
    folder: str = ""


class _Lists(msgspec.Struct):
    train: list[int]
    val: list[int]


_Block: Any = msgspec.defstruct(
    "_Block",
    [(name, kind | list[kind] | None, None) for name, kind in {**KINDS, "data": str}.items()],  # type: ignore[valid-type]
    forbid_unknown_fields=True,
)


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    name: str = "study"
    title: str | None = None
    seeds: int | list[int] = 0
    baselines: str | list[str] = []
    data: dict[str, _Data] = {}
    defaults: _Block | None = None
    grid: list[_Block] = []
    record: Record = Record()
    splits: dict[str, _Lists] = {}


@dataclass(frozen=True)
class Study:
    """A study.

    Args:
        name: decides the default folder; a results file belongs to one name.
        title: for tables.
        data: the names of the data sets and their titles.
        folders: where data sets lie, as far as the study file says so; no part of the study's identity.
        blocks: the grid, one block of settings after another, fully expanded, each for the data sets that it names.
        record: what to record.
        splits: contents of the split files that settings name.
        document: the study as JSON values; `Study.from_document` is the inverse.
    """

    name: str
    title: str
    data: Mapping[str, str]
    folders: Mapping[str, str]
    blocks: tuple[tuple[str, Settings], ...]
    record: Record
    splits: Mapping[str, Split]
    document: Mapping[str, Any]

    @property
    def kind(self) -> Kind:
        """That of all studies."""
        return EXPERIMENTS

    @classmethod
    def from_document(cls, document: Mapping[str, Any], where: str, folder: Path | None = None) -> Study:
        """From the contents of a study file.

        Args:
            document: nested dictionaries.
            where: what messages call it.
            folder: where the file lies; its paths are relative to this.

        Raises:
            InputError: unknown keys, wrong types, values out of range, or a grid without cells.
        """
        found = shaped(document, _Document, where=where, remedy="correct it")
        if not found.name or set(found.name) & set("/\\\0") or found.name.startswith("."):
            raise InputError(f"name = {found.name!r}", where=where, remedy="give a name that can be a folder's")
        if not found.data:
            raise InputError("names no data set", where=where, remedy="add a table such as [data.textures]")
        titles = {name: entry.title if entry.title is not None else name for name, entry in found.data.items()}
        blocks = _Blocks(document, where, tuple(titles))
        splits = {name: _split(name, found.splits, where, folder) for name in blocks.split_files}
        kept = {key: value for key, value in document.items() if key != "data"}
        kept["data"] = {key: {"title": title} for key, title in titles.items()}
        if splits:
            kept["splits"] = {key: split.to_json() for key, split in splits.items()}
        folders = {
            name: entry.folder if is_bundled(entry.folder) or folder is None else str(folder / entry.folder)
            for name, entry in found.data.items()
            if entry.folder
        }
        title = found.title if found.title is not None else found.name
        return cls(found.name, title, titles, folders, tuple(blocks.expanded()), found.record, splits, kept)

    def cells(self, digests: Mapping[str, str]) -> tuple[Cell, ...]:
        """The cells on the data sets whose digests are known, each once, in the order of the grid."""
        found: dict[str, Cell] = {}
        for data, settings in self.blocks:
            if data in digests:
                cell = Cell(data, digests[data], settings, self.record, self.splits.get(settings.split))
                found.setdefault(cell.identifier, cell)
        return tuple(found.values())

    @property
    def used_data(self) -> tuple[str, ...]:
        """The data sets that the grid asks for; a study file may declare more."""
        used = {data for data, _ in self.blocks}
        return tuple(name for name in self.data if name in used)

    def counts(self) -> dict[str, int]:
        """Number of cells on each data set, whether or not there are data."""
        cells = self.cells(dict.fromkeys(self.data, _PLACEHOLDER))
        return {name: sum(cell.data == name for cell in cells) for name in self.data}

    def with_seed(self, seed: int) -> Study:
        """The same study with one seed in the place of its own."""
        document = {**self.document, "seeds": [seed]}
        grid = [{key: value for key, value in block.items() if key != "seed"} for block in document.get("grid", [])]
        changed = Study.from_document({**document, **({"grid": grid} if grid else {})}, "seed")
        return replace(changed, folders=self.folders)

    def check_goes_on(self, known: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        """Raise `InputError` unless this study has all cells of a file's study, and its name; it may have more."""
        other = Study.from_document(known, "results")
        if other.name != self.name:
            raise InputError(
                f"holds results of the study {other.name!r}, not of {self.name!r}", remedy="choose another `output`"
            )
        places = dict.fromkeys(self.data, "") | dict(digests)
        old, new = ({cell.identifier for cell in study.cells(places)} for study in (other, self))
        if not old <= new:
            raise InputError(
                f"{len(old - new)} of the {len(old)} cells that it was begun with are not in the study any more",
                remedy="undo the change, or choose another `output`; a study may only grow",
            )


def _check_values(values: Mapping[str, Any]) -> None:
    if not isinstance(values.get("metrics"), dict):
        raise ValueError(values)


EXPERIMENTS = Kind("experiments", Study.from_document, _check_values)
"""The kind of a study's results file."""


def read_study(spec: str) -> Study:
    """The study of this name or in this file; raises `InputError` for an unknown name or a file that is not a study."""
    if spec in PRESETS:
        where = f"preset {spec}"
        return Study.from_document(parse_toml(preset_text(spec), dict[str, Any], where=where), where)
    path = Path(spec)
    if path.suffix != ".toml" and not path.exists():
        raise InputError(
            f"no preset {spec!r}", where="study", remedy=f"did you mean {nearest(spec, PRESETS)}? Or give a .toml file"
        )
    return Study.from_document(read_toml(path, dict[str, Any], remedy="correct it"), str(path), path.parent)


def _split(name: str, kept: Mapping[str, _Lists], where: str, folder: Path | None) -> Split:
    """A split file that the grid names, from beside the study file or, later, from the document itself."""
    if name in kept:
        return Split(tuple(kept[name].train), tuple(kept[name].val))
    try:
        lists = read_json((folder or Path()) / name, _Lists, remedy=_SPLIT_REMEDY)
    except InputError as error:
        raise InputError(f"split file {name}: {error.what}", where=where, remedy=error.remedy) from None
    return Split(tuple(lists.train), tuple(lists.val))


class _Blocks:
    """The grid of a study file, with its defaults, seeds and baselines; the file's shape is known to be right."""

    def __init__(self, document: Mapping[str, Any], where: str, names: tuple[str, ...]) -> None:
        self.where, self.names = where, names
        self.seeds = _several(document, "seeds", where) or (0,)
        self.baselines = _several(document, "baselines", where, empty=True)
        for name in self.baselines:
            if name not in BASELINES:
                raise InputError(
                    f"unknown baseline {name!r}", where=where, remedy=f"did you mean {nearest(name, BASELINES)}?"
                )
        defaults = self._values(document.get("defaults", {}), f"{where} [defaults]")
        grid = document.get("grid", [{}])
        if not grid:
            raise InputError("grid is an empty list", where=where, remedy="write [[grid]] above each block")
        self.places = [f"{where} [[grid]] {number}" for number, _ in enumerate(grid, 1)]
        # The order of the keys is the order of the cells.
        self.values = [defaults | self._values(*block) for block in zip(grid, self.places, strict=True)]

    def _values(self, block: Mapping[str, Any], where: str) -> dict[str, tuple[Any, ...]]:
        found = {key: _several(block, key, where) for key in block}
        for name in found.get("data", ()):
            if name not in self.names:
                raise InputError(
                    f"no data set {name!r}", where=where, remedy=f"did you mean {nearest(name, self.names)}?"
                )
        return found

    @property
    def split_files(self) -> tuple[str, ...]:
        """Names of the split files, each once."""
        names = [name for values in self.values for name in values.get("split", ())]
        return tuple(dict.fromkeys(name for name in names if name not in (OWN["split"], AUTHORS)))

    def expanded(self) -> Iterator[tuple[str, Settings]]:
        """Every data set with every combination of settings, and the baselines of the quantum ones."""
        seen: set[tuple[str, Settings]] = set()
        for where, values in zip(self.places, self.values, strict=True):
            options = {"seed": self.seeds} | {key: value for key, value in values.items() if key != "data"}
            for combination in product(*options.values()):
                given = dict(zip(options, combination, strict=True))
                for chosen in self._detectors(given, where):
                    for data in values.get("data", self.names):
                        if (data, chosen) not in seen:
                            seen.add((data, chosen))
                            yield data, chosen

    def _detectors(self, given: Mapping[str, Any], where: str) -> Sequence[Settings]:
        """The settings given, and the same of each baseline, where they are those of the model."""
        try:
            settings = Settings.of(**given)
            baselines = self.baselines if settings.detector == QUANTUM else ()
            return [replace(settings, detector=name).normalised() for name in (settings.detector, *baselines)]
        except InputError as error:
            raise InputError(f"{error.where}: {error.what}", where=where, remedy=error.remedy) from None


def _several(table: Mapping[str, Any], key: str, where: str, *, empty: bool = False) -> tuple[Any, ...]:
    """A list of values, or one value without brackets; each value once, in its order; none where the key is absent."""
    if key not in table:
        return ()
    values = tuple(table[key]) if isinstance(table[key], list) else (table[key],)
    if not values and not empty:
        raise InputError(f"{key} is an empty list", where=where, remedy="give at least one value")
    for index, value in enumerate(values):
        if value in values[:index]:
            raise InputError(f"{key} holds {value!r} twice", where=where, remedy="list it once")
    return values
