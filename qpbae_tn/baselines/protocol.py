"""What every baseline offers: fitted on normal images, it scores patches just as the model does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.scoring import PatchBatch

Array = NDArray[np.floating]


class FittedBaseline(Protocol):
    """A baseline ready to score patches; its `similarity` is a `qpbae_tn.scoring.Scorer`."""

    @property
    def name(self) -> str:
        """Its key in results."""

    @property
    def parameter_count(self) -> int:
        """Numbers that it learnt from the training images."""

    def similarity(self, batch: PatchBatch) -> Array:
        """How normal each patch is, from 0 to 1, in the place of the model's fidelity.

        Maps are made of it as of a fidelity: Z = (1 + s) / 2, folded, Y = 1 - Z; neither is done here.

        Args:
            batch: N patches, as pixels and as states.

        Returns:
            Shape (N,).
        """


class Baseline(Protocol):
    """Something simpler that a trained model should beat."""

    @property
    def name(self) -> str:
        """Its key in results."""

    @property
    def needs_training_images(self) -> bool:
        """Whether `fit` learns from images; without any it is left out."""

    def fit(self, patches: Sequence[Array], weights: Array) -> FittedBaseline:
        """Learn from normal images.

        Args:
            patches: for each image its patches, shape (N, P^2), row-major pixels in [0, 1]. An array of shape
                (images, N, P^2) will do, and so will `CutImages`, which cuts them when asked.
            weights: w_p of Eq. 8, shape (N,), adding up to one.
        """
