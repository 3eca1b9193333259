"""qsim's text format for circuits, and a reader for it.

The format is that of qsim's own programs (`qsim/docs/input_format.md`): the number of qubits, then a line a gate with
time, name, qubits and parameters. qsim's reader is part of its C++ programs; the reader here is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

import cirq
import numpy as np

from qpbae_tn.errors import InputError


def encode_qsim(circuit: cirq.Circuit) -> bytes:
    """A circuit without symbols; qubits are numbered in their order, a PhasedXZ is `rxy` and `rz` at two times."""
    order = {qubit: index for index, qubit in enumerate(sorted(circuit.all_qubits()))}
    lines: list[str] = []
    for time, moment in enumerate(circuit):
        for op in sorted(moment, key=lambda op: [order[qubit] for qubit in op.qubits]):
            lines += _lines(op, 2 * time, [order[qubit] for qubit in op.qubits])
    return "\n".join([str(len(order)), *sorted(lines, key=_time), ""]).encode("utf-8")


def parse_qsim(text: str) -> cirq.Circuit:
    """A circuit on line qubits from qsim's text format, for the gates that `encode_qsim` writes.

    Raises:
        InputError: a line that is not of the format, times that go back, or a gate that is not known here.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    try:
        count, last = int(lines[0][0]), 0
        circuit = cirq.Circuit()
        for number, (time, name, *rest) in enumerate(lines[1:], start=2):
            if int(time) < last:
                raise ValueError(f"time goes back in line {number}")
            last = int(time)
            circuit.append(_operation(name, rest, cirq.LineQubit.range(count)))
    except (IndexError, ValueError, KeyError) as error:
        raise InputError(f"not a qsim circuit ({error})", where="circuit", remedy="write the file anew") from None
    return circuit


def _lines(op: cirq.Operation, time: int, qubits: list[int]) -> Iterator[str]:
    gate, where = op.gate, " ".join(map(str, qubits))
    if isinstance(gate, cirq.PhasedXZGate):
        x, z, a = (float(value) * np.pi for value in (gate.x_exponent, gate.z_exponent, gate.axis_phase_exponent))
        yield f"{time} rxy {where} {a!r} {x!r}"
        if z:
            yield f"{time + 1} rz {where} {z!r}"
    elif gate == cirq.CZ:
        yield f"{time} cz {where}"
    elif isinstance(gate, cirq.MeasurementGate):
        yield f"{time} m {where}"
    elif len(qubits) == 2 and (angles := _fsim(op)) is not None:
        yield f"{time} fs {where} {angles[0]!r} {angles[1]!r}"
    else:
        raise InputError(f"{op} has no name in qsim's text format", where="export", remedy="choose another format")


def _fsim(op: cirq.Operation) -> tuple[float, float] | None:
    """theta and phi where a gate is an fSim (square root of iSWAP, SYC)."""
    unitary = cirq.unitary(op)
    theta = float(np.arctan2(-unitary[1, 2].imag, unitary[1, 1].real))
    phi = float(-np.angle(unitary[3, 3]))
    return (theta, phi) if np.allclose(unitary, cirq.unitary(cirq.FSimGate(theta, phi)), atol=1e-9) else None


def _operation(name: str, rest: list[str], line: list[cirq.LineQubit]) -> cirq.Operation:
    match name, rest:
        case "rxy", [qubit, axis, angle]:
            gate = cirq.PhasedXPowGate(phase_exponent=float(axis) / np.pi, exponent=float(angle) / np.pi)
            return gate(line[int(qubit)])
        case "rz", [qubit, angle]:
            return cirq.rz(float(angle))(line[int(qubit)])
        case "cz", [first, second]:
            return cirq.CZ(line[int(first)], line[int(second)])
        case "fs", [first, second, theta, phi]:
            return cirq.FSimGate(float(theta), float(phi))(line[int(first)], line[int(second)])
        case "m", qubits:
            return cirq.measure(*(line[int(qubit)] for qubit in qubits), key="readout")
    raise ValueError(f"gate {name} with {len(rest)} arguments")


def _time(line: str) -> int:
    return int(line.split(maxsplit=1)[0])
