"""What every readout offers, and the pieces that they share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.specification import ModelSpecification


class Quantity(StrEnum):
    """What a readout estimates."""

    TRASH_FIDELITY = "F_trash"
    FIDELITY = "F"


@dataclass(frozen=True)
class Needs:
    """What a readout asks for.

    Args:
        copies: prepared patch states.
        fresh: further qubits in |0> that the decoder or the reference state uses.
        ancillas: control qubits of SWAP tests, in the paper's form.
        inverse_preparations: inverses of the preparation at the end.
    """

    copies: int
    fresh: int = 0
    ancillas: int = 0
    inverse_preparations: int = 0


class Readout(Protocol):
    """A way to measure F_trash or F; design, table of readouts."""

    @property
    def name(self) -> str:
        """What `--readout` calls it."""

    @property
    def quantity(self) -> Quantity:
        """What the mean of its shots' values estimates."""

    def needs(self, specification: ModelSpecification) -> Needs:
        """Copies, fresh qubits and ancillas of the circuit as it stands in the paper."""

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """The literal circuit, without preparation.

        Args:
            specification: the model.
            angles: numbers or symbols, (parameter_count,), radians.
        """

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """The distribution of the value of one shot.

        Args:
            trash_fidelity: F_trash, any shape.
            fidelity: F, the same shape.

        Returns:
            That shape and one more axis of 3: the probabilities of the values -1, 0 and +1.
        """


def one_shot_variance(readout: Readout, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
    """The variance of the value of one shot, in the shape of the fidelities; the mean is `readout.quantity`."""
    probabilities = readout.value_probabilities(trash_fidelity, fidelity)
    mean = probabilities[..., 2] - probabilities[..., 0]
    return np.asarray(probabilities[..., 2] + probabilities[..., 0] - mean**2)


def two_valued(mean: ArrayLike, lowest: int) -> NDArray[np.float64]:
    """The distribution over -1, 0, +1 of a value that is +1 or `lowest` and has this mean."""
    plus = (np.asarray(mean, dtype=np.float64) - lowest) / (1 - lowest)
    rest, none = 1 - plus, np.zeros_like(plus)
    return np.stack([rest, none, plus] if lowest == -1 else [none, rest, plus], axis=-1)


def bell_basis(first: cirq.Qid, second: cirq.Qid) -> Iterator[cirq.Operation]:
    """From the Bell basis to the computational one: SWAP becomes diag(1, 1, 1, -1) on the two bits.

    The CNOT turns the singlet into (|0> - |1>)/sqrt(2) on `first` and |1> on `second`; RY(-pi/2) then maps |-> to |1>,
    up to a sign (it is the Hadamard gate but for a final Z, which no measurement sees).
    """
    yield cirq.CNOT(first, second)
    yield cirq.ry(-np.pi / 2)(first)
