"""Writing compiled programs to files, each set with its manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.export.google_protobuf import GoogleProgram, encode_sweep
from qpbae_tn.compiler.export.manifest import manifest
from qpbae_tn.compiler.export.registry import format_of, stem_of
from qpbae_tn.compiler.program import CompiledProgram
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
    in a sweep beside it (`NAME.sweep.pb`). With several patches all keep their symbols. `NAME.manifest.json` beside
    them says what they are.

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
        files: dict[str, tuple[str, bytes]] = {}
        for path in (path for path in paths if stem_of(path) == stem):
            kind = format_of(path)
            keep = isinstance(kind, GoogleProgram) or len(resolvers) != 1
            if keep and cirq.is_parameterized(program.circuit) and not kind.holds_symbols:
                raise InputError(
                    f"{kind.name} holds the numbers of one patch, not the symbols of {len(resolvers)}",
                    where=path,
                    remedy="export one patch, or choose .json or .pb",
                )
            circuit = program.circuit if keep else cirq.resolve_parameters(program.circuit, resolvers[0])
            files[path.name] = (kind.name, kind.encode(circuit))
            if isinstance(kind, GoogleProgram):
                files[f"{stem.name}.sweep.pb"] = ("Google sweep protobuf v2", encode_sweep(sweep))
        model = program.angles if angles is None else np.asarray(angles, dtype=np.float64)
        document = manifest(program, files, resolvers, fidelities, model)
        written.update((stem.with_name(name), content) for name, (_, content) in files.items())
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
        written[stem.with_name(f"{stem.name}.manifest.json")] = text.encode("utf-8")
    for path, content in written.items():
        write_atomically(path, content)
    return tuple(written)


def check_exports(paths: Sequence[Path], *, force: bool = False) -> None:
    """Refuse, before any work is done, files that could not be written in the end.

    Raises:
        InputError: an unknown suffix, a file that exists already or cannot be written.
    """
    for path in paths:
        stem, kind = stem_of(path), format_of(path)
        others = [f"{stem.name}.manifest.json"] + [f"{stem.name}.sweep.pb"] * isinstance(kind, GoogleProgram)
        for file in (path, *(stem.with_name(name) for name in others)):
            if file.exists() and not force:
                raise InputError("exists already", where=file, remedy="choose another name, or --force to replace it")
            check_output_file(file)
