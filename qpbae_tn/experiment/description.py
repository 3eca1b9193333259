"""ONE description of an experiment: what every setting is called, means, may be, and is by default.

The options of the command line, the settings of a study's cell, the parameters of `PatchAutoencoder` and the cases of
the shot, noise and scaling studies are made from `Experiment`; a new setting is one more field here. Each field carries
its own documentation and bounds, which others read:

    >>> field_help("patch_size")
    'P, pixels a side, a power of two.'
    >>> choices("block")
    ('ry', 'so4')
    >>> default("stride"), least("epochs")
    (1, 0)

Use: describe, load, work. `LoadedExperiment` (`qpbae_tn.experiment.loaded`) opens the data set, splits the images, and
cuts and embeds their patches, each once and when first asked for; variants of it share what they have in common.

    >>> from dataclasses import replace
    >>> paper = Experiment(patch_size=4, stride=2, bottleneck=1, epochs=5, seed=3)
    >>> paper.specification.qubit_count
    4
    >>> replace(paper, block="so4").specification.ansatz.parameter_count
    18
    >>> Experiment(bottleneck=4)
    Traceback (most recent call last):
    qpbae_tn.errors.InputError: ...bottleneck 4 for a patch of 4 qubits; give 1 to 3

This module is light: it imports nothing that is slow, so that `qpbae --help` can read it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from qpbae_tn.errors import InputError
from qpbae_tn.model.names import (
    AnsatzName,
    BlockName,
    Fold,
    Objective,
    Optimizer,
    OutcomeKind,
    PixelOrder,
    ScoreKind,
    Trash,
    WeightRule,
    check_choice,
)

if TYPE_CHECKING:
    from qpbae_tn.data.splits import Split
    from qpbae_tn.engines.protocol import Engine
    from qpbae_tn.model.ansatz import Ansatz
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.score import Score
    from qpbae_tn.model.specification import ModelSpecification

EngineName = Literal["exact", "qsim", "mps", "quimb", "auto"]
Initialisation = Literal["normal", "dc"]
BaselineName = Literal["dc_overlap", "patch_pca", "walsh", "mahalanobis", "untrained", "classical", "classical_4_4"]


BASELINE_NAMES: tuple[BaselineName, ...] = get_args(BaselineName)


RECORDED = ("seed", "objective", "optimizer", "starts", "steps", "epochs", "learning_rate", "batch_size")
"""Settings of training that a model file remembers by their names."""


def _says(text: str, *, of: Any = None, at_least: int | None = None) -> dict[str, Any]:
    """What a field carries: its documentation, the names it may have (a `Literal`), and its least value."""
    return {"help": text, "choices": get_args(of) if of is not None else (), "least": at_least}


@dataclass(frozen=True)
class Experiment:
    """One experiment: data, sizes, ansatz, split, training, scoring, baselines and seed, checked when it is made.

    Numbers may be NumPy's; they become Python's. Equal descriptions are equal and hash alike.

    Example:
        >>> Experiment(patch_size=8, stride=4).specification.label
        'P=8, S=4, BD=2'

    Raises:
        InputError: a value out of its range, naming the field.
    """

    data: str | Path = field(
        default="textures",
        metadata=_says(
            "A folder of images (MVTec layout, BUSI as distributed, or flat), or the bundled 'textures' (also "
            "textures:brick, textures:grass, textures:gravel)."
        ),
    )
    image_size: int = field(default=32, metadata=_says("Images are resized to this side in pixels.", at_least=1))
    patch_size: int = field(default=4, metadata=_says("P, pixels a side, a power of two."))
    stride: int = field(default=1, metadata=_says("S, pixels between neighbouring patches.", at_least=1))
    bottleneck: int = field(default=2, metadata=_says("BD, latent qubits, from 1 to log2(P^2) - 1."))
    ansatz: AnsatzName | Ansatz = field(
        default="staircase",
        metadata=_says("Pattern of blocks: staircase (the paper), brick or butterfly.", of=AnsatzName),
    )
    block: BlockName = field(
        default="ry", metadata=_says("Block kind: ry (the paper) or so4 (any real two-qubit gate).", of=BlockName)
    )
    layers: int = field(default=1, metadata=_says("Repetitions of the pattern.", at_least=1))
    trash: Trash = field(
        default="first", metadata=_says("Which qubits are thrown away: first (the paper) or last.", of=Trash)
    )
    pixel_order: PixelOrder = field(
        default="row", metadata=_says("Pixels to amplitudes: row (the paper), column or morton.", of=PixelOrder)
    )
    train: int = field(default=100, metadata=_says("Number of training images.", at_least=1))
    validation: int = field(default=25, metadata=_says("Number of validation images.", at_least=1))
    split: Path | Split | None = field(
        default=None,
        metadata=_says("JSON object with lists 'train' and 'val' of indices into the sorted training folder."),
    )
    split_seed: int | None = field(
        default=None, metadata=_says("Seed of a random split; by default the seed.", at_least=0)
    )
    test: int | None = field(
        default=None, metadata=_says("Number of test images, a stratified subset; all by default.", at_least=1)
    )
    test_seed: int | None = field(
        default=None,
        metadata=_says("Seed of the subset of test images and of the bootstrap; by default the seed.", at_least=0),
    )
    epochs: int = field(default=20, metadata=_says("Passes over the training images.", at_least=0))
    objective: Objective = field(
        default="fidelity",
        metadata=_says(
            "What training minimises: fidelity (the loss of the paper), or log-volume (for weighted scores).",
            of=Objective,
        ),
    )
    optimizer: Optimizer | None = field(
        default=None,
        metadata=_says(
            "adam, over batches, or lbfgs, on all images at once; by default adam for fidelity, lbfgs for log-volume.",
            of=Optimizer,
        ),
    )
    starts: int = field(
        default=2,
        metadata=_says("Starts of lbfgs near the Hadamard gates, besides these and the initial angles.", at_least=0),
    )
    steps: int = field(default=3000, metadata=_says("Largest number of steps of lbfgs from each start.", at_least=1))
    learning_rate: float = field(default=0.005, metadata=_says("Adam's step size."))
    batch_size: int = field(default=4, metadata=_says("Images a step.", at_least=1))
    init: Initialisation = field(
        default="normal",
        metadata=_says("Initial angles: normal (the paper) or dc (near the uniform patch).", of=Initialisation),
    )
    initial_angles: Path | tuple[float, ...] | None = field(
        default=None, metadata=_says("JSON list of n-1 pairs of radians (of such lists for layers).")
    )
    engine: EngineName = field(
        default="exact",
        metadata=_says(
            "How fidelities are computed: exact, qsim, mps, quimb, or auto, which chooses by size.", of=EngineName
        ),
    )
    bond: int | None = field(
        default=None,
        metadata=_says("Largest bond dimension of a patch for mps, quimb and auto, or none for no limit.", at_least=1),
    )
    cutoff: float = field(
        default=0.0, metadata=_says("Share of a patch's weight that these may leave out at each cut.")
    )
    score: ScoreKind = field(
        default="reconstruction",
        metadata=_says(
            "Score patches by reconstruction fidelity (the paper), by trash fidelity, or by the encoder's outcomes, "
            "each weighed by how rare it is on normal patches.",
            of=ScoreKind,
        ),
    )
    outcomes: OutcomeKind = field(
        default="trash",
        metadata=_says(
            "Outcomes of a weighted score: strings of the trash register, of all qubits, or classes of the latter.",
            of=OutcomeKind,
        ),
    )
    weights: WeightRule = field(
        default="inverse",
        metadata=_says(
            "Weight of an outcome of share p on normal patches: inverse 1/(p + epsilon), log, linear, or step.",
            of=WeightRule,
        ),
    )
    epsilon: float = field(default=1e-5, metadata=_says("Added to the share of each outcome; above 0."))
    positions: bool = field(
        default=False, metadata=_says("Learn what is normal at each place; for images that are aligned.")
    )
    fold: Fold = field(
        default="mean",
        metadata=_says(
            "A pixel takes the mean of its patches' anomalies (the paper), or of their logarithms.", of=Fold
        ),
    )
    threshold: float | None = field(default=None, metadata=_says("On the scale of Y; by default the model's own."))
    threshold_quantile: float = field(
        default=0.99,
        metadata=_says("Share of the validation maps' pixels at or below the operating threshold that training fixes."),
    )
    baselines: tuple[BaselineName, ...] = field(
        default=BASELINE_NAMES, metadata=_says("Comma-separated baselines, or all, or none.")
    )
    seed: int = field(default=0, metadata=_says("Seed of everything random.", at_least=0))

    def __post_init__(self) -> None:
        for name, setting in _FIELDS.items():
            object.__setattr__(self, name, _checked(setting, getattr(self, name)))
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(
                f"learning rate {self.learning_rate}", where="learning_rate", remedy="give a positive number"
            )
        if not 0 <= self.threshold_quantile <= 1:
            raise InputError(
                f"quantile {self.threshold_quantile}",
                where="threshold_quantile",
                remedy="give a number from 0 to 1",
            )
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise InputError(
                f"threshold {self.threshold}", where="threshold", remedy="give a finite number on the scale of Y"
            )
        for name in self.baselines:
            if name not in get_args(BaselineName):
                raise InputError(
                    f"unknown baseline {name!r}",
                    where="baselines",
                    remedy=f"choose from {', '.join(get_args(BaselineName))}",
                )
        _ = self.specification, self.scoring

    @property
    def chosen_optimizer(self) -> Optimizer:
        """The optimizer, chosen by the objective where none is given."""
        return self.optimizer or ("adam" if self.objective == "fidelity" else "lbfgs")

    @cached_property
    def scoring(self) -> Score:
        """How patches are scored and folded."""
        from qpbae_tn.model.score import Score

        return Score(self.score, self.fold, self.positions, self.outcomes, self.weights, self.epsilon)

    @cached_property
    def specification(self) -> ModelSpecification:
        """The model's, which checks how its sizes fit together."""
        from qpbae_tn.model.ansatz import Ansatz
        from qpbae_tn.model.blocks import block_kind
        from qpbae_tn.model.specification import ModelSpecification

        sizes = (self.patch_size, self.stride, self.bottleneck)
        if isinstance(self.ansatz, Ansatz):
            return ModelSpecification(*sizes, self.ansatz, self.trash, self.image_size, self.pixel_order)
        return ModelSpecification.build(
            *sizes,
            pattern=self.ansatz,
            kind=block_kind(self.block),
            layers=self.layers,
            trash=self.trash,
            image_size=self.image_size,
            pixel_order=self.pixel_order,
        )

    @classmethod
    def of_model(cls, model: Model, **changes: Any) -> Self:
        """What a model records of the experiment that made it, with changes; where it records nothing, the defaults.

        Sizes, ansatz, seed, training and score are the model's. An ansatz that is a ready pattern gets its name.

        Example:
            >>> from qpbae_tn.model.model import Model
            >>> specification = Experiment(layers=2).specification
            >>> Experiment.of_model(Model(specification, [0.1] * 12), test=5).layers
            2
        """
        from qpbae_tn.model.ansatz import pattern_of

        specification, known = model.specification, model.provenance
        named = pattern_of(specification.ansatz)
        pattern, block, layers = named if named is not None else (specification.ansatz, default("block"), 1)
        values: dict[str, Any] = {
            "image_size": specification.image_size,
            "patch_size": specification.patch_size,
            "stride": specification.stride,
            "bottleneck": specification.bottleneck,
            "ansatz": pattern,
            "block": block,
            "layers": layers,
            "trash": specification.trash,
            "pixel_order": specification.pixel_order,
            "score": model.score.kind,
            "outcomes": model.score.outcomes,
            "weights": model.score.weights,
            "epsilon": model.score.epsilon,
            "positions": model.score.positions,
            "fold": model.score.fold,
            **{name: known[name] for name in RECORDED if name in known},
        }
        if "initial_angles" in known:
            values["initial_angles"] = tuple(specification.ansatz.check_angles(known["initial_angles"]).tolist())
        return cls(**{**values, **changes})

    @property
    def evaluation_seed(self) -> int:
        """The seed of the subset of test images and of the bootstrap."""
        return self.seed if self.test_seed is None else self.test_seed

    def make_engine(self) -> Engine:
        """The engine with its limits; raises `InputError` for limits that it does not have."""
        from qpbae_tn.engines import make_engine

        return make_engine(self.engine, self.bond, self.cutoff)

    def engine_notices(self) -> list[str]:
        """What a reader should know of the engine: what `auto` chose and why; nothing of the others."""
        if self.engine != "auto":
            return []
        from qpbae_tn.engines.auto import AutoEngine

        return [AutoEngine(self.bond, self.cutoff).explain(self.specification)]


