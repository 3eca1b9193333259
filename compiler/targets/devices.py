"""A target from a device and its calibration; a gate without calibration is refused."""

from __future__ import annotations

from functools import cache
from statistics import median
from typing import TYPE_CHECKING

import cirq
import networkx as nx

from qpbae_tn.compiler.targets.target import GateTimes, NativeGate, Pair, ReadoutError, Target
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    import cirq_google

# Noise properties of a device whose qubits are all alike, for devices that are still ideas.


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
            where="target",
            remedy="give noise properties with the Pauli errors of its CZ, square root of iSWAP or SYC gates",
        )
    if native is None:
        native = min(natives, key=lambda kind: kind.uses_per_cz * median(errors[kind].values()))
    elif native not in natives:
        why = "carries no calibration" if native in allowed else "is not in its gate set"
        raise InputError(
            f"{native.value} on {name} {why}",
            where="target",
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
            where="target",
            remedy="add it to gate_times_ns of the noise properties",
        )
    return float(time_ns)


# The processors that are known by name: those whose device and calibration come with cirq_google.


_CALIBRATIONS = {
    "willow_pink": "willow_pink_d7v1-2024_08_16_calibration.json",
    "weber": "weber_2021_11_03_calibration.json",
    "rainbow": "rainbow_2021_11_16_calibration.json",
}
_GATE_TIMES = {
    "willow_pink": "cirq_google noise properties, from the device specification of 2024-08-16",
    "weber": "cirq_google noise properties, defaults for Sycamore processors",
    "rainbow": "cirq_google noise properties, defaults for Sycamore processors",
}


def known_targets() -> tuple[str, ...]:
    """The names that `load_target` takes."""
    return tuple(_CALIBRATIONS)


def parse_target(text: str) -> Target:
    """The target that a command line names: NAME, or NAME:GATE with a native two-qubit gate (weber:sqrt_iswap).

    Raises:
        InputError: an unknown name or gate, or a gate that carries no calibration there.
    """
    name, _, gate = text.partition(":")
    if not gate and text == name:
        return load_target(name)
    kinds = [kind.value for kind in NativeGate]
    if gate not in kinds:
        raise InputError(f"unknown native gate {gate!r}", where="target", remedy=f"choose {', '.join(kinds)}")
    return load_target(name, NativeGate(gate))


@cache
def load_target(name: str, native: NativeGate | None = None) -> Target:
    """A target by name; nothing is fetched, loads are kept.

    Args:
        name: one of `known_targets()`.
        native: the two-qubit gate to use; by default the calibrated one that makes a CZ with the least median error
            (CZ on willow_pink, SYC on weber and rainbow).

    Raises:
        InputError: an unknown name, or a gate that the device does not run or that carries no calibration there.

    Example:
        >>> load_target("willow_pink")
        Target(willow_pink, cz, 105 qubits)
        >>> load_target("weber").gate_times.two_qubit_ns
        12.0
    """
    if name not in _CALIBRATIONS:
        raise InputError(f"unknown target {name!r}", where="target", remedy=f"choose {', '.join(_CALIBRATIONS)}")
    from cirq_google import engine

    return target_from_device(
        name,
        engine.create_device_from_processor_id(name),
        engine.load_device_noise_properties(name),
        native=native,
        citation=f"median calibration {_CALIBRATIONS[name]} of cirq_google; {MAX_PROGRAM_DURATION_SOURCE}",
        gate_times_source=_GATE_TIMES[name],
    )
