"""A shot study as one JSON document: rows with their configuration and their values with ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.shots.needed import NeededShots
from qpbae_tn.analysis.shots.study import ShotStudy
from qpbae_tn.analysis.shots.subject import QUANTILE, Subject
from qpbae_tn.analysis.shots.training_study import TrainingRow
from qpbae_tn.interval import LEAST_REPETITIONS

NOTES = {
    "ranges": "value is the mean over repetitions, low and high the central 95% range that single repetitions fall in; "
    f"null for fewer than {LEAST_REPETITIONS} repetitions",
    "clipping": "estimates may leave [0, 1]; they are folded as they are, since clipping first would bias the map",
    "sampling": "exact binomial and trinomial draws; readouts whose shots follow the same law share them",
    "qubits": "of each readout's circuit before any reduction",
}


def configuration(subject: Subject) -> dict[str, Any]:
    """What every row of a study on this subject has in common."""
    specification = subject.specification
    return {
        "data_set": subject.data_set,
        "test_images": subject.image_count,
        "patch_size": specification.patch_size,
        "stride": specification.stride,
        "bottleneck": specification.bottleneck,
        "ansatz": specification.ansatz.name,
        "parameters": specification.ansatz.parameter_count,
        "image_size": specification.image_size,
    }


def study_document(
    subject: Subject,
    study: ShotStudy,
    needed: Sequence[NeededShots],
    training: Sequence[TrainingRow] = (),
    *,
    seed: int,
) -> dict[str, Any]:
    """The document: `rows`, what they tend to (`exact`), `needed_shots`, `training_rows`."""
    shared = configuration(subject)
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
