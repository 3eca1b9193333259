"""What every engine offers: fidelities for a stack of patch states, and the training loss with its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.floating]


class LossMaker(Protocol):
    """What training asks of an engine."""

    def prepare_loss(
        self, specification: ModelSpecification, batch_states: Sequence[FloatArray], weights: FloatArray
    ) -> PreparedLoss:
        """Digest a batch of images once, so that every step costs as little as the engine allows.

        Args:
            specification: the model.
            batch_states: the patch states of each image of the batch, each of shape (N, 2^n).
            weights: the weight of each patch in Eq. 8, shape (N,), adding up to one.

        Returns:
            The loss C(t) = 1 - mean over images of sum_p w_p F_trash(phi_p), as a function of the angles.
        """


class Engine(LossMaker, Protocol):
    """A way to compute the fidelities of patch states.

    States are real amplitude vectors of unit norm, stacked as (N, 2^n), in the order of `qpbae_tn.model.embedding`.
    """

    @property
    def name(self) -> str:
        """The name that it is chosen by."""

    def trash_fidelity(self, specification: ModelSpecification, angles: FloatArray, states: FloatArray) -> FloatArray:
        """F_trash, the probability that the trash register is found in |0...0> after the encoder.

        Args:
            specification: the model.
            angles: shape (parameter_count,), radians.
            states: shape (N, 2^n), unit norm.

        Returns:
            Shape (N,).
        """

    def reconstruction_fidelity(
        self, specification: ModelSpecification, angles: FloatArray, states: FloatArray
    ) -> FloatArray:
        """F, the fidelity between a patch state and its reconstruction; shapes as for `trash_fidelity`."""

    def outcome_probabilities(
        self, specification: ModelSpecification, angles: FloatArray, states: FloatArray, kind: OutcomeKind
    ) -> FloatArray:
        """p_k, the probability of each outcome of a shot of the encoder alone; see `qpbae_tn.model.outcomes`.

        Args:
            specification: the model.
            angles: shape (parameter_count,), radians.
            states: shape (N, 2^n), unit norm.
            kind: over the bit strings of the trash register, over those of all qubits, or over classes of the latter.

        Returns:
            Shape (N, K), rows adding up to one.

        Raises:
            InputError: more outcomes than are held one by one.
        """


class PreparedLoss(Protocol):
    """The training loss of one batch (Eq. 8) as a function of the angles."""

    def value(self, angles: FloatArray) -> float:
        """C(t)."""

    def value_and_gradient(self, angles: FloatArray) -> tuple[float, NDArray[np.float64]]:
        """C(t) and dC/dt, the latter of shape (parameter_count,)."""
