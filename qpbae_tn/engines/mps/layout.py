"""Which pixel bit each qubit holds, in every pixel order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from qpbae_tn.errors import InputError
from qpbae_tn.model.names import PixelOrder

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
