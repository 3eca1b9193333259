"""OpenQASM 2 and 3, as Cirq writes them."""

from __future__ import annotations

from dataclasses import dataclass

import cirq

_HEADER = "qubits q[0], q[1], ... are {}"


@dataclass(frozen=True)
class OpenQasm2:
    """`.qasm`."""

    name: str = "OpenQASM 2.0"
    suffix: str = ".qasm"
    holds_symbols: bool = False

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """Gates that OpenQASM does not know are written as what Cirq decomposes them into."""
        return _encode(circuit, "2.0")


@dataclass(frozen=True)
class OpenQasm3:
    """`.qasm3`."""

    name: str = "OpenQASM 3.0"
    suffix: str = ".qasm3"
    holds_symbols: bool = False

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """As `OpenQasm2`, in version 3."""
        return _encode(circuit, "3.0")


def _encode(circuit: cirq.Circuit, version: str) -> bytes:
    order = sorted(circuit.all_qubits())
    header = _HEADER.format(", ".join(map(str, order)))
    return circuit.to_qasm(header=header, precision=15, qubit_order=order, version=version).encode("utf-8")
