"""A whole shot study: its plan, what it costs, its run, and the one JSON document that it gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qpbae_tn.analysis.shots.exact import QUANTILE, ExactScores
from qpbae_tn.analysis.shots.needed import NeededShots, needed_shots
from qpbae_tn.analysis.shots.study import ShotStudy, run_study, task_count
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.analysis.shots.training_study import TrainingPlan, TrainingRow, run_training_study
from qpbae_tn.compiler.readouts import Quantity, Readout
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.interval import LEAST_REPETITIONS

NOTES = {
    "ranges": "value is the mean over repetitions, low and high the central 95% range that single repetitions fall in; "
    f"null for fewer than {LEAST_REPETITIONS} repetitions",
    "clipping": "estimates may leave [0, 1]; they are folded as they are, since clipping first would bias the map",
    "sampling": "exact binomial and trinomial draws; readouts whose shots follow the same law share them",
    "qubits": "of each readout's circuit before any reduction",
}


def configuration(scored: ExactScores) -> dict[str, Any]:
    """What every row of a study on these scores has in common."""
    specification = scored.specification
    return {
        "data_set": scored.data_set,
        "test_images": scored.image_count,
        "patch_size": specification.patch_size,
        "stride": specification.stride,
        "bottleneck": specification.bottleneck,
        "ansatz": specification.ansatz.name,
        "parameters": specification.ansatz.parameter_count,
        "image_size": specification.image_size,
    }


def study_document(
    scored: ExactScores,
    study: ShotStudy,
    needed: Sequence[NeededShots],
    training: Sequence[TrainingRow] = (),
    *,
    seed: int,
) -> dict[str, Any]:
    """The document: `rows`, what they tend to (`exact`), `needed_shots`, `training_rows`."""
    shared = configuration(scored)
    exact = [
        {
            **shared,
            "quantity": quantity.value,
            **{name: None if math.isnan(value) else value for name, value in values.items()},
        }
        for quantity, values in study.exact.items()
    ]
    return {
        "seed": seed,
        "threshold_quantile": QUANTILE,
        "notes": NOTES,
        "exact": exact,
        "rows": [{**shared, **row.to_json()} for row in study.rows],
        "needed_shots": [{**shared, **row.to_json()} for row in needed],
        "training_rows": [{**shared, **row.to_json()} for row in training],
    }


@dataclass(frozen=True)
class ShotPlan:
    """What to sample, and what to train from shots.

    Args:
        readouts: of the maps; those of F_trash also serve training.
        shots: per patch.
        repetitions: independent stacks of maps for each number of shots.
        train_shots: for each scheme its numbers of shots; without any number nothing is trained.
        train_repetitions: trainings for each.
        seed: of everything random.
    """

    readouts: Sequence[Readout]
    shots: Sequence[int]
    repetitions: int = 20
    train_shots: Mapping[Scheme, Sequence[int]] | None = None
    train_repetitions: int = 3
    seed: int = 0

    @property
    def trainings(self) -> TrainingPlan | None:
        """The trainings from shots; None for none."""
        shots = {scheme: counts for scheme, counts in (self.train_shots or {}).items() if counts}
        readouts = [readout for readout in self.readouts if readout.quantity is Quantity.TRASH_FIDELITY]
        return TrainingPlan(shots, readouts, self.train_repetitions, self.seed) if shots else None

    @property
    def step_count(self) -> int:
        """How often `run_plan` calls `on_step`."""
        sampling = task_count(self.readouts, self.shots, self.repetitions)
        return sampling + (self.trainings.run_count if self.trainings is not None else 0)

    def price(self, loaded: LoadedExperiment) -> dict[str, int]:
        """How much work the study is, and what the largest of its maps would take on a processor."""
        images, patches = loaded.test, loaded.grid.count
        stacks = task_count(self.readouts, self.shots, 1) * self.repetitions
        needs = [readout.needs(loaded.specification) for readout in self.readouts]
        preparations = max(need.copies + need.inverse_preparations for need in needs)
        trainings = {"trainings": self.trainings.run_count} if self.trainings is not None else {}
        return {
            "test_images": len(images),
            "patches_per_image": patches,
            "stacks_of_maps": stacks,
            "estimates_drawn": stacks * patches * len(images),
            "pixels_ranked": stacks * images.images.size,
            "most_shots_per_image": max(self.shots) * patches,
            "most_preparations_per_image": max(self.shots) * patches * preparations,
            **trainings,
        }


def run_plan(loaded: LoadedExperiment, plan: ShotPlan, on_step: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Sample maps of a trained model and train from shots; the document."""
    scored = ExactScores.of(loaded)
    study = run_study(scored, plan.readouts, plan.shots, plan.repetitions, plan.seed, on_task=on_step)
    training = run_training_study(loaded, plan.trainings, on_step) if plan.trainings is not None else ()
    return study_document(scored, study, needed_shots(study), training, seed=plan.seed)
