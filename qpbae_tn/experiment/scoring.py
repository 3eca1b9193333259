"""Anomaly maps: scores of the patches of whole images, folded and turned over (Eqs. 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from qpbae_tn.engines.protocol import Engine
from qpbae_tn.errors import InputError
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import Fold, ScoreKind, check_score
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.floating]

AMPLITUDE_BUDGET = 1 << 22
"""Amplitudes of patch states held at once: 32 MiB in float64, whatever the size of the image."""


MAP_DECIMALS = 13
"""Of a map's values. Equal patches get scores that differ in their last bits, by where they stand in a stack; ranked as
they are, a constant image would have a map with edges."""


LEAST_ANOMALY = 1e-12
"""A patch's anomaly below this counts as this much before its logarithm is taken."""
WEIGHTED_DECIMALS = 9
"""Of a weighted score, which is about 1 on normal patches and up to thousands on others: the same for it."""


WHOLE_IMAGE_AMPLITUDES = 1 << 27
"""Amplitudes of all patches of an image from which `fidelity_map` pays: compiling it once takes some seconds."""


@dataclass(frozen=True)
class PatchBatch:
    """Patches on their way to a scorer.

    Args:
        pixels: shape (N, P^2), values in [0, 1], row-major.
        states: shape (N, 2^n), unit norm, in the model's pixel order.
        places: shape (N,), the number of each patch in its image, row by row; None where nobody asks.
    """

    pixels: Array
    states: Array
    places: NDArray[np.intp] | None = None


Scorer = Callable[[PatchBatch], Array]
"""Patches to their similarity s to what is normal, shape (N,), one for a perfect match; their anomaly is (1 - s) / 2.

For scores that are no fidelities s can lie far below zero."""


def model_scorer(
    specification: ModelSpecification,
    angles: Array,
    engine: Engine,
    score: Score | ScoreKind,
    normal: NormalRecord | None = None,
) -> Scorer:
    """The model as a scorer.

    Args:
        specification: the model.
        angles: shape (parameter_count,), radians.
        engine: computes fidelities and outcomes.
        score: F (the paper), F_trash, or outcomes by their rarity; how it is folded plays no part here.
        normal: what is known of normal patches; needed by a weighted score, and for positions.

    Returns:
        For fidelities the fidelity. For a weighted score s the patch's anomaly is s divided by its mean over normal
        patches (for all strings and inverse weights that mean is the effective dimension of normal patches), so that
        it compares across models. With positions an anomaly is divided by its normal mean at the place.

    Raises:
        InputError: an unknown score, or a record that lacks what it needs.
    """
    if not isinstance(score, Score):
        check_score(score)
        score = Score(score)
    if normal is None and score.learned:
        raise InputError(
            "the model knows nothing of normal patches",
            where="score",
            remedy="train it again, or choose reconstruction",
        )
    if score.kind == "weighted" and normal is not None:
        return _weighted(specification, angles, engine, score, *normal.weights(specification, score))
    fidelity = engine.reconstruction_fidelity if score.kind == "reconstruction" else engine.trash_fidelity

    def similarity(batch: PatchBatch) -> Array:
        return fidelity(specification, angles, batch.states)

    if not score.positions or normal is None:
        return similarity
    return at_places(similarity, normal.place_references(specification, score.kind))


def at_places(scorer: Scorer, references: NDArray[np.float64]) -> Scorer:
    """A scorer whose anomalies are divided by what is normal at each place.

    Args:
        scorer: of patches without regard to their place.
        references: shape (N,), above 0; see `qpbae_tn.model.normal.place_references`.

    Raises:
        InputError: when it is used on images with other places.
    """

    def placed(batch: PatchBatch) -> Array:
        return np.asarray(1.0 - (1.0 - scorer(batch)) / references[_places(batch, len(references))])

    return placed


def _weighted(
    specification: ModelSpecification,
    angles: Array,
    engine: Engine,
    score: Score,
    weights: NDArray[np.float64],
    scale: float,
) -> Scorer:
    def similarity(batch: PatchBatch) -> Array:
        found = engine.outcome_probabilities(specification, angles, batch.states, score.outcomes)
        if weights.ndim == 1:
            values = found @ weights
        else:
            values = np.einsum("pk,pk->p", found, weights[_places(batch, len(weights))])
        return np.asarray(1.0 - 2.0 * np.round(values / scale, WEIGHTED_DECIMALS))

    return similarity


def _places(batch: PatchBatch, count: int) -> NDArray[np.intp]:
    """The places of a batch; raises `InputError` where they are not those that were learned."""
    if batch.places is None or (batch.places.size and batch.places.max() >= count):
        raise InputError(
            f"what is normal was learned for images of {count} patches",
            where="positions",
            remedy="score images of the size that the model was trained on",
        )
    return batch.places


