"""A whole noise study: what it costs, its run, and the one JSON document that it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qpbae_tn.analysis.noise.expectation import TooEntangled
from qpbae_tn.analysis.noise.images import StudiedPatches
from qpbae_tn.analysis.noise.study import NoisePlan, NoiseStudy, case_count, run_study
from qpbae_tn.analysis.noise.training import training_rows
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train

NOTES = {
    "response": "least squares F_noisy = intercept + slope F over the sampled patches, 95% bootstrap intervals",
    "corrected": "the line fitted on patches of normal images the model was not trained on, undone",
    "shots_factor": "shots for the same standard error of F after the correction, against a machine without noise",
    "shots_for_0_01": "shots for a standard error of F of 0.01 after the correction",
    "false_alarms": "share of normal pixels above the threshold that was set on exact maps of normal images, "
    "95% bootstrap intervals over images",
    "contrast_lost": "1 - slope against the same circuit without noise, one source of noise switched on",
    "depolarising": "on each wire after each gate of the literal circuit, gates whole, embedding without noise",
}


def noise_document(
    studies: Sequence[NoiseStudy],
    training: Sequence[dict[str, Any]] = (),
    *,
    seed: int,
    digests: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """`rows`, `stage_rows`, `training_rows`, with notes and, by data set, the SHA-256 of the test images."""
    return {
        "seed": seed,
        "digests": dict(digests or {}),
        "notes": NOTES,
        "rows": [row for study in studies for row in study.rows],
        "stage_rows": [row for study in studies for row in study.stage_rows],
        "training_rows": list(training),
    }


def price(experiments: Sequence[LoadedExperiment], plan: NoisePlan, *, train_noisy: bool = False) -> dict[str, Any]:
    """What `run_plan` works on, in numbers."""
    sizes = [loaded.experiment.patch_size for loaded in experiments]
    counts = [case_count(plan, size) for size in sizes]
    patches = [loaded.grid.count * len(loaded.test) for loaded in experiments]
    return {
        "patch_sizes": ",".join(map(str, sizes)),
        "cases": sum(counts),
        "patches_scored": sum(count * found for count, found in zip(counts, patches, strict=True)),
        "noisy_trainings": len(plan.strengths) if train_noisy and 2 in sizes else 0,
    }


def run_plan(
    experiments: Sequence[LoadedExperiment],
    plan: NoisePlan,
    *,
    train_noisy: bool = False,
    on_case: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Study each experiment, its model trained if there is none, and at P = 2 perhaps train with noise; the document.

    Raises:
        InputError: see `run_study`; a circuit too large for an exact evaluation.
    """
    studies, training = [], []
    for given in experiments:
        loaded = given if given.model is not None else given.with_model(train(given).model)
        try:
            studies.append(run_study(StudiedPatches.of(loaded), plan, on_case))
        except TooEntangled as error:
            raise InputError(
                f"too large for an exact evaluation ({error})",
                where="patch_size",
                remedy="use smaller patches, or qpbae execute, whose noisy sampler draws trajectories",
            ) from None
        if train_noisy and loaded.experiment.patch_size == 2:
            training += training_rows(loaded, plan.strengths, seed=plan.seed)
    return noise_document(studies, training, seed=plan.seed)
