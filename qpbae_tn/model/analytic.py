"""Analytic textures as matrix product states over the bits of a pixel's place: patches of any size, never as pixels.

I. V. Oseledets, "Constructive representation of functions in low-rank tensor formats", Constr. Approx. 37 (2013), and
B. N. Khoromskij, "O(d log N)-quantics approximation of N-d tensors", Constr. Approx. 34 (2011): sinusoids and linear
functions have bond 2, whatever the size; sums add bonds, products multiply them. A straight edge is a comparison of
bits, whose bond is that of the machine that makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.mps import MpsStack, mps_stack
from qpbae_tn.model.names import PixelOrder

Float64Array = NDArray[np.float64]
Axis = Literal["row", "column"]


@dataclass(frozen=True)
class PixelBit:
    """One qubit's share in the pixel's position: its axis, and by how many pixels a one moves along it."""

    axis: Axis
    weight: int


def pixel_bits(patch_size: int, order: PixelOrder = "row") -> tuple[PixelBit, ...]:
    """The bit that each qubit holds, qubit 0 first; agrees with `qpbae_tn.model.embedding.pixel_permutation`.

    Args:
        patch_size: P, a power of two from 2 up; 2^30 is fine.
        order: "row" (row bits, then column bits), "column" (the other way round) or "morton" (row and column bits in
            turn), each from the most significant bit.

    Raises:
        InputError: a patch size that is not a power of two, an unknown order.
    """
    if patch_size < 2 or patch_size & (patch_size - 1):
        raise InputError(
            f"patch size {patch_size} is not a power of two from 2 up",
            where="patch_size",
            remedy="use 2, 4, 8, 16, ...",
        )
    if order not in get_args(PixelOrder):
        raise InputError(
            f"unknown value {order!r}",
            where="pixel_order",
            remedy=f"choose one of {', '.join(get_args(PixelOrder))}",
        )
    weights = [1 << bit for bit in reversed(range(patch_size.bit_length() - 1))]
    rows = [PixelBit("row", weight) for weight in weights]
    columns = [PixelBit("column", weight) for weight in weights]
    if order == "row":
        return (*rows, *columns)
    if order == "column":
        return (*columns, *rows)
    return tuple(bit for pair in zip(rows, columns, strict=True) for bit in pair)


EDGE_BOND = 64
"""Largest bond of an edge; past it the pixel order does not suit the edge's direction."""


@dataclass(frozen=True, eq=False)
class Texture:
    """Brightness as a function of the pixel, an exact matrix product state; textures add, multiply and scale.

    Args:
        bits: the pixel bit of each qubit.
        tensors: one for each qubit, shape (left bond, 2, right bond).
    """

    bits: tuple[PixelBit, ...]
    tensors: tuple[Float64Array, ...]

    @property
    def bond(self) -> int:
        """The largest bond dimension."""
        return max(int(tensor.shape[2]) for tensor in self.tensors)

    def __add__(self, other: Texture) -> Texture:
        """The sum of two textures; bonds add."""
        self._require_same(other)
        last = len(self.tensors) - 1
        tensors = []
        for site, (mine, theirs) in enumerate(zip(self.tensors, other.tensors, strict=True)):
            if site == 0:
                tensors.append(np.concatenate([mine, theirs], axis=2))
            elif site == last:
                tensors.append(np.concatenate([mine, theirs], axis=0))
            else:
                left, right = mine.shape[0] + theirs.shape[0], mine.shape[2] + theirs.shape[2]
                joint = np.zeros((left, 2, right))
                joint[: mine.shape[0], :, : mine.shape[2]] = mine
                joint[mine.shape[0] :, :, mine.shape[2] :] = theirs
                tensors.append(joint)
        return Texture(self.bits, tuple(tensors))

    def __mul__(self, other: Texture | float) -> Texture:
        """The product pixel by pixel, bonds multiply; or a multiple."""
        if not isinstance(other, Texture):
            return Texture(self.bits, (self.tensors[0] * float(other), *self.tensors[1:]))
        self._require_same(other)
        products = (
            np.einsum("asb,csd->acsbd", mine, theirs).reshape(
                mine.shape[0] * theirs.shape[0], 2, mine.shape[2] * theirs.shape[2]
            )
            for mine, theirs in zip(self.tensors, other.tensors, strict=True)
        )
        return Texture(self.bits, tuple(products))

    __rmul__ = __mul__

    def at(self, row: int, column: int) -> float:
        """The brightness of one pixel."""
        position = {"row": row, "column": column}
        vector = np.ones(1)
        for bit, tensor in zip(self.bits, self.tensors, strict=True):
            vector = vector @ tensor[:, 1 if position[bit.axis] & bit.weight else 0]
        return float(vector[0])

    def state(self) -> MpsStack:
        """The patch state, normalised, as a stack of one.

        Raises:
            InputError: a texture without any light.
        """
        return mps_stack(self.tensors)

    def _require_same(self, other: Texture) -> None:
        if self.bits != other.bits:
            raise InputError(
                "textures of different patch sizes or pixel orders", where="texture", remedy="make both for one layout"
            )


