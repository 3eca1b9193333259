"""Readouts: what is measured, by which circuit, and how its shots are distributed (design, table of readouts)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import (
    Angles,
    Registers,
    decoder,
    encoder_operations,
    reconstruction_registers,
    swap_test,
    training_registers,
)
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.program import Program
from qpbae_tn.errors import InputError
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

# What every readout offers, and the pieces that they share.


class Quantity(StrEnum):
    """What a readout estimates."""

    TRASH_FIDELITY = "F_trash"
    FIDELITY = "F"
    WEIGHTED = "s"


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


class ReadoutCircuit(Protocol):
    """What the compiler needs of a readout: a circuit, and from its bits to a value."""

    @property
    def name(self) -> str:
        """The name that it is chosen by."""

    @property
    def quantity(self) -> Quantity:
        """What the mean of its shots' values estimates."""

    def needs(self, specification: ModelSpecification) -> Needs:
        """Copies, fresh qubits and ancillas of the circuit as it stands in the paper."""

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """The literal circuit, without preparation.

        Args:
            specification: the model.
            angles: numbers or symbols, (parameter_count,), radians.
        """


class Readout(ReadoutCircuit, Protocol):
    """A way to measure F_trash or F; design, table of readouts."""

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


def _in_order(*circuits: cirq.Circuit) -> tuple[cirq.Operation, ...]:
    """The operations of circuits one after the other."""
    return tuple(op for circuit in circuits for op in circuit.all_operations())


# What readouts of F share: encode, swap the trash with fresh zeros, decode (Fig. 2 without its SWAP test).


def reconstruction(specification: ModelSpecification, angles: Angles, registers: Registers) -> cirq.Circuit:
    """Encoder, reset and decoder, tagged; the SWAPs of the reset count as the decoder's."""
    reset = (
        cirq.SWAP(registers.data[qubit], fresh)
        for qubit, fresh in zip(specification.trash_qubits, registers.fresh, strict=True)
    )
    return cirq.Circuit(
        tagged(encoder_operations(specification.ansatz, angles, registers.data), Stage.ENCODER),
        tagged((reset, decoder(specification.ansatz, angles, registers.data)), Stage.DECODER),
    )


