"""The cells of a study: an experiment on one data set, and what to record of it, with an id that is a hash of both.

Settings are those of `qpbae_tn.experiment.description.Experiment`, with its checks; a setting that is added there can
be used in studies at once. To make the ids of existing studies last, a cell writes down the settings that studies had
from the first, and of the others those that differ from their default.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any

import msgspec

from qpbae_tn.data.splits import Split
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.experiment.description import FIELD_NAMES, Experiment, choices, default, kind
from qpbae_tn.model.names import check_choice
from qpbae_tn.study.grid import canonical, identifier_of
from qpbae_tn.study.presets import authors_angles

QUANTUM = "quantum"
"""The model itself among the detectors; all others are baselines."""
DETECTORS = (QUANTUM, *BASELINES)
AUTHORS = "authors"
"""As `init` the angles of the authors' program for a seed, as `split` their lists for a number of images."""

_FIRST = (
    *("detector", "patch_size", "stride", "bottleneck", "ansatz", "block", "layers", "trash", "pixel_order"),
    *("image_size", "engine", "score", "epochs", "learning_rate", "batch_size", "init", "split", "split_seed"),
    *("train", "validation", "test", "test_seed", "seed"),
)
"""The settings that studies had from the first; a cell always writes them down."""
_ELSEWHERE = ("data", "initial_angles", "threshold", "baselines")
"""Of an experiment's settings those that a study has no grid over."""
OWN: dict[str, Any] = {"detector": QUANTUM, "init": "normal", "split": "random"}
"""Settings that an experiment does not have, or that may be more in a study, with their defaults."""
# In an experiment the seed decides these two where they are not given; a study's seeds share split and test images.
_OTHER_DEFAULTS = OWN | {"bottleneck": 1, "split_seed": 0, "test_seed": 0}
DEFAULTS: dict[str, Any] = {
    name: _OTHER_DEFAULTS[name] if name in _OTHER_DEFAULTS else default(name)
    for name in dict.fromkeys((*_FIRST, *FIELD_NAMES))
    if name not in _ELSEWHERE
}
"""Every setting of a study with its default."""
KINDS: dict[str, type] = {name: str if name in OWN else kind(name) for name in DEFAULTS}
"""Type of each setting in a study file."""

_CIRCUIT = frozenset({QUANTUM, "untrained"})
_TRAINED = frozenset({QUANTUM, "classical", "classical_4_4"})
MATTERS_TO: dict[str, frozenset[str]] = {
    **dict.fromkeys(("ansatz", "block", "layers", "trash", "pixel_order", "engine", "score", "init"), _CIRCUIT),
    **dict.fromkeys(("bond", "cutoff", "outcomes", "weights", "epsilon", "positions"), _CIRCUIT),
    **dict.fromkeys(("epochs", "learning_rate", "batch_size"), _TRAINED),
    **dict.fromkeys(("objective", "optimizer", "starts", "steps"), frozenset({QUANTUM})),
    "bottleneck": _CIRCUIT | {"patch_pca"},
    "seed": _CIRCUIT | _TRAINED,
}
"""The detectors that a setting matters to; a setting that is not listed matters to all."""
_SORTED_OUT = _CIRCUIT | _TRAINED | {"dc_overlap", "patch_pca"}
"""Detectors that the table above was written for. The registry of baselines does not say what a baseline depends on,
and a setting that is wrongly left out would make one cell of two: to any other baseline all settings matter."""


def matters(name: str, detector: str) -> bool:
    """Whether a setting changes what a detector does."""
    return detector not in _SORTED_OUT or detector in MATTERS_TO.get(name, DETECTORS)


