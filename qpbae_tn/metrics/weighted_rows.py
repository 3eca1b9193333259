"""A ranking as scikit-learn takes it: labels, scores and sample weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranking import Ranking


def labelled_rows(ranking: Ranking) -> tuple[NDArray[np.int8], NDArray[np.intp], NDArray[np.float64]]:
    """Two samples per step, its normal and its anomalous pixels, weighted by how many they are.

    Far fewer than the pixels themselves, and already sorted, with the same areas under the curves.

    Returns:
        Labels, scores and weights of the samples of positive weight.
    """
    steps = len(ranking.thresholds)
    labels = np.repeat(np.array([0, 1], dtype=np.int8), steps)
    scores = np.tile(np.arange(steps)[::-1], 2)
    counts = np.concatenate([ranking.normal_counts, ranking.anomalous_counts])
    held = counts > 0
    return labels[held], scores[held], counts[held]
