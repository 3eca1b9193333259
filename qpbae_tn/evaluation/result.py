"""What an evaluation finds: metrics of the model and of each baseline on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.protocol import LabelledImageSet
from qpbae_tn.metrics import MetricValue
from qpbae_tn.scoring import Score


@dataclass(frozen=True, eq=False)
class DetectorResult:
    """One detector's quality.

    Args:
        metrics: by name, each with its interval.
        threshold: its operating threshold on the scale of Y, from its own validation maps.
        parameters: number of trained parameters.
    """

    metrics: Mapping[str, MetricValue]
    threshold: float
    parameters: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the metrics' names at the top, beside `threshold` and `parameters`."""
        values: dict[str, Any] = {name: value.to_json() for name, value in self.metrics.items()}
        return {**values, "threshold": self.threshold, "parameters": self.parameters}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model and its baselines on one test set.

    Args:
        test: images, masks, names and classes.
        score: which fidelity scored the model's patches.
        model: the model's quality.
        maps: the model's maps Y, shape (images, H, W).
        baselines: quality of each baseline, by name.
        left_out: baselines that could not be computed, with the reason.
        zero_patches: test patches without any light.
    """

    test: LabelledImageSet
    score: Score
    model: DetectorResult
    maps: NDArray[np.float64]
    baselines: Mapping[str, DetectorResult]
    left_out: Mapping[str, str]
    zero_patches: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "metrics": self.model.to_json(),
            "baselines": {name: result.to_json() for name, result in self.baselines.items()},
            "baselines_left_out": dict(self.left_out),
            "score": self.score,
            "test_images": len(self.test),
            "defective_images": int(self.test.defective.sum()),
            "vanished_masks": len(self.test.vanished),
            "zero_patches": self.zero_patches,
            "classes": self.test.class_counts,
            "data": self.test.provenance.to_json(),
        }
