"""The training loop: Adam over batches in their given order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.training.adam import Adam
from qpbae_tn.training.problem import TrainingProblem


@dataclass(frozen=True)
class FitOptions:
    """How to train; the defaults are the paper's.

    Args:
        epochs: passes over the training images, at least 0.
        learning_rate: Adam's step size.
    """

    epochs: int = 20
    learning_rate: float = 0.005

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise InputError(f"{self.epochs} epochs", where="--epochs", remedy="give 0 or more")
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(
                f"learning rate {self.learning_rate}", where="--learning-rate", remedy="give a positive number"
            )


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: the mean loss over its batches, each before its update, and the validation loss after it."""

    epoch: int
    loss: float
    validation_loss: float | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def fit(
    problem: TrainingProblem,
    initial_angles: NDArray[np.floating],
    options: FitOptions,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> tuple[NDArray[np.float64], tuple[EpochRecord, ...]]:
    """Train.

    Args:
        problem: the digested images.
        initial_angles: shape (parameter_count,), radians.
        options: epochs and learning rate.
        on_epoch: called after each epoch, e.g. to move a progress bar.

    Returns:
        The trained angles, shape (parameter_count,), and the history.

    Raises:
        InputError: a learning rate so large that angles overflow.
    """
    optimiser = Adam(options.learning_rate)
    angles = np.asarray(initial_angles, dtype=np.float64)
    history = []
    for epoch in range(1, options.epochs + 1):
        losses = []
        for batch in problem.batches:
            loss, gradient = batch.value_and_gradient(angles)
            losses.append(loss)
            with np.errstate(over="ignore", invalid="ignore"):
                angles = optimiser.update(angles, gradient)
            if not np.isfinite(angles).all():
                raise InputError(
                    f"the angles overflow in epoch {epoch}", where="--learning-rate", remedy="give a smaller number"
                )
        validation = problem.validation.value(angles) if problem.validation is not None else None
        history.append(EpochRecord(epoch, float(np.mean(losses)), validation))
        if on_epoch is not None:
            on_epoch(history[-1])
    return angles, tuple(history)
