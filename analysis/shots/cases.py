"""The studies behind the page `shots`: which data, patches, shots and trainings, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qpbae_tn.analysis.pages import Progress
from qpbae_tn.analysis.shots.document import study_document
from qpbae_tn.analysis.shots.material import quickly_trained
from qpbae_tn.analysis.shots.needed import NeededShots, needed_shots
from qpbae_tn.analysis.shots.study import ShotStudy, run_study
from qpbae_tn.analysis.shots.subject import Subject, prepare_subject
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.analysis.shots.training_study import TrainingPlan, TrainingRow, run_training_study
from qpbae_tn.compiler.readouts import READOUTS, one_shot_variance
from qpbae_tn.data.data_set import DataSet, Provenance
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.fit import FitOptions
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
        data_set: what to train and test on.
        specification: the model.
        readouts: names.
        shots: per patch.
        repetitions: of each number of shots.
        trainings: from shots; None for none.
        test_limit: at most this many test images.
        fit: how models are trained; the paper's by default.
    """

    data_set: DataSet
    specification: ModelSpecification
    readouts: Sequence[str]
    shots: Sequence[int]
    repetitions: int
    trainings: Trainings | None = None
    test_limit: int | None = None
    fit: FitOptions = field(default_factory=FitOptions)

    @property
    def label(self) -> str:
        """Data set and patches, for tables."""
        specification = self.specification
        return f"{self.data_set.name}, P={specification.patch_size}, S={specification.stride}"


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
    material = quickly_trained(
        plan.data_set, plan.specification, test_limit=plan.test_limit, seed=seed, options=plan.fit
    )
    subject = prepare_subject(material.model, ExactEngine(), material.test, material.validation)
    progress(f"{plan.label}: sampling maps")
    readouts = [READOUTS[name] for name in plan.readouts]
    study = run_study(subject, readouts, plan.shots, plan.repetitions, seed)
    training: list[TrainingRow] = []
    if plan.trainings is not None and material.train is not None:
        progress(f"{plan.label}: training from shots")
        asked = plan.trainings
        trainings = TrainingPlan(
            asked.shots, [READOUTS[name] for name in asked.readouts], asked.repetitions, plan.fit, seed=seed
        )
        training = run_training_study(plan.specification, material.train, material.test, material.start, trainings)
    needed = needed_shots(study)
    return Case(
        plan,
        study,
        tuple(needed),
        tuple(training),
        _variances(subject, plan.readouts),
        float(np.median(1.0 - subject.test.full)),
        material.test.provenance,
        study_document(subject, study, needed, training, seed=seed),
    )


def _variances(subject: Subject, readouts: Sequence[str]) -> dict[str, float]:
    trash, full = subject.test.trash, subject.test.full
    return {name: float(np.median(one_shot_variance(READOUTS[name], trash, full))) for name in readouts}
