"""A processor to compile for: what it connects, what it runs, how long that takes and how often it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

import cirq
import networkx as nx

from qpbae_tn.compiler.targets.native import NativeGate

if TYPE_CHECKING:
    import cirq_google

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
