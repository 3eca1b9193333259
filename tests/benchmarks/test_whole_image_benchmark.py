"""Whole images at once against the NumPy path that cuts and embeds patches: ratios in one run, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.whole_image import image_fidelities
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.model.specification import ModelSpecification


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least processor time of a few runs, after one that compiles and warms up."""
    work()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


@pytest.mark.parametrize(("patch_size", "side", "factor"), [(4, 256, 8), (8, 256, 8), (16, 160, 8), (32, 128, 15)])
def test_whole_image_against_cut_patches(benchmark, patch_size: int, side: int, factor: float) -> None:
    specification = ModelSpecification.build(patch_size, 1, 2, image_size=side)
    angles = np.random.default_rng(0).normal(-1.2, 0.4, specification.ansatz.parameter_count)
    image = np.random.default_rng(1).uniform(0.3, 0.8, (side, side))
    scorer = model_scorer(specification, angles, ExactEngine(), "reconstruction")
    with threadpool_limits(1):
        cut = seconds(lambda: anomaly_maps(specification, image[None], {"model": scorer}))
        whole = seconds(lambda: image_fidelities(specification, angles, image))
        benchmark(image_fidelities, specification, angles, image)
    patches = (side - patch_size + 1) ** 2
    benchmark.extra_info |= {"us_a_patch": whole / patches * 1e6, "ratio": cut / whole}
    assert cut / whole >= factor
