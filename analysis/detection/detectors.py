"""Detectors that differ in one thing at a time: encoder, readout, weights, positions, fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.experiment.baselines import DcOverlap, FittedPatchPca, leading_eigenvectors
from qpbae_tn.experiment.descent import hadamard_angles
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.normal import learn_normal, learn_places
from qpbae_tn.experiment.objective import Optimum, optimise
from qpbae_tn.experiment.outcome_baselines import Mahalanobis, walsh_specification
from qpbae_tn.experiment.scoring import Scorer, at_places, model_scorer
from qpbae_tn.model.model import Model
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.score import Score

PAPER = "paper's layer"
VOLUME = "paper's layer, log-volume"
WALSH = "Hadamard gates"
BRICK = "so4 brick x 2, log-volume"
ENCODERS = (PAPER, VOLUME, WALSH, BRICK)
DC, PCA, DISTANCE = "DC overlap", "patch PCA", "Mahalanobis"
BASELINES = (DC, PCA, DISTANCE)


@dataclass(frozen=True)
class Detector:
    """One way to score.

    Args:
        by: the encoder, or the baseline.
        score: what is read and how it is folded; of a baseline only fold and positions count.
    """

    by: str
    score: Score

    @property
    def readout(self) -> str:
        """F, F_trash, T or A, or nothing for a baseline."""
        if self.by in BASELINES:
            return ""
        if self.score.kind == "weighted":
            return {"trash": "T", "all": "A", "classes": "classes"}[self.score.outcomes]
        return {"reconstruction": "F", "trash": "F_trash"}[self.score.kind]


PLAIN = Score()
TRASH = Score("trash")
WEIGHTED_TRASH = Score("weighted", outcomes="trash")
WEIGHTED_ALL = Score("weighted", outcomes="all")


def detectors() -> tuple[Detector, ...]:
    """All of them: every readout of every encoder under both folds, with and without positions; then other weights."""
    read = [
        (PAPER, PLAIN),
        (PAPER, TRASH),
        *((encoder, score) for encoder in (PAPER, VOLUME, BRICK) for score in (WEIGHTED_TRASH, WEIGHTED_ALL)),
        (WALSH, WEIGHTED_ALL),
        *((baseline, TRASH) for baseline in BASELINES),
    ]
    found = [
        Detector(by, replace(score, positions=positions, fold=fold))
        for by, score in read
        for positions in (False, True)
        for fold in ("mean", "log")
    ]
    found += [
        Detector(encoder, replace(WEIGHTED_ALL, weights=rule))
        for encoder in (PAPER, BRICK)
        for rule in ("linear", "log")
    ]
    return tuple(found)


def encoder_experiment(loaded: LoadedExperiment, encoder: str) -> LoadedExperiment:
    """The images under the description of this encoder."""
    if encoder == PAPER:
        return loaded
    volume = loaded.variant(objective="log-volume", score="weighted", outcomes="all")
    return volume if encoder == VOLUME else volume.variant(ansatz="brick", block="so4", layers=2)


def train_encoder(loaded: LoadedExperiment, encoder: str, *, places: bool = True) -> tuple[Model, Optimum | None]:
    """An encoder, trained as it is meant to be, with what is normal for it, everywhere and perhaps at each place."""
    images, engine = loaded.train.images, loaded.engine
    if encoder == WALSH:
        specification = walsh_specification(loaded.specification)
        angles, optimum = hadamard_angles(specification.ansatz), None
    else:
        own = encoder_experiment(loaded, encoder)
        specification = own.specification
        optimum = optimise(own.experiment, own.problem, own.initial_angles)
        angles = optimum.angles
    normal = learn_normal(specification, angles, engine, images, replace(WEIGHTED_ALL, positions=places))
    if not places:
        return Model(specification, angles, normal=normal), optimum
    strings = normal.place_shares["all"]
    trash = np.asarray(Outcomes(specification, "trash").gather(strings), dtype=np.float64)
    normal = replace(normal, place_shares={"all": strings, "trash": trash})
    return Model(specification, angles, normal=normal), optimum


def scorers(loaded: LoadedExperiment, models: Mapping[str, Model]) -> Callable[[Detector], Scorer]:
    """From a detector to its scorer, models and baselines being fitted once."""
    plain: dict[str, Scorer] = {
        DC: DcOverlap().similarity,
        PCA: FittedPatchPca(
            leading_eigenvectors(loaded.problem.train_mean, 1 << loaded.specification.bottleneck)
        ).similarity,
        DISTANCE: Mahalanobis().fit(loaded).similarity,
    }
    references: dict[str, NDArray[np.float64]] = {
        name: learn_places(loaded.specification, scorer, loaded.train.images) for name, scorer in plain.items()
    }

    def scorer(detector: Detector) -> Scorer:
        if detector.by in plain:
            own = plain[detector.by]
            return at_places(own, references[detector.by]) if detector.score.positions else own
        model = models[detector.by]
        return model_scorer(model.specification, model.angles, loaded.engine, detector.score, model.normal)

    return scorer
