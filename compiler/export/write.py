"""Writing compiled programs to files, each set with a manifest: what they are, and how bits become a score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.export.formats import Format, encode_sweep, format_of, missing_parts, stem_of
from qpbae_tn.compiler.program import MEASUREMENT_KEY
from qpbae_tn.errors import InputError
from qpbae_tn.output import check_output_file, write_atomically

FloatArray = NDArray[np.float64]


def export_program(
    program: CompiledProgram,
    paths: Sequence[Path],
    *,
    states: FloatArray | None = None,
    angles: FloatArray | None = None,
    force: bool = False,
) -> tuple[Path, ...]:
    """Write a program to files, whose suffixes choose the formats; nothing is written unless all can be.

    With one patch the circuits hold its numbers, but for Google's protobuf, which keeps its symbols and has the numbers
    in a sweep beside it (`NAME.sweep.pb`). With several patches, and for a program whose angles are symbols, all keep
    their symbols that can (OpenQASM and qsim's text cannot). `NAME.manifest.json` beside them says what they are.

    Args:
        program: what to write.
        paths: the files; those with the same name before the suffix share a manifest.
        states: patch states, shape (N, 2^n); by default the patch that the program was verified with.
        angles: of the model, for a program whose angles are symbols.
        force: whether to replace files.

    Returns:
        All files written.

    Raises:
        InputError: an unknown suffix, a format that cannot hold what is asked for, a file that exists already or cannot
            be written.
    """
    check_exports(paths, force=force)
    patches = program.state[None] if states is None else states
    values, fidelities = program.fit(patches, angles)
    resolvers = program.parameters.resolvers(values)
    sweep = program.parameters.sweep(values)
    written: dict[Path, bytes] = {}
    for stem in dict.fromkeys(stem_of(path) for path in paths):
        files: dict[str, File] = {}
        for path in (path for path in paths if stem_of(path) == stem):
            kind = format_of(path)
            keep = _keeps_symbols(program, kind) or len(resolvers) != 1
            if keep and cirq.is_parameterized(program.circuit) and not kind.holds_symbols:
                raise InputError(
                    f"{kind.name} holds the numbers of one patch, not the symbols of {len(resolvers)}",
                    where=path,
                    remedy="export one patch, or choose .json or .pb",
                )
            circuit = program.circuit if keep else cirq.resolve_parameters(program.circuit, resolvers[0])
            files[path.name] = File(kind.name, kind.encode(circuit), _angles(program, circuit))
            if kind.has_sweep:
                content = encode_sweep(sweep)
                files[f"{stem.name}.sweep.pb"] = File("Google sweep protobuf v2", content, Angles.SWEEP)
        model = program.angles if angles is None else np.asarray(angles, dtype=np.float64)
        document = manifest(program, files, resolvers, fidelities, model)
        written.update((stem.with_name(name), file.content) for name, file in files.items())
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
        written[stem.with_name(f"{stem.name}.manifest.json")] = text.encode("utf-8")
    for path, content in written.items():
        write_atomically(path, content)
    return tuple(written)


def holds_numbers(program: CompiledProgram, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Those of the files that hold the numbers of one patch and model, though the program is for all."""
    if not cirq.is_parameterized(program.circuit):
        return ()
    return tuple(path for path in paths if not _keeps_symbols(program, format_of(path)))


def check_exports(paths: Sequence[Path], *, force: bool = False, json_target: str | None = None) -> None:
    """Refuse, before any work is done, files that could not be written in the end.

    Args:
        paths: the files.
        force: whether to replace files.
        json_target: where else the result is written: a file, "-" or None.

    Raises:
        InputError: an unknown suffix, a file that exists already or cannot be written, or two that are the same.
    """
    taken: dict[Path, str] = {} if json_target in (None, "-") else {Path(str(json_target)).resolve(): "`json`"}
    for path in paths:
        stem, kind = stem_of(path), format_of(path)
        others = [stem.with_name(f"{stem.name}.sweep.pb")] * kind.has_sweep
        manifest_file = stem.with_name(f"{stem.name}.manifest.json")
        for file, what in ((path, "`export`"), *((other, "the sweep of `export`") for other in others)):
            _take(taken, file, what)
        if taken.get(manifest_file.resolve()) != _MANIFEST:
            _take(taken, manifest_file, _MANIFEST)
        for file in (path, manifest_file, *others):
            if file.exists() and not force:
                raise InputError("exists already", where=file, remedy="choose another name, or `force` to replace it")
            check_output_file(file)


_MANIFEST = "the manifest of `export`"


def _take(taken: dict[Path, str], file: Path, what: str) -> None:
    """Note that a file will be written; refuse it if it is to be written already."""
    place = file.resolve()
    if place in taken:
        raise InputError(
            f"is to be written twice, by {taken[place]} and by {what}", where=file, remedy="name two files"
        )
    taken[place] = what


def _keeps_symbols(program: CompiledProgram, kind: Format) -> bool:
    return kind.has_sweep or (program.angles is None and kind.holds_symbols)


def _angles(program: CompiledProgram, circuit: cirq.Circuit) -> Angles:
    if cirq.is_parameterized(circuit):
        return Angles.SYMBOLS
    return Angles.NUMBERS if cirq.is_parameterized(program.circuit) else Angles.FIXED


# The manifest.


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
