"""From a model to circuits that run on hardware; each name below is imported on its first use.

    compile     compile_program -> CompiledProgram, VerificationError
    what        READOUTS, get_readout, parse_preparation, known_targets, load_target, parse_target
    run         make_sampler, execute, execute_image, export_program
    cost        price_program, quote
    own passes  Program, Pass, Passes, Checks, run, transformed

>>> from qpbae_tn import compiler, ModelSpecification
>>> compiler.compile_program(
...     ModelSpecification.build(4, bottleneck=2), [-0.5] * 6, compiler.get_readout("latent"),
...     compiler.parse_preparation("mps:2"), compiler.load_target("willow_pink"))
CompiledProgram(latent, mps:2, willow_pink: 8 qubits, 14 two-qubit gates)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpbae_tn.compiler.compiled import CompiledProgram
    from qpbae_tn.compiler.execution import execute, execute_image, make_sampler
    from qpbae_tn.compiler.export.write import export_program
    from qpbae_tn.compiler.passes import Checks, Pass, VerificationError, run, transformed
    from qpbae_tn.compiler.pipeline import Passes, compile_program
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.price import price_program
    from qpbae_tn.compiler.program import Program
    from qpbae_tn.compiler.quote import quote
    from qpbae_tn.compiler.readouts import READOUTS, get_readout
    from qpbae_tn.compiler.targets.devices import known_targets, load_target, parse_target

_HOMES = {
    "CompiledProgram": "compiled",
    "Checks": "passes",
    "Pass": "passes",
    "Passes": "pipeline",
    "Program": "program",
    "READOUTS": "readouts",
    "VerificationError": "passes",
    "compile_program": "pipeline",
    "execute": "execution",
    "execute_image": "execution",
    "export_program": "export.write",
    "get_readout": "readouts",
    "known_targets": "targets.devices",
    "load_target": "targets.devices",
    "make_sampler": "execution",
    "parse_preparation": "preparation",
    "parse_target": "targets.devices",
    "price_program": "price",
    "quote": "quote",
    "run": "passes",
    "transformed": "passes",
}
"""Where the public names live."""

__all__ = [
    "READOUTS",
    "Checks",
    "CompiledProgram",
    "Pass",
    "Passes",
    "Program",
    "VerificationError",
    "compile_program",
    "execute",
    "execute_image",
    "export_program",
    "get_readout",
    "known_targets",
    "load_target",
    "make_sampler",
    "parse_preparation",
    "parse_target",
    "price_program",
    "quote",
    "run",
    "transformed",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
