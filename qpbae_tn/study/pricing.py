"""What a study costs, from its sizes: for `--dry-run`, and to hand out the large pieces first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qpbae_tn.patches import PatchGrid
from qpbae_tn.study.cells import Cell
from qpbae_tn.study.settings import QUANTUM
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


def _test_images(cell: Cell, sources: Mapping[str, Source]) -> int:
    count = sources[cell.data].test_images
    return count if cell.settings.test is None else min(count, cell.settings.test)


def _test_patches(cell: Cell, sources: Mapping[str, Source]) -> int:
    settings = cell.settings
    grid = PatchGrid(settings.image_size, settings.image_size, settings.patch_size, settings.stride)
    return int(grid.count) * _test_images(cell, sources)


def _train_images(cell: Cell, sources: Mapping[str, Source]) -> int:
    return min(cell.settings.train, sources[cell.data].train_images)
