"""The baselines by name; a new one is one more entry in `BASELINES`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from qpbae_tn.baselines.classical import PAPER_HIDDEN, PROGRAM_HIDDEN, ClassicalAutoencoder
from qpbae_tn.baselines.dc_overlap import DcOverlap
from qpbae_tn.baselines.patch_pca import PatchPca
from qpbae_tn.baselines.protocol import Array, Baseline
from qpbae_tn.baselines.untrained import Untrained
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.errors import InputError
from qpbae_tn.scoring import Score
from qpbae_tn.specification import ModelSpecification
from qpbae_tn.training.fit import FitOptions


@dataclass(frozen=True, eq=False)
class BaselineSetting:
    """The model that the baselines are compared with, and how it was trained.

    Args:
        specification: of the model.
        initial_angles: shape (parameter_count,), radians.
        engine: computes the fidelities.
        score: the fidelity that the model is scored by.
        options: epochs and learning rate.
        batch_size: images a step.
        seed: of whatever a baseline draws.
    """

    specification: ModelSpecification
    initial_angles: Array
    engine: Engine
    score: Score = "reconstruction"
    options: FitOptions = field(default_factory=FitOptions)
    batch_size: int = 4
    seed: int = 0


BASELINES: dict[str, Callable[[BaselineSetting], Baseline]] = {
    "dc_overlap": lambda setting: DcOverlap(),
    "patch_pca": lambda setting: PatchPca(setting.specification),
    "untrained": lambda setting: Untrained(
        setting.specification, setting.initial_angles, setting.engine, setting.score
    ),
    "classical": lambda setting: _classical(setting, PAPER_HIDDEN),
    "classical_4_4": lambda setting: _classical(setting, PROGRAM_HIDDEN),
}


def make_baselines(setting: BaselineSetting, names: Iterable[str] = tuple(BASELINES)) -> list[Baseline]:
    """The baselines of these names, in their order; raises `InputError` for an unknown one."""
    chosen = list(names)
    for name in chosen:
        if name not in BASELINES:
            raise InputError(
                f"unknown baseline {name!r}", where="--baselines", remedy=f"choose from {', '.join(BASELINES)}"
            )
    return [BASELINES[name](setting) for name in chosen]


def _classical(setting: BaselineSetting, hidden: tuple[int, ...]) -> ClassicalAutoencoder:
    return ClassicalAutoencoder(hidden, setting.seed, setting.options, setting.batch_size)
