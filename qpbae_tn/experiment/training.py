"""Training from images to a model: the problem, the loop, the operating thresholds, the ceilings."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.experiment.ceilings import effective_parameters, pca_ceiling, product_ceiling
from qpbae_tn.experiment.fit import EpochRecord, FitOptions, fit, prepare_problem
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.table import operating_threshold
from qpbae_tn.model.model import Model
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

PRODUCT_CEILING_QUBITS = 8
"""Up to this n the product ceiling is reported: its search handles Sigma as a dense matrix many times over."""


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """What training gave.

    Args:
        model: the trained model.
        history: loss of each epoch.
        ceiling_loss: the least loss that any encoder could reach on the training images (PCA).
        product_ceiling_loss: the least loss of product filters, which one layer of the paper's ansatz is; or None.
        effective_parameters: directions of the angles that the loss sees; None past 12 qubits.
        zero_patches: training patches without any light.
        patches_per_image: N.
        training_seconds: time spent in the loop, after loading and digesting the images.
    """

    model: Model
    history: tuple[EpochRecord, ...]
    ceiling_loss: float
    product_ceiling_loss: float | None
    effective_parameters: int | None
    zero_patches: int
    patches_per_image: int
    training_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "history": [record.to_json() for record in self.history],
            "ceiling_loss": self.ceiling_loss,
            "product_ceiling_loss": self.product_ceiling_loss,
            "parameters": self.model.specification.ansatz.parameter_count,
            "effective_parameters": self.effective_parameters,
            "qubits": self.model.specification.qubit_count,
            "patches_per_image": self.patches_per_image,
            "zero_patches": self.zero_patches,
            "thresholds": dict(self.model.thresholds),
            "angles": [float(angle) for angle in self.model.angles],
            "specification": self.model.specification.to_json(),
            "provenance": dict(self.model.provenance),
            "training_seconds": self.training_seconds,
        }


def train_model(
    specification: ModelSpecification,
    engine: Engine,
    train_images: NDArray[np.float64],
    validation_images: NDArray[np.float64],
    initial_angles: NDArray[np.float64],
    *,
    options: FitOptions | None = None,
    batch_size: int = 4,
    score: Score | None = None,
    threshold_quantile: float = 0.99,
    provenance: Mapping[str, Any] | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> TrainingOutcome:
    """Train a model and fix its operating thresholds.

    Args:
        specification: the model.
        engine: computes losses and fidelities.
        train_images: shape (images, H, W), values in [0, 1], in the order of the batches.
        validation_images: shape (images, H, W), at least one.
        initial_angles: shape (parameter_count,), radians.
        options: epochs and learning rate; the paper's by default.
        batch_size: images a step.
        score: what the model is scored by; the paper's by default.
        threshold_quantile: share of the validation maps' pixels at or below the operating threshold.
        provenance: JSON values that the model file should remember.
        on_epoch: called after each epoch.

    Raises:
        InputError: images or options that do not fit.
    """
    problem = prepare_problem(specification, engine, train_images, validation_images, batch_size)
    start = time.perf_counter()
    angles, history = fit(problem, initial_angles, options or FitOptions(), on_epoch)
    seconds = time.perf_counter() - start
    score = score or Score()
    normal = learn_normal(specification, angles, engine, train_images, score)
    thresholds = find_thresholds(specification, angles, engine, normal, score, validation_images, threshold_quantile)
    remembered = {
        "engine": engine.name,
        "initial_angles": [float(angle) for angle in initial_angles],
        "history": [record.to_json() for record in history],
        "versions": versions(),
    }
    product = None
    if specification.qubit_count <= PRODUCT_CEILING_QUBITS:
        sigma = problem.train_mean.array
        product = 1.0 - product_ceiling(specification, sigma.T @ sigma if problem.train_mean.factored else sigma)
    return TrainingOutcome(
        model=Model(specification, angles, thresholds, {**(provenance or {}), **remembered}, score, normal),
        history=history,
        ceiling_loss=1.0 - pca_ceiling(specification, problem.train_mean),
        product_ceiling_loss=product,
        effective_parameters=effective_parameters(specification),
        zero_patches=problem.zero_patches,
        patches_per_image=problem.patch_count,
        training_seconds=seconds,
    )


def find_thresholds(
    specification: ModelSpecification,
    angles: NDArray[np.float64],
    engine: Engine,
    normal: NormalRecord,
    own: Score,
    validation_images: NDArray[np.float64],
    quantile: float,
) -> dict[str, float]:
    """The operating thresholds of the model's own score and of the fidelities, by the label of the score."""
    scores = dict.fromkeys([own, Score("reconstruction"), Score("trash")])
    thresholds: dict[str, float] = {}
    for fold in ("mean", "log"):
        scorers = {
            score.label: model_scorer(specification, angles, engine, score, normal)
            for score in scores
            if score.fold == fold
        }
        if scorers:
            maps, _ = anomaly_maps(specification, validation_images, scorers, fold=fold)
            thresholds |= {label: operating_threshold(found, quantile) for label, found in maps.items()}
    return thresholds


def versions() -> dict[str, str]:
    """Versions of what decides the bits of a result."""
    packages = {name: version(name) for name in ("numpy", "scipy", "cirq-core", "qsimcirq", "quimb", "cotengra")}
    return {"qpbae_tn": __version__, "python": platform.python_version(), **packages}
