"""Anomaly maps: patch fidelities of whole images, folded and turned over (Eqs. 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.protocol import Engine
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.names import ScoreKind, check_score
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.floating]

AMPLITUDE_BUDGET = 1 << 22
"""Amplitudes of patch states held at once: 32 MiB in float64, whatever the size of the image."""


MAP_DECIMALS = 13
"""Of a map's values. Equal patches get scores that differ in their last bits, by where they stand in a stack; ranked as
they are, a constant image would have a map with edges."""


@dataclass(frozen=True)
class PatchBatch:
    """Patches on their way to a scorer.

    Args:
        pixels: shape (N, P^2), values in [0, 1], row-major.
        states: shape (N, 2^n), unit norm, in the model's pixel order.
    """

    pixels: Array
    states: Array


Scorer = Callable[[PatchBatch], Array]
"""Patches to their similarity to what is normal, shape (N,), one for a perfect match."""


def model_scorer(specification: ModelSpecification, angles: Array, engine: Engine, score: ScoreKind) -> Scorer:
    """The model as a scorer: F (the paper) or F_trash."""
    check_score(score)
    fidelity = engine.reconstruction_fidelity if score == "reconstruction" else engine.trash_fidelity
    return lambda batch: fidelity(specification, angles, batch.states)


def anomaly_maps(
    specification: ModelSpecification,
    images: Array,
    scorers: Mapping[str, Scorer],
    *,
    dtype: type[np.floating] = np.float64,
    on_image: Callable[[], None] | None = None,
) -> tuple[dict[str, NDArray[np.float64]], int]:
    """The anomaly maps of a stack of images under several scorers, which share the work of cutting and embedding.

    A similarity s becomes Z = (1 + s) / 2, the probability to find the ancilla of a SWAP test in 0, and Y = 1 - Z.

    Args:
        specification: patch size, stride and pixel order.
        images: shape (images, H, W), values in [0, 1].
        scorers: by name.
        dtype: of the patch states; float32 halves the time at an error of about 1e-6.
        on_image: called after each image.

    Returns:
        For each name the maps Y, shape (images, H, W), in [0, 1/2], rounded to `MAP_DECIMALS`; and the number of zero
        patches met.
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
            batch = PatchBatch(patches.reshape(states.shape), states)
            for name, scorer in scorers.items():
                similarities[name].append(np.asarray(scorer(batch)).reshape(len(group), -1))
        for name, parts in similarities.items():
            for offset, row in enumerate(np.concatenate(parts, axis=1)):
                maps[name][start + offset] = np.round((1.0 - grid.fold(row)) / 2, MAP_DECIMALS)
        if on_image is not None:
            for _ in group:
                on_image()
    return maps, zero_patches
