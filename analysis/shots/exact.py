"""What a shot study starts from: the exact fidelities of all patches of a test set, its masks, and exact thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.readouts import Quantity
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import default
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import AMPLITUDE_BUDGET
from qpbae_tn.metrics.ranked import Labels, Scores
from qpbae_tn.metrics.table import operating_threshold
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import ScoreKind
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

_SCORES: dict[Quantity, ScoreKind] = {Quantity.FIDELITY: "reconstruction", Quantity.TRASH_FIDELITY: "trash"}

QUANTILE: float = default("threshold_quantile")
"""Share of the validation maps' pixels at or below the operating threshold, as in training."""


@dataclass(frozen=True, eq=False)
class PatchFidelities:
    """F_trash and F of every patch of some images, each of shape (N, images)."""

    trash: NDArray[np.float64]
    full: NDArray[np.float64]

    def of(self, quantity: Quantity) -> NDArray[np.float64]:
        """The one that a readout estimates."""
        return self.full if quantity is Quantity.FIDELITY else self.trash


@dataclass(frozen=True, eq=False)
class ExactScores:
    """A model on a test set, with everything exact that sampling starts from.

    Args:
        loaded: the model with its images.
        test: fidelities of the test images.
        validation: fidelities of normal validation images; None where there are none.
        thresholds: exact operating thresholds on the scale of Y.
    """

    loaded: LoadedExperiment
    test: PatchFidelities
    validation: PatchFidelities | None
    thresholds: Mapping[Quantity, float]

    @classmethod
    def of(cls, loaded: LoadedExperiment) -> ExactScores:
        """Score all patches exactly.

        Args:
            loaded: test images, normal validation images for thresholds, and the model, whose own thresholds serve
                where there are no validation images.

        Raises:
            InputError: neither validation images nor thresholds of the model.
        """
        model, grid = loaded.trained_model, loaded.test_patches.grid

        def fidelities(images: NDArray[np.float64]) -> PatchFidelities:
            return patch_fidelities(model.specification, model.angles, loaded.engine, grid, images)

        if not len(loaded.validation):
            return cls(loaded, fidelities(loaded.test.images), None, _thresholds_of(model))
        validation = fidelities(loaded.validation.images)
        thresholds = {
            quantity: operating_threshold(exact_maps(grid, validation.of(quantity)), QUANTILE) for quantity in _SCORES
        }
        return cls(loaded, fidelities(loaded.test.images), validation, thresholds)

    @property
    def data_set(self) -> str:
        """Its name, without a path."""
        return self.loaded.test.provenance.data_set

    @property
    def specification(self) -> ModelSpecification:
        """The model's."""
        return self.loaded.trained_model.specification

    @property
    def grid(self) -> PatchGrid:
        """Where patches lie."""
        return self.loaded.test_patches.grid

    @cached_property
    def labels(self) -> Labels:
        """The test masks."""
        return Labels.of(self.loaded.test.masks, by_pixel=True)

    @property
    def image_count(self) -> int:
        """Test images."""
        return len(self.loaded.test)


def _thresholds_of(model: Model) -> dict[Quantity, float]:
    try:
        return {quantity: model.thresholds[score] for quantity, score in _SCORES.items()}
    except KeyError as error:
        raise InputError(
            f"the model has no threshold for score {error}", remedy="use data with normal images to take it from"
        ) from None


def patch_fidelities(
    specification: ModelSpecification,
    angles: NDArray[np.float64],
    engine: Engine,
    grid: PatchGrid,
    images: NDArray[np.float64],
) -> PatchFidelities:
    """The fidelities of all patches of images of shape (images, H, W)."""
    trash, full = np.empty((grid.count, len(images))), np.empty((grid.count, len(images)))
    room = max(1, AMPLITUDE_BUDGET // specification.pixel_count)
    for index, image in enumerate(images):
        done = 0
        for band in grid.bands(room):
            states, _ = embed(grid.cut(image, band), specification.pixel_order)
            part = slice(done, done + len(states))
            trash[part, index] = engine.trash_fidelity(specification, angles, states)
            full[part, index] = engine.reconstruction_fidelity(specification, angles, states)
            done += len(states)
    return PatchFidelities(trash, full)


def exact_maps(grid: PatchGrid, fidelities: NDArray[np.float64]) -> Scores:
    """The maps Y = (1 - folded fidelity) / 2 of fidelities (N, images); shape (H * W, images), single precision."""
    folded = grid.fold_stack(fidelities)
    return np.asarray((1.0 - folded) / 2, dtype=np.float32).reshape(-1, fidelities.shape[1])
