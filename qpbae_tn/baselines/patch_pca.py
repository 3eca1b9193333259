"""Patch PCA: the best linear compression of the patch states to 2^BD numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh

from qpbae_tn.baselines.protocol import Array
from qpbae_tn.embedding import embed
from qpbae_tn.engines.exact.mean_state import MeanState, mean_state
from qpbae_tn.scoring import PatchBatch
from qpbae_tn.specification import ModelSpecification
from qpbae_tn.training.problem import combine

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
        """Shape (N,); see `qpbae_tn.baselines.protocol`."""
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
