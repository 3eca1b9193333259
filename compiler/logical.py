"""A logical program: a readout's circuit on named qubits, before preparation, placement and native gates."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from enum import StrEnum

import cirq
import numpy as np
import sympy

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.model.specification import ModelSpecification

# The stages of a compiled circuit: every operation carries the one that it belongs to as a tag.


class Stage(StrEnum):
    """Which part of a program an operation belongs to.

    A string enumeration, so that tagged circuits serialise as they are; read back, a tag is the plain string, which
    still equals its stage.
    """

    PREPARATION = "preparation"
    ENCODER = "encoder"
    DECODER = "decoder"
    READOUT = "readout"


def tagged(operations: cirq.OP_TREE, stage: Stage) -> cirq.Circuit:
    """The operations as a circuit, packed to the left, each tagged with this stage; stages they had are replaced."""
    return cirq.Circuit(
        operation.untagged.with_tags(*(tag for tag in operation.tags if not _is_stage(tag)), stage)
        for operation in cirq.flatten_to_ops(operations)
    )


def stage_of(operation: cirq.Operation) -> Stage:
    """The stage of an operation; raises ValueError unless it is tagged with exactly one."""
    found = [Stage(tag) for tag in operation.tags if _is_stage(tag)]
    if len(found) != 1:
        raise ValueError(f"{operation!r} carries {len(found)} stage tags instead of one")
    return found[0]


def _is_stage(tag: object) -> bool:
    return isinstance(tag, str) and tag in _NAMES


_NAMES = frozenset(stage.value for stage in Stage)


Register = tuple[cirq.Qid, ...]


@dataclass(frozen=True)
class LogicalProgram:
    """A readout's circuit with everything that a later step must know of it.

    All qubits start in |0>, except the registers of `inputs`, which start in the patch state.

    Args:
        specification: the model.
        circuit: gates tagged with ENCODER, DECODER or READOUT; no preparation, no measurement.
        inputs: registers of n qubits, in data order, that start in the patch state.
        outputs: registers of n qubits on which the inverse of the preparation stands at the end.
        measured: the measured qubits, in the order of the estimator's bits.
        estimator: from bits to the value of a shot.
        zero_effect: qubits on which the readout (gates tagged so, and estimator) acts as the projector on |0>.
        swap_effect: pairs of qubits on which the readout acts as SWAP.
    """

    specification: ModelSpecification
    circuit: cirq.Circuit
    inputs: tuple[Register, ...]
    measured: Register
    estimator: Estimator
    outputs: tuple[Register, ...] = ()
    zero_effect: frozenset[cirq.Qid] = frozenset()
    swap_effect: tuple[tuple[cirq.Qid, cirq.Qid], ...] = ()

    @property
    def qubits(self) -> frozenset[cirq.Qid]:
        """Every qubit that the program needs."""
        registers = (*self.inputs, *self.outputs, self.measured)
        return frozenset(self.circuit.all_qubits()).union(*registers)

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """The symbols left in the circuit, by name."""
        return tuple(sympy.Symbol(name) for name in sorted(cirq.parameter_names(self.circuit)))

    def with_operations(self, operations: cirq.OP_TREE) -> LogicalProgram:
        """The same program with these operations instead, packed to the left."""
        return replace(self, circuit=cirq.Circuit(operations))

    def operations(self, *stages: Stage) -> list[cirq.Operation]:
        """The operations of some stages (all, if none is named) in order of time."""
        return [op for op in self.circuit.all_operations() if not stages or stage_of(op) in stages]

    def resolved(self, seed: int = 0) -> LogicalProgram:
        """The same program at generic angles, near those that pass a uniform patch so that F does not vanish."""
        # An angle depends on its own name only, so that steps that drop some symbols leave the others where they were.
        values = {
            symbol: float(np.random.default_rng((seed, zlib.crc32(symbol.name.encode()))).uniform(-1.2, -0.2))
            for symbol in self.symbols
        }
        return replace(self, circuit=cirq.resolve_parameters(self.circuit, values)) if values else self
