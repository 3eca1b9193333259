"""The detectors of a group of cells, trained from what they share: images, patches, patch states, mean states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.baselines.cut_images import CutImages
from qpbae_tn.baselines.registry import BaselineSetting, make_baselines
from qpbae_tn.engines import make_engine
from qpbae_tn.engines.exact.mean_state import MeanStateLoss
from qpbae_tn.patches import PatchGrid
from qpbae_tn.scoring import Scorer, model_scorer
from qpbae_tn.specification import ModelSpecification
from qpbae_tn.study.presets import authors_angles
from qpbae_tn.study.settings import QUANTUM, Settings
from qpbae_tn.training.ceilings import pca_ceiling, product_ceiling
from qpbae_tn.training.effective import effective_parameters
from qpbae_tn.training.fit import EpochRecord, fit
from qpbae_tn.training.initial_angles import initial_angles
from qpbae_tn.training.problem import TrainingProblem, prepare_problem
from qpbae_tn.training.train import PRODUCT_CEILING_QUBITS

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained detector.

    Args:
        scorer: patches to their similarity to what is normal.
        facts: JSON values that its training gave.
    """

    scorer: Scorer
    facts: Mapping[str, Any]


@dataclass(eq=False)
class Workshop:
    """Trains the detectors of one group: one patch size, stride and pixel order, one set of training images.

    What cells share is computed when the first of them needs it and kept until the group is done: the mean states of
    all batches, which depend on neither bottleneck nor ansatz nor seed, and the ceilings.

    Args:
        train: shape (images, H, W), in the order of the batches.
        validation: shape (images, H, W).
    """

    train: Float64Array
    validation: Float64Array
    _problems: dict[tuple[str, int, ModelSpecification], TrainingProblem] = field(default_factory=dict)
    _ceilings: dict[tuple[str, int, ModelSpecification], dict[str, Any]] = field(default_factory=dict)

    def detector(self, settings: Settings) -> Detector:
        """The detector of these settings, trained on the group's images."""
        return self._quantum(settings) if settings.detector == QUANTUM else self._baseline(settings)

    def _quantum(self, settings: Settings) -> Detector:
        specification, engine = settings.specification, make_engine(settings.engine)
        problem = self._problem(settings, specification)
        start = starting_angles(settings, specification)
        angles, history = fit(problem, start, settings.fit_options)
        facts = {
            "parameters": specification.ansatz.parameter_count,
            **self._ceiling(settings, specification, problem),
            "initial_angles": start.tolist(),
            "angles": angles.tolist(),
            **_losses(history),
            "train_zero_patches": problem.zero_patches,
        }
        return Detector(model_scorer(specification, angles, engine, settings.score), facts)

    def _baseline(self, settings: Settings) -> Detector:
        specification = settings.specification
        start = starting_angles(settings, specification)
        setting = BaselineSetting(
            specification,
            start,
            make_engine(settings.engine),
            settings.score,
            settings.fit_options,
            settings.batch_size,
            settings.seed or 0,
        )
        (baseline,) = make_baselines(setting, [settings.detector])
        grid = PatchGrid.over(self.train, settings.patch_size, settings.stride)
        fitted = baseline.fit(CutImages(self.train, grid), grid.weights)
        facts: dict[str, Any] = {"parameters": fitted.parameter_count}
        history = getattr(fitted, "history", None)
        if history:
            facts |= _losses(history)
        return Detector(fitted.similarity, facts)

    def _problem(self, settings: Settings, specification: ModelSpecification) -> TrainingProblem:
        key = (settings.engine, settings.batch_size, specification)
        if key not in self._problems:
            alike = next((problem for other, problem in self._problems.items() if other[:2] == key[:2]), None)
            shared = _for_specification(alike, specification) if alike is not None else None
            self._problems[key] = shared or prepare_problem(
                specification, make_engine(settings.engine), self.train, self.validation, settings.batch_size
            )
        return self._problems[key]

    def _ceiling(
        self, settings: Settings, specification: ModelSpecification, problem: TrainingProblem
    ) -> dict[str, Any]:
        key = (settings.engine, settings.batch_size, specification)
        if key not in self._ceilings:
            mean = problem.train_mean
            product = None
            if specification.qubit_count <= PRODUCT_CEILING_QUBITS:
                sigma = mean.array.T @ mean.array if mean.factored else mean.array
                product = 1.0 - product_ceiling(specification, sigma)
            self._ceilings[key] = {
                "effective_parameters": effective_parameters(specification),
                "ceiling_loss": 1.0 - pca_ceiling(specification, mean),
                "product_ceiling_loss": product,
            }
        return self._ceilings[key]


def starting_angles(settings: Settings, specification: ModelSpecification) -> Float64Array:
    """Initial angles of a cell, shape (parameter_count,), radians."""
    seed = settings.seed or 0
    if settings.init == "authors":
        return specification.ansatz.check_angles(authors_angles(seed, specification.qubit_count))
    return initial_angles(specification.ansatz, settings.init, seed)  # type: ignore[arg-type]


def _for_specification(problem: TrainingProblem, specification: ModelSpecification) -> TrainingProblem | None:
    """The same problem for another bottleneck or ansatz, which mean states do not depend on; None without them."""
    losses = (*problem.batches, problem.validation)
    if not all(isinstance(loss, MeanStateLoss) for loss in losses):
        return None
    *batches, validation = (MeanStateLoss(specification, loss.mean_state) for loss in losses)  # type: ignore[union-attr]
    return replace(problem, batches=tuple(batches), validation=validation)


def _losses(history: tuple[EpochRecord, ...]) -> dict[str, Any]:
    return {
        "losses": [record.loss for record in history],
        "validation_losses": [record.validation_loss for record in history],
    }
