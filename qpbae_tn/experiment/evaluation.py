"""Evaluation: maps of the model and of each baseline on the same patches, then the same metrics for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import fit_baselines
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.evaluation import measure_table, paired_differences
from qpbae_tn.metrics.table import PixelTable, operating_threshold
from qpbae_tn.model.model import Model
from qpbae_tn.model.score import Score

if TYPE_CHECKING:
    import pandas

MODEL = "model"

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
        score: label of what scored the model's patches.
        model: the model's quality.
        maps: the model's maps Y, shape (images, H, W).
        baselines: quality of each baseline, by name.
        differences: by baseline what the model's metrics are above its, each with a paired interval: the images are
            drawn again for both at once.
        left_out: baselines that could not be computed, with the reason.
        zero_patches: test patches without any light.
    """

    test: LabelledImageSet
    score: str
    model: DetectorResult
    maps: NDArray[np.float64]
    baselines: Mapping[str, DetectorResult]
    differences: Mapping[str, Mapping[str, Interval]]
    left_out: Mapping[str, str]
    zero_patches: int

    def __repr__(self) -> str:
        metrics = self.model.metrics
        quality = ", ".join(f"{name} {metrics[name].value:.3f}" for name in ("auroc", "aupro"))
        return f"Evaluation({quality} on {len(self.test)} images, {len(self.baselines)} baselines)"

    def _repr_html_(self) -> str:
        table: str = self.frame().map(lambda value: value if isinstance(value, int) else f"{value:.3f}").to_html()
        return table

    def frame(self) -> pandas.DataFrame:
        """Model and baselines as rows; the values of their metrics, without intervals, as columns."""
        import pandas

        rows = {MODEL: self.model, **self.baselines}
        values = {
            name: {"parameters": one.parameters, **{key: value.value for key, value in one.metrics.items()}}
            for name, one in rows.items()
        }
        return pandas.DataFrame.from_dict(values, orient="index")

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "metrics": self.model.to_json(),
            "baselines": {name: result.to_json() for name, result in self.baselines.items()},
            "differences": {
                name: {metric: value.to_json() for metric, value in found.items()}
                for name, found in self.differences.items()
            },
            "baselines_left_out": dict(self.left_out),
            "score": self.score,
            "test_images": len(self.test),
            "defective_images": int(self.test.defective.sum()),
            "vanished_masks": len(self.test.vanished),
            "zero_patches": self.zero_patches,
            "classes": self.test.class_counts,
            "data": self.test.provenance.to_json(),
        }


def evaluate(
    model: Model,
    experiment: LoadedExperiment | Experiment | None = None,
    *,
    resamples: int = 200,
    on_image: Callable[[], None] | None = None,
) -> Evaluation:
    """Evaluate a model beside baselines, which are fitted on the experiment's training images.

    The model's operating threshold is the experiment's, or else the model's own for this score. Baselines, and a model
    without one, take theirs from the maps of the validation images, or without any from all test maps, still without
    labels. All are scored under the same fold, and with the same regard to places.

    Args:
        model: the trained model.
        experiment: its test images, score and baselines, and how these are trained; loaded, or to be loaded. By default
            all test images of the bundled textures, with the model's own settings.
        resamples: of the bootstrap over images.
        on_image: called after each test image.

    Raises:
        InputError: images that cannot be used, or a score that the model knows too little for.

    Example:
        >>> from qpbae_tn.experiment.description import Experiment
        >>> from qpbae_tn.experiment.training import train
        >>> loaded = LoadedExperiment(Experiment(train=8, validation=2, test=8, stride=4, baselines=("dc_overlap",)))
        >>> result = evaluate(train(loaded).model, loaded, resamples=10)
        >>> result.model.metrics["auroc"].value > 0.5, list(result.baselines)
        (True, ['dc_overlap'])
    """
    loaded = experiment or Experiment.of_model(model)
    if isinstance(loaded, Experiment):
        loaded = LoadedExperiment(loaded, model=model)
    experiment, specification, test = loaded.experiment, model.specification, loaded.test
    score = experiment.scoring
    baselines, left_out = fit_baselines(loaded)
    scorers = {MODEL: model_scorer(specification, model.angles, loaded.engine, score, model.normal)}
    scorers |= {baseline.name: baseline.similarity for baseline in baselines}
    maps, zero_patches = anomaly_maps(specification, test.images, scorers, fold=score.fold, on_image=on_image)
    known = model.thresholds.get(score.label) if experiment.threshold is None else experiment.threshold
    thresholds = {} if known is None else {MODEL: known}
    normal = {name: scorer for name, scorer in scorers.items() if name not in thresholds}
    if normal:
        own_maps = {name: maps[name] for name in normal}
        if len(loaded.validation):
            own_maps, _ = anomaly_maps(specification, loaded.validation.images, normal, fold=score.fold)
        thresholds |= {name: operating_threshold(found) for name, found in own_maps.items()}
    parameters = {baseline.name: baseline.parameter_count for baseline in baselines}
    parameters[MODEL] = specification.ansatz.parameter_count
    seed = experiment.evaluation_seed
    measured = {
        name: measure_table(PixelTable(maps[name], test.masks, thresholds[name]), resamples=resamples, seed=seed)
        for name in scorers
    }
    results = {
        name: DetectorResult(
            {metric: value.interval for metric, value in found.items()}, thresholds[name], parameters[name]
        )
        for name, found in measured.items()
    }
    own = measured.pop(MODEL)
    differences = {name: paired_differences(own, other) for name, other in measured.items()}
    return Evaluation(test, score.label, results.pop(MODEL), maps[MODEL], results, differences, left_out, zero_patches)


def operating_threshold_of(model: Model, score: Score, given: float | None = None) -> float:
    """The threshold given, or the model's own for this score; raises `InputError` where it has none."""
    if given is not None:
        return given
    if score.label not in model.thresholds:
        raise InputError(f"the model has no threshold for score {score.label!r}", remedy="give `threshold`")
    return model.thresholds[score.label]
