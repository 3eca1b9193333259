"""The ansatz as a value: block kinds, the ordered list of blocks, and ready patterns."""

from qpbae_tn.ansatz.ansatz import Ansatz, Block
from qpbae_tn.ansatz.blocks import BLOCK_KINDS, RY, SO4, BlockKind, Cnot, Ry, block_kind
from qpbae_tn.ansatz.patterns import PATTERNS, brick_wall, make_ansatz, staircase

__all__ = [
    "BLOCK_KINDS",
    "PATTERNS",
    "RY",
    "SO4",
    "Ansatz",
    "Block",
    "BlockKind",
    "Cnot",
    "Ry",
    "block_kind",
    "brick_wall",
    "make_ansatz",
    "staircase",
]