@dataclass(frozen=True)
class AncillaTest:
    """F as <Z> of the ancilla in the test circuit (Fig. 2); variance 1 - F^2."""

    name: str = "ancilla"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """Two copies, the decoder's fresh trash, one ancilla."""
        return Needs(copies=2, fresh=specification.trash_count, ancillas=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode, swap the trash with fresh zeros, decode, SWAP test against the second copy."""
        registers = reconstruction_registers(specification)
        test = swap_test(registers.ancilla, registers.data, registers.copy)
        return Program(
            _in_order(reconstruction(specification, angles, registers), tagged(test, Stage.READOUT)),
            inputs=(registers.data, registers.copy),
            measured=(registers.ancilla,),
            estimator=Estimator(1, signs=(0,)),
            swap_effect=tuple(zip(registers.data, registers.copy, strict=True)),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """+1 with probability (1 + F) / 2, else -1."""
        return two_valued(fidelity, lowest=-1)


@dataclass(frozen=True)
class AncillaTraining:
    """F_trash as <Z> of the ancilla in the training circuit (Fig. 3); variance 1 - F_trash^2."""

    name: str = "ancilla_training"
    quantity: Quantity = Quantity.TRASH_FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy, a reference register in |0...0>, one ancilla."""
        return Needs(copies=1, fresh=specification.trash_count, ancillas=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode, SWAP test of the trash against fresh zeros."""
        registers = training_registers(specification)
        trash = tuple(registers.data[qubit] for qubit in specification.trash_qubits)
        test = swap_test(registers.ancilla, trash, registers.fresh)
        encode = encoder_operations(specification.ansatz, angles, registers.data)
        return Program(
            _in_order(tagged(encode, Stage.ENCODER), tagged(test, Stage.READOUT)),
            inputs=(registers.data,),
            measured=(registers.ancilla,),
            estimator=Estimator(1, signs=(0,)),
            zero_effect=frozenset(trash),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """+1 with probability (1 + F_trash) / 2, else -1."""
        return two_valued(trash_fidelity, lowest=-1)


# `direct`: encode and count how often the trash register is all zero.


@dataclass(frozen=True)
class Direct:
    """F_trash as the probability that the trash is found in |0...0>; n qubits, variance F_trash (1 - F_trash)."""

    name: str = "direct"
    quantity: Quantity = Quantity.TRASH_FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy."""
        return Needs(copies=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode, measure the trash."""
        data = training_registers(specification).data
        trash = tuple(data[qubit] for qubit in specification.trash_qubits)
        return Program(
            _in_order(tagged(encoder_operations(specification.ansatz, angles, data), Stage.ENCODER)),
            inputs=(data,),
            measured=trash,
            estimator=Estimator(len(trash), zeros=tuple(range(len(trash)))),
            zero_effect=frozenset(trash),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """1 with probability F_trash, else 0."""
        return two_valued(trash_fidelity, lowest=0)


# `destructive`: the SWAP test as a Bell measurement of each pair, without an ancilla.


@dataclass(frozen=True)
class Destructive:
    """F as the mean of the SWAP sign of all pairs, measured instead of controlled: SWAP = 1 - 2 |singlet><singlet|.

    Garcia-Escartin and Chamorro-Posada, Phys. Rev. A 87, 052330 (2013). Variance 1 - F^2.
    """

    name: str = "destructive"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """Two copies and the decoder's fresh trash."""
        return Needs(copies=2, fresh=specification.trash_count)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode, swap the trash with fresh zeros, decode, measure each pair in the Bell basis."""
        registers = reconstruction_registers(specification)
        pairs = tuple(zip(registers.data, registers.copy, strict=True))
        bell = tagged((bell_basis(first, second) for first, second in pairs), Stage.READOUT)
        count = len(pairs)
        return Program(
            _in_order(reconstruction(specification, angles, registers), bell),
            inputs=(registers.data, registers.copy),
            measured=(*registers.data, *registers.copy),
            estimator=Estimator(2 * count, pairs=tuple((index, count + index) for index in range(count))),
            swap_effect=pairs,
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """+1 with probability (1 + F) / 2, else -1."""
        return two_valued(fidelity, lowest=-1)


# `latent`: encode both copies and compare them in the latent register; no decoder.


@dataclass(frozen=True)
class Latent:
    """F as the mean of 1(trash of copy 2 all zero) times the SWAP sign of the latent pairs; variance F_trash - F^2.

    The test circuit compares U^+ (|0><0| (x) rho_A) U with phi, which is to compare |0><0| (x) rho_A with U phi:
    Tr = M_0^T rho_A M_0, M_0 being what <0...0| on the second copy's trash leaves of U phi. SWAP on the latent pairs
    gives that overlap, and the trash of the first copy is left alone, which is the partial trace.
    """

    name: str = "latent"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """Two copies."""
        return Needs(copies=2)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode both copies, measure the second trash as it is and the latent pairs in the Bell basis."""
        registers = reconstruction_registers(specification)
        data, copy = registers.data, registers.copy
        trash = tuple(copy[qubit] for qubit in specification.trash_qubits)
        pairs = tuple((data[qubit], copy[qubit]) for qubit in specification.latent_qubits)
        encoders = [encoder_operations(specification.ansatz, angles, register) for register in (data, copy)]
        bell = tagged((bell_basis(first, second) for first, second in pairs), Stage.READOUT)
        zeros, latents = len(trash), len(pairs)
        return Program(
            _in_order(tagged(encoders, Stage.ENCODER), bell),
            inputs=(data, copy),
            measured=(*trash, *(first for first, _ in pairs), *(second for _, second in pairs)),
            estimator=Estimator(
                zeros + 2 * latents,
                zeros=tuple(range(zeros)),
                pairs=tuple((zeros + index, zeros + latents + index) for index in range(latents)),
            ),
            zero_effect=frozenset(trash),
            swap_effect=pairs,
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """0 with probability 1 - F_trash, else +1 or -1, with the mean F."""
        kept, mean = np.broadcast_arrays(np.asarray(trash_fidelity, float), np.asarray(fidelity, float))
        return np.stack([(kept - mean) / 2, 1 - kept, (kept + mean) / 2], axis=-1)


# `echo`: decode, undo the preparation, and count how often everything is zero.


@dataclass(frozen=True)
class Echo:
    """F = <phi| rho |phi> of the reconstruction rho, as the probability that the inverse preparation leads to |0...0>.

    n qubits fewer than `destructive`, one preparation after the other. Variance F (1 - F).
    """

    name: str = "echo"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy, the decoder's fresh trash, and one inverse preparation."""
        return Needs(copies=1, fresh=specification.trash_count, inverse_preparations=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode, swap the trash with fresh zeros, decode; the inverse preparation is put in with the preparation."""
        registers = reconstruction_registers(specification)
        count = specification.qubit_count
        return Program(
            _in_order(reconstruction(specification, angles, registers)),
            inputs=(registers.data,),
            outputs=(registers.data,),
            measured=registers.data,
            estimator=Estimator(count, zeros=tuple(range(count))),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """1 with probability F, else 0."""
        return two_valued(fidelity, lowest=0)


# `outcomes`: encode, measure the trash or all qubits, and weigh the string that is found.


@dataclass(frozen=True, eq=False)
class OutcomesReadout:
    """The weighted score s = sum_k w_k p_k as the mean weight of the strings found; variance sum_k w_k^2 p_k - s^2.

    One copy, n qubits, no decoder. The weights are divided by their mean over normal patches, which is thus 1.

    Args:
        score: a weighted one, without positions.
        normal: what is known of normal patches.
    """

    score: Score
    normal: NormalRecord
    name: str = "outcomes"
    quantity: Quantity = Quantity.WEIGHTED

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy."""
        return Needs(copies=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> Program:
        """Encode, measure the qubits that outcomes are of."""
        data = training_registers(specification).data
        estimator = OutcomeEstimator.of(specification, self.score, self.normal)
        return Program(
            _in_order(tagged(encoder_operations(specification.ansatz, angles, data), Stage.ENCODER)),
            inputs=(data,),
            measured=tuple(data[qubit] for qubit in estimator.outcomes.measured),
            estimator=estimator,
        )


# The readouts by name.


_ALL: tuple[Readout, ...] = (Latent(), Destructive(), Echo(), AncillaTest(), Direct(), AncillaTraining())
READOUTS: dict[str, Readout] = {readout.name: readout for readout in _ALL}
"""Those that estimate F or F_trash; `outcomes` needs weights besides, see `outcomes_readout`."""
OUTCOMES = "outcomes"


def outcomes_readout(model: Model, kind: OutcomeKind | None = None) -> OutcomesReadout:
    """The readout `outcomes` with the weights of a model.

    Args:
        model: with what it knows of normal patches; its own score where that is a weighted one, else inverse weights.
        kind: over which outcomes; by default those of the model's score, else of the trash register.

    Raises:
        InputError: a model that knows nothing of normal patches.
    """
    own = model.score if model.score.kind == "weighted" else Score("weighted", fold=model.score.fold)
    score = replace(own, outcomes=kind or own.outcomes, positions=False)
    return OutcomesReadout(score, model.known_normal)


def get_readout(name: str) -> Readout:
    """The readout of this name; raises `InputError` for an unknown one.

    Example:
        >>> readout = get_readout("direct")
        >>> one_shot_variance(readout, trash_fidelity=0.9, fidelity=0.85)
        array(0.09)
    """
    try:
        return READOUTS[name]
    except KeyError:
        raise InputError(
            f"unknown readout {name!r}", where="readout", remedy=f"choose one of {', '.join(READOUTS)}"
        ) from None
