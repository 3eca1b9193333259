"""Baselines: what a trained model should beat, fitted on the same images and scored by the same metrics.

A baseline is fitted on the training images of a `LoadedExperiment` and then scores patches just as the model does. A
new one is a class with the protocol below and its entry in `BASELINES` (and in `BaselineName` of the description).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh

from qpbae_tn.engines.exact import MeanState, mean_state
from qpbae_tn.experiment.autoencoder import PAPER_HIDDEN, PROGRAM_HIDDEN, ClassicalAutoencoder
from qpbae_tn.experiment.description import BaselineName
from qpbae_tn.experiment.fit import combine
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.normal import learn_normal, learn_places
from qpbae_tn.experiment.outcome_baselines import FittedWalsh, Mahalanobis, Walsh
from qpbae_tn.experiment.scoring import PatchBatch, Scorer, at_places, model_scorer
from qpbae_tn.model.outcomes import Outcomes

Array = NDArray[np.floating]


class FittedBaseline(Protocol):
    """A baseline ready to score patches; its `similarity` is a `qpbae_tn.experiment.scoring.Scorer`."""

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

    def fit(self, loaded: LoadedExperiment) -> FittedBaseline:
        """Learn from the training images, with the experiment's settings."""


# The DC overlap: how close a patch is to a uniform one, (sum x)^2 / (N |x|^2); no training.


@dataclass(frozen=True)
class DcOverlap:
    """|<u|phi>|^2 with the uniform state u, a trash fidelity with one fixed product filter.

    A zero patch, which stands in as |0...0>, has 1 / N.
    """

    name: str = "dc_overlap"
    parameter_count: int = 0
    needs_training_images: bool = False

    def fit(self, loaded: LoadedExperiment) -> DcOverlap:
        """There is nothing to learn."""
        return self

    def similarity(self, batch: PatchBatch) -> Array:
        """Shape (N,); see `FittedBaseline`."""
        return np.asarray(batch.states.sum(axis=1) ** 2 / batch.states.shape[1])


# Patch PCA: the best linear compression of the patch states to 2^BD numbers.


DENSE_SIZE = 512
"""Up to this size all eigenvectors are taken at once, which is faster than a search for the leading ones."""


@dataclass(frozen=True)
class PatchPca:
    """Uncentred PCA of the normalised patches, with as many components as the model has latent amplitudes.

    Ansatz and trash play no part.
    """

    name: str = "patch_pca"
    needs_training_images: bool = True

    def fit(self, loaded: LoadedExperiment) -> FittedPatchPca:
        """The leading eigenvectors of Sigma = sum_p w_p phi_p phi_p^T, averaged over the images."""
        patches, mean = loaded.train_patches, None
        for index in range(len(patches)):
            image, share = mean_state([patches[index]], patches.grid.weights), 1.0 / (index + 1)
            mean = image if mean is None else combine([mean, image], [1.0 - share, share])
        if mean is None:
            raise ValueError("patch PCA needs at least one image")
        return FittedPatchPca(leading_eigenvectors(mean, 1 << loaded.specification.bottleneck), self.name)


@dataclass(frozen=True, eq=False)
class FittedPatchPca:
    """The projector on the leading eigenvectors.

    The similarity is the projection weight |V^T phi|^2. It is the F_trash of an encoder whose first rows are V^T, the
    best that any encoder has on the training images: its weighted mean there is one minus the ceiling loss. It is also
    the overlap of a patch with its reconstruction V V^T phi, normalised. F of such an encoder, between F_trash^2 and
    F_trash, would depend on how V is completed to a unitary, which PCA does not say.

    Args:
        vectors: V, shape (2^n, components), orthonormal columns.
    """

    vectors: NDArray[np.float64]
    name: str = "patch_pca"

    @property
    def parameter_count(self) -> int:
        """Entries of V."""
        return self.vectors.size

    def similarity(self, batch: PatchBatch) -> Array:
        """Shape (N,); see `FittedBaseline`."""
        components = batch.states @ self.vectors.astype(batch.states.dtype)
        return np.asarray(np.einsum("pk,pk->p", components, components))


