"""Training: from the images of an experiment to a model with its operating thresholds, beside what it could reach."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.experiment.description import RECORDED, Experiment
from qpbae_tn.experiment.fit import EpochRecord
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.experiment.objective import Optimum, optimise
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.table import operating_threshold
from qpbae_tn.model.model import Model
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.tables import facts_html

UNCONVERGED = 3.0
"""A loss this many times that of the best product filter is no result of the ansatz, but of a training cut short."""


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """What training gave.

    Args:
        model: the trained model.
        history: loss of each epoch of Adam, or of steps of L-BFGS.
        optimum: what was minimised, how far, and its bound.
        ceiling_loss: the least loss that any encoder could reach on the training images (PCA).
        product_ceiling_loss: the least loss of product filters, which one layer of the paper's ansatz is; or None.
        effective_parameters: directions of the angles that the loss sees; None past 12 qubits.
        zero_patches: training patches without any light.
        patches_per_image: N.
        training_seconds: time spent in the loop, after loading and digesting the images.
    """

    model: Model
    history: tuple[EpochRecord, ...]
    optimum: Optimum
    ceiling_loss: float
    product_ceiling_loss: float | None
    effective_parameters: int | None
    zero_patches: int
    patches_per_image: int
    training_seconds: float

    def __repr__(self) -> str:
        loss = f"loss {self.history[-1].loss:.4f} after {len(self.history)} epochs, " if self.history else ""
        return f"TrainingOutcome({loss}ceiling {self.ceiling_loss:.4f})"

    def _repr_html_(self) -> str:
        epochs = {f"epoch {record.epoch}": f"loss {record.loss:.4f}" for record in self.history[-5:]}
        return facts_html("Training", {**epochs, "ceiling": f"{self.ceiling_loss:.4f}", "model": self.model})

    @property
    def far_from_converged(self) -> bool:
        """Whether the loss of Eq. 8 ended more than `UNCONVERGED` times above the best product filter's."""
        least = self.product_ceiling_loss
        return self.optimum.objective == "fidelity" and least is not None and self.optimum.value > UNCONVERGED * least

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "history": [record.to_json() for record in self.history],
            "optimum": self.optimum.to_json(),
            "score": self.model.score.label,
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


def train(
    experiment: LoadedExperiment | Experiment, on_epoch: Callable[[EpochRecord], None] | None = None
) -> TrainingOutcome:
    """Train a model and fix its operating thresholds on the validation images.

    Args:
        experiment: loaded, or to be loaded; with at least one image to train and one to validate on.
        on_epoch: called after each epoch.

    Raises:
        InputError: images or settings that do not fit.

    Example:
        >>> from qpbae_tn.experiment.description import Experiment
        >>> outcome = train(Experiment(train=8, validation=2, stride=4, epochs=3))
        >>> outcome
        TrainingOutcome(loss ... after 3 epochs, ceiling 0.00...)
        >>> len(outcome.history), outcome.ceiling_loss < outcome.history[-1].loss
        (3, True)
    """
    loaded = LoadedExperiment(experiment) if isinstance(experiment, Experiment) else experiment
    experiment, specification = loaded.experiment, loaded.specification
    problem, initial = loaded.problem, loaded.initial_angles
    start = time.perf_counter()
    found = optimise(experiment, problem, initial, on_epoch)
    angles, history = found.angles, found.history
    seconds = time.perf_counter() - start
    score, engine = experiment.scoring, loaded.engine
    normal = learn_normal(specification, angles, engine, loaded.train.images, score)
    thresholds = find_thresholds(
        specification, angles, engine, normal, score, loaded.validation.images, experiment.threshold_quantile
    )
    provenance = {
        "data": loaded.train.provenance.to_json(),
        "split": loaded.split.to_json(),
        **{name: getattr(experiment, name) for name in RECORDED},
        "optimizer": experiment.chosen_optimizer,
        "init": experiment.init if experiment.initial_angles is None else "file",
        "engine": engine.name,
        "initial_angles": [float(angle) for angle in initial],
        "history": [record.to_json() for record in history],
        "versions": versions(),
    }
    ceilings = loaded.ceilings
    return TrainingOutcome(
        model=Model(specification, angles, thresholds, provenance, score, normal),
        history=history,
        optimum=found,
        ceiling_loss=ceilings.pca_loss,
        product_ceiling_loss=ceilings.product_loss,
        effective_parameters=ceilings.effective_parameters,
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


def load_and_train(experiment: Experiment, on_epoch: Callable[[EpochRecord], None] | None = None) -> LoadedExperiment:
    """The images of an experiment with the model that was trained on them; arguments and errors as for `train`."""
    loaded = LoadedExperiment(experiment)
    return loaded.with_model(train(loaded, on_epoch).model)


def versions() -> dict[str, str]:
    """Versions of what decides the bits of a result."""
    packages = {name: version(name) for name in ("numpy", "scipy", "cirq-core", "qsimcirq", "quimb", "cotengra")}
    return {"qpbae_tn": __version__, "python": platform.python_version(), **packages}
