"""Final loss and detection of models trained from shots, against the number of shots."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.shots.exact import exact_maps, patch_fidelities
from qpbae_tn.analysis.shots.study import check_counts
from qpbae_tn.analysis.shots.training import Scheme, ShotTraining
from qpbae_tn.compiler.readouts import Readout
from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.fit import fit
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.ranked import Labels, rank_metrics
from qpbae_tn.model.patches import PatchGrid

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingPlan:
    """What to train, and how often.

    Args:
        shots: for each scheme its numbers N.
        readouts: of F_trash.
        repetitions: trainings for each, which differ in their noise only.
        seed: of the noise.
    """

    shots: Mapping[Scheme, Sequence[int]]
    readouts: Sequence[Readout]
    repetitions: int = 3
    seed: int = 0

    @property
    def run_count(self) -> int:
        """Trainings in all, the exact one included."""
        return 1 + len(self.readouts) * self.repetitions * sum(len(counts) for counts in self.shots.values())


@dataclass(frozen=True)
class TrainingRow:
    """Trainings with one readout, scheme and number of shots; without them for the exact training.

    Args:
        readout, scheme: names.
        shots: N.
        total_shots: of one training.
        repetitions: trainings.
        metrics: `loss` (exact, at the final angles), `excess_loss` (above that of the exact training), `auroc`, `aupro`
            and `best_f1` of exact maps of F, `unseen_drift` (root mean square change in radians of the angles that the
            loss does not depend on).
    """

    readout: str | None
    scheme: Scheme | None
    shots: int | None
    total_shots: int | None
    repetitions: int
    metrics: Mapping[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "readout": self.readout,
            "scheme": self.scheme.value if self.scheme is not None else None,
            "shots": self.shots,
            "total_shots": self.total_shots,
            "repetitions": self.repetitions,
            **{name: spread.to_json() for name, spread in self.metrics.items()},
        }


def run_training_study(
    loaded: LoadedExperiment, plan: TrainingPlan, on_run: Callable[[], None] = lambda: None
) -> list[TrainingRow]:
    """Train with exact gradients once, then from shots.

    Args:
        loaded: training images, settings and initial angles of every training; its test images are scored exactly by F.
        plan: what to train.
        on_run: called after each training.

    Returns:
        The exact training's row first.

    Raises:
        InputError: a number of shots or repetitions below 1, or a readout that does not estimate F_trash.
    """
    if plan.repetitions < 1:
        raise InputError(f"{plan.repetitions} repetitions", where="repetitions", remedy="give at least 1")
    experiment, initial_angles = loaded.experiment, loaded.initial_angles
    training = ShotTraining.of(loaded.specification, loaded.train.images, experiment.batch_size)
    judge = _Judge(training, initial_angles, loaded.test_patches.grid, loaded.test)
    angles, _ = fit(training.problem, initial_angles, experiment)
    reference = judge.values(angles, 0.0)
    exact_loss = reference["loss"]
    reference["excess_loss"] = 0.0
    rows = [
        TrainingRow(
            None, None, None, None, 1, {name: Interval.of_repetitions([value]) for name, value in reference.items()}
        )
    ]
    on_run()
    for readout in plan.readouts:
        for scheme, counts in plan.shots.items():
            for shots in check_counts(counts, "shots"):
                found = []
                for repetition in range(plan.repetitions):
                    generator = np.random.default_rng(
                        [plan.seed, zlib.crc32(f"{readout.name} {scheme}".encode()), shots, repetition]
                    )
                    noisy = training.with_shots(readout, scheme, shots, generator)
                    angles, _ = fit(noisy, initial_angles, experiment)
                    found.append(judge.values(angles, exact_loss))
                    on_run()
                total = training.shots_per_epoch(scheme, shots) * experiment.epochs
                metrics = {name: Interval.of_repetitions(values[name] for values in found) for name in found[0]}
                rows.append(TrainingRow(readout.name, scheme, shots, total, plan.repetitions, metrics))
    return rows


class _Judge:
    """Judges final angles, exactly."""

    def __init__(
        self, training: ShotTraining, initial_angles: FloatArray, grid: PatchGrid, test: LabelledImageSet
    ) -> None:
        self._training, self._initial, self._grid, self._test = training, initial_angles, grid, test
        self._labels, self._unseen = Labels.of(test.masks, by_pixel=True), training.unseen_angles()

    def values(self, angles: FloatArray, exact_loss: float) -> dict[str, float]:
        training, grid = self._training, self._grid
        found = patch_fidelities(training.specification, angles, ExactEngine(), grid, self._test.images)
        ranks = rank_metrics(exact_maps(grid, found.full), self._labels)
        loss = training.exact_loss(angles)
        moved = (angles - self._initial)[self._unseen]
        return {
            "loss": loss,
            "excess_loss": loss - exact_loss,
            "auroc": ranks.auroc,
            "aupro": ranks.aupro,
            "best_f1": ranks.best_f1,
            "unseen_drift": float(np.sqrt(np.mean(moved**2))) if moved.size else float("nan"),
        }
