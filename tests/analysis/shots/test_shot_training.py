from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.analysis.shots.training import Scheme, ShotTraining
from qpbae_tn.analysis.shots.training_study import TrainingPlan, run_training_study
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.ceilings import effective_parameters


@pytest.fixture(scope="module")
def training(example) -> ShotTraining:
    return ShotTraining.of(example.model.specification, example.train, 4)


@pytest.mark.parametrize("name", ["direct", "ancilla_training"])
@pytest.mark.parametrize("scheme", Scheme)
def test_loss_and_gradient_are_unbiased_with_the_stated_variance(example, training, name, scheme) -> None:
    angles, shots, draws = example.start + 0.5, 2, 1000
    loss = training.with_shots(READOUTS[name], scheme, shots, np.random.default_rng(5)).batches[0]
    exact = training.problem.batches[0]
    found = loss.sampled(np.tile(angles, (draws, 1)))
    sigma = found.std()
    assert abs(found.mean() - exact.value(angles)) < 5 * sigma / np.sqrt(draws)
    if scheme is Scheme.DRAWN_PATCHES:
        fidelity = 1 - exact.value(angles)
        variance = fidelity * (1 - fidelity) if name == "direct" else 1 - fidelity**2
        assert sigma**2 == pytest.approx(variance / shots, rel=0.2)
    gradients = np.array([loss.value_and_gradient(angles)[1] for _ in range(60)])
    error = np.abs(gradients.mean(axis=0) - exact.value_and_gradient(angles)[1])
    assert (error <= 5 * gradients.std(axis=0) / np.sqrt(60)).all()
    assert loss.value(angles) == loss.value_and_gradient(angles)[0] == exact.value(angles)


def test_drawn_patches_tell_as_much_for_the_same_number_of_shots(example, training) -> None:
    """One shot of each patch, or as many shots of patches drawn at random: nearly the same noise."""
    readout, patches = READOUTS["direct"], len(training.states[0])
    spreads = []
    for scheme, shots in ((Scheme.EVERY_PATCH, 1), (Scheme.DRAWN_PATCHES, patches)):
        loss = training.with_shots(readout, scheme, shots, np.random.default_rng(1)).batches[0]
        spreads.append(loss.sampled(np.tile(example.start + 0.5, (600, 1))).std())
    assert 0.8 * spreads[0] < spreads[1] < 1.5 * spreads[0]


def test_shots_are_counted(example, training) -> None:
    parameters, patches = example.model.specification.ansatz.parameter_count, example.scored.grid.count
    assert training.shots_per_epoch(Scheme.EVERY_PATCH, 3) == 2 * parameters * 8 * patches * 3
    assert training.shots_per_epoch(Scheme.DRAWN_PATCHES, 3) == 2 * parameters * 2 * 3


def test_unseen_angles_are_those_without_effect(example, training) -> None:
    """The nominal angles less the pairs that act as one, t[i, 0] + t[i-1, 1], are the effective ones."""
    unseen = training.unseen_angles()
    specification = example.model.specification
    merged = specification.trash_count - 1
    assert unseen.size - unseen.sum() - merged == effective_parameters(specification)


def test_more_shots_come_closer_to_the_exact_training(example) -> None:
    plan = TrainingPlan(
        {Scheme.DRAWN_PATCHES: [1, 100_000], Scheme.EVERY_PATCH: [1000]},
        [READOUTS["direct"]],
        repetitions=2,
    )
    done = []
    rows = run_training_study(example.loaded.variant(epochs=6, learning_rate=0.05), plan, lambda: done.append(1))
    assert len(done) == plan.run_count == 7
    exact, few, many, every = rows
    assert exact.total_shots is None
    assert exact.metrics["excess_loss"].value == 0
    assert few.metrics["excess_loss"].value > 10 * abs(many.metrics["excess_loss"].value)
    assert abs(every.metrics["excess_loss"].value) < 1e-3
    assert exact.metrics["unseen_drift"].value < 1e-6 < few.metrics["unseen_drift"].value
    parameters = example.model.specification.ansatz.parameter_count
    assert few.total_shots == 2 * parameters * 2 * 6
    document = few.to_json()
    assert (document["scheme"], document["shots"], document["repetitions"]) == ("drawn_patches", 1, 2)


def test_readouts_of_the_reconstruction_do_not_train(training) -> None:
    with pytest.raises(InputError, match="direct or ancilla_training"):
        training.with_shots(READOUTS["latent"], Scheme.DRAWN_PATCHES, 1, np.random.default_rng(0))


def test_senseless_numbers_are_refused(example) -> None:
    for plan in (
        TrainingPlan({Scheme.DRAWN_PATCHES: [1]}, [READOUTS["direct"]], repetitions=0),
        TrainingPlan({Scheme.DRAWN_PATCHES: [0]}, [READOUTS["direct"]]),
    ):
        with pytest.raises(InputError, match="give at least 1"):
            run_training_study(example.loaded.variant(epochs=0), plan)
