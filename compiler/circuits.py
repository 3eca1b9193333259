"""The paper's circuits in Cirq: encoder, decoder, training circuit (Fig. 3) and test circuit (Fig. 2).

They are the single truth: every engine is tested against them. State preparation is apart; the registers named below
start in patch states, all others in |0>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cirq
import numpy as np
import sympy
from numpy.typing import NDArray

from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.blocks import Ry
from qpbae_tn.model.specification import ModelSpecification

Angles = NDArray[np.floating] | Sequence[float | sympy.Expr]


@dataclass(frozen=True)
class Registers:
    """The named qubits of a circuit.

    Args:
        data: the n qubits that hold the patch state.
        fresh: n_t qubits that start in |0>: the reference state in training, the new trash in the test circuit.
        copy: the second copy of the patch state, empty in the training circuit.
        ancilla: the control of the SWAP test.
    """

    data: tuple[cirq.NamedQubit, ...]
    fresh: tuple[cirq.NamedQubit, ...]
    copy: tuple[cirq.NamedQubit, ...]
    ancilla: cirq.NamedQubit

    @property
    def order(self) -> tuple[cirq.NamedQubit, ...]:
        """All qubits, most significant first: data, fresh, copy, ancilla."""
        return (*self.data, *self.fresh, *self.copy, self.ancilla)


def training_registers(specification: ModelSpecification) -> Registers:
    """Registers of the training circuit: n data, n_t fresh, one ancilla."""
    return Registers(
        data=_register("data", specification.qubit_count),
        fresh=_register("fresh", specification.trash_count),
        copy=(),
        ancilla=cirq.NamedQubit("ancilla"),
    )


def reconstruction_registers(specification: ModelSpecification) -> Registers:
    """Registers of the test circuit: n data, n_t fresh, n copy, one ancilla; 2n + n_t + 1 qubits."""
    return Registers(
        data=_register("data", specification.qubit_count),
        fresh=_register("fresh", specification.trash_count),
        copy=_register("copy", specification.qubit_count),
        ancilla=cirq.NamedQubit("ancilla"),
    )


def symbols(ansatz: Ansatz) -> tuple[sympy.Symbol, ...]:
    """One symbol t0, t1, ... for each angle of the ansatz."""
    return tuple(sympy.Symbol(f"t{index}") for index in range(ansatz.parameter_count))


def encoder_operations(ansatz: Ansatz, angles: Angles, qubits: Sequence[cirq.Qid]) -> Iterator[cirq.Operation]:
    """U(t): the gates of each block in order of time.

    Args:
        ansatz: the blocks.
        angles: numbers or sympy expressions, (parameter_count,), radians.
        qubits: n qubits, most significant first.
    """
    for block, offset in zip(ansatz.blocks, ansatz.offsets, strict=True):
        pair = (qubits[block.first], qubits[block.second])
        for gate in block.kind.gates:
            if isinstance(gate, Ry):
                yield cirq.ry(angles[offset + gate.parameter])(pair[gate.qubit])
            else:
                yield cirq.CNOT(pair[gate.control], pair[gate.target])


def encoder(ansatz: Ansatz, angles: Angles, qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """U(t) as a circuit; arguments as for `encoder_operations`."""
    return cirq.Circuit(encoder_operations(ansatz, angles, qubits))


def decoder(ansatz: Ansatz, angles: Angles, qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """The true inverse of `encoder`, layers reversed."""
    return cirq.inverse(encoder(ansatz, angles, qubits))


def swap_test(
    ancilla: cirq.Qid, left: Sequence[cirq.Qid], right: Sequence[cirq.Qid], *, measure: bool = False
) -> cirq.Circuit:
    """The SWAP test: <Z> of the ancilla is Tr[rho_left rho_right] of two registers in a product state.

    Args:
        ancilla: the control, in |0>.
        left: first register.
        right: second register, as long as the first.
        measure: whether to measure the ancilla under the key "ancilla".
    """
    circuit = cirq.Circuit(
        cirq.H(ancilla), (cirq.CSWAP(ancilla, a, b) for a, b in zip(left, right, strict=True)), cirq.H(ancilla)
    )
    if measure:
        circuit.append(cirq.measure(ancilla, key="ancilla"))
    return circuit


def training_circuit(
    specification: ModelSpecification, angles: Angles, registers: Registers | None = None, *, measure: bool = False
) -> cirq.Circuit:
    """Fig. 3: encode, then a SWAP test of the trash register against fresh zeros; <Z> is F_trash."""
    registers = registers or training_registers(specification)
    trash = [registers.data[qubit] for qubit in specification.trash_qubits]
    return encoder(specification.ansatz, angles, registers.data) + swap_test(
        registers.ancilla, trash, registers.fresh, measure=measure
    )


def reconstruction_circuit(
    specification: ModelSpecification, angles: Angles, registers: Registers | None = None, *, measure: bool = False
) -> cirq.Circuit:
    """Fig. 2: encode, swap the trash with fresh zeros, decode, SWAP test against a second copy; <Z> is F."""
    registers = registers or reconstruction_registers(specification)
    trash = [registers.data[qubit] for qubit in specification.trash_qubits]
    return (
        encoder(specification.ansatz, angles, registers.data)
        + cirq.Circuit(cirq.SWAP(a, b) for a, b in zip(trash, registers.fresh, strict=True))
        + decoder(specification.ansatz, angles, registers.data)
        + swap_test(registers.ancilla, registers.data, registers.copy, measure=measure)
    )


def _register(name: str, size: int) -> tuple[cirq.NamedQubit, ...]:
    return tuple(cirq.NamedQubit(f"{name}_{index}") for index in range(size))


# Generic angles and patches, for compiling without a model or an image.


def generic_state(specification: ModelSpecification, seed: int) -> NDArray[np.float64]:
    """The state of a patch without any structure to profit from, shape (2^n,): pixels uniform in [0, 1)."""
    state = np.random.default_rng((seed, 1)).uniform(size=specification.pixel_count)
    return np.asarray(state / np.linalg.norm(state))


def generic_angles(specification: ModelSpecification, seed: int) -> NDArray[np.float64]:
    """Angles without any structure, shape (parameter_count,), near those that pass a uniform patch.

    At angles drawn from the whole circle F falls exponentially in n, and a check against it would prove little.
    """
    count = specification.ansatz.parameter_count
    return np.asarray(np.random.default_rng((seed, 2)).uniform(-1.2, -0.2, size=count))
