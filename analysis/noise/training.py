"""Training with the noisy loss beside training without noise, as in the authors' noise run (P = 2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from qpbae_tn.analysis.noise.engine import DepolarisedEngine
from qpbae_tn.analysis.noise.images import map_metrics
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.fit import fit, prepare_problem
from qpbae_tn.experiment.loaded import LoadedExperiment


def training_rows(loaded: LoadedExperiment, strengths: tuple[float, ...], *, seed: int = 0) -> list[dict[str, Any]]:
    """For each strength two rows: trained with the noise and trained without it, both tested with it.

    Args:
        loaded: images, initial angles, epochs and learning rate; its specification has few angles, as each of them
            costs two circuits a step.
        strengths: of depolarising noise.
        seed: of the bootstrap.
    """
    specification, train, start = loaded.specification, loaded.train.images, loaded.initial_angles
    exact_problem = prepare_problem(specification, ExactEngine(), train, train[:0])
    quiet, quiet_history = fit(exact_problem, start, loaded.experiment)
    patches = loaded.test_patches
    rows = []
    for p in strengths:
        engine = DepolarisedEngine(p)
        problem = prepare_problem(specification, engine, train, train[:0])
        noisy, noisy_history = fit(problem, start, loaded.experiment)
        steps = _gradient_ratio(problem.batches[0], exact_problem.batches[0], start)
        for name, angles, history in (("noisy", noisy, noisy_history), ("noiseless", quiet, quiet_history)):
            scores = engine.reconstruction_fidelity(specification, angles, patches.states)
            metrics = map_metrics(patches.maps(scores), loaded.test.masks, seed)
            exact = ExactEngine().reconstruction_fidelity(specification, angles, patches.states)
            exact_metrics = map_metrics(patches.maps(np.asarray(exact)), loaded.test.masks, seed)
            rows.append(
                {
                    "data": loaded.test.provenance.data_set,
                    "patch_size": specification.patch_size,
                    "stride": specification.stride,
                    "bottleneck": specification.bottleneck,
                    "p": p,
                    "trained": name,
                    "epochs": loaded.experiment.epochs,
                    "angles": [float(angle) for angle in angles],
                    "loss_in_training": history[-1].loss if history else None,
                    "loss_without_noise": float(np.mean([batch.value(angles) for batch in exact_problem.batches])),
                    "first_gradient_ratio": steps,
                    "noisy": {name: one.interval.to_json() for name, one in metrics.items()},
                    "exact": {name: one.interval.to_json() for name, one in exact_metrics.items()},
                    "angle_distance": float(np.abs(noisy - quiet).max()),
                }
            )
    return rows


def _gradient_ratio(noisy: Any, exact: Any, angles: Any) -> float:
    """Length of the noisy gradient over that of the exact one at the initial angles."""
    return float(
        np.linalg.norm(noisy.value_and_gradient(angles)[1]) / np.linalg.norm(exact.value_and_gradient(angles)[1])
    )