_FIELDS: Mapping[str, Field[Any]] = {setting.name: setting for setting in fields(Experiment)}
FIELD_NAMES = tuple(_FIELDS)
"""The settings in their order."""


def field_help(name: str) -> str:
    """What a setting means, in a sentence."""
    return str(_FIELDS[name].metadata["help"])


def choices(name: str) -> tuple[str, ...]:
    """The names that a setting may have; empty where it is no name."""
    return tuple(_FIELDS[name].metadata["choices"])


def default(name: str) -> Any:
    """The value of a setting that is not given."""
    value = _FIELDS[name].default
    assert value is not MISSING
    return value


def least(name: str) -> int | None:
    """The least value of a number, None where it has no such bound."""
    bound: int | None = _FIELDS[name].metadata["least"]
    return bound


@cache
def kind(name: str) -> type:
    """The type of a setting's single value: int, float, bool, or str (names, paths)."""
    words = str(_FIELDS[name].type)
    if words.startswith("bool"):
        return bool
    return int if words.startswith("int") else float if words.startswith("float") else str


def _checked(setting: Field[Any], value: Any) -> Any:
    """The value as a plain Python one; raises `InputError` for one that the field cannot have."""
    if value is None and "None" in str(setting.type):
        return None
    if setting.metadata["choices"] and isinstance(value, str):
        check_choice(setting.name, value, setting.metadata["choices"])
    plain = kind(setting.name)
    if plain is bool:
        if not isinstance(value, bool) and type(value).__name__ != "bool":  # NumPy's has the same name
            raise InputError(f"{setting.name} {value!r}", where=setting.name, remedy="give true or false")
        value = bool(value)
    elif plain is not str:
        try:
            if isinstance(value, bool):
                raise TypeError
            value = operator.index(value) if plain is int else float(value)
        except (TypeError, ValueError):
            words = "a whole number" if plain is int else "a number"
            raise InputError(f"{setting.name} {value!r}", where=setting.name, remedy=f"give {words}") from None
        bound = setting.metadata["least"]
        if bound is not None and value < bound:
            raise InputError(f"{setting.name} {value}", where=setting.name, remedy=f"give at least {bound}")
    elif isinstance(value, list):
        value = tuple(value)
    return value


if Experiment.__doc__ is not None:
    Experiment.__doc__ += (
        "\n    Args:\n" + "\n".join(f"        {name}: {field_help(name)}" for name in FIELD_NAMES) + "\n"
    )