def leading_eigenvectors(mean: MeanState, count: int) -> NDArray[np.float64]:
    """The eigenvectors of the `count` largest eigenvalues, shape (2^n, count), or all that a smaller factor spans."""
    if mean.factored:
        return np.asarray(np.linalg.svd(mean.array, full_matrices=False)[2][:count].T)
    size = len(mean.array)
    if size <= DENSE_SIZE or count > size // 4:
        return np.asarray(np.linalg.eigh(mean.array)[1][:, -count:])
    # A fixed start makes the search repeatable.
    return np.asarray(eigsh(mean.array, k=count, which="LA", v0=np.ones(size))[1])


# The untrained model: the same circuit at its initial angles.


@dataclass(frozen=True)
class Untrained:
    """What training adds is the difference to this."""

    name: str = "untrained"
    needs_training_images: bool = False

    def fit(self, loaded: LoadedExperiment) -> FixedModel:
        """Nothing is learned but what is normal for it, where the score asks that."""
        specification, angles, score = loaded.specification, loaded.initial_angles, loaded.experiment.scoring
        normal, count = None, 0
        if score.learned:
            normal = learn_normal(specification, angles, loaded.engine, loaded.train.images, score)
        if score.kind == "weighted":
            count = Outcomes(specification, score.outcomes).count
        return FixedModel(model_scorer(specification, angles, loaded.engine, score, normal), self.name, count)


@dataclass(frozen=True, eq=False)
class FixedModel:
    """A circuit at given angles, scored as the model is; see `FittedBaseline`."""

    scorer: Scorer
    name: str
    parameter_count: int = 0

    def similarity(self, batch: PatchBatch) -> Array:
        """As the model's score has it, shape (N,)."""
        return self.scorer(batch)


BASELINES: dict[BaselineName, Baseline] = {
    "dc_overlap": DcOverlap(),
    "patch_pca": PatchPca(),
    "walsh": Walsh(),
    "mahalanobis": Mahalanobis(),
    "untrained": Untrained(),
    "classical": ClassicalAutoencoder(PAPER_HIDDEN),
    "classical_4_4": ClassicalAutoencoder(PROGRAM_HIDDEN),
}


def fit_baselines(loaded: LoadedExperiment) -> tuple[list[FittedBaseline], dict[str, str]]:
    """Fit the experiment's baselines.

    Returns:
        The fitted baselines, and for each that could not be fitted the reason.
    """
    experiment, score, left_out = loaded.experiment, loaded.experiment.scoring, {}
    chosen = [BASELINES[name] for name in experiment.baselines]
    for baseline in chosen:
        if baseline.needs_training_images and not len(loaded.train):
            left_out[baseline.name] = "the data hold no training images"
        elif baseline.name == "untrained" and loaded.model is not None and experiment.initial_angles is None:
            left_out[baseline.name] = "the model file does not tell the initial angles"
        elif isinstance(baseline, Mahalanobis) and (reason := baseline.unfit_for(loaded.specification)) is not None:
            left_out[baseline.name] = reason
        elif not len(loaded.train) and (experiment.positions or (baseline.name == "untrained" and score.learned)):
            left_out[baseline.name] = "the data hold no training images to learn from what is normal"
    fitted = [baseline.fit(loaded) for baseline in chosen if baseline.name not in left_out]
    return [_at_its_places(baseline, loaded) if experiment.positions else baseline for baseline in fitted], left_out


@dataclass(frozen=True, eq=False)
class PlacedBaseline:
    """A baseline whose anomalies are divided by what is normal at each place; see `FittedBaseline`."""

    name: str
    parameter_count: int
    scorer: Scorer

    def similarity(self, batch: PatchBatch) -> Array:
        """Shape (N,)."""
        return self.scorer(batch)


def _at_its_places(fitted: FittedBaseline, loaded: LoadedExperiment) -> FittedBaseline:
    """The same regard to places that the model has: weights for each place, or else division by the mean there."""
    if isinstance(fitted, FixedModel | FittedWalsh):
        return fitted
    references = learn_places(loaded.specification, fitted.similarity, loaded.train.images)
    count = fitted.parameter_count + references.size
    return PlacedBaseline(fitted.name, count, at_places(fitted.similarity, references))
