"""What one experiment can be told, the defaults, and to which detectors each setting matters."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from qpbae_tn.ansatz import BLOCK_KINDS, PATTERNS, block_kind
from qpbae_tn.baselines.registry import BASELINES
from qpbae_tn.engines import ENGINES
from qpbae_tn.errors import InputError
from qpbae_tn.scoring import Score
from qpbae_tn.specification import ModelSpecification, PixelOrder, Trash
from qpbae_tn.training.fit import FitOptions

QUANTUM = "quantum"
"""The model itself among the detectors; all others are baselines."""
DETECTORS = (QUANTUM, *BASELINES)

_CIRCUIT = frozenset({QUANTUM, "untrained"})
_TRAINED = frozenset({QUANTUM, "classical", "classical_4_4"})

MATTERS_TO: dict[str, frozenset[str]] = {
    "bottleneck": _CIRCUIT | {"patch_pca"},
    "ansatz": _CIRCUIT,
    "block": _CIRCUIT,
    "layers": _CIRCUIT,
    "trash": _CIRCUIT,
    "pixel_order": _CIRCUIT,
    "engine": _CIRCUIT,
    "score": _CIRCUIT,
    "init": _CIRCUIT,
    "epochs": _TRAINED,
    "learning_rate": _TRAINED,
    "batch_size": _TRAINED,
    "seed": _CIRCUIT | _TRAINED,
}
"""The detectors that a setting matters to; a setting that is not listed matters to all."""

_SORTED_OUT = _CIRCUIT | _TRAINED | {"dc_overlap", "patch_pca"}
"""Detectors that the table above was written for. The registry of baselines does not say what a baseline depends on,
and a setting that is wrongly left out would make one cell of two: to any other baseline all settings matter."""

CHOICES: dict[str, tuple[str, ...]] = {
    "detector": DETECTORS,
    "ansatz": tuple(PATTERNS),
    "block": tuple(BLOCK_KINDS),
    "trash": get_args(Trash),
    "pixel_order": get_args(PixelOrder),
    "engine": tuple(ENGINES),
    "score": get_args(Score),
    "init": ("normal", "dc", "authors"),
}
MINIMA = {"layers": 1, "batch_size": 1, "train": 1, "validation": 1, "test": 1, "epochs": 0, "seed": 0}


def matters(name: str, detector: str) -> bool:
    """Whether a setting changes what a detector does."""
    return detector not in _SORTED_OUT or detector in MATTERS_TO.get(name, DETECTORS)


@dataclass(frozen=True)
class Settings:
    """One experiment, without its data; the names are those of the command line's options.

    Args:
        detector: "quantum", or a baseline.
        patch_size, stride, bottleneck, ansatz, block, layers, trash, pixel_order, image_size: see `ModelSpecification`.
        engine: computes losses and fidelities.
        score: "reconstruction" (the paper's) or "trash".
        epochs, learning_rate, batch_size: of the training.
        init: initial angles: "normal", "dc", or "authors", the angles of the authors' program for this seed.
        split: "random", "authors" (by the number of training images), or the name of a file with the two lists.
        split_seed, train, validation: of a random split.
        test: at most this many test images, stratified by class; all by default.
        test_seed: of that subset.
        seed: of initial angles and weights; None where nothing is drawn.
    """

    detector: str = QUANTUM
    patch_size: int = 4
    stride: int = 1
    bottleneck: int = 1
    ansatz: str = "staircase"
    block: str = "ry"
    layers: int = 1
    trash: Trash = "first"
    pixel_order: PixelOrder = "row"
    image_size: int = 32
    engine: str = "exact"
    score: Score = "reconstruction"
    epochs: int = 20
    learning_rate: float = 0.005
    batch_size: int = 4
    init: str = "normal"
    split: str = "random"
    split_seed: int = 0
    train: int = 100
    validation: int = 25
    test: int | None = None
    test_seed: int = 0
    seed: int | None = None

    @property
    def specification(self) -> ModelSpecification:
        """The model's, or the one that stands for patch size, stride and bottleneck of a baseline."""
        return ModelSpecification.build(
            self.patch_size,
            self.stride,
            self.bottleneck,
            pattern=self.ansatz,
            kind=block_kind(self.block),
            layers=self.layers,
            trash=self.trash,
            image_size=self.image_size,
            pixel_order=self.pixel_order,
        )

    @property
    def fit_options(self) -> FitOptions:
        """Epochs and learning rate."""
        return FitOptions(self.epochs, self.learning_rate)

    def normalised(self) -> Settings:
        """With the default in place of every setting that does not matter to the detector.

        Experiments that do the same thing become equal, and are done once.
        """
        idle = [name for name in MATTERS_TO if not matters(name, self.detector)]
        if self.split != "random":
            idle += ["split_seed", "train", "validation"]
        if self.test is None:
            idle.append("test_seed")
        defaults: dict[str, Any] = {field.name: field.default for field in fields(self) if field.name in idle}
        return replace(self, **defaults)

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the settings that matter to the detector."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if matters(field.name, self.detector) and getattr(self, field.name) is not None
        }

    def check(self, where: str) -> None:
        """Raise `InputError`, naming the place in the study, for settings that cannot be."""
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} = {getattr(self, name)!r}", where=where, remedy=f"choose from {', '.join(choices)}"
                )
        for name, minimum in MINIMA.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise InputError(f"{name} = {value}", where=where, remedy=f"give at least {minimum}")
        try:
            _ = self.specification, self.fit_options
        except InputError as error:
            told = f"{error.where}: {error.what}" if error.where is not None else error.what
            raise InputError(told, where=where, remedy=error.remedy) from None


KINDS: dict[str, type] = {
    field.name: str if field.name in CHOICES or field.name == "split" else int for field in fields(Settings)
} | {"learning_rate": float}
"""Type of each setting in a study file."""
