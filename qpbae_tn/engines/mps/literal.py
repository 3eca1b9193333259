"""The paper's circuits as plain lists of real gates on named wires, for networks too large for a statevector.

The gates and their order are those of `compiler/circuits.py`; a test holds the two together. This list needs no
circuit library, and says of each gate what a network can use: which qubit is a control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.blocks import Ry
from qpbae_tn.model.specification import ModelSpecification

Float64Array = NDArray[np.float64]

HADAMARD = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)
PAULI_Z = np.diag([1.0, -1.0])
ANCILLA = "ancilla"


@dataclass(frozen=True, eq=False)
class LiteralGate:
    """One gate.

    Args:
        name: "RY", "CNOT", "SWAP", "H" or "CSWAP".
        wires: the qubits that it acts on, a control first.
        matrix: shape (2^k, 2^k) on the k wires, the first being the most significant bit.
        controlled: whether the first wire is a control, on which the gate is diagonal.
    """

    name: str
    wires: tuple[str, ...]
    matrix: Float64Array
    controlled: bool = False


@dataclass(frozen=True, eq=False)
class LiteralCircuit:
    """A circuit whose value is <Z> of the ancilla.

    Args:
        patches: the registers that start in the patch state, each as its wires in order.
        zeros: the wires that start in |0>, the ancilla last.
        gates: in order of time.
    """

    patches: tuple[tuple[str, ...], ...]
    zeros: tuple[str, ...]
    gates: tuple[LiteralGate, ...]

    @property
    def qubit_count(self) -> int:
        """Number of wires."""
        return sum(len(register) for register in self.patches) + len(self.zeros)


def literal_training_circuit(specification: ModelSpecification, angles: NDArray[np.floating]) -> LiteralCircuit:
    """Fig. 3 on n + n_t + 1 qubits; <Z> is F_trash."""
    data, fresh, _ = _registers(specification)
    trash = [data[qubit] for qubit in specification.trash_qubits]
    gates = (*_encoder(specification, angles, data), *_swap_test(trash, fresh))
    return LiteralCircuit((data,), (*fresh, ANCILLA), gates)


def literal_reconstruction_circuit(specification: ModelSpecification, angles: NDArray[np.floating]) -> LiteralCircuit:
    """Fig. 2 on 2n + n_t + 1 qubits; <Z> is F."""
    data, fresh, copy = _registers(specification)
    encoder = tuple(_encoder(specification, angles, data))
    trash = [data[qubit] for qubit in specification.trash_qubits]
    swap = np.eye(4)[[0, 2, 1, 3]]
    gates = (
        *encoder,
        *(LiteralGate("SWAP", pair, swap) for pair in zip(trash, fresh, strict=True)),
        *(LiteralGate(gate.name, gate.wires, gate.matrix.T, gate.controlled) for gate in reversed(encoder)),
        *_swap_test(data, copy),
    )
    return LiteralCircuit((data, copy), (*fresh, ANCILLA), gates)


def _registers(specification: ModelSpecification) -> tuple[tuple[str, ...], ...]:
    sizes = {
        "data": specification.qubit_count,
        "fresh": specification.trash_count,
        "copy": specification.qubit_count,
    }
    return tuple(tuple(f"{name}_{index}" for index in range(size)) for name, size in sizes.items())


def _encoder(
    specification: ModelSpecification, angles: NDArray[np.floating], wires: tuple[str, ...]
) -> Iterator[LiteralGate]:
    cnot = np.eye(4)[[0, 1, 3, 2]]
    for block, own in specification.ansatz.split(angles):
        pair = (wires[block.first], wires[block.second])
        for gate in block.kind.gates:
            if isinstance(gate, Ry):
                c, s = np.cos(own[gate.parameter] / 2), np.sin(own[gate.parameter] / 2)
                yield LiteralGate("RY", (pair[gate.qubit],), np.array([[c, -s], [s, c]]))
            else:
                yield LiteralGate("CNOT", (pair[gate.control], pair[gate.target]), cnot, controlled=True)


def _swap_test(left: list[str] | tuple[str, ...], right: tuple[str, ...]) -> Iterator[LiteralGate]:
    controlled_swap = np.eye(8)[[0, 1, 2, 3, 4, 6, 5, 7]]
    yield LiteralGate("H", (ANCILLA,), HADAMARD)
    for pair in zip(left, right, strict=True):
        yield LiteralGate("CSWAP", (ANCILLA, *pair), controlled_swap, controlled=True)
    yield LiteralGate("H", (ANCILLA,), HADAMARD)
