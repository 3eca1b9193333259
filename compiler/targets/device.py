"""A target from a device and its calibration; a gate without calibration is refused."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import cirq
import networkx as nx

from qpbae_tn.compiler.targets.native import NativeGate
from qpbae_tn.compiler.targets.target import GateTimes, Pair, ReadoutError, Target
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    import cirq_google

MAX_PROGRAM_DURATION_NS = 40_000.0
MAX_PROGRAM_DURATION_SOURCE = (
    "Cirq documentation, Google devices, general limitations: about 40 microseconds of total circuit run time"
)


def target_from_device(
    name: str,
    device: cirq_google.GridDevice,
    noise_properties: cirq_google.GoogleNoiseProperties,
    *,
    native: NativeGate | None = None,
    max_program_duration_ns: float = MAX_PROGRAM_DURATION_NS,
    citation: str,
    gate_times_source: str = "noise properties of the device",
) -> Target:
    """A `Target` of any grid device.

    Args:
        name: what reports call it.
        device: the grid device; its metadata give qubits, pairs and gate set.
        noise_properties: calibration and gate times (gate times of device specifications are not used: some are wrong).
        native: the two-qubit gate to use; by default the calibrated one that makes a CZ with the least median error.
        max_program_duration_ns: longest program in ns.
        citation: where the calibration comes from.
        gate_times_source: where the gate times come from.

    Raises:
        InputError: the device has no calibrated two-qubit gate, or not the one asked for, or no gate times.
    """
    allowed = tuple(kind for kind in NativeGate if kind.gate in device.metadata.gateset)
    errors = {kind: _pair_errors(device, noise_properties, kind) for kind in allowed}
    natives = tuple(kind for kind in allowed if errors[kind])
    if not natives:
        raise InputError(
            f"no two-qubit gate of {name} is calibrated",
            where="--target",
            remedy="give noise properties with the Pauli errors of its CZ, square root of iSWAP or SYC gates",
        )
    if native is None:
        native = min(natives, key=lambda kind: kind.uses_per_cz * median(errors[kind].values()))
    elif native not in natives:
        why = "carries no calibration" if native in allowed else "is not in its gate set"
        raise InputError(
            f"{native.value} on {name} {why}",
            where="--target",
            remedy=f"use {' or '.join(kind.value for kind in natives)}",
        )
    p_1q_pauli = {
        identifier.qubits[0]: float(error)
        for identifier, error in noise_properties.gate_pauli_errors.items()
        if identifier.gate_type is cirq.PhasedXZGate and identifier.qubits
    }
    readout = {qubit: ReadoutError(*map(float, pair)) for qubit, pair in noise_properties.readout_errors.items()}
    usable = [
        qubit
        for qubit in sorted(device.metadata.qubit_set)
        if qubit in p_1q_pauli and qubit in readout and qubit in noise_properties.t1_ns
    ]
    graph: nx.Graph[cirq.GridQubit] = nx.Graph()
    graph.add_nodes_from(usable)
    p_2q_pauli = {pair: error for pair, error in errors[native].items() if all(qubit in graph for qubit in pair)}
    graph.add_edges_from(sorted(tuple(sorted(pair)) for pair in p_2q_pauli))
    return Target(
        name=name,
        device=device,
        noise_properties=noise_properties,
        native=native,
        natives=natives,
        graph=graph,
        p_1q_pauli={qubit: p_1q_pauli[qubit] for qubit in usable},
        p_2q_pauli=p_2q_pauli,
        readout={qubit: readout[qubit] for qubit in usable},
        t1_ns={qubit: float(noise_properties.t1_ns[qubit]) for qubit in usable},
        tphi_ns={qubit: float(noise_properties.tphi_ns[qubit]) for qubit in usable},
        gate_times=GateTimes(
            one_qubit_ns=_time(name, noise_properties, cirq.PhasedXZGate),
            two_qubit_ns=_time(name, noise_properties, native.calibration_type),
            measurement_ns=_time(name, noise_properties, cirq.MeasurementGate),
            source=gate_times_source,
        ),
        max_program_duration_ns=max_program_duration_ns,
        citation=citation,
    )


def _pair_errors(
    device: cirq_google.GridDevice, noise_properties: cirq_google.GoogleNoiseProperties, kind: NativeGate
) -> dict[Pair, float]:
    """Pauli errors of the pairs that are both on the device and calibrated for this gate."""
    return {
        frozenset(identifier.qubits): float(error)
        for identifier, error in noise_properties.gate_pauli_errors.items()
        if identifier.gate_type is kind.calibration_type and frozenset(identifier.qubits) in device.metadata.qubit_pairs
    }


def _time(name: str, noise_properties: cirq_google.GoogleNoiseProperties, gate_type: type[cirq.Gate]) -> float:
    time_ns = noise_properties.gate_times_ns.get(gate_type)
    if time_ns is None:
        raise InputError(
            f"no duration of {gate_type.__name__} on {name}",
            where="--target",
            remedy="add it to gate_times_ns of the noise properties",
        )
    return float(time_ns)
