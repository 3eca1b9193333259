"""Baselines fitted for a model, from the same images and with the same options as the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.baselines.cut_images import CutImages
from qpbae_tn.baselines.protocol import FittedBaseline
from qpbae_tn.baselines.registry import BaselineSetting, make_baselines
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.model import Model
from qpbae_tn.patches import PatchGrid
from qpbae_tn.scoring import Score
from qpbae_tn.training.fit import FitOptions


def fit_baselines(
    names: Sequence[str], model: Model, engine: Engine, score: Score, train_images: NDArray[np.float64] | None
) -> tuple[list[FittedBaseline], dict[str, str]]:
    """Fit baselines for a model.

    Args:
        names: which ones.
        model: gives specification, initial angles, seed and training options.
        engine: computes fidelities of the untrained circuit.
        score: the fidelity that the model is scored by.
        train_images: shape (images, H, W), in the order of the batches; None where there are none.

    Returns:
        The fitted baselines, and for each that could not be fitted the reason.
    """
    provenance, specification = model.provenance, model.specification
    left_out = {}
    initial = provenance.get("initial_angles")
    if initial is None and "untrained" in names:
        left_out["untrained"] = "the model file does not tell the initial angles"
    setting = BaselineSetting(
        specification,
        np.asarray(initial if initial is not None else model.angles, dtype=np.float64),
        engine,
        score,
        FitOptions(int(provenance.get("epochs", 20)), float(provenance.get("learning_rate", 0.005))),
        int(provenance.get("batch_size", 4)),
        int(provenance.get("seed", 0)),
    )
    images = (
        train_images if train_images is not None else np.zeros((0, specification.image_size, specification.image_size))
    )
    grid = PatchGrid.over(images, specification.patch_size, specification.stride)
    patches = CutImages(images, grid)
    chosen = make_baselines(setting, [name for name in names if name not in left_out])
    if train_images is None:
        reason = "the data hold no training images"
        left_out |= {baseline.name: reason for baseline in chosen if baseline.needs_training_images}
    return [baseline.fit(patches, grid.weights) for baseline in chosen if baseline.name not in left_out], left_out
