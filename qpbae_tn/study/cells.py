"""The settings of one experiment, their defaults, and to which detectors each of them matters."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, get_args

from qpbae_tn.engines import ENGINES
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.experiment.fit import FitOptions
from qpbae_tn.model.ansatz import PATTERNS
from qpbae_tn.model.blocks import BLOCK_KINDS, block_kind
from qpbae_tn.model.names import PixelOrder, ScoreKind, Trash
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.study.grid import canonical, identifier_of
from qpbae_tn.study.presets import authors_angles

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
    "score": get_args(ScoreKind),
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
    score: ScoreKind = "reconstruction"
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

    def for_experiment(self) -> dict[str, Any]:
        """What an `Experiment` calls these settings; splits and subsets, which a group has in common, apart."""
        names = (
            "patch_size",
            "stride",
            "bottleneck",
            "ansatz",
            "block",
            "layers",
            "trash",
            "pixel_order",
            "engine",
            "score",
            "epochs",
            "learning_rate",
            "batch_size",
        )
        seed = self.seed or 0
        start: dict[str, Any] = {"init": self.init}
        if self.init == "authors":
            start = {"initial_angles": tuple(authors_angles(seed, self.specification.qubit_count).tolist())}
        return {**{name: getattr(self, name) for name in names}, **start, "seed": seed}

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
            what = f"{error.where}: {error.what}" if error.where is not None else error.what
            raise InputError(what, where=where, remedy=error.remedy) from None


KINDS: dict[str, type] = {
    field.name: str if field.name in CHOICES or field.name == "split" else int for field in fields(Settings)
} | {"learning_rate": float}
"""Type of each setting in a study file."""


# One cell of a study: an experiment on one data set, with an id that is a hash of all that decides its values.


@dataclass(frozen=True)
class Record:
    """What to record of each cell, beside the metrics.

    Args:
        resamples: of the bootstrap over test images, for the intervals.
        bootstrap_seed: its seed.
        curves: Dice and IoU against the threshold (Fig. 5).
        subset_images: if given, the spread of AUROC and AUPRO over random stratified subsets of so many test images.
        subset_draws: number of these subsets.
        legacy_aupro: AUPRO as the authors' files hold it, too; for comparison with them only, and slow.
    """

    resamples: int = 200
    bootstrap_seed: int = 0
    curves: bool = True
    subset_images: int | None = None
    subset_draws: int = 200
    legacy_aupro: bool = False

    def __post_init__(self) -> None:
        for name in ("resamples", "bootstrap_seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} = {getattr(self, name)}", where="[record]", remedy="give 0 or more")
        for name in ("subset_images", "subset_draws"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} = {value}", where="[record]", remedy="give at least 1")

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class ListedSplit:
    """The two lists of indices that a study's split file holds."""

    train: tuple[int, ...]
    validation: tuple[int, ...]

    def to_json(self) -> dict[str, list[int]]:
        """As the file has them."""
        return {"train": list(self.train), "val": list(self.validation)}


@dataclass(frozen=True)
class Cell:
    """One experiment.

    Args:
        data: name of the data set in the study.
        data_digest: SHA-256 of the data set's files.
        settings: normalised, see `Settings.normalised`.
        record: what to record.
        listed: the split, where the study has it from a file.
    """

    data: str
    data_digest: str
    settings: Settings
    record: Record = field(default_factory=Record)
    listed: ListedSplit | None = None

    @cached_property
    def identifier(self) -> str:
        """The content hash."""
        return identifier_of(self.to_json())

    @cached_property
    def group(self) -> str:
        """Cells of one group share images, splits, patches and patch states."""
        s = self.settings
        images = (self.data, self.data_digest, s.image_size, s.test, s.test_seed)
        split = (s.split, s.split_seed, s.train, s.validation)
        return canonical([images, split, s.patch_size, s.stride, s.pixel_order])

    def to_json(self) -> dict[str, Any]:
        """As JSON values: everything that the id is a hash of."""
        document = {
            "data": self.data,
            "data_digest": self.data_digest,
            **self.settings.to_json(),
            "record": self.record.to_json(),
        }
        if self.listed is not None:
            document["listed_split"] = self.listed.to_json()
        return document

    def describe(self) -> str:
        """In words, for messages: no two cells of a study are described alike."""
        s, defaults = self.settings.to_json(), Settings().to_json()
        sizes = f"P={s['patch_size']} S={s['stride']}" + (f" BD={s['bottleneck']}" if "bottleneck" in s else "")
        seed = f" seed {s['seed']}" if "seed" in s else ""
        named = ("detector", "patch_size", "stride", "bottleneck", "seed")
        others = [f" {name}={value}" for name, value in s.items() if name not in named and value != defaults.get(name)]
        return f"{self.data} {s['detector']} {sizes}{seed}{''.join(others)}"
