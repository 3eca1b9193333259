"""The matrix of each step of a sweep: its blocks multiplied on the window of open wires, and the adjoint of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.plan import SweepPlan, WindowGroup

Float64Array = NDArray[np.float64]
Windows = list[Float64Array]
"""One matrix for each step, shape (2^window, 2^window); the identity where no block acts."""


def window_matrices(plan: SweepPlan, blocks: Float64Array) -> Windows:
    """The matrix of each step from the block matrices, shape (blocks, 4, 4)."""
    placed = _place(plan, blocks)
    result: Windows = [np.empty(0)] * len(plan.steps)
    for index, step in enumerate(plan.steps):
        if not step.blocks:
            result[index] = np.eye(1 << step.window)
    for group in plan.groups:
        for index, matrix in zip(group.steps, _partial_products(group, placed)[-1], strict=True):
            result[index] = matrix
    return result


def window_adjoint(plan: SweepPlan, blocks: Float64Array, adjoints: Windows) -> Float64Array:
    """From the derivative of a number by each step's matrix to its derivative by each block's, (blocks, 4, 4)."""
    placed = _place(plan, blocks)
    result = np.zeros_like(blocks)
    for group in plan.groups:
        partial = _partial_products(group, placed)
        adjoint = np.stack([adjoints[index] for index in group.steps])
        for number in reversed(range(len(group.places))):
            members = group.blocks[:, number]
            shape = _pair_shape(group, number)
            upper, lower = adjoint.reshape(shape), partial[number].reshape(shape)
            result[members] = (upper @ lower.swapaxes(2, 3)).sum(axis=1)
            adjoint = placed[members].swapaxes(1, 2)[:, None] @ upper
    return _place(plan, result)


def _partial_products(group: WindowGroup, placed: Float64Array) -> list[Float64Array]:
    """The products of the first 0, 1, 2, ... blocks of each step, each of shape (S, 2^window, 2^window)."""
    size = 1 << group.window
    products = [np.broadcast_to(np.eye(size), (len(group.steps), size, size))]
    for number in range(len(group.places)):
        matrices = placed[group.blocks[:, number]][:, None]
        products.append((matrices @ products[-1].reshape(_pair_shape(group, number))).reshape(-1, size, size))
    return products


def _pair_shape(group: WindowGroup, number: int) -> tuple[int, int, int, int]:
    place = group.places[number]
    return (len(group.steps), 1 << place, 4, 1 << (2 * group.window - place - 2))


def _place(plan: SweepPlan, blocks: Float64Array) -> Float64Array:
    """Blocks indexed by 2 * (left qubit) + (right qubit); its own inverse."""
    if not plan.swapped.any():
        return blocks
    exchanged = blocks.reshape(-1, 2, 2, 2, 2).transpose(0, 2, 1, 4, 3).reshape(-1, 4, 4)
    return np.where(plan.swapped[:, None, None], exchanged, blocks)
