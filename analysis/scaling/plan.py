"""What the scaling study covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.model.names import PixelOrder
from qpbae_tn.model.specification import patch_qubit_count
from qpbae_tn.study.limited import Limits

PARTS = ("circuits", "preparation", "engines", "trainability", "detection")
"""The parts in their order; `study.SERIES` says what each measures."""
NEED_DATA = ("preparation", "detection")
"""Parts that are nothing without real images."""
LARGEST_OF_ALL = 1 << 30


@dataclass(frozen=True)
class ScalingPlan:
    """What to study.

    Args:
        parts: of `PARTS`.
        max_patch_size: largest P; dense patches end at 4096 whatever it says.
        bottleneck: BD; P = 2 has two qubits only, and takes 1.
        bond: bond dimension at which the mps engine is followed over P.
        bonds: bond dimensions of the preparation, and of the mps engine at n = 20.
        orders: pixel orders to compare.
        data: real images, name to folder.
        image_size: pixels a side of these.
        train_images: normal images to learn from, at most.
        test_images: labelled images, a stratified subset where there are more.
        limits: of each timed point.
        seed: of everything random.

    Raises:
        InputError: an unknown part or order, a bond below 1, a size, a bottleneck or a count out of range.
    """

    parts: Sequence[str] = PARTS
    max_patch_size: int = 1 << 20
    bottleneck: int = 2
    bond: int = 16
    bonds: Sequence[int] = (1, 2, 4, 8, 16, 32, 64)
    orders: Sequence[str] = ("row", "column", "morton")
    data: Mapping[str, str | Path] = field(default_factory=dict)
    image_size: int = 256
    train_images: int = 40
    test_images: int = 120
    limits: Limits = field(default_factory=Limits)
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise InputError(
                f"unknown part {unknown[0]!r}" if unknown else "no part",
                where="parts",
                remedy=f"choose from {', '.join(PARTS)}",
            )
        try:
            qubits = patch_qubit_count(self.max_patch_size)
        except InputError as error:
            raise InputError(error.what, where="max_patch_size", remedy=error.remedy) from None
        if self.max_patch_size > LARGEST_OF_ALL:
            raise InputError(
                f"patch size {self.max_patch_size}", where="max_patch_size", remedy=f"give at most {LARGEST_OF_ALL}"
            )
        for bond in (self.bond, *self.bonds):
            if bond < 1:
                raise InputError(f"bond {bond}", where="bond", remedy="give a bond dimension of at least 1")
        for order in self.orders:
            if order not in get_args(PixelOrder):
                raise InputError(
                    f"unknown value {order!r}", where="orders", remedy=f"choose from {', '.join(get_args(PixelOrder))}"
                )
        # P = 2 takes BD = 1 whatever is asked for, so that the default of 2 is no error there.
        if not 1 <= self.bottleneck < max(qubits, 3):
            raise InputError(
                f"bottleneck {self.bottleneck}; the largest patches, P = {self.max_patch_size}, have {qubits} qubits",
                where="bottleneck",
                remedy=f"give 1 to {qubits - 1}" if qubits > 2 else "give 1",
            )
        if min(self.train_images, self.test_images) < 2:
            raise InputError("too few images", where="train_images, test_images", remedy="give at least 2 of each")

    def sizes(self, largest: int | None = None, smallest: int = 2) -> list[int]:
        """P = smallest, 2 smallest, ... up to `max_patch_size` and `largest`, every P with n > BD."""
        top = self.max_patch_size if largest is None else min(self.max_patch_size, largest)
        sizes = [1 << bits for bits in range(1, top.bit_length()) if 1 << bits >= smallest]
        return [size for size in sizes if patch_qubit_count(size) > self.bottleneck_of(size)]

    def bottleneck_of(self, patch_size: int) -> int:
        """BD at this P: the plan's, or 1 at P = 2."""
        return min(self.bottleneck, 1) if patch_size == 2 else self.bottleneck

    def images(self, name: str) -> Experiment:
        """The images of a data set; an experiment on them changes patch size, stride and bottleneck."""
        return Experiment(
            data=str(self.data[name]),
            image_size=self.image_size,
            train=self.train_images,
            test=self.test_images,
            seed=self.seed,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values, without the folders, which differ from computer to computer."""
        names = ("max_patch_size", "bottleneck", "bond", "image_size", "train_images", "test_images", "seed")
        lists = ("parts", "bonds", "orders", "data")
        limits = {"time_s": self.limits.time_s, "memory_mib": self.limits.memory_mib}
        return (
            {name: getattr(self, name) for name in names} | {name: list(getattr(self, name)) for name in lists} | limits
        )
