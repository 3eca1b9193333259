"""Kinds of two-qubit blocks: each is a short list of RY and CNOT gates on a first and a second qubit.

Everything an engine, the compiler or a report has to know of a block follows from its gates: the number of angles, the
4 x 4 matrix, its derivatives, the circuit. A new kind is one more entry in `BLOCK_KINDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError


@dataclass(frozen=True)
class Ry:
    """A rotation about Y by angle number `parameter` of a list of gates, on a qubit by its number."""

    qubit: int
    parameter: int


@dataclass(frozen=True)
class Cnot:
    """A CNOT between two qubits by their numbers."""

    control: int
    target: int


@dataclass(frozen=True)
class Cz:
    """A CZ between two qubits by their numbers; preparations are made of it."""

    first: int
    second: int


Gate = Ry | Cnot


@dataclass(frozen=True)
class BlockKind:
    """A real two-qubit block, given by its gates in order of time.

    Every angle belongs to exactly one RY gate, so that the parameter-shift rule holds for it as it stands.
    """

    name: str
    gates: tuple[Gate, ...]

    def __post_init__(self) -> None:
        used = [gate.parameter for gate in self.gates if isinstance(gate, Ry)]
        if used != list(range(len(used))):
            raise ValueError(f"block kind {self.name!r} must use its angles 0, 1, 2, ... once each and in order")

    @cached_property
    def parameter_count(self) -> int:
        """Number of angles."""
        return sum(isinstance(gate, Ry) for gate in self.gates)

    @cached_property
    def cnot_count(self) -> int:
        """Number of CNOT gates."""
        return sum(isinstance(gate, Cnot) for gate in self.gates)

    def matrix(self, angles: NDArray[np.floating]) -> NDArray[np.float64]:
        """The block as an orthogonal matrix, or a stack of them.

        Args:
            angles: shape (..., parameter_count), radians.

        Returns:
            Shape (..., 4, 4), indexed by 2 * (first qubit) + (second qubit).
        """
        values: NDArray[np.float64] = np.asarray(angles, dtype=np.float64)
        matrix = np.broadcast_to(np.eye(4), (*values.shape[:-1], 4, 4))
        for gate in self.gates:
            matrix = _gate_matrix(gate, values) @ matrix
        return matrix

    def derivatives(self, angles: NDArray[np.floating]) -> NDArray[np.float64]:
        """The derivative of `matrix` by each angle, shape (..., parameter_count, 4, 4).

        dRY(t)/dt = RY(t + pi) / 2, so each derivative is the block with one angle moved by pi, halved.
        """
        return self.linearised(angles)[1]

    def linearised(self, angles: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`matrix` and `derivatives`, which share most of their work."""
        values: NDArray[np.float64] = np.asarray(angles, dtype=np.float64)
        gates = [_gate_matrix(gate, values) for gate in self.gates]
        prefixes = [np.broadcast_to(np.eye(4), (*values.shape[:-1], 4, 4))]
        for matrix in gates:
            prefixes.append(matrix @ prefixes[-1])
        suffix = prefixes[0]
        result = np.empty((*values.shape, 4, 4))
        for gate, matrix, prefix in zip(reversed(self.gates), reversed(gates), reversed(prefixes[:-1]), strict=True):
            if isinstance(gate, Ry):
                moved = 0.5 * _ry_matrix(gate.qubit, values[..., gate.parameter] + np.pi)
                result[..., gate.parameter, :, :] = suffix @ moved @ prefix
            suffix = suffix @ matrix
        return np.asarray(prefixes[-1]), result


_ONE = np.eye(4)
_GENERATORS = (
    # d/dt of RY(2t) at t = 0 on the first and on the second qubit: RY(t) = cos(t/2) 1 + sin(t/2) G.
    np.array([[0.0, 0, -1, 0], [0, 0, 0, -1], [1, 0, 0, 0], [0, 1, 0, 0]]),
    np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]),
)


def _ry_matrix(qubit: int, angle: NDArray[np.float64]) -> NDArray[np.float64]:
    half = np.asarray(angle)[..., None, None] / 2
    return np.asarray(np.cos(half) * _ONE + np.sin(half) * _GENERATORS[qubit])


_CNOT_MATRICES = {
    (0, 1): np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
    (1, 0): np.array([[1.0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]),
}


def _gate_matrix(gate: Gate, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    if isinstance(gate, Ry):
        return _ry_matrix(gate.qubit, angles[..., gate.parameter])
    return _CNOT_MATRICES[gate.control, gate.target]


RY = BlockKind("ry", (Ry(0, 0), Ry(1, 1), Cnot(0, 1)))
"""The paper's block (Fig. 1 b): RY on both qubits, then CNOT from the first to the second."""

SO4 = BlockKind("so4", (Ry(0, 0), Ry(1, 1), Cnot(0, 1), Ry(0, 2), Ry(1, 3), Cnot(0, 1), Ry(0, 4), Ry(1, 5)))
"""The general real block: every matrix of SO(4).

Conjugated by CNOT, Y(x)1 and 1(x)Y become Y(x)X and Z(x)Y, which span a maximal abelian subspace of so(4) beside the
one-qubit rotations; the Cartan decomposition K A K then reaches the whole six-dimensional group.
"""

BLOCK_KINDS: dict[str, BlockKind] = {kind.name: kind for kind in (RY, SO4)}


def block_kind(name: str) -> BlockKind:
    """The block kind of this name; raises `InputError` for an unknown one."""
    try:
        return BLOCK_KINDS[name]
    except KeyError:
        raise InputError(
            f"unknown block kind {name!r}", where="block", remedy=f"choose one of {', '.join(BLOCK_KINDS)}"
        ) from None
