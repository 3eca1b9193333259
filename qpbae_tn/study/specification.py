"""What a study is: data sets, a grid of settings, seeds, baselines, and what to record; read from TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from qpbae_tn.data.layouts import is_bundled
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.study.cells import KINDS, QUANTUM, Cell, ListedSplit, Record, Settings
from qpbae_tn.study.document import Table, nearest, read_toml
from qpbae_tn.study.grid import Kind
from qpbae_tn.study.presets import PRESETS, authors_angles, preset_text

_RECORD_KINDS: dict[str, type] = {
    "resamples": int,
    "bootstrap_seed": int,
    "curves": bool,
    "subset_images": int,
    "subset_draws": int,
    "legacy_aupro": bool,
}
_PLACEHOLDER = "0" * 64
"""Stands for a data set's digest while cells are only counted or checked."""


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
    splits: Mapping[str, ListedSplit]
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
        table = Table(document, where)
        table.check_keys(("name", "title", "seeds", "data", "defaults", "grid", "baselines", "record", "splits"))
        name = table.one("name", str, "study")
        if not name or set(name) & set("/\\\0") or name.startswith("."):
            raise InputError(f"name = {name!r}", where=where, remedy="give a name that can be a folder's")
        titles, folders = _data(table, where, folder)
        settings = _Blocks(table, where, tuple(titles))
        splits = _splits(table, settings.split_files, where, folder)
        record = _record(Table.of(document.get("record", {}), f"{where} [record]"))
        blocks = tuple(settings.expanded())
        kept = {key: value for key, value in document.items() if key != "data"}
        kept["data"] = {key: {"title": title} for key, title in titles.items()}
        if splits:
            kept["splits"] = {key: split.to_json() for key, split in splits.items()}
        return cls(name, table.one("title", str, name), titles, folders, blocks, record, splits, kept)

    def cells(self, digests: Mapping[str, str]) -> tuple[Cell, ...]:
        """The cells on the data sets whose digests are known, each once, in the order of the grid."""
        found: dict[str, Cell] = {}
        for data, settings in self.blocks:
            if data in digests:
                listed = self.splits.get(settings.split)
                cell = Cell(data, digests[data], settings, self.record, listed)
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
        return Study.from_document(tomllib.loads(preset_text(spec)), f"preset {spec}")
    path = Path(spec)
    if path.suffix != ".toml" and not path.exists():
        raise InputError(
            f"no preset {spec!r}", where="study", remedy=f"did you mean {nearest(spec, PRESETS)}? Or give a .toml file"
        )
    return Study.from_document(read_toml(path), str(path), path.parent)


def _data(table: Table, where: str, folder: Path | None) -> tuple[dict[str, str], dict[str, str]]:
    titles, folders = {}, {}
    for name, value in Table.of(table.values.get("data", {}), f"{where} [data]").values.items():
        entry = Table.of(value, f"{where} [data.{name}]")
        entry.check_keys(("title", "folder"))
        titles[name] = entry.one("title", str, name)
        place = entry.one("folder", str, "")
        if place:
            folders[name] = place if is_bundled(place) or folder is None else str(folder / place)
    if not titles:
        raise InputError("names no data set", where=where, remedy="add a table such as [data.textures]")
    return titles, folders


def _record(table: Table) -> Record:
    table.check_keys(_RECORD_KINDS)
    try:
        return Record(**{key: table.one(key, _RECORD_KINDS[key], None) for key in table.values})
    except InputError as error:
        raise InputError(error.what, where=table.where, remedy=error.remedy) from None


def _splits(table: Table, names: tuple[str, ...], where: str, folder: Path | None) -> dict[str, ListedSplit]:
    """The split files that the grid names, from beside the study file or, later, from the document itself."""
    kept = table.values.get("splits", {})
    found = {}
    for name in names:
        try:
            document = kept[name] if name in kept else json.loads(((folder or Path()) / name).read_text("utf-8"))
            lists = [tuple(document[key]) for key in ("train", "val")]
            if any(isinstance(index, bool) or not isinstance(index, int) for part in lists for index in part):
                raise TypeError
        except OSError as error:
            raise InputError(
                f"split file {name}: {error.strerror}", where=where, remedy="use 'random', 'authors' or a JSON file"
            ) from None
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"split file {name} is not a split",
                where=where,
                remedy='write {"train": [...], "val": [...]} with indices into the sorted training images',
            ) from None
        found[name] = ListedSplit(*lists)
    return found


class _Blocks:
    """The grid of a study file, with its defaults, seeds and baselines."""

    def __init__(self, table: Table, where: str, names: tuple[str, ...]) -> None:
        self.seeds = table.several("seeds", int, (0,))
        self.baselines = table.several("baselines", str, (), empty=True)
        for name in self.baselines:
            if name not in BASELINES:
                raise InputError(
                    f"unknown baseline {name!r}", where=where, remedy=f"did you mean {nearest(name, BASELINES)}?"
                )
        self.names = names
        defaults = Table.of(table.values.get("defaults", {}), f"{where} [defaults]")
        self.defaults = self._values(defaults)
        grid = table.values.get("grid", [{}])
        if not isinstance(grid, list) or not grid:
            raise InputError("grid is not a list of tables", where=where, remedy="write [[grid]] above each block")
        self.blocks = [Table.of(block, f"{where} [[grid]] {number}") for number, block in enumerate(grid, 1)]
        self.values = [self.defaults | self._values(block) for block in self.blocks]

    def _values(self, table: Table) -> dict[str, tuple[Any, ...]]:
        table.check_keys((*KINDS, "data"))
        found = {key: table.several(key, KINDS.get(key, str), ()) for key in table.values}
        for name in found.get("data", ()):
            if name not in self.names:
                raise InputError(
                    f"no data set {name!r}", where=table.where, remedy=f"did you mean {nearest(name, self.names)}?"
                )
        return found

    @property
    def split_files(self) -> tuple[str, ...]:
        """Names of the split files, each once."""
        names = [name for values in self.values for name in values.get("split", ())]
        return tuple(dict.fromkeys(name for name in names if name not in ("random", "authors")))

    def expanded(self) -> Iterator[tuple[str, Settings]]:
        """Every data set with every combination of settings, and the baselines of the quantum ones."""
        seen: set[tuple[str, Settings]] = set()
        for block, values in zip(self.blocks, self.values, strict=True):
            options = {"seed": self.seeds} | {key: value for key, value in values.items() if key != "data"}
            for combination in product(*options.values()):
                settings = Settings(**dict(zip(options, combination, strict=True)))
                settings.check(block.where)
                detectors = (settings.detector, *(self.baselines if settings.detector == QUANTUM else ()))
                for detector in detectors:
                    chosen = replace(settings, detector=detector).normalised()
                    _check_authors_angles(chosen, block.where)
                    for data in values.get("data", self.names):
                        if (data, chosen) not in seen:
                            seen.add((data, chosen))
                            yield data, chosen


def _check_authors_angles(settings: Settings, where: str) -> None:
    if settings.init != "authors":
        return
    specification = settings.specification
    paper = settings.ansatz == "staircase" and settings.block == "ry" and settings.layers == 1
    if not paper:
        raise InputError(
            "the authors' initial angles are for one staircase of ry blocks", where=where, remedy="use init = 'normal'"
        )
    try:
        authors_angles(settings.seed or 0, specification.qubit_count)
    except InputError as error:
        raise InputError(error.what, where=where, remedy=error.remedy) from None
