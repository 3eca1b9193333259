"""What is asked of the model, as networks: F, F_trash, outcomes, the training loss, and the literal circuits.

With psi = U phi, k the trash and a, b the latent bits,

    F_trash = sum_a psi(0a)^2,   F = sum_kab psi(0a) psi(ka) psi(kb) psi(0b),   p_k = sum_a psi(ka)^2,

two or four copies of the encoder's network with their ends joined. Gates that act last, and on bits alone that are
summed over between two copies, cancel and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cirq
import numpy as np

from qpbae_tn.compiler.circuits import (
    Angles,
    encoder_operations,
    reconstruction_circuit,
    reconstruction_registers,
    symbols,
    training_circuit,
    training_registers,
)
from qpbae_tn.compiler.networks.build import PATCH, CircuitNetwork, NetworkBuilder, Piece, Register, Start
from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.outcomes import Outcomes, side_qubits
from qpbae_tn.model.specification import ModelSpecification

MakeStart = Callable[[Register], Start]
"""From a register to its state, as `dense_start` and `mps_start` make it."""
CLASS_INDICES = ("row class", "column class")
"""The open indices of classes of outcomes."""
WEIGHTS = "weights"
"""The name of the array that holds the weight of each patch in the loss."""


def angle_name(number: int) -> str:
    """The name of the array, shape (2, 2), that holds the rotation by an angle."""
    return f"t{number}"


def fidelity_network(specification: ModelSpecification, start: MakeStart) -> CircuitNetwork:
    """F of each patch: indices (PATCH,)."""
    builder, qubits, ends = _copies(specification.ansatz, specification.latent_qubits, start, 4)
    for number in specification.trash_qubits:
        qubit = qubits[number]
        builder.zeros.update((ends[0][qubit], ends[3][qubit]))
        builder.join(ends[2][qubit], ends[1][qubit])
    for number in specification.latent_qubits:
        qubit = qubits[number]
        builder.join(ends[1][qubit], ends[0][qubit])
        builder.join(ends[3][qubit], ends[2][qubit])
    return builder.network((PATCH,))


def trash_network(specification: ModelSpecification, start: MakeStart, *, summed: bool = False) -> CircuitNetwork:
    """F_trash of each patch: indices (PATCH,).

    Args:
        specification: the model.
        start: the patches.
        summed: whether the patches are added up with the array `WEIGHTS`, and no index is open.
    """
    builder, qubits, ends = _copies(specification.ansatz, specification.latent_qubits, start, 2)
    for number in specification.trash_qubits:
        builder.zeros.update(end[qubits[number]] for end in ends)
    for number in specification.latent_qubits:
        builder.join(ends[1][qubits[number]], ends[0][qubits[number]])
    if not summed:
        return builder.network((PATCH,))
    # As many weights as the states have patches; how many these are is no part of the structure.
    count = next(piece.array.shape[piece.inds.index(PATCH)] for piece in builder.pieces if PATCH in piece.inds)
    builder.pieces.append(Piece((PATCH,), np.ones(count), WEIGHTS, (False,)))
    return builder.network()


def outcomes_network(outcomes: Outcomes, start: MakeStart) -> CircuitNetwork:
    """p_k of each patch: indices (PATCH, one of size 2 for each measured qubit), for classes (PATCH, row, column).

    A class fixes, on each side of the patch, the finest excited bit: finer bits are zero, it is one, coarser ones are
    free. That is a tensor for each qubit, over its bit and the class, which all qubits of the side share.
    """
    specification = outcomes.specification
    measured = set(outcomes.measured)
    traced = [number for number in range(specification.qubit_count) if number not in measured]
    builder, qubits, ends = _copies(specification.ansatz, traced, start, 2)
    for number in traced:
        builder.join(ends[1][qubits[number]], ends[0][qubits[number]])
    names = [f"bit {number}" for number in outcomes.measured]
    for number, name in zip(outcomes.measured, names, strict=True):
        for end in ends:
            builder.join(end[qubits[number]], name)
    if outcomes.kind != "classes":
        return builder.network((PATCH, *names))
    finest = np.arange(outcomes.scales)
    for side, index in zip(side_qubits(specification), CLASS_INDICES, strict=True):
        for place, number in enumerate(side, start=1):
            allowed = np.array([finest != place, finest >= place], dtype=np.float64)
            builder.add(allowed, (f"bit {number}", index), (number, number))
    return builder.network((PATCH, *CLASS_INDICES))


def _copies(
    ansatz: Ansatz, traced: Sequence[int], start: MakeStart, count: int
) -> tuple[NetworkBuilder, Register, list[dict[cirq.Qid, str]]]:
    qubits = tuple(cirq.LineQubit.range(ansatz.qubit_count))
    operations = list(encoder_operations(ansatz, symbols(ansatz), qubits))
    acting = without_last_on(operations, {qubits[number] for number in traced})
    builder = NetworkBuilder()
    places = {qubit: place for place, qubit in enumerate(qubits)}
    ends = [builder.add_copy(acting, [start(qubits)], places, str(number)) for number in range(count)]
    return builder, qubits, ends


def without_last_on(operations: Sequence[cirq.Operation], qubits: set[cirq.Qid]) -> list[cirq.Operation]:
    """The operations less those that act on these qubits alone, with nothing else on them later."""
    blocked: set[cirq.Qid] = set()
    kept = []
    for operation in reversed(operations):
        own = set(operation.qubits)
        if not own <= qubits or not own.isdisjoint(blocked):
            blocked |= own
            kept.append(operation)
    return kept[::-1]


def literal_network(
    specification: ModelSpecification, angles: Angles, start: MakeStart, *, training: bool = False
) -> CircuitNetwork:
    """<Z> of the ancilla of the paper's own circuit, every gate a tensor: no open index.

    Args:
        specification: the model.
        angles: numbers, or symbols for arrays that are handed over later.
        start: the patch, in one copy or two.
        training: whether it is the training circuit (Fig. 3, n + n_t + 1 qubits, F_trash) rather than the test circuit
            (Fig. 2, 2n + n_t + 1 qubits, F).
    """
    registers = training_registers(specification) if training else reconstruction_registers(specification)
    circuit = (training_circuit if training else reconstruction_circuit)(specification, angles, registers)
    operations = list(circuit.all_operations())
    places = {qubit: place for register in (registers.data, registers.copy) for place, qubit in enumerate(register)}
    places |= dict(zip(registers.fresh, specification.trash_qubits, strict=True)) | {registers.ancilla: 0}
    builder = NetworkBuilder()
    starts = [start(register) for register in (registers.data, registers.copy) if register]
    ket, bra = (builder.add_copy(operations, starts, places, name) for name in ("ket", "bra"))
    for qubit in places:
        if qubit != registers.ancilla:
            builder.join(bra[qubit], ket[qubit])
    builder.add(np.diag([1.0, -1.0]), (ket[registers.ancilla], bra[registers.ancilla]))
    return builder.network()
