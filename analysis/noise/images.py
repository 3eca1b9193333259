"""The patches of a model's images with their exact scores, and the metrics of maps made from patch scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.noise.transfer import FloatArray
from qpbae_tn.compiler.readouts import Quantity
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.description import default
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.metrics.evaluation import Measured, evaluate_table, measure_table
from qpbae_tn.metrics.overlap import FalsePositiveRate
from qpbae_tn.metrics.ranked import Aupro, PixelAuroc
from qpbae_tn.metrics.table import PixelTable, operating_threshold
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.model import Model

RESAMPLES = 200
QUANTILE: float = default("threshold_quantile")
NORMAL_IMAGES = 10
"""Normal images held back for the fit of the correction and for thresholds: at most so many."""


@dataclass(frozen=True, eq=False)
class StudiedPatches:
    """A model with the patches that noise is studied on.

    Args:
        data: name of the data set.
        model: trained without noise.
        test: patches of the test images.
        normal: patches of normal images that the model was not trained on.
        masks: of the test images, shape (images, H, W).
        anomalous: for each test patch the share of anomalous pixels, shape (images * N,).
    """

    data: str
    model: Model
    test: ImagePatches
    normal: ImagePatches
    masks: NDArray[np.bool_]
    anomalous: FloatArray

    @classmethod
    def of(cls, loaded: LoadedExperiment) -> StudiedPatches:
        """From a trained model and its images; the validation images are the normal ones."""
        test, patches = loaded.test, loaded.test_patches
        share = [patches.grid.cut(mask.astype(np.float64)).mean(axis=(1, 2)) for mask in test.masks]
        normal = loaded.validation_patches[:NORMAL_IMAGES]
        return cls(test.provenance.data_set, loaded.trained_model, patches, normal, test.masks, np.concatenate(share))

    def exact(self, states: FloatArray, quantity: Quantity) -> FloatArray:
        """Exact scores of patch states without noise."""
        engine, specification, angles = ExactEngine(), self.model.specification, self.model.angles
        if quantity is Quantity.TRASH_FIDELITY:
            return np.asarray(engine.trash_fidelity(specification, angles, states), dtype=np.float64)
        return np.asarray(engine.reconstruction_fidelity(specification, angles, states), dtype=np.float64)

    def sample(self, count: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Indices of normal and of anomalous (more than half of the pixels) test patches, at most `count` of each."""
        generator = np.random.default_rng(seed)
        kinds = np.flatnonzero(self.anomalous == 0), np.flatnonzero(self.anomalous > 0.5)
        chosen = [generator.choice(kind, min(count, len(kind)), replace=False) for kind in kinds]
        return np.sort(chosen[0]), np.sort(chosen[1])


def map_metrics(maps: FloatArray, masks: NDArray[np.bool_], seed: int) -> dict[str, Measured]:
    """AUROC and AUPRO of a stack of maps; resamples depend on seed and number of images, so differences are paired."""
    # Rounded as single precision numbers are, so that equal scores stay ties whatever the order of their sums.
    table = PixelTable(np.round(maps, 9), masks, 0.0)
    return measure_table(table, (PixelAuroc(), Aupro()), resamples=RESAMPLES, seed=seed)


def false_alarms(maps: FloatArray, masks: NDArray[np.bool_], threshold: float, seed: int) -> dict[str, float | None]:
    """Share of the normal pixels that are called anomalous, with its 95% bootstrap interval over images."""
    table = PixelTable(maps, masks, threshold)
    return evaluate_table(table, (FalsePositiveRate(),), resamples=RESAMPLES, seed=seed)["fpr"].to_json()


def exact_threshold(studied: StudiedPatches, quantity: Quantity) -> float:
    """The operating threshold of exact maps of the normal images."""
    return operating_threshold(studied.normal.maps(studied.exact(studied.normal.states, quantity)), QUANTILE)
