"""OpenQASM 2 and 3, as Cirq writes them; SYC and the square root of iSWAP are defined in the file.

Left to itself Cirq would decompose those two, and the file would no longer hold the native circuit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cirq
import numpy as np

_HEADER = "Native circuit of a compiled program; its manifest says how bits become a score"


@dataclass(frozen=True)
class OpenQasm2:
    """`.qasm`."""

    name: str = "OpenQASM 2.0"
    suffix: str = ".qasm"
    holds_symbols: bool = False

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """Gates by name, PhasedXZ as `u3`; equal up to a global phase."""
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


class _Defined(cirq.Gate):  # type: ignore[misc]
    """A two-qubit gate that the file defines."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _num_qubits_(self) -> int:
        return 2

    def _qasm_(self, qubits: tuple[cirq.Qid, ...], args: cirq.QasmArgs) -> str:
        return str(args.format(self._name + " {0},{1};\n", *qubits))


def _encode(circuit: cirq.Circuit, version: str) -> bytes:
    order = sorted(circuit.all_qubits())
    definitions: dict[str, str] = {}

    def named(op: cirq.Operation, _: int) -> cirq.Operation:
        known = _definition(op)
        if known is None:
            return op.untagged
        definitions.update([known])
        return _Defined(known[0]).on(*op.qubits)

    plain = cirq.map_operations(circuit, named)
    text: str = plain.to_qasm(header=_HEADER, precision=15, qubit_order=order, version=version)
    library = 'include "qelib1.inc";\n' if version == "2.0" else 'include "stdgates.inc";\n'
    before, found, after = text.partition(library)
    if not found:
        raise ValueError("Cirq wrote OpenQASM without its gate library")
    return (before + found + "".join(definitions.values()) + after).encode("utf-8")


def _definition(op: cirq.Operation) -> tuple[str, str] | None:
    """Name and definition of a gate that OpenQASM does not know; fSim(theta, phi) with these numbers."""
    import cirq_google

    if op.gate == cirq.SQRT_ISWAP:
        return "sqrt_iswap", _fsim_definition("sqrt_iswap", -np.pi / 4, 0.0)
    if op.gate == cirq_google.SYC:
        return "syc", _fsim_definition("syc", np.pi / 2, np.pi / 6)
    return None


def _fsim_definition(name: str, theta: float, phi: float) -> str:
    """exp(-i theta/2 (XX + YY)) and a phase of -phi on |11>, from gates that both versions know."""
    body = []
    for into, back in (("h {0};", "h {0};"), (f"rx({np.pi / 2!r}) {{0}};", f"rx({-np.pi / 2!r}) {{0}};")):
        body += [into.format("a"), into.format("b"), "cx a,b;", f"rz({theta!r}) b;", "cx a,b;"]
        body += [back.format("a"), back.format("b")]
    if phi:
        body += [f"rz({-phi / 2!r}) a;", f"rz({-phi / 2!r}) b;", "cx a,b;", f"rz({phi / 2!r}) b;", "cx a,b;"]
    return f"gate {name} a,b {{ {' '.join(body)} }}\n"