def anomaly_maps(
    specification: ModelSpecification,
    images: Array,
    scorers: Mapping[str, Scorer],
    *,
    fold: Fold = "mean",
    dtype: type[np.floating] = np.float64,
    on_image: Callable[[], None] | None = None,
) -> tuple[dict[str, NDArray[np.float64]], int]:
    """The anomaly maps of a stack of images under several scorers, which share the work of cutting and embedding.

    A similarity s becomes Z = (1 + s) / 2, the probability to find the ancilla of a SWAP test in 0, and Y = 1 - Z.
    Under the log fold a pixel takes the mean of log Y over the patches that cover it instead of that of Y.

    Args:
        specification: patch size, stride and pixel order.
        images: shape (images, H, W), values in [0, 1].
        scorers: by name.
        fold: of all of them alike.
        dtype: of the patch states; float32 halves the time at an error of about 1e-6.
        on_image: called after each image.

    Returns:
        For each name the maps Y, shape (images, H, W), rounded to `MAP_DECIMALS`, for fidelities under the mean fold in
        [0, 1/2]; and the number of zero patches met.
    """
    grid = PatchGrid.over(images, specification.patch_size, specification.stride)
    maps = {name: np.empty(images.shape) for name in scorers}
    room = max(1, AMPLITUDE_BUDGET // specification.pixel_count)
    together = max(1, room // grid.count)
    zero_patches = 0
    for start in range(0, len(images), together):
        group = images[start : start + together]
        similarities: dict[str, list[Array]] = {name: [] for name in scorers}
        for band in grid.bands(room):
            patches = np.concatenate([grid.cut(image, band) for image in group])
            states, zero = embed(patches, specification.pixel_order, dtype)
            zero_patches += int(zero.sum())
            places = np.arange(band.start * grid.columns, band.stop * grid.columns)
            batch = PatchBatch(patches.reshape(states.shape), states, np.tile(places, len(group)))
            for name, scorer in scorers.items():
                similarities[name].append(np.asarray(scorer(batch)).reshape(len(group), -1))
        for name, parts in similarities.items():
            for offset, row in enumerate(np.concatenate(parts, axis=1)):
                maps[name][start + offset] = np.round(_folded(grid, row, fold), MAP_DECIMALS)
        if on_image is not None:
            for _ in group:
                on_image()
    return maps, zero_patches


def maps_whole_image(specification: ModelSpecification, score: Score, shape: tuple[int, int]) -> bool:
    """Whether `fidelity_map` gives this score and is the faster way for an image of this shape."""
    plain = score.kind != "weighted" and not score.positions
    count = PatchGrid(*shape, specification.patch_size, specification.stride).count
    orders = specification.pixel_order == "row" and specification.trash == "first"
    return plain and orders and count * specification.pixel_count >= WHOLE_IMAGE_AMPLITUDES


def fidelity_map(
    specification: ModelSpecification, angles: Array, image: Array, score: Score
) -> tuple[NDArray[np.float64], int]:
    """The map that `anomaly_maps` gives for F or F_trash, from all patches at once; 3 to 40 times as fast.

    Args:
        specification: with pixels in row order and the trash register first.
        angles: shape (parameter_count,), radians.
        image: shape (H, W), values in [0, 1].
        score: a fidelity, without positions.

    Returns:
        Y, shape (H, W), and the number of zero patches.
    """
    from qpbae_tn.engines.whole_image import Quantity, image_fidelities  # numba is slow to import

    grid = PatchGrid.over(image, specification.patch_size, specification.stride)
    quantity: Quantity = "reconstruction" if score.kind == "reconstruction" else "trash"
    (fidelities,) = image_fidelities(specification, angles, image, (quantity,), dtype=np.float64)
    # The largest pixel of a patch stands at the patch's last pixel once both sides are filtered.
    last, step = grid.patch_size - 1, grid.stride
    lit = grid.continued(image) > 0
    for axis in (0, 1):
        lit = maximum_filter1d(lit, grid.patch_size, axis=axis, origin=(grid.patch_size - 1) // 2, mode="constant")
    zero_patches = int((~lit[last::step, last::step]).sum())
    return np.round(_folded(grid, fidelities.ravel(), score.fold), MAP_DECIMALS), zero_patches


def _folded(grid: PatchGrid, similarities: Array, fold: Fold) -> NDArray[np.float64]:
    if fold == "mean":
        return np.asarray((1.0 - grid.fold(similarities)) / 2)
    anomalies = np.round((1.0 - similarities.astype(np.float64)) / 2, MAP_DECIMALS)
    return grid.fold(np.log(np.maximum(anomalies, LEAST_ANOMALY)))
