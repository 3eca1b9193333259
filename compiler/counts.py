"""Gate counts and depths of a circuit, whatever its gates are called."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cirq

from qpbae_tn.compiler.logical import Stage, stage_of


@dataclass(frozen=True)
class Counts:
    """Sizes of a circuit of one- and two-qubit gates; measurements are not counted.

    Args:
        qubits: number of qubits that are used.
        one_qubit_gates: number of one-qubit gates.
        two_qubit_gates: number of two-qubit gates.
        two_qubit_depth: layers of two-qubit gates when each starts as early as it can.
        depth: layers of gates of either kind when each starts as early as it can.
    """

    qubits: int
    one_qubit_gates: int
    two_qubit_gates: int
    two_qubit_depth: int
    depth: int

    def to_json(self) -> dict[str, int]:
        """As JSON values."""
        return asdict(self)


def count(circuit: cirq.Circuit, qubits: int | None = None) -> Counts:
    """The counts of a circuit.

    Args:
        circuit: gates on one or two qubits, and measurements.
        qubits: number of qubits, where it is more than the gates touch.

    Raises:
        ValueError: a gate on three or more qubits.
    """
    gates = [op for op in circuit.all_operations() if not cirq.is_measurement(op)]
    if any(len(op.qubits) > 2 for op in gates):
        raise ValueError("only circuits of one- and two-qubit gates can be counted")
    twos = [op for op in gates if len(op.qubits) == 2]
    return Counts(
        qubits=len(circuit.all_qubits()) if qubits is None else qubits,
        one_qubit_gates=len(gates) - len(twos),
        two_qubit_gates=len(twos),
        two_qubit_depth=_depth(twos),
        depth=_depth(gates),
    )


def two_qubit_gates_by_stage(circuit: cirq.Circuit) -> dict[Stage, int]:
    """Number of two-qubit gates of each stage."""
    result = dict.fromkeys(Stage, 0)
    for op in circuit.all_operations():
        if len(op.qubits) == 2 and not cirq.is_measurement(op):
            result[stage_of(op)] += 1
    return result


def _depth(operations: list[cirq.Operation]) -> int:
    level: dict[cirq.Qid, int] = {}
    for op in operations:
        here = 1 + max(level.get(qubit, 0) for qubit in op.qubits)
        level.update(dict.fromkeys(op.qubits, here))
    return max(level.values(), default=0)
