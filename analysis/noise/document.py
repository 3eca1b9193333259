"""A noise study as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.noise.study import NoiseStudy

NOTES = {
    "response": "least squares F_noisy = intercept + slope F over the sampled patches, 95% bootstrap intervals",
    "corrected": "the line fitted on patches of normal images the model was not trained on, undone",
    "shots_factor": "shots for the same standard error of F after the correction, against a machine without noise",
    "shots_for_0_01": "shots for a standard error of F of 0.01 after the correction",
    "false_alarms": "share of normal pixels above the threshold that was set on exact maps of normal images",
    "contrast_lost": "1 - slope against the same circuit without noise, one source of noise switched on",
    "depolarising": "on each wire after each gate of the literal circuit, gates whole, embedding without noise",
}


def noise_document(
    studies: Sequence[NoiseStudy], training: Sequence[dict[str, Any]] = (), *, seed: int
) -> dict[str, Any]:
    """`rows`, `stage_rows`, `training_rows`, with notes."""
    return {
        "seed": seed,
        "notes": NOTES,
        "rows": [row for study in studies for row in study.rows],
        "stage_rows": [row for study in studies for row in study.stage_rows],
        "training_rows": list(training),
    }
