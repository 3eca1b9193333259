"""Results gathered over seeds: one configuration a line, each metric with its mean and spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.report.numbers import DASH, fixed
from qpbae_tn.report.tables import markdown_table
from qpbae_tn.study.cells import DEFAULTS, QUANTUM, Cell
from qpbae_tn.study.grid import canonical
from qpbae_tn.study.presets import PaperCell, paper_cells
from qpbae_tn.study.specification import EXPERIMENTS, Study
from qpbae_tn.study.store import Contents, read_results, results_path
from qpbae_tn.tables import csv_text

LEFT_OUT = ("data_digest", "record", "listed_split", "seed")
"""Parameters in which the results of one configuration may differ."""


@dataclass(frozen=True)
class Spread:
    """A number over seeds.

    Args:
        mean: over the seeds.
        std: sample standard deviation; None for a single seed.
        count: seeds.
    """

    mean: float
    std: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        std = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(float(np.mean(values)), std, len(values))

    def show(self, digits: int = 3) -> str:
        """As `0.824 ± 0.006`."""
        spread = "" if self.std is None else f" ± {self.std:.{digits}f}"
        return f"{self.mean:.{digits}f}{spread}"


@dataclass(frozen=True)
class Configuration:
    """Results that differ in their seed only.

    Args:
        parameters: of the cells, without seed and digests.
        results: the cells' `result` lines, by rising seed.
    """

    parameters: Mapping[str, Any]
    results: tuple[Mapping[str, Any], ...]

    @property
    def data(self) -> str:
        """Name of the data set."""
        return str(self.parameters["data"])

    @property
    def detector(self) -> str:
        """ "quantum" or a baseline."""
        return str(self.parameters["detector"])

    def metric(self, name: str) -> Spread | None:
        """A metric over the seeds; None where it is not defined."""
        return self.spread("metrics", name, "value")

    def spread(self, *path: str) -> Spread | None:
        """Any recorded number over the seeds, by its keys; None where it was not recorded or is not defined."""
        values = []
        for result in self.results:
            found: Any = result["values"]
            for key in path:
                found = found.get(key) if isinstance(found, Mapping) else None
            if found is not None:
                values.append(float(found))
        return Spread.of(values) if len(values) == len(self.results) else None

    def matches(self, **parameters: Any) -> bool:
        """Whether it has these parameters."""
        return all(self.parameters.get(key) == value for key, value in parameters.items())


@dataclass(frozen=True, eq=False)
class StudyResults:
    """A study's results file.

    Args:
        path: of the file.
        study: what was to be done.
        contents: all that the file holds.
        configurations: the results over seeds.
    """

    path: Path
    study: Study
    contents: Contents
    configurations: tuple[Configuration, ...]

    @classmethod
    def read(cls, place: Path, *, empty: bool = False) -> StudyResults:
        """From a study's folder or results file.

        Args:
            place: of them.
            empty: whether it may hold no results yet.

        Raises:
            InputError: no results, or a file that cannot be used.
        """
        path = results_path(place)
        contents = read_results(path, EXPERIMENTS)
        study = Study.from_document(contents.study, str(path))
        found = tuple(configurations(study, contents))
        if not found and not empty:
            raise InputError("holds no results yet", where=path, remedy="run the study first")
        return cls(path, study, contents, found)

    @property
    def cells(self) -> dict[str, Cell]:
        """The study's cells on the data sets that are in the file, by id."""
        return {cell.identifier: cell for cell in self.study.cells(self.contents.digests)}

    def one(self, **parameters: object) -> Configuration | None:
        """The first configuration with these parameters, if there is one."""
        return next((one for one in self.configurations if one.matches(**parameters)), None)


