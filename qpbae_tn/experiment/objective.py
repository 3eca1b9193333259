"""What training minimises, and how: Eq. 8 or the log-volume, by Adam over batches or by L-BFGS on all images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.exact import MeanState, MeanStateLoss
from qpbae_tn.engines.protocol import PreparedLoss
from qpbae_tn.experiment.descent import Descent, DescentOptions, descend
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import EpochRecord, TrainingProblem, fit
from qpbae_tn.experiment.log_volume import LogVolume
from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.names import Objective, Optimizer
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.specification import ModelSpecification

HISTORY_LENGTH = 200
"""Steps of L-BFGS that a history keeps, evenly spread, the last one among them."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """Trained angles, and how good they are by what was minimised.

    Args:
        angles: shape (parameter_count,), radians.
        history: an epoch of Adam each, or a step of L-BFGS.
        objective: what was minimised.
        optimizer: how.
        value: the objective at the angles, over all training images.
        bound: what no encoder goes below: log det(Sigma + eps) for the log-volume over all strings; None for Eq. 8,
            whose ceilings `LoadedExperiment.ceilings` has.
        start: where the lowest descent began; None for Adam, which has one start.
        evaluations: of the objective by L-BFGS, over all starts and layers; 0 for Adam.
    """

    angles: NDArray[np.float64]
    history: tuple[EpochRecord, ...]
    objective: Objective
    optimizer: Optimizer
    value: float
    bound: float | None = None
    start: str | None = None
    evaluations: int = 0

    @property
    def gap(self) -> float | None:
        """How far the value is above the bound; None without one."""
        return None if self.bound is None else self.value - self.bound

    def to_json(self) -> dict[str, Any]:
        """As JSON values, without angles and history."""
        return {
            "objective": self.objective,
            "optimizer": self.optimizer,
            "value": self.value,
            "bound": self.bound,
            "gap": self.gap,
            "start": self.start,
            "evaluations": self.evaluations,
        }


def optimise(
    experiment: Experiment,
    problem: TrainingProblem,
    initial_angles: NDArray[np.float64],
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> Optimum:
    """Train the angles.

    Args:
        experiment: objective, optimizer and their settings.
        problem: the digested images.
        initial_angles: shape (parameter_count,), radians.
        on_epoch: called after each epoch of Adam, and with the best of each number of layers by L-BFGS.

    Raises:
        InputError: a log-volume of too many qubits, a learning rate so large that angles overflow.
    """
    specification = experiment.specification

    def objective(ansatz: Ansatz, mean: MeanState = problem.train_mean) -> MeanStateLoss | LogVolume:
        return _objective(experiment, replace(specification, ansatz=ansatz), mean)

    whole = objective(specification.ansatz)
    held_back = problem.validation
    if experiment.objective == "log-volume":
        held_back = None
        if isinstance(problem.validation, MeanStateLoss):
            held_back = objective(specification.ansatz, problem.validation.mean_state)
    bound = whole.bound() if isinstance(whole, LogVolume) else None
    if experiment.chosen_optimizer == "adam":
        if isinstance(whole, LogVolume):
            # The log of one batch's lambda is another function: every step of an epoch sees all images.
            problem = replace(problem, batches=(whole,) * len(problem.batches), validation=held_back)
        angles, history = fit(problem, initial_angles, experiment, on_epoch)
        return Optimum(angles, history, experiment.objective, "adam", whole.value(angles), bound)

    def report(descent: Descent) -> None:
        if on_epoch is not None:
            on_epoch(EpochRecord(len(descent.history) - 1, descent.value, None))

    settings = DescentOptions(experiment.starts, experiment.steps, experiment.seed)
    found = descend(objective, specification.ansatz, initial_angles, settings, report)
    history = _records(found.history, held_back, found.angles)
    return Optimum(
        found.angles, history, experiment.objective, "lbfgs", found.value, bound, found.start, found.evaluations
    )


def _objective(experiment: Experiment, specification: ModelSpecification, mean: MeanState) -> MeanStateLoss | LogVolume:
    if experiment.objective == "fidelity":
        return MeanStateLoss(specification, mean)
    # A score over the trash register trains that; every other one trains over all strings.
    over_trash = experiment.score == "weighted" and experiment.outcomes == "trash"
    return LogVolume(specification, mean, Outcomes(specification, "trash" if over_trash else "all"), experiment.epsilon)


def _records(
    values: tuple[float, ...], held_back: PreparedLoss | None, angles: NDArray[np.float64]
) -> tuple[EpochRecord, ...]:
    """The values after each step from the first on, thinned; the last one with that of the validation images."""
    last = len(values) - 1
    steps = np.unique(np.linspace(min(1, last), last, HISTORY_LENGTH).round().astype(int)).tolist()
    validation = held_back.value(angles) if held_back is not None else None
    return tuple(EpochRecord(step, values[step], validation if step == last else None) for step in steps)
