"""The studies behind the page `shots`: which data, patches, shots and trainings, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qpbae_tn.analysis.pages import Progress
from qpbae_tn.analysis.shots.document import study_document
from qpbae_tn.analysis.shots.needed import NeededShots, needed_shots
from qpbae_tn.analysis.shots.study import ShotStudy, run_study
from qpbae_tn.analysis.shots.subject import Subject, prepare_subject
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.analysis.shots.training_study import TrainingPlan, TrainingRow, run_training_study
from qpbae_tn.compiler.readouts import READOUTS, one_shot_variance
from qpbae_tn.data.data_set import DataSet, Provenance
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.training import load_and_train
from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True)
class Trainings:
    """Trainings from shots: numbers of shots for each scheme, names of readouts, and how often each is done."""

    shots: Mapping[Scheme, Sequence[int]]
    readouts: Sequence[str]
    repetitions: int


@dataclass(frozen=True)
class CasePlan:
    """One study.

    Args:
        experiment: what to train and test on, and how.
        readouts: names.
        shots: per patch.
        repetitions: of each number of shots.
        trainings: from shots; None for none.
    """

    experiment: Experiment
    readouts: Sequence[str]
    shots: Sequence[int]
    repetitions: int
    trainings: Trainings | None = None

    @property
    def specification(self) -> ModelSpecification:
        """The model's."""
        return self.experiment.specification

    @property
    def data_set(self) -> DataSet:
        """The data set."""
        return open_data_set(self.experiment.data)

    @property
    def label(self) -> str:
        """Data set and patches, for tables."""
        return f"{self.data_set.name}, P={self.experiment.patch_size}, S={self.experiment.stride}"


@dataclass(frozen=True, eq=False)
class Case:
    """What one study found.

    Args:
        plan: what was asked.
        study: rows against shots.
        needed: shots for given losses.
        training: trainings from shots, the exact one first; may be empty.
        variances: by readout the median over test patches of the variance of one shot.
        median_infidelity: median of 1 - F over test patches.
        provenance: of the test images.
        document: all of it as JSON values.
    """

    plan: CasePlan
    study: ShotStudy
    needed: tuple[NeededShots, ...]
    training: tuple[TrainingRow, ...]
    variances: Mapping[str, float]
    median_infidelity: float
    provenance: Provenance
    document: Mapping[str, Any]

    def shots_for(self, readout: str, loss: float) -> NeededShots:
        """The row of this readout and loss."""
        return next(row for row in self.needed if (row.readout, row.loss) == (readout, loss))


def run_case(plan: CasePlan, seed: int, progress: Progress) -> Case:
    """Train a model, sample its maps, and train more models from shots."""
    progress(f"{plan.label}: training and exact scores")
    loaded = load_and_train(replace(plan.experiment, seed=seed))
    subject = prepare_subject(loaded)
    progress(f"{plan.label}: sampling maps")
    readouts = [READOUTS[name] for name in plan.readouts]
    study = run_study(subject, readouts, plan.shots, plan.repetitions, seed)
    training: list[TrainingRow] = []
    if plan.trainings is not None:
        progress(f"{plan.label}: training from shots")
        asked = plan.trainings
        learners = [READOUTS[name] for name in asked.readouts]
        training = run_training_study(loaded, TrainingPlan(asked.shots, learners, asked.repetitions, seed))
    needed = needed_shots(study)
    return Case(
        plan,
        study,
        tuple(needed),
        tuple(training),
        _variances(subject, plan.readouts),
        float(np.median(1.0 - subject.test.full)),
        loaded.test.provenance,
        study_document(subject, study, needed, training, seed=seed),
    )


def _variances(subject: Subject, readouts: Sequence[str]) -> dict[str, float]:
    trash, full = subject.test.trash, subject.test.full
    return {name: float(np.median(one_shot_variance(READOUTS[name], trash, full))) for name in readouts}