def constant(patch_size: int, value: float = 1.0, order: PixelOrder = "row") -> Texture:
    """The same brightness everywhere; bond 1."""
    bits = pixel_bits(patch_size, order)
    tensors = [np.ones((1, 2, 1)) for _ in bits]
    tensors[0] = tensors[0] * value
    return Texture(bits, tuple(tensors))


def ramp(patch_size: int, rise: tuple[float, float], start: float = 0.0, order: PixelOrder = "row") -> Texture:
    """A linear gradient, start + rise[0] * row / P + rise[1] * column / P; bond 2.

    Args:
        patch_size: P.
        rise: change of the brightness over the whole patch, down the rows and along the columns.
        start: brightness at the first pixel.
        order: pixel order.
    """
    bits = pixel_bits(patch_size, order)
    cores = []
    for bit in bits:
        step = rise[bit.axis == "column"] * (bit.weight / patch_size)
        core = np.zeros((2, 2, 2))
        core[0, :, 0] = core[1, :, 1] = 1.0
        core[0, 1, 1] = step
        cores.append(core)
    return Texture(bits, _closed(cores, np.array([1.0, start]), np.array([0.0, 1.0])))


def wave(patch_size: int, cycles: tuple[float, float], phase: float = 0.0, order: PixelOrder = "row") -> Texture:
    """A sinusoid, cos(2 pi (cycles[0] * row + cycles[1] * column) / P + phase); bond 2.

    Args:
        patch_size: P.
        cycles: periods over the whole patch, down the rows and along the columns.
        phase: radians.
        order: pixel order.
    """
    bits = pixel_bits(patch_size, order)
    cores = []
    for bit in bits:
        # Whole turns are taken off before the cosine: the fraction is exact, the weight being a power of two.
        turn = 2 * np.pi * np.mod(cycles[bit.axis == "column"] * (bit.weight / patch_size), 1.0)
        core = np.zeros((2, 2, 2))
        core[:, 0] = np.eye(2)
        core[:, 1] = [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
        cores.append(core)
    return Texture(bits, _closed(cores, np.array([np.cos(phase), np.sin(phase)]), np.array([1.0, 0.0])))


def edge(patch_size: int, normal: tuple[int, int], offset: int, order: PixelOrder = "row") -> Texture:
    """A straight edge: 1 where normal[0] * row + normal[1] * column < offset, else 0; exact.

    It compares from the most significant bit down, and forgets all but what the remaining bits can still
    decide. Edges along an axis have bond 2 in every order. Slanted ones have about |normal[0]| + |normal[1]| in Morton
    order, where both axes come to the same scale together; in row or column order their bond grows with P.

    Args:
        patch_size: P.
        normal: whole numbers, down the rows and along the columns, not both zero.
        offset: a whole number.
        order: pixel order.

    Raises:
        InputError: a bond above `EDGE_BOND`.
    """
    bits = pixel_bits(patch_size, order)
    weights = [normal[bit.axis == "column"] * bit.weight for bit in bits]
    start = _settle(offset, weights)
    if start is _Side.OUTSIDE:
        return constant(patch_size, 0.0, order)
    states: dict[int | _Side, int] = {start: 0}
    cores = []
    for site, weight in enumerate(weights):
        following: dict[int | _Side, int] = {}
        moves = []
        for state, row in states.items():
            for value in range(2):
                left = state if isinstance(state, _Side) else _settle(state - value * weight, weights[site + 1 :])
                if left is not _Side.OUTSIDE:
                    moves.append((row, value, following.setdefault(left, len(following))))
        if len(following) > EDGE_BOND:
            raise InputError(
                f"an edge with normal {normal} needs a bond above {EDGE_BOND} in {order} order",
                where="texture",
                remedy="use morton order, or an edge along an axis",
            )
        core = np.zeros((len(states), 2, len(following)))
        for move in moves:
            core[move] = 1.0
        cores.append(core)
        states = following
    return Texture(bits, tuple(cores))


class _Side(Enum):
    """Where a pixel lies for certain, whatever the bits still to come."""

    INSIDE = "inside"
    OUTSIDE = "outside"


def _settle(offset: int, weights: list[int]) -> int | _Side:
    """What is left to decide of "sum of the chosen weights < offset": the offset, or the answer."""
    if sum(weight for weight in weights if weight > 0) < offset:
        return _Side.INSIDE
    if sum(weight for weight in weights if weight < 0) >= offset:
        return _Side.OUTSIDE
    return offset


def _closed(cores: list[Float64Array], start: Float64Array, end: Float64Array) -> tuple[Float64Array, ...]:
    """Cores with the first index set to a vector, and the last one too."""
    first = np.einsum("a,asb->sb", start, cores[0])[None]
    last = np.einsum("asb,b->as", cores[-1], end)[:, :, None]
    return (first, *cores[1:-1], last)
