"""The ansatz: an ordered list of real two-qubit blocks on n qubits, a plain value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.documents import shaped
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import RY, BlockKind, block_kind


@dataclass(frozen=True)
class Block:
    """One block: its kind and the qubits that it acts on, `first` being the more significant bit of its matrix."""

    kind: BlockKind
    first: int
    second: int


@dataclass(frozen=True)
class Ansatz:
    """An ordered list of real two-qubit blocks: the encoder U(t) is their product, the first block acting first.

    Qubit 0 is the most significant bit of the amplitude index. Angles are one flat array, block after block, each block
    in the order of its kind.

    Args:
        qubit_count: n, at least 2.
        blocks: the blocks in order of time.
        name: what a table calls it, e.g. "staircase".

    Raises:
        InputError: a block that names a qubit outside 0..n-1 or the same qubit twice.
    """

    qubit_count: int
    blocks: tuple[Block, ...]
    name: str = "custom"

    def __post_init__(self) -> None:
        for index, block in enumerate(self.blocks):
            inside = all(0 <= qubit < self.qubit_count for qubit in (block.first, block.second))
            if not inside or block.first == block.second:
                raise InputError(
                    f"block {index} acts on qubits ({block.first}, {block.second})",
                    where="ansatz",
                    remedy=f"give two different qubits from 0 to {self.qubit_count - 1}",
                )

    @cached_property
    def parameter_count(self) -> int:
        """Nominal number of angles."""
        return sum(block.kind.parameter_count for block in self.blocks)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Index of the first angle of each block in the flat array of angles."""
        sizes = [block.kind.parameter_count for block in self.blocks]
        return tuple(int(end - size) for end, size in zip(np.cumsum(sizes), sizes, strict=True))

    @cached_property
    def nearest_neighbour(self) -> bool:
        """Whether every block acts on qubits that follow each other."""
        return all(abs(block.first - block.second) == 1 for block in self.blocks)

    def split(self, angles: NDArray[np.floating]) -> Iterator[tuple[Block, NDArray[np.floating]]]:
        """Each block with its own angles, in order of time."""
        for block, offset in zip(self.blocks, self.offsets, strict=True):
            yield block, angles[offset : offset + block.kind.parameter_count]

    @cached_property
    def _groups(self) -> tuple[tuple[BlockKind, tuple[int, ...], NDArray[np.intp]], ...]:
        """Blocks of one kind together: the kind, their positions, and the indices of their angles (blocks, count)."""
        groups = []
        for kind in dict.fromkeys(block.kind for block in self.blocks):
            members = tuple(index for index, block in enumerate(self.blocks) if block.kind == kind)
            starts = np.array([self.offsets[index] for index in members])
            groups.append((kind, members, starts[:, None] + np.arange(kind.parameter_count)))
        return tuple(groups)

    def matrices(self, angles: NDArray[np.floating]) -> list[NDArray[np.float64]]:
        """The 4 x 4 matrix of each block, in order of time; blocks of one kind are computed together."""
        angles = np.asarray(angles, dtype=np.float64)
        result: dict[int, NDArray[np.float64]] = {}
        for kind, members, indices in self._groups:
            result.update(zip(members, kind.matrix(angles[indices]), strict=True))
        return [result[index] for index in range(len(self.blocks))]

    def derivatives(self, angles: NDArray[np.floating]) -> list[NDArray[np.float64]]:
        """For each block the derivatives of its matrix by its own angles, shape (its parameter_count, 4, 4)."""
        return self.linearised(angles)[1]

    def linearised(self, angles: NDArray[np.floating]) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        """`matrices` and `derivatives`, which share most of their work."""
        angles = np.asarray(angles, dtype=np.float64)
        matrices: dict[int, NDArray[np.float64]] = {}
        slopes: dict[int, NDArray[np.float64]] = {}
        for kind, members, indices in self._groups:
            values, derivatives = kind.linearised(angles[indices])
            matrices.update(zip(members, values, strict=True))
            slopes.update(zip(members, derivatives, strict=True))
        order = range(len(self.blocks))
        return [matrices[index] for index in order], [slopes[index] for index in order]

    def check_angles(self, angles: ArrayLike, *, where: object = "angles") -> NDArray[np.float64]:
        """The angles as a flat float64 array of shape (parameter_count,); nested lists of the right total are accepted.

        Raises:
            InputError: another number of angles, or one that is not finite.
        """
        try:
            flat = np.asarray([_number(leaf) for leaf in _flatten(angles)], dtype=np.float64)
        except (TypeError, OverflowError, RecursionError):
            raise InputError("angles must be numbers", where=where, remedy="give radians as JSON numbers") from None
        if flat.shape != (self.parameter_count,):
            raise InputError(
                f"{flat.size} angles for an ansatz of {self.parameter_count}",
                where=where,
                remedy=f"give {self.parameter_count} angles, block after block, in one list or a list for each block",
            )
        if not np.isfinite(flat).all():
            raise InputError(
                "an angle is not finite", where=where, remedy="give finite radians, or train the model again"
            )
        return flat

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` is the inverse."""
        blocks = [[block.kind.name, block.first, block.second] for block in self.blocks]
        return {"name": self.name, "qubit_count": self.qubit_count, "blocks": blocks}

    @classmethod
    def from_json(cls, document: Any) -> Ansatz:
        """From what `to_json` gave; raises `InputError` for anything else."""
        held = shaped(document, _Shape, where="ansatz")
        blocks = tuple(Block(block_kind(kind), first, second) for kind, first, second in held.blocks)
        return cls(held.qubit_count, blocks, held.name)


class _Shape(msgspec.Struct):
    """What `to_json` writes."""

    name: str
    qubit_count: int
    blocks: list[tuple[str, int, int]]


def _number(value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _flatten(values: Any) -> list[Any]:
    if isinstance(values, np.ndarray):
        return list(values.ravel())
    if isinstance(values, Sequence) and not isinstance(values, str):
        return [leaf for value in values for leaf in _flatten(value)]
    return [values]


# Ready patterns of blocks: the paper's staircase, a brick wall, and their repetition in layers.


def staircase(qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """The paper's MPS ansatz (Fig. 1 a): blocks on (0, 1), (1, 2), ..., (n-2, n-1), repeated `layers` times."""
    layer = [Block(kind, qubit, qubit + 1) for qubit in range(qubit_count - 1)]
    return Ansatz(qubit_count, tuple(layer * _checked(layers)), "staircase")


def brick_wall(qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """Blocks on (0, 1), (2, 3), ... and then on (1, 2), (3, 4), ..., repeated `layers` times."""
    starts = [*range(0, qubit_count - 1, 2), *range(1, qubit_count - 1, 2)]
    layer = [Block(kind, qubit, qubit + 1) for qubit in starts]
    return Ansatz(qubit_count, tuple(layer * _checked(layers)), "brick")


def butterfly(qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """Blocks on (q, q + n/2), in row order a row bit and the column bit of its scale, then the staircase."""
    half = qubit_count // 2
    layer = [Block(kind, qubit, qubit + half) for qubit in range(half)]
    layer += [Block(kind, qubit, qubit + 1) for qubit in range(qubit_count - 1)]
    return Ansatz(qubit_count, tuple(layer * _checked(layers)), "butterfly")


PATTERNS: dict[str, Callable[[int, BlockKind, int], Ansatz]] = {
    "staircase": staircase,
    "brick": brick_wall,
    "butterfly": butterfly,
}


def make_ansatz(pattern: str, qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """The ansatz of this pattern name; raises `InputError` for an unknown name or for fewer than one layer."""
    if pattern not in PATTERNS:
        raise InputError(f"unknown ansatz {pattern!r}", where="ansatz", remedy=f"choose one of {', '.join(PATTERNS)}")
    return PATTERNS[pattern](qubit_count, kind, layers)


def pattern_of(ansatz: Ansatz) -> tuple[str, str, int] | None:
    """Pattern, block kind and layers of an ansatz that `make_ansatz` can make; None for any other."""
    if ansatz.name not in PATTERNS or not ansatz.blocks:
        return None
    kind = ansatz.blocks[0].kind
    layers = len(ansatz.blocks) // max(1, ansatz.qubit_count - 1)
    same = layers and make_ansatz(ansatz.name, ansatz.qubit_count, kind, layers) == ansatz
    return (ansatz.name, kind.name, layers) if same else None


def _checked(layers: int) -> int:
    if layers < 1:
        raise InputError(f"{layers} layers", where="layers", remedy="give at least 1")
    return layers


# Two-qubit matrices applied to stacks of dense state vectors.


Array = NDArray[np.floating]


def apply_block(states: Array, matrix: Array, first: int, second: int) -> Array:
    """A 4 x 4 matrix applied to two qubits of every state of a stack.

    Args:
        states: shape (N, 2^n).
        matrix: shape (4, 4), indexed by 2 * (first qubit) + (second qubit).
        first: the more significant qubit of the matrix.
        second: the other qubit.

    Returns:
        Shape (N, 2^n).
    """
    count, size = states.shape
    matrix = matrix.astype(states.dtype, copy=False)
    if second == first + 1:
        below = size >> (second + 1)
        return np.asarray(np.matmul(matrix, states.reshape(-1, 4, below))).reshape(count, size)
    pairs, shape, axes = _pair_first(states, first, second)
    moved = (matrix @ pairs).reshape([2, 2, *shape])
    return np.moveaxis(moved, (0, 1), axes).reshape(count, size)


def pair_overlap(left: Array, right: Array, first: int, second: int) -> Array:
    """sum over the stack and over all other qubits of left[ab, rest] right[cd, rest], shape (4, 4).

    It is what a derivative of the matrix on (first, second) is contracted with in an adjoint sweep.
    """
    return np.asarray(_pair_first(left, first, second)[0] @ _pair_first(right, first, second)[0].T)


def _pair_first(states: Array, first: int, second: int) -> tuple[Array, list[int], tuple[int, int]]:
    count, size = states.shape
    low, high = min(first, second), max(first, second)
    tensor = states.reshape(count, 1 << low, 2, 1 << (high - low - 1), 2, size >> (high + 1))
    axes = (2, 4) if first < second else (4, 2)
    rest = (0, 1, 3, 5)
    tensor = tensor.transpose(*axes, *rest)
    return tensor.reshape(4, -1), list(tensor.shape[2:]), axes
