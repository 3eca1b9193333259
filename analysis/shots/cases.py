"""The studies behind the page `shots`: which data, patches, shots and trainings, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qpbae_tn.analysis.pages import Progress
from qpbae_tn.analysis.shots.document import study_document
from qpbae_tn.analysis.shots.exact import ExactScores
from qpbae_tn.analysis.shots.needed import needed_shots
from qpbae_tn.analysis.shots.study import ShotStudy, run_study
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


VARIANCES = {
    "latent": "F_trash - F²",
    "destructive": "1 - F²",
    "echo": "F (1 - F)",
    "ancilla": "1 - F²",
    "direct": "F_trash (1 - F_trash)",
    "ancilla_training": "1 - F_trash²",
}
"""The variance of one shot as a formula, for tables; `one_shot_variance` computes it."""


@dataclass(frozen=True, eq=False)
class Case:
    """What one study found.

    Args:
        document: as `study_document` gives it, and `readout_rows`: of each readout what a shot takes and the median
            over the test patches of its variance.
        provenance: of the test images.
    """

    document: Mapping[str, Any]
    provenance: Provenance


def run_case(plan: CasePlan, seed: int, progress: Progress) -> Case:
    """Train a model, sample its maps, and train more models from shots."""
    progress(f"{plan.label}: training and exact scores")
    loaded = load_and_train(replace(plan.experiment, seed=seed))
    scored = ExactScores.of(loaded)
    progress(f"{plan.label}: sampling maps")
    readouts = [READOUTS[name] for name in plan.readouts]
    study = run_study(scored, readouts, plan.shots, plan.repetitions, seed)
    training: list[TrainingRow] = []
    if plan.trainings is not None:
        progress(f"{plan.label}: training from shots")
        asked = plan.trainings
        learners = [READOUTS[name] for name in asked.readouts]
        training = run_training_study(loaded, TrainingPlan(asked.shots, learners, asked.repetitions, seed))
    document = study_document(scored, study, needed_shots(study), training, seed=seed)
    return Case(document | {"readout_rows": _readout_rows(scored, study, plan)}, loaded.test.provenance)


def _readout_rows(scored: ExactScores, study: ShotStudy, plan: CasePlan) -> list[dict[str, Any]]:
    trash, full = scored.test.trash, scored.test.full
    found = []
    for name in plan.readouts if plan.trainings is not None else ():
        cost = study.of(name)[0].cost
        found.append(
            {
                "data_set": scored.data_set,
                "readout": name,
                "quantity": READOUTS[name].quantity.value,
                "qubits": cost.qubits,
                "preparations": cost.preparations,
                "variance_formula": VARIANCES[name],
                "median_variance": float(np.median(one_shot_variance(READOUTS[name], trash, full))),
                "median_infidelity": float(np.median(1.0 - full)),
            }
        )
    return found
