"""What a reduction is: a name, the identity that it rests on, and what it does to a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cirq
import sympy

from qpbae_tn.compiler.logical import LogicalProgram

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Reduction:
    """A named step that leaves the mean of the readout's value as it is, for every patch state and all angles.

    Args:
        name: what a log calls it.
        claim: the identity, in one sentence; the proof is the docstring of the step's module.
        apply: the step; gives the program back unchanged where it finds nothing to do.
    """

    name: str
    claim: str
    apply: Callable[[LogicalProgram], LogicalProgram]


def is_cnot(op: cirq.Operation) -> bool:
    """Whether an operation is a CNOT, its control being `qubits[0]`."""
    return bool(op.gate == cirq.CNOT)


def is_swap(op: cirq.Operation) -> bool:
    """Whether an operation is a SWAP of two qubits."""
    return bool(op.gate == cirq.SWAP)


def are_inverse(first: cirq.Operation, second: cirq.Operation) -> bool:
    """Whether two RY or CNOT gates on the same qubits undo each other, for all values of their symbols."""
    if first.qubits != second.qubits:
        return False
    if isinstance(first.gate, cirq.Ry) and isinstance(second.gate, cirq.Ry):
        total = sympy.sympify(rotation_angle(first) + rotation_angle(second))
        # Cirq inverts a numeric angle by way of its exponent, which rounds.
        return bool(abs(total) < _ROUNDING) if total.is_number else bool(total == 0)
    return is_cnot(first) and is_cnot(second)


def rotation_angle(op: cirq.Operation) -> float | sympy.Expr:
    """The angle of an RY gate, radians."""
    assert isinstance(op.gate, cirq.Ry)
    return op.gate._rads
