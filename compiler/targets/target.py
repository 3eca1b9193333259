"""A processor to compile for: what it connects, what it runs, how long that takes and how often it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

import cirq
import networkx as nx

from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    import cirq_google

# The two-qubit gates that Google's processors run natively.


class NativeGate(StrEnum):
    """A native two-qubit gate; each makes a CZ with a fixed number of uses."""

    CZ = "cz"
    SQRT_ISWAP = "sqrt_iswap"
    SYC = "syc"

    @property
    def gate(self) -> cirq.Gate:
        """The gate itself."""
        if self is NativeGate.CZ:
            return cirq.CZ
        if self is NativeGate.SQRT_ISWAP:
            return cirq.SQRT_ISWAP
        import cirq_google

        return cirq_google.SYC

    @property
    def calibration_type(self) -> type[cirq.Gate]:
        """The gate type under which calibrations and gate times are kept."""
        kind: type[cirq.Gate]
        if self is NativeGate.CZ:
            kind = cirq.CZPowGate
        elif self is NativeGate.SQRT_ISWAP:
            kind = cirq.ISwapPowGate
        else:
            import cirq_google

            kind = cirq_google.SycamoreGate
        return kind

    @property
    def uses_per_cz(self) -> int:
        """How many of these gates one CZ takes."""
        return 1 if self is NativeGate.CZ else 2


Pair = frozenset[cirq.GridQubit]


@dataclass(frozen=True)
class GateTimes:
    """Gate durations in nanoseconds and where they come from; a rotation about Z is virtual and takes none."""

    one_qubit_ns: float
    two_qubit_ns: float
    measurement_ns: float
    source: str


@dataclass(frozen=True)
class ReadoutError:
    """Probabilities to read 1 from |0> and 0 from |1>."""

    p_one_from_zero: float
    p_zero_from_one: float

    @property
    def mean(self) -> float:
        """The error of a bit that is 0 and 1 equally often."""
        return (self.p_one_from_zero + self.p_zero_from_one) / 2


@dataclass(frozen=True, eq=False)
class Target:
    """A processor with its calibration, and the one native two-qubit gate that programs for it use.

    Args:
        name: as the registry knows it, or any other for a device of one's own.
        device: validates circuits.
        noise_properties: `cirq_google.GoogleNoiseProperties`, the calibration that noise models are made from.
        native: the two-qubit gate that programs use.
        natives: all that the device accepts and the calibration covers.
        graph: usable qubits and pairs: on the device and calibrated for `native`.
        p_1q_pauli: Pauli error of a one-qubit gate, by qubit.
        p_2q_pauli: Pauli error of `native`, by pair.
        readout: readout errors, by qubit.
        t1_ns: energy relaxation time in ns, by qubit.
        tphi_ns: pure dephasing time in ns, by qubit.
        gate_times: durations in ns.
        max_program_duration_ns: longest program that the device runs, in ns.
        citation: where device, calibration and longest duration come from.
    """

    name: str
    device: cirq.Device
    noise_properties: cirq_google.GoogleNoiseProperties
    native: NativeGate
    natives: tuple[NativeGate, ...]
    graph: nx.Graph[cirq.GridQubit]
    p_1q_pauli: Mapping[cirq.GridQubit, float]
    p_2q_pauli: Mapping[Pair, float]
    readout: Mapping[cirq.GridQubit, ReadoutError]
    t1_ns: Mapping[cirq.GridQubit, float]
    tphi_ns: Mapping[cirq.GridQubit, float]
    gate_times: GateTimes
    max_program_duration_ns: float
    citation: str

    def __repr__(self) -> str:
        return f"Target({self.name}, {self.native.value}, {len(self.qubits)} qubits)"

    @cached_property
    def qubits(self) -> tuple[cirq.GridQubit, ...]:
        """The usable qubits, in order of rows and columns."""
        return tuple(sorted(self.graph.nodes))

    def noise_model(self) -> cirq.NoiseModel:
        """Google's noise model of this calibration; it knows placed and lowered programs only."""
        import cirq_google

        return cirq_google.NoiseModelFromGoogleNoiseProperties(self.noise_properties)

    def to_json(self) -> dict[str, Any]:
        """Name, sizes, medians and sources as JSON values."""
        return {
            "name": self.name,
            "native": self.native.value,
            "natives": [native.value for native in self.natives],
            "qubits": len(self.qubits),
            "pairs": self.graph.number_of_edges(),
            "median_p_1q_pauli": median(self.p_1q_pauli.values()),
            "median_p_2q_pauli": median(self.p_2q_pauli.values()),
            "median_p_one_from_zero": median(error.p_one_from_zero for error in self.readout.values()),
            "median_p_zero_from_one": median(error.p_zero_from_one for error in self.readout.values()),
            "median_t1_ns": median(self.t1_ns.values()),
            "one_qubit_ns": self.gate_times.one_qubit_ns,
            "two_qubit_ns": self.gate_times.two_qubit_ns,
            "measurement_ns": self.gate_times.measurement_ns,
            "gate_times_source": self.gate_times.source,
            "max_program_duration_ns": self.max_program_duration_ns,
            "citation": self.citation,
        }


# How long a program lasts on a target, and whether the target takes it.


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
