"""Training under shot noise: parameter-shift gradients whose every term is estimated from shots.

Each shifted loss is measured in one of two ways. `EVERY_PATCH` runs the training circuit of every patch of the batch N
times. `DRAWN_PATCHES` spends N shots in all, each on a patch drawn with its weight in Eq. 8: the loss is linear in the
patch's density matrix, so the result is a fair estimate too, with a variance of at most 1/N for any number of patches.
Both are simulated with exact means and exact binomial noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.shots.sampling import value_sums
from qpbae_tn.compiler.readouts import Quantity, Readout
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.protocol import PreparedLoss
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.fit import TrainingProblem, prepare_problem
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.fidelity import latent_rows
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.float64]


class Scheme(StrEnum):
    """Which patches the shots of a shifted loss are spent on."""

    EVERY_PATCH = "every_patch"
    DRAWN_PATCHES = "drawn_patches"


@dataclass(frozen=True, eq=False)
class ShotLoss:
    """The loss of one batch with a gradient from shots; see `qpbae_tn.engines.protocol.PreparedLoss`.

    Args:
        specification: the model.
        exact: the same loss without noise.
        states: patch states of the batch, shape (patches, 2^n).
        weights: of each of them, shape (patches,), adding up to one.
        readout: of F_trash.
        scheme: which patches the shots are spent on.
        shots: N, for each patch or in all.
        generator: of random numbers.
    """

    specification: ModelSpecification
    exact: PreparedLoss
    states: FloatArray
    weights: FloatArray
    readout: Readout
    scheme: Scheme
    shots: int
    generator: np.random.Generator

    def value(self, angles: NDArray[np.floating]) -> float:
        """C(t), exact: the optimiser does not need it, so no shots are spent on it."""
        return self.exact.value(angles)

    def value_and_gradient(self, angles: NDArray[np.floating]) -> tuple[float, FloatArray]:
        """C(t), exact, and dC/dt_j = (C(t + pi/2 e_j) - C(t - pi/2 e_j)) / 2 with both terms estimated."""
        angles = np.asarray(angles, dtype=np.float64)
        shifts = np.pi / 2 * np.eye(angles.size)
        forward, backward = self.sampled(np.concatenate([angles + shifts, angles - shifts])).reshape(2, -1)
        return self.exact.value(angles), (forward - backward) / 2

    def sampled(self, angles: FloatArray) -> FloatArray:
        """Estimates of C(t) from shots for each row of angles (m, parameter_count), shape (m,); not clipped."""
        if self.scheme is Scheme.DRAWN_PATCHES:
            fidelity = np.array([[1.0 - self.exact.value(row)] for row in angles])
            weights = np.ones(1)
        else:
            ansatz = self.specification.ansatz
            rows = np.concatenate([latent_rows(self.specification, ansatz.matrices(row)) for row in angles])
            latent = (rows @ self.states.T).reshape(len(angles), -1, len(self.states))
            fidelity = np.einsum("alp,alp->ap", latent, latent)
            weights = self.weights
        # The mean over drawn patches of a two-valued shot is two-valued with the mean fidelity.
        probabilities = self.readout.value_probabilities(fidelity, fidelity)
        sums = value_sums(probabilities, self.shots, 1, self.generator)[..., 0]
        return np.asarray(1.0 - sums @ weights / self.shots)


@dataclass(frozen=True, eq=False)
class ShotTraining:
    """A training set digested once, for many noisy trainings.

    Args:
        specification: the model.
        problem: the exact training problem.
        states: patch states of each batch.
        weights: of each of them.
    """

    specification: ModelSpecification
    problem: TrainingProblem
    states: tuple[FloatArray, ...]
    weights: tuple[FloatArray, ...]

    @classmethod
    def of(cls, specification: ModelSpecification, images: FloatArray, batch_size: int) -> ShotTraining:
        """From images of shape (images, H, W), in the order of the batches."""
        problem = prepare_problem(specification, ExactEngine(), images, images[:0], batch_size)
        height, width = images.shape[1:]
        grid = PatchGrid(height, width, specification.patch_size, specification.stride)
        batches = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
        states = [
            np.concatenate([embed(grid.cut(image), specification.pixel_order)[0] for image in batch])
            for batch in batches
        ]
        weights = [np.tile(grid.weights / len(batch), len(batch)) for batch in batches]
        return cls(specification, problem, tuple(np.asarray(part, float) for part in states), tuple(weights))

    def with_shots(
        self, readout: Readout, scheme: Scheme, shots: int, generator: np.random.Generator
    ) -> TrainingProblem:
        """The problem as shots show it; raises `InputError` for a readout of something else than F_trash."""
        if readout.quantity is not Quantity.TRASH_FIDELITY:
            raise InputError(
                f"readout {readout.name!r} does not estimate F_trash, which training needs",
                where="readout",
                remedy="train with direct or ancilla_training",
            )
        parts = zip(self.problem.batches, self.states, self.weights, strict=True)
        batches = [
            ShotLoss(self.specification, loss, states, weights, readout, scheme, shots, generator)
            for loss, states, weights in parts
        ]
        return replace(self.problem, batches=tuple(batches))

    def shots_per_epoch(self, scheme: Scheme, shots: int) -> int:
        """Shots of all gradients of an epoch: two circuits for each angle, and for each patch where all are run."""
        circuits = [len(states) if scheme is Scheme.EVERY_PATCH else 1 for states in self.states]
        return 2 * self.specification.ansatz.parameter_count * sum(circuits) * shots

    def exact_loss(self, angles: FloatArray) -> float:
        """C(t) over all training images, without noise."""
        losses = [batch.value(angles) for batch in self.problem.batches]
        images = [len(weights) for weights in self.weights]
        return float(np.average(losses, weights=images))

    def unseen_angles(self) -> NDArray[np.bool_]:
        """Which angles the loss does not depend on, shape (parameter_count,): those without gradient anywhere."""
        generic = np.random.default_rng(0).uniform(-3.0, 3.0, (4, self.specification.ansatz.parameter_count))
        gradients = [self.problem.batches[0].value_and_gradient(angles)[1] for angles in generic]
        return np.asarray(np.abs(gradients).max(axis=0) < 1e-12)
