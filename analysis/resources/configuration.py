"""What is estimated: the cells of a grid of configurations, and the assumptions that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any

from qpbae_tn.model.blocks import block_kind
from qpbae_tn.model.specification import ModelSpecification


class Placing(StrEnum):
    """Which circuits are placed on the processor."""

    NONE = "none"
    SMALL = "small"
    ALL = "all"


@dataclass(frozen=True)
class Cell:
    """One configuration.

    Args:
        patch_size: P, pixels a side.
        bottleneck: BD, latent qubits.
        layers: of the staircase.
        block: name of the block kind.
        readout: name.
        preparation: name.
        target: name of the processor.
        stride: S, pixels.
        image_size: side of the images in pixels; at least P.
    """

    patch_size: int
    bottleneck: int
    layers: int
    block: str
    readout: str
    preparation: str
    target: str
    stride: int = 1
    image_size: int = 32

    def specification(self) -> ModelSpecification:
        """The model; raises `InputError` where there is none, e.g. more latent qubits than a patch has."""
        return ModelSpecification.build(
            self.patch_size,
            self.stride,
            self.bottleneck,
            kind=block_kind(self.block),
            layers=self.layers,
            image_size=self.image_size,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Grid:
    """All combinations of these values; see `Cell`. Images smaller than a patch are taken as large as the patch."""

    patch_sizes: Sequence[int]
    bottlenecks: Sequence[int]
    layers: Sequence[int]
    blocks: Sequence[str]
    readouts: Sequence[str]
    preparations: Sequence[str]
    targets: Sequence[str]
    stride: int = 1
    image_size: int = 32

    def cells(self) -> Iterator[Cell]:
        """The cells, patch sizes outermost."""
        models = product(self.patch_sizes, self.bottlenecks, self.layers, self.blocks)
        for size, bottleneck, layers, block in models:
            side = max(self.image_size, size)
            for readout, preparation, target in product(self.readouts, self.preparations, self.targets):
                yield Cell(size, bottleneck, layers, block, readout, preparation, target, self.stride, side)


@dataclass(frozen=True)
class Assumptions:
    """What a price rests on.

    Args:
        standard_error: of a patch's score (and, in training, of one circuit's).
        trash_fidelity: F_trash at which the variance of a shot is taken.
        fidelity: F, likewise.
        shot_period: name of a preset; None takes the one of the target.
        epochs: of a training run.
        training_images: of a training run.
    """

    standard_error: float = 0.01
    trash_fidelity: float = 0.97
    fidelity: float = 0.95
    shot_period: str | None = None
    epochs: int = 20
    training_images: int = 100

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Effort:
    """How much of an estimate is counted and placed; the rest comes from formulas alone.

    Args:
        count_limit: circuits of at most this many reduced two-qubit gates are built and counted.
        placing: which of these are placed: none; small ones where no SWAP is needed; all, routed if need be.
        small: most two-qubit gates of a small circuit.
        seed: of the checks of routed circuits.
    """

    count_limit: int = 30
    placing: Placing = Placing.SMALL
    small: int = 14
    seed: int = field(default=0)
