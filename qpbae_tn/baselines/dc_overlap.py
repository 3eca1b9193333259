"""The DC overlap: how close a patch is to a uniform one, (sum x)^2 / (N |x|^2); no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qpbae_tn.baselines.protocol import Array
from qpbae_tn.scoring import PatchBatch


@dataclass(frozen=True)
class DcOverlap:
    """|<u|phi>|^2 with the uniform state u, a trash fidelity with one fixed product filter.

    A zero patch, which stands in as |0...0>, has 1 / N.
    """

    name: str = "dc_overlap"
    parameter_count: int = 0
    needs_training_images: bool = False

    def fit(self, patches: Sequence[Array], weights: Array) -> DcOverlap:
        """There is nothing to learn."""
        return self

    def similarity(self, batch: PatchBatch) -> Array:
        """Shape (N,); see `qpbae_tn.baselines.protocol`."""
        return np.asarray(batch.states.sum(axis=1) ** 2 / batch.states.shape[1])
