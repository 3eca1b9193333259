"""Noise properties of a device whose qubits are all alike, for devices that are still ideas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cirq

from qpbae_tn.compiler.targets.native import NativeGate
from qpbae_tn.compiler.targets.target import GateTimes, ReadoutError

if TYPE_CHECKING:
    import cirq_google


def uniform_noise_properties(
    device: cirq_google.GridDevice,
    native: NativeGate,
    *,
    p_1q_pauli: float,
    p_2q_pauli: float,
    readout: ReadoutError,
    t1_ns: float,
    tphi_ns: float,
    gate_times: GateTimes,
) -> cirq_google.GoogleNoiseProperties:
    """The same errors and times on every qubit and pair of a device.

    Args:
        device: gives qubits and pairs.
        native: the two-qubit gate that is calibrated.
        p_1q_pauli: Pauli error of a one-qubit gate.
        p_2q_pauli: Pauli error of the two-qubit gate.
        readout: readout errors.
        t1_ns: energy relaxation time in ns.
        tphi_ns: pure dephasing time in ns.
        gate_times: durations in ns.
    """
    import cirq_google
    from cirq.devices.noise_utils import OpIdentifier

    qubits = sorted(device.metadata.qubit_set)
    one_qubit_types = (cirq.PhasedXZGate, cirq.ZPowGate, cirq.MeasurementGate, cirq.ResetChannel)
    errors = {OpIdentifier(kind, qubit): p_1q_pauli for kind in one_qubit_types for qubit in qubits}
    for pair in device.metadata.qubit_pairs:
        first, second = pair
        errors[OpIdentifier(native.calibration_type, first, second)] = p_2q_pauli
        errors[OpIdentifier(native.calibration_type, second, first)] = p_2q_pauli
    return cirq_google.GoogleNoiseProperties(
        gate_times_ns={
            cirq.ZPowGate: 0.0,
            cirq.PhasedXZGate: gate_times.one_qubit_ns,
            native.calibration_type: gate_times.two_qubit_ns,
            cirq.MeasurementGate: gate_times.measurement_ns,
            cirq.ResetChannel: gate_times.measurement_ns,
        },
        t1_ns=dict.fromkeys(qubits, t1_ns),
        tphi_ns=dict.fromkeys(qubits, tphi_ns),
        readout_errors={qubit: [readout.p_one_from_zero, readout.p_zero_from_one] for qubit in qubits},
        gate_pauli_errors=errors,
    )
