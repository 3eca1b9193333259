"""Patch PCA: the best linear compression of the patch states to 2^BD numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh

from qpbae_tn.engines.exact import MeanState, mean_state
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.autoencoder import PAPER_HIDDEN, PROGRAM_HIDDEN, ClassicalAutoencoder
from qpbae_tn.experiment.fit import FitOptions, combine
from qpbae_tn.experiment.scoring import PatchBatch, model_scorer
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import ScoreKind, check_score
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

# Images as a sequence of their patches, cut when asked for, so that only those in use are in memory.


Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class CutImages(Sequence[Array]):
    """Item i holds the patches of image i, shape (N, P^2).

    Args:
        images: shape (images, H, W), values in [0, 1].
        grid: where the patches lie.
    """

    images: Array
    grid: PatchGrid

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> CutImages: ...
    def __getitem__(self, index: int | slice) -> Array | CutImages:
        if isinstance(index, slice):
            return CutImages(self.images[index], self.grid)
        return self.grid.cut(self.images[index]).reshape(self.grid.count, -1)


# What every baseline offers: fitted on normal images, it scores patches just as the model does.


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

    def fit(self, patches: Sequence[Array], weights: Array) -> FittedBaseline:
        """Learn from normal images.

        Args:
            patches: for each image its patches, shape (N, P^2), row-major pixels in [0, 1]. An array of shape
                (images, N, P^2) will do, and so will `CutImages`, which cuts them when asked.
            weights: w_p of Eq. 8, shape (N,), adding up to one.
        """


# The DC overlap: how close a patch is to a uniform one, (sum x)^2 / (N |x|^2); no training.


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
        """Shape (N,); see `qpbae_tn.experiment.baselines.Baseline`."""
        return np.asarray(batch.states.sum(axis=1) ** 2 / batch.states.shape[1])


DENSE_SIZE = 512
"""Up to this size all eigenvectors are taken at once, which is faster than a search for the leading ones."""


@dataclass(frozen=True)
class PatchPca:
    """Uncentred PCA of the normalised patches, with as many components as the model has latent amplitudes.

    Args:
        specification: gives 2^BD and the pixel order; ansatz and trash play no part.
    """

    specification: ModelSpecification
    name: str = "patch_pca"
    needs_training_images: bool = True

    def fit(self, patches: Sequence[Array], weights: Array) -> FittedPatchPca:
        """The leading eigenvectors of Sigma = sum_p w_p phi_p phi_p^T, averaged over the images."""
        size, order = self.specification.patch_size, self.specification.pixel_order
        mean: MeanState | None = None
        for index in range(len(patches)):
            states, _ = embed(np.asarray(patches[index]).reshape(-1, size, size), order)
            image = mean_state([states], weights)
            share = 1.0 / (index + 1)
            mean = image if mean is None else combine([mean, image], [1.0 - share, share])
        if mean is None:
            raise ValueError("patch PCA needs at least one image")
        return FittedPatchPca(leading_eigenvectors(mean, 1 << self.specification.bottleneck), self.name)


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
        """Shape (N,); see `qpbae_tn.experiment.baselines.Baseline`."""
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


@dataclass(frozen=True, eq=False)
class Untrained:
    """What training adds is the difference to this.

    Args:
        specification: of the model.
        angles: its initial angles, shape (parameter_count,), radians.
        engine: computes the fidelities.
        score: the fidelity that the model is scored by, F or F_trash.

    Raises:
        InputError: angles that do not fit, an unknown score.
    """

    specification: ModelSpecification
    angles: Array
    engine: Engine
    score: ScoreKind = "reconstruction"
    name: str = "untrained"
    parameter_count: int = 0
    needs_training_images: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "angles", self.specification.ansatz.check_angles(self.angles))
        check_score(self.score)

    def fit(self, patches: Sequence[Array], weights: Array) -> Untrained:
        """There is nothing to learn."""
        return self

    def similarity(self, batch: PatchBatch) -> Array:
        """Shape (N,); see `qpbae_tn.experiment.baselines.Baseline`."""
        return model_scorer(self.specification, self.angles, self.engine, self.score)(batch)


# The baselines by name; a new one is one more entry in `BASELINES`.


@dataclass(frozen=True, eq=False)
class BaselineSetting:
    """The model that the baselines are compared with, and how it was trained.

    Args:
        specification: of the model.
        initial_angles: shape (parameter_count,), radians.
        engine: computes the fidelities.
        score: the fidelity that the model is scored by.
        options: epochs and learning rate.
        batch_size: images a step.
        seed: of whatever a baseline draws.
    """

    specification: ModelSpecification
    initial_angles: Array
    engine: Engine
    score: ScoreKind = "reconstruction"
    options: FitOptions = field(default_factory=FitOptions)
    batch_size: int = 4
    seed: int = 0


BASELINES: dict[str, Callable[[BaselineSetting], Baseline]] = {
    "dc_overlap": lambda setting: DcOverlap(),
    "patch_pca": lambda setting: PatchPca(setting.specification),
    "untrained": lambda setting: Untrained(
        setting.specification, setting.initial_angles, setting.engine, setting.score
    ),
    "classical": lambda setting: _classical(setting, PAPER_HIDDEN),
    "classical_4_4": lambda setting: _classical(setting, PROGRAM_HIDDEN),
}


def make_baselines(setting: BaselineSetting, names: Iterable[str] = tuple(BASELINES)) -> list[Baseline]:
    """The baselines of these names, in their order; raises `InputError` for an unknown one."""
    chosen = list(names)
    for name in chosen:
        if name not in BASELINES:
            raise InputError(
                f"unknown baseline {name!r}", where="baselines", remedy=f"choose from {', '.join(BASELINES)}"
            )
    return [BASELINES[name](setting) for name in chosen]


def _classical(setting: BaselineSetting, hidden: tuple[int, ...]) -> ClassicalAutoencoder:
    return ClassicalAutoencoder(hidden, setting.seed, setting.options, setting.batch_size)
