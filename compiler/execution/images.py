"""Whole images on a sampler: every patch is scored, and the scores are folded to a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.execution.run import PatchScore, execute
from qpbae_tn.compiler.program import CompiledProgram
from qpbae_tn.embedding import embed
from qpbae_tn.errors import InputError
from qpbae_tn.patches import PatchGrid
from qpbae_tn.specification import ModelSpecification

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageScores:
    """The scores of an image.

    Args:
        patches: one a patch, row by row.
        measured: the anomaly map Y = (1 - score) / 2 from shots, shape (H, W).
        exact: the same from the closed formulas.
        zero_patches: patches without any light.
    """

    patches: tuple[PatchScore, ...]
    measured: FloatArray
    exact: FloatArray
    zero_patches: int


def patch_states(specification: ModelSpecification, image: FloatArray) -> tuple[PatchGrid, FloatArray, int]:
    """Where the patches of an image lie, their states (N, 2^n), and how many hold no light.

    Args:
        specification: gives patch size, stride and pixel order.
        image: shape (H, W), values in [0, 1].
    """
    grid = PatchGrid.over(image, specification.patch_size, specification.stride)
    states, zero = embed(grid.cut(image), specification.pixel_order)
    return grid, np.asarray(states, dtype=np.float64), int(zero.sum())


def chosen_states(states: FloatArray, indices: Sequence[int]) -> FloatArray:
    """Some patches of an image by number; raises `InputError` for a number that there is not."""
    for index in indices:
        if not 0 <= index < len(states):
            raise InputError(
                f"patch {index} of an image of {len(states)}", where="--patch", remedy=f"give 0 to {len(states) - 1}"
            )
    return states[list(indices)]


def execute_image(
    program: CompiledProgram,
    image: FloatArray,
    sampler: cirq.Sampler,
    shots: int,
    *,
    angles: FloatArray | None = None,
    on_patches: Callable[[int], None] | None = None,
) -> ImageScores:
    """Score every patch of an image; arguments as for `execute`, the image of shape (H, W), values in [0, 1]."""
    grid, states, zero = patch_states(program.specification, image)
    scores = execute(program, states, sampler, shots, angles=angles, on_patches=on_patches)
    measured = grid.fold(np.array([(1 - score.fidelity) / 2 for score in scores]))
    exact = grid.fold(np.array([(1 - score.exact) / 2 for score in scores]))
    return ImageScores(scores, measured, exact, zero)
