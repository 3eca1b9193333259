"""Verification: the score of the compiled circuit is the model's score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.expectation import VerifyBy, mean
from qpbae_tn.compiler.expectation import outcomes as outcomes_of
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.passes import VerificationError
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import Quantity
from qpbae_tn.compiler.targets.target import Target, check_program, duration_ns
from qpbae_tn.model.fidelity import outcome_probabilities, reconstruction_fidelity, trash_fidelity
from qpbae_tn.model.specification import ModelSpecification

TOLERANCE = 1e-6
"""How far the ideal expectation of a compiled readout may be from the model's fidelity."""


@dataclass(frozen=True)
class Verification:
    """What was found for one patch; an object of this class exists only for programs that passed.

    Args:
        quantity: what the readout estimates.
        expected: the closed formula for the state that the circuit prepares.
        found: the ideal expectation of the compiled circuit's readout.
        for_patch: the closed formula for the patch itself; differs from `expected` by the error of the preparation.
        method: how `found` was computed.
        largest_outcome_difference: of the probability of an outcome from the model's, at most `TOLERANCE`; None where
            values are not weights of outcomes.
        duration_ns: of the program.
        max_duration_ns: what the device allows.
    """

    quantity: Quantity
    expected: float
    found: float
    for_patch: float
    method: str
    duration_ns: float
    max_duration_ns: float
    largest_outcome_difference: float | None = None

    @property
    def difference(self) -> float:
        """|found - expected|, at most `TOLERANCE`."""
        return abs(self.found - self.expected)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        largest = self.largest_outcome_difference
        return {
            "quantity": self.quantity.value,
            "expected": self.expected,
            "found": self.found,
            "difference": self.difference,
            "tolerance": TOLERANCE,
            "for_patch": self.for_patch,
            "method": self.method,
            "duration_ns": self.duration_ns,
            "max_duration_ns": self.max_duration_ns,
            **({} if largest is None else {"largest_outcome_difference": largest}),
        }


def model_scores(
    specification: ModelSpecification,
    angles: NDArray[np.float64],
    states: NDArray[np.float64],
    quantity: Quantity,
    estimator: Estimator | OutcomeEstimator | None = None,
) -> NDArray[np.float64]:
    """What a readout estimates of each state, shape (N,), by the closed formulas; states have shape (N, 2^n).

    Args:
        specification: the model.
        angles: shape (parameter_count,), radians.
        states: shape (N, 2^n), unit norm.
        quantity: F_trash, F or s.
        estimator: with the weights of s.
    """
    if isinstance(estimator, OutcomeEstimator):
        kind = estimator.outcomes.kind
        found = outcome_probabilities(specification, angles, states, kind) @ np.array(estimator.weights)
        return np.asarray(found, dtype=np.float64)
    compute = trash_fidelity if quantity is Quantity.TRASH_FIDELITY else reconstruction_fidelity
    return np.asarray(compute(specification, angles, states))


def verify(
    program: Program,
    target: Target,
    quantity: Quantity,
    *,
    patch: NDArray[np.float64],
    expected: float,
    for_patch: float,
    outcomes: NDArray[np.float64] | None = None,
    by: VerifyBy = "auto",
) -> Verification:
    """Verify a native program for one patch.

    Args:
        program: scheduled, on the target's qubits, without symbols.
        target: the device it is for.
        quantity: what the estimator's mean should be.
        patch: shape (2^n,), what registers hold that are taken to start in the patch state, or to be projected on it.
        expected: that quantity for the state that is prepared.
        for_patch: that quantity for the patch.
        outcomes: for weighted outcomes the probability of each for the state that is prepared, shape (K,).
        by: how the expectation is found.

    Raises:
        VerificationError: the expectation, or the probability of an outcome, differs by more than `TOLERANCE`.
        InputError: the device does not take the program.
    """
    check_program(program.moments, target)
    found, largest = mean(program, patch, by=by), None
    if outcomes is not None:
        largest = float(np.abs(outcomes_of(program, patch) - outcomes).max())
        if not largest <= TOLERANCE:
            raise VerificationError(f"the probability of an outcome of the compiled circuit is off by {largest:.3g}")
    # Weights are large where outcomes are rare: the mean of what agrees string by string may differ by more.
    elif not abs(found.value - expected) <= TOLERANCE:
        raise VerificationError(
            f"the compiled circuit gives {found.value:.9f} where the model's {quantity.value} is {expected:.9f}"
        )
    return Verification(
        quantity=quantity,
        expected=expected,
        found=found.value,
        for_patch=for_patch,
        method=found.method,
        largest_outcome_difference=largest,
        duration_ns=duration_ns(program.moments, target),
        max_duration_ns=target.max_program_duration_ns,
    )
