"""Verification: the score of the compiled circuit is the model's score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.expectation import Boundary, expectation
from qpbae_tn.compiler.lowering.equivalence import VerificationError
from qpbae_tn.compiler.readouts import Quantity
from qpbae_tn.compiler.targets.target import Target, check_program, duration_ns
from qpbae_tn.model.fidelity import reconstruction_fidelity, trash_fidelity
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

    @property
    def difference(self) -> float:
        """|found - expected|, at most `TOLERANCE`."""
        return abs(self.found - self.expected)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
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
        }


def model_scores(
    specification: ModelSpecification, angles: NDArray[np.float64], states: NDArray[np.float64], quantity: Quantity
) -> NDArray[np.float64]:
    """F_trash or F of each state, shape (N,), by the closed formulas; states have shape (N, 2^n)."""
    compute = trash_fidelity if quantity is Quantity.TRASH_FIDELITY else reconstruction_fidelity
    return np.asarray(compute(specification, angles, states))


def verify(
    circuit: cirq.Circuit,
    target: Target,
    estimator: Estimator,
    quantity: Quantity,
    *,
    expected: float,
    for_patch: float,
    inputs: tuple[Boundary, ...] = (),
    outputs: tuple[Boundary, ...] = (),
) -> Verification:
    """Verify a native circuit for one patch.

    Args:
        circuit: native, placed, without symbols, all bits measured by one operation at its end.
        target: the device it is for.
        estimator: from bits to the value of a shot.
        quantity: what the estimator's mean should be.
        expected: that quantity for the state that is prepared.
        for_patch: that quantity for the patch.
        inputs: registers that are taken to hold the patch (no preparation).
        outputs: registers that are projected on the patch at the end (no inverse preparation).

    Raises:
        VerificationError: the expectation differs by more than `TOLERANCE`.
        InputError: the device does not take the program.
    """
    check_program(circuit, target)
    (measurement,) = (op for op in circuit.all_operations() if cirq.is_measurement(op))
    found = expectation(circuit, measurement.qubits, estimator, inputs, outputs)
    if not abs(found.value - expected) <= TOLERANCE:
        raise VerificationError(
            f"the compiled circuit gives {found.value:.9f} where the model's {quantity.value} is {expected:.9f}"
        )
    return Verification(
        quantity=quantity,
        expected=expected,
        found=found.value,
        for_patch=for_patch,
        method=found.method,
        duration_ns=duration_ns(circuit, target),
        max_duration_ns=target.max_program_duration_ns,
    )