def configurations(study: Study, contents: Contents) -> list[Configuration]:
    """The results of a file as configurations, in the order of the study's grid."""
    gathered: dict[str, list[Mapping[str, Any]]] = {}
    for cell in study.cells(contents.digests):
        if cell.identifier in contents.results:
            result = contents.results[cell.identifier]
            known = {key: value for key, value in result["parameters"].items() if key not in LEFT_OUT}
            gathered.setdefault(canonical(known), []).append(result)
    found = []
    for results in gathered.values():
        parameters = {key: value for key, value in results[0]["parameters"].items() if key not in LEFT_OUT}
        ranked = sorted(results, key=lambda result: result["parameters"].get("seed", 0))
        found.append(Configuration(parameters, tuple(ranked)))
    return found


def varying(found: Sequence[Configuration]) -> list[str]:
    """The parameters, other than data set and detector, that take several values among these configurations."""
    kept = []
    for name in DEFAULTS:
        values = {canonical(one.parameters[name]) for one in found if name in one.parameters}
        if len(values) > 1 and name != "detector":
            kept.append(name)
    return kept


@dataclass(frozen=True)
class Comparison:
    """A cell of the paper's tables beside ours.

    Args:
        paper: the paper's.
        ours: the configuration of the same data set, patch size, bottleneck and stride.
    """

    paper: PaperCell
    ours: Configuration

    def difference(self, metric: str) -> float:
        """Ours less the paper's."""
        spread = self.ours.metric(metric)
        return spread.mean - self.paper.values[metric][0] if spread is not None else float("nan")

    def deviations(self, metric: str) -> float | None:
        """The difference in units of the combined standard deviation over seeds; None without a spread."""
        spread = self.ours.metric(metric)
        if spread is None or spread.std is None:
            return None
        combined = float(np.hypot(spread.std, self.paper.values[metric][1]))
        return self.difference(metric) / combined if combined > 0 else None

    def deviations_with_subsets(self, metric: str) -> float | None:
        """The same with the spread over random test subsets of the paper's size in the combined standard deviation."""
        spread, subsets = self.ours.metric(metric), self.ours.spread("subsets", metric, "std")
        if spread is None or spread.std is None or subsets is None:
            return None
        return self.difference(metric) / float(
            np.sqrt(spread.std**2 + self.paper.values[metric][1] ** 2 + subsets.mean**2)
        )


PAPER_SETTINGS = {
    "detector": QUANTUM,
    "ansatz": "staircase",
    "block": "ry",
    "layers": 1,
    "trash": "first",
    "pixel_order": "row",
    "score": "reconstruction",
    "image_size": 32,
    "epochs": 20,
    "learning_rate": 0.005,
    "batch_size": 4,
}
"""What a configuration must be to stand beside the paper's."""


def compare_with_paper(found: Sequence[Configuration]) -> list[Comparison]:
    """The paper's cells that these configurations have a counterpart of, in the order of the tables."""
    candidates = [one for one in found if one.matches(**PAPER_SETTINGS) and "test" not in one.parameters]
    pairs = []
    for cell in paper_cells():
        for one in candidates:
            sizes = {"patch_size": cell.patch_size, "bottleneck": cell.bottleneck, "stride": cell.stride}
            if one.matches(data=cell.category, **sizes):
                pairs.append(Comparison(cell, one))
                break
    return pairs


# Results as tables: for the terminal, Markdown, CSV and LaTeX


SHORT = {"patch_size": "P", "stride": "S", "bottleneck": "BD"}


@dataclass(frozen=True, eq=False)
class ResultTable:
    """A table.

    Args:
        name: in CSV.
        title: in words.
        shown: for reading, cells are text.
        numbers: the same rows with numbers in full; None where a number is not defined.
    """

    name: str
    title: str
    shown: pd.DataFrame
    numbers: pd.DataFrame


def result_table(title: str, found: Sequence[Configuration], metrics: Sequence[str]) -> ResultTable:
    """One configuration a row, each metric as mean and standard deviation over seeds."""
    names = varying(found)
    shown, numbers = [], []
    for one in found:
        place = {"data": one.data, "detector": one.detector}
        spreads = {metric: one.metric(metric) for metric in metrics}
        texts = {METRIC_TITLES[name]: DASH if spread is None else spread.show() for name, spread in spreads.items()}
        shown.append({**place, "settings": settings_text(one, names), "n": str(len(one.results)), **texts})
        row = {**place, **{name: one.parameters.get(name) for name in names}, "seeds": len(one.results)}
        for metric, spread in spreads.items():
            row |= (
                {metric: spread.mean, f"{metric}_std": spread.std} if spread else {metric: None, f"{metric}_std": None}
            )
        numbers.append(row)
    return ResultTable("results", f"{title} (n seeds)", pd.DataFrame(shown), pd.DataFrame(numbers, dtype=object))


