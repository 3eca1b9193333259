"""How long a program lasts on a target, and whether the target takes it."""

from __future__ import annotations

import cirq

from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.errors import InputError


def operation_ns(operation: cirq.Operation, target: Target) -> float:
    """Duration of a native operation in ns; raises `InputError` for a gate that the calibration does not cover.

    One-qubit gates must be `cirq.PhasedXZGate`: Google's noise model silently adds nothing to other types (YPowGate,
    PhasedXPowGate) on some processors, though their devices accept them.
    """
    gate = operation.gate
    if isinstance(gate, cirq.PhasedXZGate) and operation.qubits[0] in target.p_1q_pauli:
        return target.gate_times.one_qubit_ns
    if isinstance(gate, cirq.MeasurementGate) and all(qubit in target.readout for qubit in operation.qubits):
        return target.gate_times.measurement_ns
    if gate == target.native.gate and frozenset(operation.qubits) in target.p_2q_pauli:
        return target.gate_times.two_qubit_ns
    raise InputError(
        f"{target.name} has no calibration for {operation.untagged}",
        where="program",
        remedy=f"place it, and lower it to {target.native.value} and PhasedXZ",
    )


def duration_ns(circuit: cirq.AbstractCircuit, target: Target) -> float:
    """Duration of a program in ns: moments one after another, each as long as its longest operation."""
    return float(sum(max((operation_ns(op, target) for op in moment), default=0.0) for moment in circuit))


def check_program(circuit: cirq.AbstractCircuit, target: Target) -> None:
    """Whether a target takes a program as it is.

    Raises:
        InputError: the device refuses it, a gate carries no calibration, measurements are missing or not all in the
            last moment, or it lasts longer than the device allows.
    """
    try:
        target.device.validate_circuit(circuit)
    except ValueError as error:
        raise InputError(
            f"{target.name} refuses the program ({error})", where="program", remedy="place and lower it for this target"
        ) from None
    length_ns = duration_ns(circuit, target)
    measured = [index for index, moment in enumerate(circuit) if any(map(cirq.is_measurement, moment))]
    if measured != [len(circuit) - 1]:
        raise InputError(
            f"measurements stand in moments {measured} of {len(circuit)}",
            where="program",
            remedy="measure once, in the last moment",
        )
    if length_ns > target.max_program_duration_ns:
        raise InputError(
            f"the program lasts {length_ns:.0f} ns, {target.name} allows {target.max_program_duration_ns:.0f} ns",
            where="program",
            remedy="use smaller patches, a reduced readout or a cheaper preparation",
        )
