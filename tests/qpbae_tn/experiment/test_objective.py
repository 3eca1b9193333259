"""Objectives and optimizers as an experiment describes them."""

from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import EpochRecord, fit
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.log_volume import LogVolume
from qpbae_tn.experiment.objective import HISTORY_LENGTH, Optimum, optimise
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.outcomes import Outcomes


def loaded(**settings: object) -> LoadedExperiment:
    return LoadedExperiment(Experiment(train=12, validation=4, stride=4, bottleneck=1, **settings))  # type: ignore[arg-type]


def optimum(data: LoadedExperiment, seen: list[EpochRecord] | None = None) -> Optimum:
    on_epoch = seen.append if seen is not None else None
    return optimise(data.experiment, data.problem, data.initial_angles, on_epoch)


def test_the_papers_training_is_what_it_was() -> None:
    data = loaded(epochs=4)
    found = optimum(data)
    angles, history = fit(data.problem, data.initial_angles, Experiment(epochs=4, learning_rate=0.005))
    assert (found.angles == angles).all()
    assert found.history == history
    assert (found.optimizer, found.bound, found.gap) == ("adam", None, None)


def test_the_log_volume_is_that_of_the_trained_outcomes() -> None:
    for outcomes in ("trash", "all", "classes"):
        data = loaded(objective="log-volume", score="weighted", outcomes=outcomes, starts=1, steps=50, epsilon=1e-4)
        found = optimum(data)
        kind = "trash" if outcomes == "trash" else "all"
        patches = data.train_patches
        lam = np.mean(
            [
                patches.grid.weights @ outcome_probabilities(data.specification, found.angles, states, kind)
                for states in patches
            ],
            axis=0,
        )
        assert found.value == pytest.approx(np.log(lam + 1e-4).sum(), abs=1e-9)
        assert found.gap is not None
        assert found.gap >= 0
        assert found.optimizer == "lbfgs"
        loss = LogVolume(data.specification, data.problem.train_mean, Outcomes(data.specification, kind), 1e-4)
        assert found.bound == pytest.approx(loss.bound())


def test_lbfgs_goes_below_adam_on_both_objectives() -> None:
    for objective in ("fidelity", "log-volume"):
        settings = {"objective": objective, "block": "so4", "ansatz": "brick", "score": "weighted", "outcomes": "all"}
        adam = optimum(loaded(**settings, optimizer="adam", epochs=20))
        seen: list[EpochRecord] = []
        lbfgs = optimum(loaded(**settings, optimizer="lbfgs", layers=2, starts=1), seen)
        assert lbfgs.value < adam.value
        assert len(seen) == 2
        assert seen[1].loss == lbfgs.value <= seen[0].loss
        assert lbfgs.history[-1].loss == pytest.approx(lbfgs.value)
        assert lbfgs.history[-1].validation_loss is not None
        assert len(lbfgs.history) <= HISTORY_LENGTH
        assert adam.history[-1].loss < adam.history[0].loss


def test_the_same_seed_gives_the_same_bits() -> None:
    settings = {"objective": "log-volume", "block": "so4", "steps": 30}
    first, again, other = (optimum(loaded(**settings, seed=seed)) for seed in (1, 1, 2))
    assert (first.angles == again.angles).all()
    assert first.evaluations == again.evaluations
    assert (first.angles != other.angles).any()


def test_the_optimizer_follows_the_objective() -> None:
    assert Experiment().chosen_optimizer == "adam"
    assert Experiment(objective="log-volume").chosen_optimizer == "lbfgs"
    assert Experiment(optimizer="lbfgs").chosen_optimizer == "lbfgs"
    for change in ({"objective": "loss"}, {"optimizer": "sgd"}, {"starts": -1}, {"steps": 0}, {"epsilon": 0}):
        with pytest.raises(InputError):
            Experiment(**change)  # type: ignore[arg-type]
