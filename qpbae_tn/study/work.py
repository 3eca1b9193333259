"""What one worker does: a group of cells, from the images to the values that are recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from threadpoolctl import threadpool_limits

from qpbae_tn.data.protocol import ImageSet, LabelledImageSet
from qpbae_tn.metrics import operating_threshold
from qpbae_tn.scoring import anomaly_maps
from qpbae_tn.study.cells import Cell, canonical
from qpbae_tn.study.detectors import Detector, Workshop
from qpbae_tn.study.measures import measure
from qpbae_tn.study.sources import Request, load, split_of

MAP_PIXELS = 1 << 25
"""Pixels of anomaly maps held at once, 256 MiB: detectors beyond that are evaluated in several rounds."""


@dataclass(frozen=True)
class Group:
    """Cells of one `Cell.group`, as they travel to a worker.

    Args:
        request: the images that they need.
        cells: at least one.
    """

    request: Request
    cells: tuple[Cell, ...]

    def halves(self) -> tuple[Group, Group]:
        """Two groups of half as many cells."""
        middle = len(self.cells) // 2
        return replace(self, cells=self.cells[:middle]), replace(self, cells=self.cells[middle:])


@dataclass(frozen=True)
class GroupResult:
    """What a group gave.

    Args:
        values: JSON values of each cell, by its id; the same bits wherever and in whatever company it was computed.
        seconds: what it took.
    """

    values: Mapping[str, Mapping[str, Any]]
    seconds: float


def run_group(group: Group) -> GroupResult:
    """Train and evaluate the cells of a group.

    Linear algebra is held to one thread: with more, sums are split differently and the last bits change with the number
    of processors. Cells run beside each other instead.

    Raises:
        InputError: images that cannot be used, that have changed, or that a split does not fit.
    """
    threadpool_limits(limits=1)
    start = time.perf_counter()
    train, test = load(group.request)
    split = split_of(group.cells[0], len(train))
    normal = train.take(split.train), train.take(split.validation)
    workshop = Workshop(normal[0].images, normal[1].images)
    room = max(1, MAP_PIXELS // max(1, test.images.size))
    values: dict[str, Mapping[str, Any]] = {}
    for first in range(0, len(group.cells), room):
        cells = group.cells[first : first + room]
        detectors = {cell.identifier: workshop.detector(cell.settings) for cell in cells}
        values |= _evaluate(cells, detectors, normal[1], test)
    return GroupResult(values, time.perf_counter() - start)


def _evaluate(
    cells: tuple[Cell, ...], detectors: Mapping[str, Detector], validation: ImageSet, test: LabelledImageSet
) -> dict[str, dict[str, Any]]:
    """Maps of all detectors from the same patch states, and what the cells record of them."""
    specification = cells[0].settings.specification
    scorers = {name: detector.scorer for name, detector in detectors.items()}
    normal_maps, _ = anomaly_maps(specification, validation.images, scorers)
    maps, zero_patches = anomaly_maps(specification, test.images, scorers)
    values = {}
    for cell in cells:
        name = cell.identifier
        threshold = operating_threshold(normal_maps[name])
        values[name] = {
            **detectors[name].facts,
            "threshold": threshold,
            "test_images": len(test),
            "defective_images": int(test.defective.sum()),
            "vanished_masks": len(test.vanished),
            "test_zero_patches": zero_patches,
            **measure(maps[name], test, threshold, cell.record),
        }
        canonical(values[name])  # a training that ran off to NaN is a failure of this cell, told here
    return values