@dataclass(frozen=True)
class Settings:
    """The settings of one cell.

    Args:
        experiment: all that an experiment has, apart from its data and, where there are lists, its split; under
            `AUTHORS` its initial angles are theirs.
        detector: "quantum", or a baseline.
        init: as the experiment's, or `AUTHORS`.
        split: "random", `AUTHORS`, or the name of a file with the two lists.
    """

    experiment: Experiment
    detector: str = QUANTUM
    init: str = "normal"
    split: str = "random"

    @classmethod
    def of(cls, **values: Any) -> Settings:
        """From settings by name, the others at their default.

        Raises:
            InputError: a setting that cannot be, naming it.
        """
        values = {**DEFAULTS, **values}
        detector, init, split = (values.pop(name) for name in OWN)
        check_choice("detector", detector, DETECTORS)
        check_choice("init", init, (*choices("init"), AUTHORS))
        if init != AUTHORS:
            return cls(Experiment(init=init, **values), detector, init, split)
        experiment = Experiment(**values)
        if (experiment.ansatz, experiment.block, experiment.layers) != ("staircase", "ry", 1):
            raise InputError(
                "the authors' initial angles are for one staircase of ry blocks",
                where="init",
                remedy="use init = 'normal'",
            )
        angles = authors_angles(experiment.seed, experiment.specification.qubit_count)
        return cls(replace(experiment, initial_angles=tuple(angles.tolist())), detector, init, split)

    def value(self, name: str) -> Any:
        """The setting of this name."""
        return getattr(self if name in OWN else self.experiment, name)

    def normalised(self) -> Settings:
        """With the default in place of every setting that does not matter to the detector.

        Experiments that do the same thing become equal, and are done once.
        """
        idle = {name for name in MATTERS_TO if not matters(name, self.detector)}
        if self.split != OWN["split"]:
            idle |= {"split_seed", "train", "validation"}
        if self.experiment.test is None:
            idle.add("test_seed")
        return Settings.of(**{name: self.value(name) for name in DEFAULTS if name not in idle})

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the settings that matter to the detector."""
        kept = {name: self.value(name) for name in DEFAULTS if matters(name, self.detector)}
        return {
            name: value
            for name, value in kept.items()
            if value is not None and (name in _FIRST or value != DEFAULTS[name])
        }


_Count = Annotated[int, msgspec.Meta(ge=0)]
_Some = Annotated[int, msgspec.Meta(ge=1)]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to record of each cell, beside the metrics.

    Args:
        resamples: of the bootstrap over test images, for the intervals.
        bootstrap_seed: its seed.
        curves: Dice and IoU against the threshold (Fig. 5).
        subset_images: if given, the spread of AUROC and AUPRO over random stratified subsets of so many test images.
        subset_draws: number of these subsets.
        legacy_aupro: AUPRO as the authors' files hold it, too; for comparison with them only, and slow.
    """

    resamples: _Count = 200
    bootstrap_seed: _Count = 0
    curves: bool = True
    subset_images: _Some | None = None
    subset_draws: _Some = 200
    legacy_aupro: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Cell:
    """One experiment of a study.

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
    listed: Split | None = None

    @property
    def experiment(self) -> Experiment:
        """Its settings, without data and split."""
        return self.settings.experiment

    @cached_property
    def identifier(self) -> str:
        """The content hash."""
        return identifier_of(self.to_json())

    @cached_property
    def group(self) -> str:
        """Cells of one group share images, splits, patches and patch states."""
        e = self.experiment
        images = (self.data, self.data_digest, e.image_size, e.test, e.test_seed)
        split = (self.settings.split, e.split_seed, e.train, e.validation)
        return canonical([images, split, e.patch_size, e.stride, e.pixel_order])

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
        settings = self.settings.to_json()
        sizes = f"P={settings['patch_size']} S={settings['stride']}"
        sizes += f" BD={settings['bottleneck']}" if "bottleneck" in settings else ""
        seed = f" seed {settings['seed']}" if "seed" in settings else ""
        named = ("detector", "patch_size", "stride", "bottleneck", "seed")
        others = [
            f" {name}={value}" for name, value in settings.items() if name not in named and value != DEFAULTS[name]
        ]
        return f"{self.data} {settings['detector']} {sizes}{seed}{''.join(others)}"
