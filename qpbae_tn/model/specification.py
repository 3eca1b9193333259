"""The specification of a model: everything but its angles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec

from qpbae_tn.documents import shaped
from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import Ansatz, make_ansatz
from qpbae_tn.model.blocks import RY, BlockKind
from qpbae_tn.model.names import PixelOrder, Trash


def patch_qubit_count(patch_size: int) -> int:
    """n = log2(P^2), the qubits of a patch state; raises `InputError` unless P is a power of two from 2 up."""
    if patch_size < 2 or patch_size & (patch_size - 1):
        raise InputError(
            f"patch size {patch_size} is not a power of two from 2 up",
            where="patch_size",
            remedy="use 2, 4, 8, 16, ...",
        )
    return 2 * (patch_size.bit_length() - 1)


@dataclass(frozen=True)
class ModelSpecification:
    """A Quantum Patch-Based Autoencoder without its angles.

    Example:
        >>> specification = ModelSpecification.build(patch_size=8, bottleneck=2, layers=2)
        >>> specification.qubit_count, specification.trash_qubits, specification.ansatz.parameter_count
        (6, (0, 1, 2, 3), 20)

    Args:
        patch_size: P, pixels a side, a power of two from 2 up; a patch state has n = log2(P^2) qubits.
        stride: S, pixels between neighbouring patches, at least 1.
        bottleneck: BD, number of latent qubits, 1 <= BD < n.
        ansatz: the encoder's blocks, on n qubits; `build` makes the ready patterns.
        trash: which n - BD qubits are thrown away, "first" (the paper) or "last".
        image_size: side in pixels that data sets are resized to.
        pixel_order: order in which a patch's pixels become amplitudes: "row" (the paper), "column", or "morton"
            (row and column bits interleaved).

    Raises:
        InputError: a value outside the ranges above.
    """

    patch_size: int
    stride: int
    bottleneck: int
    ansatz: Ansatz
    trash: Trash = "first"
    image_size: int = 32
    pixel_order: PixelOrder = "row"
    qubit_count: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        size, qubits = self.patch_size, patch_qubit_count(self.patch_size)
        object.__setattr__(self, "qubit_count", qubits)
        if self.stride < 1:
            raise InputError(f"stride {self.stride}", where="stride", remedy="give at least 1 pixel")
        if not 1 <= self.bottleneck < qubits:
            raise InputError(
                f"bottleneck {self.bottleneck} for a patch of {qubits} qubits",
                where="bottleneck",
                remedy=f"give 1 to {qubits - 1}",
            )
        if self.image_size < size:
            raise InputError(
                f"an image of {self.image_size} px is smaller than a patch of {size} px",
                where="image_size",
                remedy=f"give at least {size}, or a smaller `patch_size`",
            )
        for name, value, allowed in (
            ("trash", self.trash, get_args(Trash)),
            ("pixel_order", self.pixel_order, get_args(PixelOrder)),
        ):
            if value not in allowed:
                raise InputError(f"unknown value {value!r}", where=name, remedy=f"choose one of {', '.join(allowed)}")
        if self.ansatz.qubit_count != qubits:
            raise InputError(
                f"an ansatz of {self.ansatz.qubit_count} qubits for a patch of {qubits}",
                where="ansatz",
                remedy=f"build it for {qubits} qubits",
            )

    @classmethod
    def build(
        cls,
        patch_size: int = 4,
        stride: int = 1,
        bottleneck: int = 2,
        *,
        pattern: str = "staircase",
        kind: BlockKind = RY,
        layers: int = 1,
        trash: Trash = "first",
        image_size: int = 32,
        pixel_order: PixelOrder = "row",
    ) -> ModelSpecification:
        """A specification whose ansatz is a ready pattern; by default the paper's staircase of one layer."""
        ansatz = make_ansatz(pattern, patch_qubit_count(patch_size), kind, layers)
        return cls(patch_size, stride, bottleneck, ansatz, trash, image_size, pixel_order)

    @property
    def label(self) -> str:
        """Its sizes in short."""
        return f"P={self.patch_size}, S={self.stride}, BD={self.bottleneck}"

    @property
    def trash_count(self) -> int:
        """n_t = n - BD, the number of trash qubits."""
        return self.qubit_count - self.bottleneck

    @property
    def trash_qubits(self) -> tuple[int, ...]:
        """The trash register B, in ascending order."""
        if self.trash == "first":
            return tuple(range(self.trash_count))
        return tuple(range(self.bottleneck, self.qubit_count))

    @property
    def latent_qubits(self) -> tuple[int, ...]:
        """The latent register A, in ascending order."""
        if self.trash == "first":
            return tuple(range(self.trash_count, self.qubit_count))
        return tuple(range(self.bottleneck))

    @property
    def pixel_count(self) -> int:
        """N_P = P^2 = 2^n, the number of amplitudes of a patch state."""
        return self.patch_size**2

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` is the inverse."""
        return {
            "patch_size": self.patch_size,
            "stride": self.stride,
            "bottleneck": self.bottleneck,
            "ansatz": self.ansatz.to_json(),
            "trash": self.trash,
            "image_size": self.image_size,
            "pixel_order": self.pixel_order,
        }

    @classmethod
    def from_json(cls, document: Any) -> ModelSpecification:
        """From what `to_json` gave; raises `InputError` for anything else."""
        held = shaped(document, _Shape, where="specification")
        return cls(
            held.patch_size,
            held.stride,
            held.bottleneck,
            Ansatz.from_json(held.ansatz),
            held.trash,
            held.image_size,
            held.pixel_order,
        )


class _Shape(msgspec.Struct):
    """What `to_json` writes."""

    patch_size: int
    stride: int
    bottleneck: int
    ansatz: dict[str, Any]
    trash: Trash
    image_size: int
    pixel_order: PixelOrder
