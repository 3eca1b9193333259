"""The paper's circuits on qsim, complete with ancilla and SWAP test, many patches in one call.

qsim spends its time on small circuits in Python, so an index register of ceil(log2 N) idle qubits in front holds N
patches in superposition: one call simulates all of them, and the ancilla's <Z> is read off per index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, final

import cirq
import numpy as np
import qsimcirq
from numpy.typing import NDArray

from qpbae_tn.compiler.circuits import (
    Registers,
    encoder,
    reconstruction_circuit,
    reconstruction_registers,
    training_circuit,
    training_registers,
)
from qpbae_tn.engines.parameter_shift import ParameterShiftLoss
from qpbae_tn.errors import InputError
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.platform import processor_count

Quantity = Literal["trash", "reconstruction"]
Array = NDArray[np.floating]

BYTES_PER_AMPLITUDE = 8
CACHED_BYTES = 1 << 24
"""Past this a larger statevector no longer saves calls that matter, and falls out of the processor's cache."""


def ancilla_expectations(
    quantity: Quantity, specification: ModelSpecification, angles: Array, states: Array, memory_budget_bytes: int
) -> NDArray[np.float64]:
    """<Z> of the SWAP-test ancilla for each patch state.

    Args:
        quantity: "trash" for the training circuit (Fig. 3), "reconstruction" for the test circuit (Fig. 2).
        specification: the model.
        angles: shape (parameter_count,), radians.
        states: shape (N, 2^n), unit norm.
        memory_budget_bytes: bound on the statevectors held at once.

    Returns:
        Shape (N,).

    Raises:
        InputError: one patch alone is past the budget.
    """
    registers_of: Callable[[ModelSpecification], Registers]
    if quantity == "trash":
        registers_of, build = training_registers, training_circuit
    else:
        registers_of, build = reconstruction_registers, reconstruction_circuit
    registers = registers_of(specification)
    circuit = build(specification, angles, registers)
    index_qubits = _index_qubits(len(registers.order), states.shape[0], memory_budget_bytes)
    result = [
        _simulate(circuit, registers, states[part], index_qubits, with_copy=quantity == "reconstruction")
        for part in _parts(states.shape[0], 1 << index_qubits)
    ]
    return np.concatenate(result) if result else np.empty(0)


def encoder_outcomes(
    specification: ModelSpecification, angles: Array, states: Array, kind: OutcomeKind, memory_budget_bytes: int
) -> NDArray[np.float64]:
    """p_k of each patch state from the amplitudes after the encoder; see `Engine.outcome_probabilities`."""
    outcomes = Outcomes(specification, kind)
    qubits = cirq.LineQubit.range(specification.qubit_count)
    circuit = encoder(specification.ansatz, angles, qubits)
    index_qubits = _index_qubits(len(qubits), states.shape[0], memory_budget_bytes)
    # Index qubits have negative numbers, to stand in front.
    order = [*(cirq.LineQubit(-1 - bit) for bit in range(index_qubits)), *qubits]
    whole = circuit + cirq.Circuit(cirq.I(qubit) for qubit in order if qubit not in circuit.all_qubits())
    result = np.empty((states.shape[0], outcomes.count))
    for part in _parts(states.shape[0], 1 << index_qubits):
        count = len(states[part])
        initial = np.zeros((1 << index_qubits, states.shape[1]), dtype=np.complex64)
        initial[:count] = states[part] / np.sqrt(count)
        final = _simulator().simulate(whole, qubit_order=order, initial_state=initial.ravel()).final_state_vector
        strings = np.square(np.abs(final.reshape(initial.shape)[:count]), dtype=np.float64)
        result[part] = outcomes.gather(strings / strings.sum(axis=1, keepdims=True))
    return result


def _index_qubits(qubits: int, patches: int, memory_budget_bytes: int) -> int:
    """Index qubits to put in front of a circuit; raises `InputError` if one patch alone is past the budget."""
    per_patch = BYTES_PER_AMPLITUDE << qubits
    # The initial state, qsim's copy of it and the result are alive at once.
    if 3 * per_patch > memory_budget_bytes:
        raise InputError(
            f"a circuit of {qubits} qubits needs {3 * per_patch / 2**20:.0f} MiB for one patch, "
            f"past the budget of {memory_budget_bytes / 2**20:.0f} MiB",
            where="engine qsim",
            remedy="use `engine` exact or mps, or a smaller patch",
        )
    room = min(memory_budget_bytes // 3, max(CACHED_BYTES, per_patch)) // per_patch
    return min(room.bit_length() - 1, max(0, (patches - 1).bit_length()))


def _parts(total: int, size: int) -> Iterator[slice]:
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))


def _simulate(
    circuit: cirq.Circuit, registers: Registers, states: Array, index_qubits: int, *, with_copy: bool
) -> NDArray[np.float64]:
    count, slots = states.shape[0], 1 << index_qubits
    share = (states / np.sqrt(count)).astype(np.complex64)
    fresh, copies = 1 << len(registers.fresh), 1 << len(registers.copy)
    initial = np.zeros((slots, states.shape[1], fresh, copies, 2), dtype=np.complex64)
    if with_copy:
        initial[:count, :, 0, :, 0] = share[:, :, None] * states[:, None, :]
    else:
        initial[:count, :, 0, 0, 0] = share
    index = cirq.LineQubit.range(index_qubits)
    order = [*index, *registers.order]
    whole = circuit + cirq.Circuit(cirq.I(qubit) for qubit in order if qubit not in circuit.all_qubits())
    final = _simulator().simulate(whole, qubit_order=order, initial_state=initial.ravel()).final_state_vector
    weights = np.square(final.view(np.float32)).reshape(slots, -1, 2, 2).sum(axis=(1, 3), dtype=np.float64)[:count]
    return np.asarray((weights[:, 0] - weights[:, 1]) / weights.sum(axis=1))


def _simulator() -> qsimcirq.QSimSimulator:
    return qsimcirq.QSimSimulator(qsim_options={"t": processor_count(), "f": 3})


# The qsim engine: the paper's circuits as they stand, simulated by qsim.


@final
@dataclass(frozen=True)
class QsimEngine:
    """Fidelities from the SWAP-test circuits on qsim (complex64, so to about 1e-6); an `Engine`.

    Args:
        memory_budget_bytes: bound on the statevectors held at once.
    """

    name: str = "qsim"
    memory_budget_bytes: int = 2 << 30

    def trash_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F_trash from the training circuit, shape (N,)."""

        return ancilla_expectations("trash", specification, angles, states, self.memory_budget_bytes)

    def reconstruction_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F from the test circuit, shape (N,)."""

        return ancilla_expectations("reconstruction", specification, angles, states, self.memory_budget_bytes)

    def outcome_probabilities(
        self,
        specification: ModelSpecification,
        angles: NDArray[np.floating],
        states: NDArray[np.floating],
        kind: OutcomeKind,
    ) -> NDArray[np.float64]:
        """p_k from the encoder alone, shape (N, K)."""
        return encoder_outcomes(specification, angles, states, kind, self.memory_budget_bytes)

    def prepare_loss(
        self,
        specification: ModelSpecification,
        batch_states: Sequence[NDArray[np.floating]],
        weights: NDArray[np.floating],
    ) -> ParameterShiftLoss:
        """The batch's loss, patch by patch, with a parameter-shift gradient."""
        states = np.concatenate(batch_states)
        shares = np.tile(np.asarray(weights) / len(batch_states), len(batch_states))
        return ParameterShiftLoss(lambda angles, rows: self.trash_fidelity(specification, angles, rows), states, shares)
