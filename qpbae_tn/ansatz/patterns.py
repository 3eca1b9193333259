"""Ready patterns of blocks: the paper's staircase, a brick wall, and their repetition in layers."""

from __future__ import annotations

from collections.abc import Callable

from qpbae_tn.ansatz.ansatz import Ansatz, Block
from qpbae_tn.ansatz.blocks import RY, BlockKind
from qpbae_tn.errors import InputError


def staircase(qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """The paper's MPS ansatz (Fig. 1 a): blocks on (0, 1), (1, 2), ..., (n-2, n-1), repeated `layers` times."""
    layer = [Block(kind, qubit, qubit + 1) for qubit in range(qubit_count - 1)]
    return Ansatz(qubit_count, tuple(layer * _checked(layers)), "staircase")


def brick_wall(qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """Blocks on (0, 1), (2, 3), ... and then on (1, 2), (3, 4), ..., repeated `layers` times."""
    starts = [*range(0, qubit_count - 1, 2), *range(1, qubit_count - 1, 2)]
    layer = [Block(kind, qubit, qubit + 1) for qubit in starts]
    return Ansatz(qubit_count, tuple(layer * _checked(layers)), "brick")


PATTERNS: dict[str, Callable[[int, BlockKind, int], Ansatz]] = {"staircase": staircase, "brick": brick_wall}


def make_ansatz(pattern: str, qubit_count: int, kind: BlockKind = RY, layers: int = 1) -> Ansatz:
    """The ansatz of this pattern name; raises `InputError` for an unknown name or for fewer than one layer."""
    if pattern not in PATTERNS:
        raise InputError(f"unknown ansatz {pattern!r}", where="--ansatz", remedy=f"choose one of {', '.join(PATTERNS)}")
    return PATTERNS[pattern](qubit_count, kind, layers)


def _checked(layers: int) -> int:
    if layers < 1:
        raise InputError(f"{layers} layers", where="--layers", remedy="give at least 1")
    return layers
