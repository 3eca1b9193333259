"""One vocabulary for every circuit here: Cirq's gates, each operation tagged with the stage that it belongs to.

Circuits pass through three levels. As the paper draws them they hold RY, CNOT, SWAP, CSWAP and H; `real_gates` writes
them in RY, CZ and Z to a power, which all rewriting rules work on; `lowering.native` writes those in PhasedXZ and the
two-qubit gate of a processor. Ansatz blocks and preparation templates are lists of the same gates by number
(`qpbae_tn.model.blocks`), before they have qubits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import cirq
import numpy as np
import sympy

Register = tuple[cirq.Qid, ...]
"""Qubits in data order, most significant first."""

# Stages.


class Stage(StrEnum):
    """Which part of a program an operation belongs to.

    A string enumeration, so that tagged circuits serialise as they are; read back, a tag is the plain string, which
    still equals its stage.
    """

    PREPARATION = "preparation"
    ENCODER = "encoder"
    DECODER = "decoder"
    READOUT = "readout"


_STAGES = frozenset(stage.value for stage in Stage)


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
    return isinstance(tag, str) and tag in _STAGES


# Angles of RY, in radians: a number, or an expression with symbols. The number in an expression is kept apart wherever
# angles are added, so that numbers cancel exactly and compare without the rest.

Angle: TypeAlias = float | sympy.Expr

NEGLIGIBLE = 1e-12
"""Radians, or half turns, that are rounding."""


def ry(qubit: cirq.Qid, angle: Angle, stage: Stage) -> cirq.Operation:
    """RY(angle), tagged."""
    return cirq.ry(angle).on(qubit).with_tags(stage)


def cz(first: cirq.Qid, second: cirq.Qid, stage: Stage) -> cirq.Operation:
    """CZ, tagged."""
    return cirq.CZ(first, second).with_tags(stage)


def z_power(qubit: cirq.Qid, half_turns: float, stage: Stage) -> cirq.Operation:
    """Z**half_turns, tagged."""
    return cirq.ZPowGate(exponent=half_turns).on(qubit).with_tags(stage)


def angle_of(operation: cirq.Operation) -> Angle:
    """The angle of an RY gate."""
    gate = operation.gate
    assert isinstance(gate, cirq.Ry)
    return gate._rads


def is_ry(operation: cirq.Operation) -> bool:
    """Whether an operation is RY."""
    return isinstance(operation.gate, cirq.Ry)


def is_cz(operation: cirq.Operation) -> bool:
    """Whether an operation is CZ."""
    return isinstance(operation.gate, cirq.CZPowGate)


def is_cnot(operation: cirq.Operation) -> bool:
    """Whether an operation is a CNOT, its control being `qubits[0]`."""
    return bool(operation.gate == cirq.CNOT)


def split(angle: Angle) -> tuple[float, sympy.Expr | None]:
    """The number in an angle and the rest of it, None where there is none."""
    return _split(angle) if isinstance(angle, sympy.Basic) else (float(angle), None)


@lru_cache(maxsize=4096)
def _split(angle: sympy.Expr) -> tuple[float, sympy.Expr | None]:
    constant, rest = angle.as_coeff_Add()
    return (float(constant), rest) if rest.free_symbols else (float(constant + rest), None)


def added(first: Angle, second: Angle) -> Angle:
    """The sum of two angles."""
    (a, rest), (b, other) = split(first), split(second)
    if rest is None or other is None:
        return _joined(a + b, other if rest is None else rest)
    c, both = split(rest + other)
    return _joined(a + b + c, both)


def wrapped(angle: Angle) -> Angle:
    """The angle with its number in (-pi, pi]: the same rotation, up to a global sign."""
    constant, rest = split(angle)
    constant = math.remainder(constant, 2 * math.pi)
    if abs(constant) < NEGLIGIBLE:
        constant = 0.0
    return _joined(math.pi if constant <= -math.pi + NEGLIGIBLE else constant, rest)


def is_multiple(angle: Angle, of: float) -> bool:
    """Whether an angle is a whole multiple of a number of radians, whatever its symbols are."""
    constant, rest = split(angle)
    return rest is None and abs(math.remainder(constant, of)) < NEGLIGIBLE


def half_turns(angle: Angle) -> Angle:
    """The angle in units of pi, symbols with a floating-point factor (all that Google's serializer keeps)."""
    constant, rest = split(angle)
    return _joined(constant / math.pi, None if rest is None else rest * (1 / math.pi))


def is_whole(number: float) -> bool:
    """Whether a number is an integer but for rounding."""
    return abs(number - round(number)) < NEGLIGIBLE


@lru_cache(maxsize=4096)
def _joined(constant: float, rest: sympy.Expr | None) -> Angle:
    if rest is None:
        return constant
    return rest + constant if constant else rest


# Gates in terms of others.


def real_gates(operation: cirq.Operation) -> Iterator[cirq.Operation]:
    """An operation in RY, CZ, Z to a power and H, with its stage: CNOT = RY(pi/2) CZ RY(-pi/2) on the target.

    SWAP is three CNOTs, CSWAP a CCX between two CNOTs. The CCX of a literal SWAP test (6 CNOTs, T and H) is the one
    place where gates that are not real stand.
    """
    stage, gate = stage_of(operation), operation.gate
    for part in _expanded(operation.untagged) if gate in _COMPOSED else (operation,):
        yield part if part is operation else part.with_tags(stage)


def without_hadamards(operation: cirq.Operation) -> Iterator[cirq.Operation]:
    """H = Z RY(-pi/2) and X = RY(pi) Z, each up to a global phase; other operations as they are.

    Raises:
        ValueError: a gate that the rewriting rules do not know.
    """
    gate, (qubit, *_) = operation.gate, operation.qubits
    if gate == cirq.H:
        yield ry(qubit, -math.pi / 2, stage_of(operation))
        yield z_power(qubit, 1.0, stage_of(operation))
    elif gate == cirq.X:
        yield z_power(qubit, 1.0, stage_of(operation))
        yield ry(qubit, math.pi, stage_of(operation))
    elif is_ry(operation) or gate == cirq.CZ or (isinstance(gate, cirq.ZPowGate) and not cirq.is_parameterized(gate)):
        yield operation
    else:
        raise ValueError(f"{operation} is no gate that the compiler knows")


_COMPOSED = (cirq.CNOT, cirq.SWAP, cirq.CSWAP)


def _expanded(operation: cirq.Operation) -> Iterator[cirq.Operation]:
    match operation.gate:
        case cirq.CNOT:
            control, target = operation.qubits
            yield from (cirq.ry(-np.pi / 2)(target), cirq.CZ(control, target), cirq.ry(np.pi / 2)(target))
        case cirq.SWAP:
            first, second = operation.qubits
            for pair in ((first, second), (second, first), (first, second)):
                yield from _expanded(cirq.CNOT(*pair))
        case cirq.CSWAP:
            control, first, second = operation.qubits
            for part in (cirq.CNOT(second, first), *_toffoli(control, first, second), cirq.CNOT(second, first)):
                yield from _expanded(part)
        case _:
            yield operation


def _toffoli(first: cirq.Qid, second: cirq.Qid, target: cirq.Qid) -> Iterator[cirq.Operation]:
    """CCX of 6 CNOTs (Nielsen and Chuang, Fig. 4.9)."""
    yield cirq.H(target)
    yield cirq.CNOT(second, target)
    yield (cirq.T**-1)(target)
    yield cirq.CNOT(first, target)
    yield cirq.T(target)
    yield cirq.CNOT(second, target)
    yield (cirq.T**-1)(target)
    yield cirq.CNOT(first, target)
    yield cirq.T(second)
    yield cirq.T(target)
    yield cirq.H(target)
    yield cirq.CNOT(first, second)
    yield cirq.T(first)
    yield (cirq.T**-1)(second)
    yield cirq.CNOT(first, second)


# Counts.


@dataclass(frozen=True)
class Counts:
    """Sizes of a circuit of one- and two-qubit gates; measurements are not counted.

    Args:
        qubits: number of qubits that are used.
        one_qubit_gates: number of one-qubit gates.
        two_qubit_gates: number of two-qubit gates.
        two_qubit_depth: layers of two-qubit gates when each starts as early as it can.
        depth: layers of gates of either kind when each starts as early as it can.
    """

    qubits: int
    one_qubit_gates: int
    two_qubit_gates: int
    two_qubit_depth: int
    depth: int

    def to_json(self) -> dict[str, int]:
        """As JSON values."""
        return asdict(self)


def count(operations: cirq.AbstractCircuit | Iterable[cirq.Operation], qubits: int | None = None) -> Counts:
    """The counts of operations in order of time, or of a circuit.

    Args:
        operations: gates on one or two qubits, and measurements.
        qubits: number of qubits, where it is more than the gates touch.

    Raises:
        ValueError: a gate on three or more qubits.
    """
    everything = list(operations.all_operations() if isinstance(operations, cirq.AbstractCircuit) else operations)
    gates = [op for op in everything if not cirq.is_measurement(op)]
    if any(len(op.qubits) > 2 for op in gates):
        raise ValueError("only circuits of one- and two-qubit gates can be counted")
    twos = [op for op in gates if len(op.qubits) == 2]
    return Counts(
        qubits=len({qubit for op in everything for qubit in op.qubits}) if qubits is None else qubits,
        one_qubit_gates=len(gates) - len(twos),
        two_qubit_gates=len(twos),
        two_qubit_depth=_depth(twos),
        depth=_depth(gates),
    )


def two_qubit_gates_by_stage(operations: Iterable[cirq.Operation]) -> dict[Stage, int]:
    """Number of two-qubit gates of each stage."""
    result = dict.fromkeys(Stage, 0)
    for op in operations:
        if len(op.qubits) == 2 and not cirq.is_measurement(op):
            result[stage_of(op)] += 1
    return result


def _depth(operations: list[cirq.Operation]) -> int:
    level: dict[cirq.Qid, int] = {}
    for op in operations:
        here = 1 + max(level.get(qubit, 0) for qubit in op.qubits)
        level.update(dict.fromkeys(op.qubits, here))
    return max(level.values(), default=0)
