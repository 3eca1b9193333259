"""Baselines of the weighted score: the same weights without any training of the circuit, and the classical distance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.descent import hadamard_angles
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.experiment.scoring import PatchBatch, Scorer, model_scorer
from qpbae_tn.model.ansatz import Ansatz, Block
from qpbae_tn.model.blocks import SO4
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import MAX_OUTCOMES, Outcomes
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

if TYPE_CHECKING:
    from sklearn.covariance import EmpiricalCovariance

Array = NDArray[np.floating]

FIT_AMPLITUDES = 1 << 24
"""Amplitudes that a covariance is fitted on: 128 MiB; of more patches evenly spaced ones are taken."""
MAX_COVARIANCE_QUBITS = 10
"""Up to here a covariance of 2^n x 2^n is inverted."""


def walsh_specification(specification: ModelSpecification) -> ModelSpecification:
    """The same model with a Hadamard gate on every qubit for an encoder: blocks on pairs, whose CNOTs cancel."""
    qubits = specification.qubit_count
    pairs = tuple(Block(SO4, qubit, qubit + 1) for qubit in range(0, qubits, 2))
    return replace(specification, ansatz=Ansatz(qubits, pairs, "hadamard"))


def walsh_model(loaded: LoadedExperiment, score: Score | None = None) -> Model:
    """Hadamard gates and weights learned from the training images; nothing else is trained.

    Args:
        loaded: the experiment with its images.
        score: a weighted one; by default that of the experiment, over all strings where it is not a weighted one.
    """
    specification = walsh_specification(loaded.specification)
    angles, own = hadamard_angles(specification.ansatz), score or walsh_score(loaded)
    normal = learn_normal(specification, angles, loaded.engine, loaded.train.images, own)
    return Model(specification, angles, score=own, normal=normal)


def walsh_score(loaded: LoadedExperiment) -> Score:
    """The experiment's weights, fold and positions, over all strings where these are held one by one."""
    own = loaded.experiment.scoring
    kind: OutcomeKind = "all" if loaded.specification.pixel_count <= MAX_OUTCOMES else "classes"
    if own.kind == "weighted":
        return replace(own, outcomes="classes" if own.outcomes == "classes" else kind)
    return Score("weighted", own.fold, own.positions, kind)


@dataclass(frozen=True)
class Walsh:
    """A Hadamard gate on every qubit, no training, no two-qubit gate, and the weights of the weighted score."""

    name: str = "walsh"
    needs_training_images: bool = True

    def fit(self, loaded: LoadedExperiment) -> FittedWalsh:
        """Learn how often each Walsh function is found."""
        model = walsh_model(loaded)
        scorer = model_scorer(model.specification, model.angles, loaded.engine, model.score, model.normal)
        return FittedWalsh(scorer, Outcomes(model.specification, model.score.outcomes).count, model.score.positions)


@dataclass(frozen=True, eq=False)
class FittedWalsh:
    """See `qpbae_tn.experiment.baselines.FittedBaseline`.

    Args:
        scorer: of patches.
        parameter_count: outcomes, each with a number learned.
        knows_places: whether these numbers are learned for each place.
    """

    scorer: Scorer
    parameter_count: int
    knows_places: bool
    name: str = "walsh"

    def similarity(self, batch: PatchBatch) -> Array:
        """1 - 2 s, s the weighted score divided by its normal mean; shape (N,)."""
        return self.scorer(batch)


@dataclass(frozen=True)
class Mahalanobis:
    """The Mahalanobis distance of the normalised patches, centred, by scikit-learn's empirical covariance."""

    name: str = "mahalanobis"
    needs_training_images: bool = True

    def unfit_for(self, specification: ModelSpecification) -> str | None:
        """Why it cannot be fitted for this model; None where it can."""
        if specification.qubit_count <= MAX_COVARIANCE_QUBITS:
            return None
        side = specification.pixel_count
        return f"a covariance of {side:,} x {side:,} is not inverted (at most {1 << MAX_COVARIANCE_QUBITS:,})"

    def fit(self, loaded: LoadedExperiment) -> FittedMahalanobis:
        """Fit mean and covariance on the training patches.

        Raises:
            InputError: patches too large.
        """
        from sklearn.covariance import EmpiricalCovariance

        reason = self.unfit_for(loaded.specification)
        if reason is not None:
            raise InputError(reason, where="baselines", remedy="leave out mahalanobis, or give a smaller `patch_size`")
        patches = loaded.train_patches
        room = max(1, FIT_AMPLITUDES // loaded.specification.pixel_count)
        step = -(-len(patches) * patches.grid.count // room)
        states = np.concatenate([states[::step] for states in patches])
        found = EmpiricalCovariance().fit(states)
        # Patches that are all alike have no spread: no distance, and nothing to divide by.
        return FittedMahalanobis(found, float(found.mahalanobis(states).mean()) or 1.0, self.name)


@dataclass(frozen=True, eq=False)
class FittedMahalanobis:
    """See `qpbae_tn.experiment.baselines.FittedBaseline`.

    Args:
        covariance: scikit-learn's, fitted.
        mean: of the squared distance on the training patches; it is close to 2^n - 1.
    """

    covariance: EmpiricalCovariance
    mean: float
    name: str = "mahalanobis"

    @property
    def parameter_count(self) -> int:
        """Numbers of the mean and the symmetric covariance."""
        size = len(self.covariance.location_)
        return size + size * (size + 1) // 2

    def similarity(self, batch: PatchBatch) -> Array:
        """1 - 2 d^2 / (mean of d^2 on the training patches), shape (N,)."""
        distances = self.covariance.mahalanobis(batch.states.astype(np.float64))
        return np.asarray(1.0 - 2.0 * np.round(distances / self.mean, 9))
