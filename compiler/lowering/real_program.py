"""The compiler's view of a program before native gates: RY, CZ, numeric rotations about Z, measurements at the end.

Programs of this model are real: RY and CZ do. Rotations about Z come in with Z, H and X, and go out again; only the T
gates of a literal SWAP test stay.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import cirq
import sympy

from qpbae_tn.compiler.logical import Stage, stage_of
from qpbae_tn.compiler.lowering.angles import Angle


@dataclass(frozen=True, slots=True)
class Ry:
    """RY(angle) on a qubit."""

    qubit: cirq.Qid
    angle: Angle
    stage: Stage


@dataclass(frozen=True, slots=True)
class Cz:
    """CZ on two qubits."""

    first: cirq.Qid
    second: cirq.Qid
    stage: Stage

    @property
    def pair(self) -> frozenset[cirq.Qid]:
        """The two qubits."""
        return frozenset((self.first, self.second))


@dataclass(frozen=True, slots=True)
class Phase:
    """Z**half_turns on a qubit."""

    qubit: cirq.Qid
    half_turns: float
    stage: Stage


RealGate = Ry | Cz | Phase


@dataclass(frozen=True)
class RealProgram:
    """Real gates in order of time, then measurements; global phases are dropped.

    Args:
        gates: in order of time.
        measurements: the operations that measure, all of them at the end.
        inputs: qubits that start in an arbitrary state; all others start in |0>.
        qubits: all qubits, in order.
        any_basis: whether the measurements stand for measurements in an arbitrary basis, which sees phases.
    """

    gates: tuple[RealGate, ...]
    measurements: tuple[cirq.Operation, ...]
    inputs: frozenset[cirq.Qid]
    qubits: tuple[cirq.Qid, ...]
    any_basis: bool = False

    @property
    def measured(self) -> tuple[cirq.Qid, ...]:
        """The measured qubits, in the order of the measurements."""
        return tuple(qubit for operation in self.measurements for qubit in operation.qubits)

    def with_gates(self, gates: Collection[RealGate]) -> RealProgram:
        """The same program with other gates."""
        return replace(self, gates=tuple(gates))

    @classmethod
    def from_circuit(
        cls, circuit: cirq.AbstractCircuit, inputs: Collection[cirq.Qid] = (), *, any_basis: bool = False
    ) -> RealProgram:
        """From a tagged circuit of powers of Y and Z, CZ, CNOT, SWAP, X, H and terminal measurements.

        Args:
            circuit: every gate tagged with its stage (measurements need none); symbols in powers of Y only.
            inputs: qubits that start in an arbitrary state; those that the circuit does not touch are left out.
            any_basis: whether the measurements stand for measurements in an arbitrary basis.

        Raises:
            ValueError: another gate, a gate after a measurement of its qubit, no measurement, or a missing stage.
        """
        gates: list[RealGate] = []
        measurements: list[cirq.Operation] = []
        finished: set[cirq.Qid] = set()
        for operation in circuit.all_operations():
            if not finished.isdisjoint(operation.qubits):
                raise ValueError(f"{operation} comes after a measurement of its qubit")
            if isinstance(operation.gate, cirq.MeasurementGate):
                measurements.append(operation)
                finished.update(operation.qubits)
            else:
                gates.extend(_real_gates(operation))
        if not measurements:
            raise ValueError("the circuit measures nothing")
        qubits = circuit.all_qubits()
        return cls(tuple(gates), tuple(measurements), qubits & set(inputs), tuple(sorted(qubits)), any_basis)

    def to_circuit(self) -> cirq.Circuit:
        """As a circuit of cirq.ry, CZ and powers of Z, packed to the left, measurements in one last moment."""
        circuit = cirq.Circuit(operation_of(gate) for gate in self.gates)
        circuit.append(cirq.Moment(self.measurements))
        return circuit


def operation_of(gate: RealGate) -> cirq.Operation:
    """As a tagged operation of Cirq."""
    match gate:
        case Ry(qubit, angle, stage):
            return cirq.ry(angle.radians).on(qubit).with_tags(stage)
        case Cz(first, second, stage):
            return cirq.CZ(first, second).with_tags(stage)
        case Phase(qubit, half_turns, stage):
            return cirq.ZPowGate(exponent=half_turns).on(qubit).with_tags(stage)


def _real_gates(operation: cirq.Operation) -> Iterator[RealGate]:
    gate, qubits = operation.gate, operation.qubits
    if isinstance(gate, cirq.IdentityGate):
        return
    stage = stage_of(operation)
    if isinstance(gate, cirq.YPowGate):
        yield Ry(qubits[0], Angle.of(_radians(gate.exponent)), stage)
    elif gate == cirq.CZ:
        yield Cz(qubits[0], qubits[1], stage)
    elif gate == cirq.CNOT:
        yield from _cnot(qubits[0], qubits[1], stage)
    elif gate == cirq.SWAP:
        yield from _cnot(qubits[0], qubits[1], stage)
        yield from _cnot(qubits[1], qubits[0], stage)
        yield from _cnot(qubits[0], qubits[1], stage)
    elif isinstance(gate, cirq.ZPowGate) and not cirq.is_parameterized(gate):
        yield Phase(qubits[0], float(gate.exponent), stage)
    elif gate == cirq.X:
        yield Phase(qubits[0], 1.0, stage)
        yield Ry(qubits[0], Angle(math.pi), stage)
    elif gate == cirq.H:
        yield Ry(qubits[0], Angle(-math.pi / 2), stage)
        yield Phase(qubits[0], 1.0, stage)
    else:
        raise ValueError(f"{operation} is no gate that the compiler knows")


def _radians(half_turns: float | sympy.Expr) -> float | sympy.Expr:
    if not isinstance(half_turns, sympy.Basic):
        return half_turns * math.pi
    # the exponent of cirq.ry(t) is t/pi: multiplied by the exact pi, both go
    return (half_turns * sympy.pi).xreplace({sympy.pi: sympy.Float(math.pi)})


def _cnot(control: cirq.Qid, target: cirq.Qid, stage: Stage) -> Iterator[RealGate]:
    yield Ry(target, Angle(-math.pi / 2), stage)
    yield Cz(control, target, stage)
    yield Ry(target, Angle(math.pi / 2), stage)