def settings_text(one: Configuration, names: Sequence[str]) -> str:
    """The settings of these names that matter to it, e.g. "P=8 S=2 BD=1 init=dc"."""
    return " ".join(f"{SHORT.get(name, name)}={one.parameters[name]}" for name in names if name in one.parameters)


def paper_tables(found: Sequence[Configuration]) -> list[ResultTable]:
    """Tables I to III beside ours, as far as there are results for them."""
    pairs = compare_with_paper(found)
    numbers = list(dict.fromkeys(pair.paper.table for pair in pairs))
    return [_paper_table(number, [pair for pair in pairs if pair.paper.table == number]) for number in numbers]


def _paper_table(number: str, pairs: Sequence[Comparison]) -> ResultTable:
    shown, numbers = [], []
    for pair in pairs:
        cell = pair.paper
        for metric in ("aupro", "auroc"):
            ours, paper = pair.ours.metric(metric), Spread(*cell.values[metric], count=3)
            if ours is None:
                continue
            difference = pair.difference(metric)
            sigmas, wide = pair.deviations(metric), pair.deviations_with_subsets(metric)
            place = {"data": cell.category, "BD": str(cell.bottleneck), "S": str(cell.stride)}
            texts = {"ours": ours.show(), "paper": paper.show(), "diff.": fixed(difference, sign=True)}
            texts |= {"σ": fixed(sigmas, 1, sign=True), "σ*": fixed(wide, 1, sign=True)}
            shown.append({**place, "metric": METRIC_TITLES[metric], **texts})
            sizes = {"patch_size": cell.patch_size, "bottleneck": cell.bottleneck, "stride": cell.stride}
            row = {"data": cell.category, **sizes, "metric": metric, "ours": ours.mean, "ours_std": ours.std}
            row |= {"paper": paper.mean, "paper_std": paper.std, "difference": difference}
            numbers.append({**row, "sigmas": sigmas, "sigmas_with_subsets": wide})
    title = f"Table {number}, P = {pairs[0].paper.patch_size} (difference in σ over seeds; σ*: and test subsets)"
    return ResultTable(f"table-{number}", title, pd.DataFrame(shown), pd.DataFrame(numbers, dtype=object))


def to_markdown(tables: Sequence[ResultTable]) -> str:
    """As Markdown tables below headings."""
    return "\n".join(f"### {table.title}\n\n{markdown_table(table.shown)}\n" for table in tables)


def to_csv(tables: Sequence[ResultTable]) -> str:
    """As one CSV table, numbers in full: each row begins with the name of its table and is empty where that ends."""
    return csv_text({"table": table.name, **row} for table in tables for row in table.numbers.to_dict("records"))


_LATEX = {"±": r"$\pm$", "σ": r"$\sigma$"}


def to_latex(tables: Sequence[ResultTable]) -> str:
    """As LaTeX tabulars with booktabs rules; columns of words are on the left."""
    parts = []
    for table in tables:
        words = [not any(text[:1].isdigit() or text[:1] in "+-" for text in table.shown[name]) for name in table.shown]
        places = "".join("l" if one else "r" for one in words)
        text = table.shown.to_latex(index=False, escape=True, column_format=places)
        for character, command in _LATEX.items():
            text = text.replace(character, command)
        parts.append(f"% {table.title}\n{text}")
    return "\n".join(parts)


FORMATS: dict[str, Callable[[Sequence[ResultTable]], str]] = {
    "markdown": to_markdown,
    "csv": to_csv,
    "latex": to_latex,
}
"""Several tables as one text."""
