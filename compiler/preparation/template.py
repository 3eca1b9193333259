"""A preparation circuit with open angles: RY and CZ gates, one symbol an angle, one circuit for all patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cirq
import numpy as np
import sympy
from numpy.typing import NDArray

from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.model.blocks import Cz, Ry

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PreparationTemplate:
    """Gates that take |0...0> to a patch state once their angles are known.

    Args:
        qubit_count: n; qubit 0 is the most significant bit of the amplitude index.
        gates: in order of time; the rotations use the angles 0, 1, 2, ... once each and in order.
        prefix: of the symbols' names: p0, p1, ... by default.
    """

    qubit_count: int
    gates: tuple[Ry | Cz, ...]
    prefix: str = "p"

    def __post_init__(self) -> None:
        used = [gate.parameter for gate in self.gates if isinstance(gate, Ry)]
        if used != list(range(len(used))):
            raise ValueError("a template must use its angles 0, 1, 2, ... once each and in order")

    @cached_property
    def parameter_count(self) -> int:
        """K, the number of angles."""
        return sum(isinstance(gate, Ry) for gate in self.gates)

    @cached_property
    def two_qubit_gates(self) -> int:
        """Number of CZ gates."""
        return len(self.gates) - self.parameter_count

    @cached_property
    def nearest_neighbour(self) -> bool:
        """Whether every CZ acts on qubits that follow each other."""
        return all(abs(gate.first - gate.second) == 1 for gate in self.gates if isinstance(gate, Cz))

    @cached_property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """One symbol an angle."""
        return tuple(sympy.Symbol(f"{self.prefix}{index}") for index in range(self.parameter_count))

    def circuit(self, qubits: Sequence[cirq.Qid], angles: Sequence[float] | FloatArray | None = None) -> cirq.Circuit:
        """The preparation, every operation tagged with PREPARATION.

        Args:
            qubits: n qubits in data order, most significant first.
            angles: (K,), radians; the symbols if left out.
        """
        return tagged(self._operations(qubits, angles), Stage.PREPARATION)

    def inverse(self, qubits: Sequence[cirq.Qid], angles: Sequence[float] | FloatArray | None = None) -> cirq.Circuit:
        """The inverse of `circuit`, which takes the patch state to |0...0>; tagged in the same way."""
        return tagged(cirq.inverse(list(self._operations(qubits, angles))), Stage.PREPARATION)

    def resolver(self, angles: Sequence[float] | FloatArray) -> cirq.ParamResolver:
        """The values of the symbols for one patch; `angles` has shape (K,)."""
        return cirq.ParamResolver(
            {f"{self.prefix}{index}": value for index, value in enumerate(np.asarray(angles).tolist())}
        )

    def states(self, angles: FloatArray) -> FloatArray:
        """The states that are prepared, shape (N, 2^n), for angles of shape (N, K)."""
        states = np.zeros((len(angles), 2**self.qubit_count))
        states[:, 0] = 1.0
        return self._apply(states, angles, self.gates, 1.0)

    def undo(self, states: FloatArray, angles: FloatArray) -> FloatArray:
        """The states after the inverse preparation, both of shape (N, 2^n), for angles of shape (N, K)."""
        return self._apply(states.copy(), angles, tuple(reversed(self.gates)), -1.0)

    def _apply(self, states: FloatArray, angles: FloatArray, gates: tuple[Ry | Cz, ...], sign: float) -> FloatArray:
        shape, n = states.shape, self.qubit_count
        cosines, sines = np.cos(angles / 2), sign * np.sin(angles / 2)
        for gate in gates:
            if isinstance(gate, Ry):
                view = states.reshape(len(states), 2**gate.qubit, 2, 2 ** (n - gate.qubit - 1))
                c, s = (table[:, gate.parameter, None, None] for table in (cosines, sines))
                zero, one = view[:, :, 0].copy(), view[:, :, 1]
                view[:, :, 0] = c * zero - s * one
                view[:, :, 1] = s * zero + c * one
            else:
                low, high = sorted((gate.first, gate.second))
                view = states.reshape(len(states), 2**low, 2, 2 ** (high - low - 1), 2, 2 ** (n - high - 1))
                view[:, :, 1, :, 1] *= -1.0
        return states.reshape(shape)

    def _operations(
        self, qubits: Sequence[cirq.Qid], angles: Sequence[float] | FloatArray | None
    ) -> Iterator[cirq.Operation]:
        if len(qubits) != self.qubit_count:
            raise ValueError(f"{len(qubits)} qubits for a template of {self.qubit_count}")
        values = self.symbols if angles is None else np.asarray(angles, dtype=np.float64).tolist()
        if len(values) != self.parameter_count:
            raise ValueError(f"{len(values)} angles for a template of {self.parameter_count}")
        for gate in self.gates:
            if isinstance(gate, Ry):
                yield cirq.ry(values[gate.parameter])(qubits[gate.qubit])
            else:
                yield cirq.CZ(qubits[gate.first], qubits[gate.second])


@dataclass(frozen=True)
class Ladder:
    """A list of CZ gates with an RY on each qubit at the start and on both qubits after each CZ.

    Its angles: 0..n-1 are the first rotations; n + 2 k and n + 2 k + 1 follow CZ number k on its two qubits.
    """

    qubit_count: int
    pairs: tuple[tuple[int, int], ...]

    @cached_property
    def parameter_count(self) -> int:
        """n + 2 * (number of CZ gates)."""
        return self.qubit_count + 2 * len(self.pairs)

    @cached_property
    def last_slots(self) -> tuple[int, ...]:
        """The last rotation of each qubit, by its angle's number."""
        last = list(range(self.qubit_count))
        for index, pair in enumerate(self.pairs):
            for place, qubit in enumerate(pair):
                last[qubit] = self.qubit_count + 2 * index + place
        return tuple(last)

    def template(self, prefix: str = "p") -> PreparationTemplate:
        """The ladder as a preparation template."""
        gates: list[Ry | Cz] = [Ry(qubit, qubit) for qubit in range(self.qubit_count)]
        for index, (first, second) in enumerate(self.pairs):
            slot = self.qubit_count + 2 * index
            gates += [Cz(first, second), Ry(first, slot), Ry(second, slot + 1)]
        return PreparationTemplate(self.qubit_count, tuple(gates), prefix)
