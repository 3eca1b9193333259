"""File formats of native circuits, by suffix, and what is said of a circuit that holds no preparation."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cirq
import numpy as np

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.export.qsim_text import encode_qsim
from qpbae_tn.errors import InputError

# What an exported circuit does not hold: the preparation, where the program was compiled without one.


def missing_note(program: CompiledProgram) -> str | None:
    """One sentence on what has to be put around the circuit before it measures its score; None with a preparation."""
    if not program.preparation.assumes_state:
        return None
    inputs, outputs = program.native.inputs, program.native.outputs
    what = "its input register starts" if len(inputs) == 1 else f"its {len(inputs)} input registers each start"
    then = ", and the inverse of that preparation has to follow before the measurement" if outputs else ""
    return (
        f"this circuit alone does not measure {program.readout.quantity.value}: it holds no preparation; the number "
        f"that was checked holds if {what} in the patch state{then}"
    )


def missing_parts(program: CompiledProgram) -> dict[str, Any] | None:
    """The same for the manifest, with the qubits that hold the patch and the patch that was checked."""
    note = missing_note(program)
    if note is None:
        return None
    return {
        "note": note,
        "inputs": [[_place(qubit) for qubit in register] for register in program.native.inputs],
        "inputs_note": "each of these registers starts in the patch state, most significant qubit first; all other "
        "qubits start in |0>",
        "outputs": [[_place(qubit) for qubit in register] for register in program.native.outputs],
        "outputs_note": "on each of these registers, most significant qubit first, the inverse of the preparation "
        "stands between the last gate and the measurement: 0...0 then means that the register was in the patch state",
        "patch": program.state.tolist(),
        "patch_note": "amplitudes of the patch state for which the score was checked",
        "score": program.verification.expected,
    }


def _place(qubit: cirq.Qid) -> list[int]:
    assert isinstance(qubit, cirq.GridQubit)
    return [qubit.row, qubit.col]


# The formats.


@dataclass(frozen=True)
class Format:
    """A file format for native circuits.

    Args:
        name: what manifests call it.
        suffix: the file name's ending, with its dot.
        encode: from a circuit, native and placed, to the contents of the file.
        holds_symbols: whether the circuit may keep its symbols.
        has_sweep: whether the values of the symbols stand in a second file beside it.
    """

    name: str
    suffix: str
    encode: Callable[[cirq.Circuit], bytes]
    holds_symbols: bool = True
    has_sweep: bool = False


def _json(circuit: cirq.Circuit) -> bytes:
    """With its stage tags, which read back as plain strings; read with `cirq.read_json`."""
    text: str = cirq.to_json(circuit)
    return f"{text}\n".encode()


def _json_compressed(circuit: cirq.Circuit) -> bytes:
    """No time stamp inside, so that equal circuits give equal files; read with `cirq.read_json_gzip`."""
    return gzip.compress(cirq.to_json(circuit).encode("utf-8"), mtime=0)


def _google_program(circuit: cirq.Circuit) -> bytes:
    """`cirq_google.api.v2.program_pb2.Program`; read with `cirq_google.CIRCUIT_SERIALIZER.deserialize`.

    What Quantum Engine takes, in single precision. Tags are left out, processors have no use for them.
    """
    import cirq_google

    return bytes(cirq_google.CIRCUIT_SERIALIZER.serialize(_plain(circuit)).SerializeToString(deterministic=True))


def encode_sweep(sweep: cirq.Sweep) -> bytes:
    """`cirq_google.api.v2.run_context_pb2.Sweep`; read with `cirq_google.api.v2.sweep_from_proto`."""
    from cirq_google.api import v2

    return bytes(v2.sweep_to_proto(sweep).SerializeToString(deterministic=True))


def _text(circuit: cirq.Circuit) -> bytes:
    """One line a qubit, three decimals; tags are left out."""
    text: str = _plain(circuit).to_text_diagram(precision=3)
    return f"{text}\n".encode()


def _svg(circuit: cirq.Circuit) -> bytes:
    """As Cirq draws it."""
    from cirq.contrib.svg import circuit_to_svg

    return str(circuit_to_svg(_plain(circuit))).encode("utf-8")


def _plain(circuit: cirq.Circuit) -> cirq.Circuit:
    return cirq.map_operations(circuit, lambda op, _: op.untagged)


# OpenQASM 2 and 3, as Cirq writes them, equal up to a global phase; SYC and the square root of iSWAP are defined in the
# file. Left to itself Cirq would decompose those two, and the file would no longer hold the native circuit.

_HEADER = "Native circuit of a compiled program; its manifest says how bits become a score"


class _Defined(cirq.Gate):  # type: ignore[misc]
    """A two-qubit gate that the file defines."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _num_qubits_(self) -> int:
        return 2

    def _qasm_(self, qubits: tuple[cirq.Qid, ...], args: cirq.QasmArgs) -> str:
        return str(args.format(self._name + " {0},{1};\n", *qubits))


def _qasm(circuit: cirq.Circuit, version: str) -> bytes:
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


_ALL = (
    Format("Cirq JSON", ".json", _json),
    Format("Cirq JSON, gzip", ".json.gz", _json_compressed),
    Format("Google program protobuf v2", ".pb", _google_program, has_sweep=True),
    Format("OpenQASM 2.0", ".qasm", partial(_qasm, version="2.0"), holds_symbols=False),
    Format("OpenQASM 3.0", ".qasm3", partial(_qasm, version="3.0"), holds_symbols=False),
    Format("SVG diagram", ".svg", _svg),
    Format("text diagram", ".txt", _text),
    Format("qsim text (read back by this package's own parser only)", ".qsim", encode_qsim, holds_symbols=False),
)
FORMATS: dict[str, Format] = {known.suffix: known for known in _ALL}
"""By file suffix."""


def format_of(path: Path) -> Format:
    """The format of a file, by its suffix; raises `InputError` for an unknown one."""
    for suffix in sorted(FORMATS, key=len, reverse=True):
        if path.name.endswith(suffix) and path.name != suffix:
            return FORMATS[suffix]
    raise InputError("unknown format", where=path, remedy=f"give a name that ends in {', '.join(FORMATS)}")


def stem_of(path: Path) -> Path:
    """The file's name without its format's suffix."""
    return path.with_name(path.name.removesuffix(format_of(path).suffix))
