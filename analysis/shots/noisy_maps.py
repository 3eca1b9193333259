"""Anomaly maps as a quantum processor would give them: patch scores estimated from shots, then folded.

Estimates are unbiased and may leave [0, 1] (a SWAP test of few shots can give less than 0). They are folded as they
are: clipping them first would bias the mean of the patches that cover a pixel.
"""

from __future__ import annotations

import numpy as np

from qpbae_tn.analysis.shots.exact import PatchFidelities
from qpbae_tn.analysis.shots.sampling import value_sums
from qpbae_tn.compiler.readouts import Readout
from qpbae_tn.metrics.ranked import Scores
from qpbae_tn.model.patches import PatchGrid

BLOCK_NUMBERS = 1 << 16
"""Sums drawn and folded at a time: half a megabyte, so that they stay in the cache."""


def sampled_maps(
    grid: PatchGrid,
    readout: Readout,
    fidelities: PatchFidelities,
    shots: int,
    repetitions: int,
    generator: np.random.Generator,
) -> Scores:
    """Maps Y from this many shots a patch.

    Args:
        grid: where patches lie.
        readout: what a shot measures.
        fidelities: exact, of every patch.
        shots: per patch.
        repetitions: independent stacks of maps.
        generator: of random numbers.

    Returns:
        Shape (repetitions, H * W, images).
    """
    images = fidelities.full.shape[1]
    maps = np.empty((repetitions, grid.height * grid.width, images), dtype=np.float32)
    step = max(1, BLOCK_NUMBERS // (grid.count * repetitions))
    for start in range(0, images, step):
        block = slice(start, min(start + step, images))
        probabilities = readout.value_probabilities(fidelities.trash[:, block], fidelities.full[:, block])
        sums = value_sums(probabilities, shots, repetitions, generator)
        folded = grid.fold_stack(sums.reshape(grid.count, -1))
        folded /= -2.0 * shots
        folded += 0.5
        maps[:, :, block] = np.moveaxis(folded.reshape(maps.shape[1], -1, repetitions), -1, 0)
    return maps
