"""Results gathered over seeds: one configuration a line, each metric with its mean and spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from qpbae_tn.study.cells import canonical
from qpbae_tn.study.presets import PaperCell, paper_cells
from qpbae_tn.study.settings import QUANTUM, Settings
from qpbae_tn.study.specification import Study
from qpbae_tn.study.store import Contents

LEFT_OUT = ("data_digest", "record", "listed_split", "seed")
"""Parameters that do not tell configurations of one study apart."""


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


def configurations(contents: Contents) -> list[Configuration]:
    """The results of a file as configurations, in the order of the study's grid."""
    study = Study.from_document(contents.study, "results")
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
    for name in (field.name for field in fields(Settings)):
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
