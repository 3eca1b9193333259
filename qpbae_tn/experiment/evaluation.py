"""Evaluation: maps of the model and of each baseline on the same patches, then the same metrics for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.experiment.baselines import BaselineSetting, CutImages, FittedBaseline, make_baselines
from qpbae_tn.experiment.fit import FitOptions
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.metrics.table import operating_threshold
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import ScoreKind
from qpbae_tn.model.patches import PatchGrid

# What an evaluation finds: metrics of the model and of each baseline on the same images.


@dataclass(frozen=True, eq=False)
class DetectorResult:
    """One detector's quality.

    Args:
        metrics: by name, each with its interval.
        threshold: its operating threshold on the scale of Y, from its own validation maps.
        parameters: number of trained parameters.
    """

    metrics: Mapping[str, Interval]
    threshold: float
    parameters: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the metrics' names at the top, beside `threshold` and `parameters`."""
        values: dict[str, Any] = {name: value.to_json() for name, value in self.metrics.items()}
        return {**values, "threshold": self.threshold, "parameters": self.parameters}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model and its baselines on one test set.

    Args:
        test: images, masks, names and classes.
        score: which fidelity scored the model's patches.
        model: the model's quality.
        maps: the model's maps Y, shape (images, H, W).
        baselines: quality of each baseline, by name.
        left_out: baselines that could not be computed, with the reason.
        zero_patches: test patches without any light.
    """

    test: LabelledImageSet
    score: ScoreKind
    model: DetectorResult
    maps: NDArray[np.float64]
    baselines: Mapping[str, DetectorResult]
    left_out: Mapping[str, str]
    zero_patches: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "metrics": self.model.to_json(),
            "baselines": {name: result.to_json() for name, result in self.baselines.items()},
            "baselines_left_out": dict(self.left_out),
            "score": self.score,
            "test_images": len(self.test),
            "defective_images": int(self.test.defective.sum()),
            "vanished_masks": len(self.test.vanished),
            "zero_patches": self.zero_patches,
            "classes": self.test.class_counts,
            "data": self.test.provenance.to_json(),
        }


# Baselines fitted for a model, from the same images and with the same options as the model.


def fit_baselines(
    names: Sequence[str], model: Model, engine: Engine, score: ScoreKind, train_images: NDArray[np.float64] | None
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


MODEL = "model"


def evaluate_model(
    model: Model,
    engine: Engine,
    test: LabelledImageSet,
    *,
    score: ScoreKind = "reconstruction",
    baselines: Sequence[FittedBaseline] = (),
    left_out: Mapping[str, str] | None = None,
    validation_images: NDArray[np.float64] | None = None,
    threshold: float,
    resamples: int = 200,
    seed: int = 0,
    on_image: Callable[[], None] | None = None,
) -> Evaluation:
    """Evaluate a model and its baselines.

    Args:
        model: the trained model.
        engine: computes the model's fidelities.
        test: labelled images.
        score: which fidelity scores the model's patches.
        baselines: fitted, to be evaluated alike.
        left_out: baselines that could not be fitted, with the reason; passed on to the result.
        validation_images: shape (images, H, W), normal, for the baselines' thresholds; without them each baseline takes
            its threshold from all test maps, still without labels.
        threshold: the model's operating threshold on the scale of Y.
        resamples: of the bootstrap over images.
        seed: of the bootstrap.
        on_image: called after each test image.
    """
    specification = model.specification
    scorers = {MODEL: model_scorer(specification, model.angles, engine, score)}
    scorers |= {baseline.name: baseline.similarity for baseline in baselines}
    maps, zero_patches = anomaly_maps(specification, test.images, scorers, on_image=on_image)
    thresholds = {MODEL: threshold}
    if baselines:
        normal = {name: scorer for name, scorer in scorers.items() if name != MODEL}
        if validation_images is not None and len(validation_images):
            normal_maps, _ = anomaly_maps(specification, validation_images, normal)
        else:
            normal_maps = {name: maps[name] for name in normal}
        thresholds |= {name: operating_threshold(found) for name, found in normal_maps.items()}
    parameters = {baseline.name: baseline.parameter_count for baseline in baselines}
    parameters[MODEL] = specification.ansatz.parameter_count
    results = {
        name: DetectorResult(
            evaluate_maps(maps[name], test.masks, thresholds[name], resamples=resamples, seed=seed),
            thresholds[name],
            parameters[name],
        )
        for name in scorers
    }
    return Evaluation(
        test=test,
        score=score,
        model=results.pop(MODEL),
        maps=maps[MODEL],
        baselines=results,
        left_out=dict(left_out or {}),
        zero_patches=zero_patches,
    )
