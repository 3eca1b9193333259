"""What one run of a program costs: gates, depth, time, and how likely nothing fails."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import prod
from statistics import median
from typing import Any

import cirq

from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.targets.target import ReadoutError, Target, operation_ns
from qpbae_tn.documents import as_json


@dataclass(frozen=True)
class StagePrice:
    """The part of one stage.

    Args:
        stage: which.
        one_qubit_gates: their number.
        two_qubit_gates: their number.
        gate_fidelity: product of (1 - Pauli error) over the gates.
        idle_fidelity: product of (1 - Pauli error of relaxation and dephasing) over the waits before the gates of the
            stage; a wait before a measurement belongs to the readout.
    """

    stage: Stage
    one_qubit_gates: int
    two_qubit_gates: int
    gate_fidelity: float
    idle_fidelity: float

    @property
    def fidelity(self) -> float:
        """Probability that no gate and no wait of the stage fails."""
        return self.gate_fidelity * self.idle_fidelity

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self, "fidelity")


@dataclass(frozen=True)
class ProgramPrice:
    """The price of one run of a program.

    Args:
        target: name of the processor.
        native: its two-qubit gate.
        qubits: number of qubits.
        measured_qubits: how many of them are measured.
        one_qubit_gates: number of one-qubit gates.
        two_qubit_gates: number of two-qubit gates.
        two_qubit_depth: moments with two-qubit gates.
        depth: moments, that of the measurements included.
        duration_ns: from the target's gate times, the measurement included.
        stages: the gates by stage, every stage once.
        measurement_fidelity: product of (1 - mean readout error) over the measured qubits.
    """

    target: str
    native: str
    qubits: int
    measured_qubits: int
    one_qubit_gates: int
    two_qubit_gates: int
    two_qubit_depth: int
    depth: int
    duration_ns: float
    stages: tuple[StagePrice, ...]
    measurement_fidelity: float

    @property
    def estimated_fidelity(self) -> float:
        """Probability that nothing fails: the product over stages and measurements."""
        return prod(stage.fidelity for stage in self.stages) * self.measurement_fidelity

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self, "estimated_fidelity")


def price_program(circuit: cirq.AbstractCircuit, target: Target) -> ProgramPrice:
    """The price of a lowered program; symbols may stand in it.

    The fidelity is that of the digital error model of Arute et al., Nature 574, 505 (2019): the product over all gates
    and measurements of one minus their (Pauli) errors. Added to it are waits: from the first gate of a qubit to its
    last operation, the Pauli error of T1 and Tphi for the time in which it has no gate. Before its first gate a qubit
    is in |0>, where neither acts. Calibrated errors of two-qubit gates are those of a cycle of cross-entropy
    benchmarking, which Cirq takes for the gate's.

    Raises:
        InputError: a gate that the target has no calibration for.
        ValueError: a gate without a stage.
    """
    gates: dict[Stage, list[float]] = {stage: [] for stage in Stage}
    waits: dict[Stage, list[float]] = {stage: [] for stage in Stage}
    counts: dict[tuple[Stage, int], int] = defaultdict(int)
    readout: list[float] = []
    last_busy: dict[cirq.Qid, float] = {}
    now = 0.0
    two_qubit_depth = 0
    for moment in circuit:
        lengths = {op: operation_ns(op, target) for op in moment}
        for op, length in lengths.items():
            stage = Stage.READOUT if cirq.is_measurement(op) else stage_of(op)
            for qubit in op.qubits:
                if qubit in last_busy:
                    waits[stage].append(_wait_error(qubit, now - last_busy[qubit], target))
                last_busy[qubit] = now + length
            if cirq.is_measurement(op):
                readout += [target.readout[qubit].mean for qubit in op.qubits]
                continue
            counts[stage, len(op.qubits)] += 1
            pair = len(op.qubits) == 2
            gates[stage].append(target.p_2q_pauli[frozenset(op.qubits)] if pair else target.p_1q_pauli[op.qubits[0]])
        two_qubit_depth += any(len(op.qubits) == 2 and not cirq.is_measurement(op) for op in moment)
        now += max(lengths.values(), default=0.0)
    return ProgramPrice(
        target=target.name,
        native=target.native.value,
        qubits=len(circuit.all_qubits()),
        measured_qubits=len(readout),
        one_qubit_gates=sum(number for (_, width), number in counts.items() if width == 1),
        two_qubit_gates=sum(number for (_, width), number in counts.items() if width == 2),
        two_qubit_depth=two_qubit_depth,
        depth=len(circuit),
        duration_ns=now,
        stages=tuple(
            StagePrice(stage, counts[stage, 1], counts[stage, 2], _none_fails(gates[stage]), _none_fails(waits[stage]))
            for stage in Stage
        ),
        measurement_fidelity=_none_fails(readout),
    )


def _none_fails(errors: list[float]) -> float:
    return prod((1 - error for error in errors), start=1.0)


def _wait_error(qubit: cirq.GridQubit, wait_ns: float, target: Target) -> float:
    if wait_ns <= 0:
        return 0.0
    return float(cirq.qis.decoherence_pauli_error(target.t1_ns[qubit], target.tphi_ns[qubit], wait_ns))


def typical(target: Target, program: Program) -> Target:
    """The target with every qubit of a program, wherever it will stand, at the median of the calibration."""
    pairs = {frozenset(op.qubits) for op in program.operations if len(op.qubits) == 2}
    errors = target.readout.values()
    read = ReadoutError(
        median(error.p_one_from_zero for error in errors), median(error.p_zero_from_one for error in errors)
    )
    return replace(
        target,
        p_1q_pauli=dict.fromkeys(program.qubits, median(target.p_1q_pauli.values())),
        p_2q_pauli=dict.fromkeys(pairs, median(target.p_2q_pauli.values())),
        readout=dict.fromkeys(program.qubits, read),
        t1_ns=dict.fromkeys(program.qubits, median(target.t1_ns.values())),
        tphi_ns=dict.fromkeys(program.qubits, median(target.tphi_ns.values())),
    )
