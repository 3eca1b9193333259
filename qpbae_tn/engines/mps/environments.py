"""Environments of a sweep, and how one step moves them to the right or to the left.

psi = U phi is a matrix product state whose cuts carry the open wires and the bond of phi. An environment sums up all
that lies on one side of a cut, as columns over the cut's index (wires, bond): the environment matrix is C C^T. While
the columns are few they are kept (one, for a register projected on zero; twice as many with each qubit traced over);
once they outnumber the index, the matrix itself takes their place. Nothing grows past that, whatever the register.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.plan import Step

Float64Array = NDArray[np.float64]
Product = Callable[[Float64Array, Float64Array], Float64Array]
"""How stacks of matrices are multiplied: `numpy.matmul`, or the same and a count of the work."""


class Environment(NamedTuple):
    """One side of a cut, for each patch of a stack.

    Args:
        array: shape (N, 2^wires, bond, K): K columns C, or the symmetric matrix C C^T with K = 2^wires * bond.
        gram: whether `array` is the matrix.
    """

    array: Float64Array
    gram: bool

    @property
    def flat(self) -> Float64Array:
        """Shape (N, 2^wires * bond, K)."""
        count, wires, bond, columns = self.array.shape
        return self.array.reshape(count, wires * bond, columns)


def edge(count: int) -> Environment:
    """The environment outside of the state: the number one for each patch."""
    return Environment(np.ones((count, 1, 1, 1)), gram=False)


def step_rows(step: Step, window: Float64Array, traced: bool) -> Float64Array:
    """The rows of a step's matrix by what becomes of the wires that leave.

    Args:
        step: the step.
        window: its matrix, shape (2^window, 2^window).
        traced: whether the wires that leave are summed over; else they are projected on zero.

    Returns:
        Shape (values of the leaving wires that are kept, 2^wires_out, 2^window).
    """
    kept = 1 << step.emitted if traced else 1
    return window.reshape(1 << step.emitted, 1 << step.wires_out, 1 << step.window)[:kept]


def push(site: Float64Array | None, rows: Float64Array, columns: Float64Array, product: Product) -> Float64Array:
    """Columns at the cut left of a step, carried to the cut right of it.

    Args:
        site: the site tensor that arrives, shape (N, a, 2, b).
        rows: shape (E, 2^wires_out, 2^window), from `step_rows`.
        columns: shape (N, F, 2^wires_in, a, K), F = 1 or E.
        product: the matrix product.

    Returns:
        Shape (N, E, 2^wires_out, b, K).
    """
    kept, wires_out, window = rows.shape
    entered = enter(site, columns, product)
    count, outer, _, width = entered.shape
    bond = columns.shape[3] if site is None else site.shape[3]
    moved = product(rows.reshape(1, kept * wires_out, window), entered) if outer == 1 else product(rows, entered)
    return moved.reshape(count, kept, wires_out, bond, width // bond)


def enter(site: Float64Array | None, columns: Float64Array, product: Product) -> Float64Array:
    """The first half of `push`: the site is absorbed, the blocks are not; shape (N, F, 2^window, b * K)."""
    count, outer, wires, left, width = columns.shape
    if site is None:
        return columns.reshape(count, outer, wires, left * width)
    right = site.shape[3]
    matrix = site.reshape(count, 1, 1, left, 2 * right).swapaxes(-1, -2)
    return product(matrix, columns).reshape(count, outer, 2 * wires, right * width)


def pull(site: Float64Array | None, rows: Float64Array, columns: Float64Array, product: Product) -> Float64Array:
    """The transpose of `push`: columns at the cut right of a step, carried to the cut left of it.

    Args:
        site: the site tensor, shape (N, a, 2, b).
        rows: as in `push`.
        columns: shape (N, F, 2^wires_out, b, K), F = 1 or E.
        product: the matrix product.

    Returns:
        Shape (N, E, 2^wires_in, a, K).
    """
    kept, _, window = rows.shape
    count, outer, wires_out, right, width = columns.shape
    opened = product(rows.swapaxes(1, 2), columns.reshape(count, outer, wires_out, right * width))
    if site is None:
        return opened.reshape(count, kept, window, right, width)
    left = site.shape[1]
    opened = opened.reshape(count, kept, window // 2, 2 * right, width)
    return product(site.reshape(count, 1, 1, left, 2 * right), opened)


def advance(
    site: Float64Array | None, rows: Float64Array, environment: Environment, product: Product, *, to_right: bool
) -> Environment:
    """An environment carried over one step, to the right (`push`) or to the left (`pull`)."""
    move = push if to_right else pull
    moved = move(site, rows, environment.array[:, None], product)
    if environment.gram:
        return Environment(_other_side(move, site, rows, moved, product), gram=True)
    count, kept, wires, bond, columns = moved.shape
    joined = moved.transpose(0, 2, 3, 1, 4).reshape(count, wires, bond, kept * columns)
    if kept * columns > wires * bond:
        flat = joined.reshape(count, wires * bond, kept * columns)
        matrix = product(flat, flat.swapaxes(1, 2))
        return Environment(matrix.reshape(count, wires, bond, wires * bond), gram=True)
    return Environment(joined, gram=False)


def _other_side(
    move: Callable[[Float64Array | None, Float64Array, Float64Array, Product], Float64Array],
    site: Float64Array | None,
    rows: Float64Array,
    moved: Float64Array,
    product: Product,
) -> Float64Array:
    """A matrix environment of which the first index has been carried over the step: the second one, and the sum."""
    count, kept, wires, bond, columns = moved.shape
    old_bond = _bond_before(move is push, site, bond)
    turned = moved.reshape(count, kept, wires * bond, columns // old_bond, old_bond).transpose(0, 1, 3, 4, 2)
    both = move(site, rows, turned, product)
    return np.asarray(both[:, 0] if kept == 1 else both.sum(axis=1))


def _bond_before(to_right: bool, site: Float64Array | None, bond: int) -> int:
    if site is None:
        return bond
    return int(site.shape[1] if to_right else site.shape[3])
