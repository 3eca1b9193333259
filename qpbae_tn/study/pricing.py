"""What a study costs, from its sizes and past times: to say it beforehand, and to hand out the large pieces first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.study.cells import QUANTUM, Cell
from qpbae_tn.study.sources import Source


def patch_work(cell: Cell) -> int:
    """Amplitudes of all patches of one image: what a cell's time goes with."""
    settings = cell.settings
    grid = PatchGrid(settings.image_size, settings.image_size, settings.patch_size, settings.stride)
    return int(grid.count) * settings.patch_size**2


def price(cells: Sequence[Cell], sources: Mapping[str, Source]) -> dict[str, Any]:
    """The work of these cells.

    Returns:
        Numbers of cells and groups, training steps of quantum cells, patches of test images that are embedded (once for
        each group), patches that are scored (once for each cell), and maps whose metrics are taken.
    """
    groups: dict[str, Cell] = {}
    scored = steps = 0
    for cell in cells:
        groups.setdefault(cell.group, cell)
        scored += _test_patches(cell, sources)
        if cell.settings.detector == QUANTUM:
            batches = -(-_train_images(cell, sources) // cell.settings.batch_size)
            steps += batches * cell.settings.epochs
    return {
        "cells": len(cells),
        "quantum_cells": sum(cell.settings.detector == QUANTUM for cell in cells),
        "groups": len(groups),
        "training_steps": steps,
        "patches_embedded": sum(_test_patches(cell, sources) for cell in groups.values()),
        "patches_scored": scored,
        "maps_measured": sum(_test_images(cell, sources) for cell in cells),
    }


def processor_seconds(
    left: Sequence[Cell], cells: Sequence[Cell], sources: Mapping[str, Source], times: Path
) -> float | None:
    """What cells will take on one processor, by the time that others of the study took for their patches.

    Args:
        left: to be done.
        cells: of the study.
        sources: their data sets.
        times: what groups of them took, see `runner.TIMES_NAME`; it need not exist.

    Returns:
        None where cells are left of a detector that was not timed yet: detectors differ too much.
    """
    known = {cell.identifier: cell for cell in cells}
    timed: set[str] = set()
    seconds, work = 0.0, 0
    for names, taken in _times(times):
        if all(name in known for name in names):
            seconds += taken
            work += sum(_image_work(known[name], sources) for name in names)
            timed |= {known[name].settings.detector for name in names}
    if not {cell.settings.detector for cell in left} <= timed:
        return None
    return seconds * sum(_image_work(cell, sources) for cell in left) / max(1, work)


def _times(path: Path) -> Iterator[tuple[list[str], float]]:
    """Ids of the cells of each group and what it took; lines that are torn or not of this kind are left out."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            document = json.loads(line)
            yield [str(name) for name in document["cells"]], float(document["seconds"])
        except (ValueError, KeyError, TypeError):
            continue


def _image_work(cell: Cell, sources: Mapping[str, Source]) -> int:
    return patch_work(cell) * (_train_images(cell, sources) + _test_images(cell, sources))


def _test_images(cell: Cell, sources: Mapping[str, Source]) -> int:
    count = sources[cell.data].test_images
    return count if cell.settings.test is None else min(count, cell.settings.test)


def _test_patches(cell: Cell, sources: Mapping[str, Source]) -> int:
    settings = cell.settings
    grid = PatchGrid(settings.image_size, settings.image_size, settings.patch_size, settings.stride)
    return int(grid.count) * _test_images(cell, sources)


def _train_images(cell: Cell, sources: Mapping[str, Source]) -> int:
    return min(cell.settings.train, sources[cell.data].train_images)
