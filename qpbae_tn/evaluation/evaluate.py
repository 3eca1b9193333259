"""Evaluation: maps of the model and of each baseline on the same patches, then the same metrics for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.baselines.protocol import FittedBaseline
from qpbae_tn.data.protocol import LabelledImageSet
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.evaluation.result import DetectorResult, Evaluation
from qpbae_tn.metrics import evaluate_maps, operating_threshold
from qpbae_tn.model import Model
from qpbae_tn.scoring import Score, anomaly_maps, model_scorer

MODEL = "model"


def evaluate_model(
    model: Model,
    engine: Engine,
    test: LabelledImageSet,
    *,
    score: Score = "reconstruction",
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
