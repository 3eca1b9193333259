"""The manifest beside exported files: what they are, and how bits become a score."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.export.formats import missing_parts
from qpbae_tn.compiler.program import MEASUREMENT_KEY

SCHEMA = "qpbae_tn/circuit"
SCHEMA_VERSION = 1


class Angles(StrEnum):
    """Where a file has the angles of its gates."""

    SYMBOLS = "symbols"
    NUMBERS = "numbers of one patch and model"
    SWEEP = "values of the symbols"
    FIXED = "numbers"


@dataclass(frozen=True)
class File:
    """A file to write.

    Args:
        format: its name.
        content: its bytes.
        angles: where it has the angles of its gates.
    """

    format: str
    content: bytes
    angles: Angles


def manifest(
    program: CompiledProgram,
    files: Mapping[str, File],
    resolvers: list[cirq.ParamResolver],
    fidelities: NDArray[np.float64],
    angles: NDArray[np.float64] | None,
) -> dict[str, Any]:
    """The manifest as JSON values.

    Args:
        program: what was exported.
        files: by name.
        resolvers: the values of the circuit's symbols for each patch.
        fidelities: of the preparation, shape (N,).
        angles: of the model.
    """
    order = sorted(program.circuit.all_qubits())
    missing = missing_parts(program)
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "qpbae_tn_version": __version__,
        "cirq_version": cirq.__version__,
        "specification": program.specification.to_json(),
        "angles": None if angles is None else angles.tolist(),
        "readout": program.readout.name,
        "preparation": program.preparation.name,
        "literal_circuit": program.literal,
        "target": program.target.to_json(),
        "qubits": {
            "logical_to_physical": {str(name): _place(qubit) for name, qubit in sorted(program.qubit_map.items())},
            "note": "at the beginning of the circuit" if program.placement.swaps else "throughout the circuit",
            "order": [_place(qubit) for qubit in order],
            "order_note": "files that number qubits number them in this order",
        },
        "measurement": {
            "key": MEASUREMENT_KEY,
            "bits": [_place(qubit) for qubit in program.measured],
        },
        "score": {
            "quantity": program.readout.quantity.value,
            "estimator": program.estimator.to_json(),
            "estimate": "the mean of the values of all shots",
            "similarity": "Z = (1 + score) / 2",
            "anomaly": "Y = 1 - Z",
        },
        "patches": [
            {"symbols": _values(resolver), "preparation_fidelity": float(fidelity)}
            for resolver, fidelity in zip(resolvers, fidelities, strict=True)
        ],
        "verification": program.verification.to_json(),
        "price": program.price.to_json(),
        "files": {
            name: {
                "format": file.format,
                "angles": file.angles.value,
                "bytes": len(file.content),
                "sha256": hashlib.sha256(file.content).hexdigest(),
            }
            for name, file in files.items()
        },
        **_parameters(program),
        **({} if missing is None else {"missing": missing}),
    }


def _parameters(program: CompiledProgram) -> dict[str, Any]:
    """From the angles of model (while symbols) and preparation to the symbols of the circuit."""
    if not program.parameters.names:
        return {}
    return {
        "parameters": {
            **program.parameters.to_json(),
            "note": "value of a symbol in half turns, modulo 2 = its constant + the sum of angle (radians) times "
            "coefficient; t are the model's angles, p those of the preparation; files with numbers hold those of the "
            "first entry of `patches`" + (" and of `angles`" if program.angles is None else ""),
        }
    }


def _place(qubit: cirq.Qid) -> list[int]:
    assert isinstance(qubit, cirq.GridQubit)
    return [qubit.row, qubit.col]


def _values(resolver: cirq.ParamResolver) -> dict[str, float]:
    return {str(name): float(value) for name, value in resolver.param_dict.items()}
