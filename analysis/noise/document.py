"""A noise study as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qpbae_tn.analysis.noise.study import NoiseStudy

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
