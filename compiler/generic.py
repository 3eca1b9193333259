"""Generic angles and patches, for compiling without a model or an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.specification import ModelSpecification


def generic_state(specification: ModelSpecification, seed: int) -> NDArray[np.float64]:
    """The state of a patch without any structure to profit from, shape (2^n,): pixels uniform in [0, 1)."""
    state = np.random.default_rng((seed, 1)).uniform(size=specification.pixel_count)
    return np.asarray(state / np.linalg.norm(state))


def generic_angles(specification: ModelSpecification, seed: int) -> NDArray[np.float64]:
    """Angles without any structure, shape (parameter_count,), near those that pass a uniform patch.

    At angles drawn from the whole circle F falls exponentially in n, and a check against it would prove little.
    """
    count = specification.ansatz.parameter_count
    return np.asarray(np.random.default_rng((seed, 2)).uniform(-1.2, -0.2, size=count))
