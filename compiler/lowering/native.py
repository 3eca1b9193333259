"""From real gates to native ones: PhasedXZ and the two-qubit gate of a processor.

Each CZ becomes one fixed sequence of two-qubit gates without symbols, and the one-qubit gates between two of those
merge into as few PhasedXZ as keep symbols linear. A rotation RY(t) with a symbol stays one gate Z^p Y^s Z^q with
s = t / pi + a number, which is PhasedXZ with x = s, z = p + q and axis 1/2 - q. It takes up rotations about Z on either
side, and about Y where no Z stands in between. Other neighbours stay gates of their own: a product would need exponents
that are not linear in t, which Google's programs cannot hold (Cirq's own merging gives three symbols a gate).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.gates import Angle, Stage, added, angle_of, half_turns, is_ry, split, stage_of, wrapped
from qpbae_tn.compiler.lowering.schedule import arranged
from qpbae_tn.compiler.passes import Pass
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.targets.target import NativeGate, Target, check_program

Matrix = NDArray[np.complex128]

_NEGLIGIBLE = 1e-9
"""Half turns that are rounding of Cirq's decompositions."""


def lower_to(target: Target) -> Pass:
    """The last pass: native gates in moments, the measurement in the last one.

    A merged gate has the stage of the latest gate in it. Symbols survive, linear, in the x exponents of PhasedXZ. The
    pass raises `InputError` where the target does not take the program (`check_program`).
    """

    def apply(program: Program) -> Program:
        native = to_native(program, target.native)
        check_program(native.moments, target)
        return native

    return Pass(f"lower to {target.native.value}", "", apply)


def to_native(program: Program, native: NativeGate) -> Program:
    """A program of RY, Z to a power and CZ, scheduled and written in native gates, wherever its qubits stand."""
    return program.with_schedule(arranged(program, _Native(native)))


@dataclass(frozen=True)
class _Numeric:
    """A one-qubit gate without symbols."""

    matrix: Matrix
    stage: Stage

    def operation(self, qubit: cirq.Qid, measured_next: bool) -> cirq.Operation | None:
        gate = cirq.single_qubit_matrix_to_phxz(self.matrix, atol=_NEGLIGIBLE)
        if gate is None or (measured_next and abs(gate.x_exponent) < _NEGLIGIBLE):
            return None
        return _phased_xz(gate.x_exponent, gate.z_exponent, gate.axis_phase_exponent, measured_next)(qubit).with_tags(
            self.stage
        )


@dataclass(frozen=True)
class _Symbolic:
    """Z^p Y^(angle / pi) Z^q, q first in time."""

    angle: Angle
    q: float
    p: float
    stage: Stage

    def after(self, matrix: Matrix) -> _Symbolic | None:
        """With a numeric gate in front of it taken up, or None where that is not possible."""
        c, b, a = euler(matrix)
        if _is_whole(b):  # Y^b is the identity or Y, which turns the sign of rotations about Z
            return self._with(b, c - a - self.q if _is_odd(b) else c + a + self.q, self.p)
        if not _is_whole(self.q + a):
            return None
        odd = _is_odd(self.q + a)
        return self._with(-b if odd else b, c + odd, self.p)

    def before(self, matrix: Matrix, stage: Stage) -> _Symbolic | None:
        """With a numeric gate behind it taken up, or None where that is not possible."""
        c, b, a = euler(matrix)
        turn = self.p + c
        if _is_whole(b):
            taken = self._with(b, self.q, a - turn if _is_odd(b) else a + turn)
        elif _is_whole(turn):
            odd = _is_odd(turn)
            taken = self._with(-b if odd else b, self.q, a + odd)
        else:
            return None
        return replace(taken, stage=stage)

    def operation(self, qubit: cirq.Qid, measured_next: bool) -> cirq.Operation:
        x = half_turns(wrapped(self.angle))
        gate = _phased_xz(x, _wrapped(self.p + self.q), _wrapped(0.5 - self.q), measured_next)
        return gate(qubit).with_tags(self.stage)

    def _with(self, turns: float, q: float, p: float) -> _Symbolic:
        return replace(self, angle=added(self.angle, turns * math.pi), q=q, p=p)


_Factor = _Numeric | _Symbolic


class _Native:
    """The dialect of a processor; see `schedule.Dialect`."""

    def __init__(self, native: NativeGate) -> None:
        self._gate, self.uses_per_cz = native.gate, native.uses_per_cz
        self._around = cz_sequence(native)

    def two_qubit_gate(self, cz: cirq.Operation) -> cirq.Operation:
        return self._gate.on(*cz.qubits).with_tags(*cz.tags)

    def around(self, cz: cirq.Operation, use: int, side: int) -> Sequence[_Factor]:
        matrix = self._around[use][side]
        return () if matrix is None else (_Numeric(matrix, stage_of(cz)),)

    def factor(self, operation: cirq.Operation) -> _Factor:
        stage = stage_of(operation)
        if is_ry(operation) and split(angle_of(operation))[1] is not None:
            return _Symbolic(angle_of(operation), 0.0, 0.0, stage)
        return _Numeric(cirq.unitary(operation), stage)

    def merged(self, qubit: cirq.Qid, factors: Sequence[_Factor], measured_next: bool) -> tuple[cirq.Operation, ...]:
        items = _absorbed(_multiplied(factors))
        last = len(items) - 1
        operations = [item.operation(qubit, measured_next and index == last) for index, item in enumerate(items)]
        return tuple(operation for operation in operations if operation is not None)


def _multiplied(factors: Sequence[_Factor]) -> list[_Factor]:
    """Neighbouring numeric factors as one matrix."""
    items: list[_Factor] = []
    for factor in factors:
        last = items[-1] if items else None
        if isinstance(factor, _Numeric) and isinstance(last, _Numeric):
            items[-1] = _Numeric(factor.matrix @ last.matrix, factor.stage)
        else:
            items.append(factor)
    return items


def _absorbed(items: Sequence[_Factor]) -> list[_Factor]:
    """Symbolic rotations with the numeric neighbours taken up that they can take up."""
    merged: list[_Factor] = []
    for item in items:
        last = merged[-1] if merged else None
        taken: _Symbolic | None = None
        if isinstance(item, _Symbolic) and isinstance(last, _Numeric):
            taken = item.after(last.matrix)
        elif isinstance(item, _Numeric) and isinstance(last, _Symbolic):
            taken = last.before(item.matrix, item.stage)
        if taken is None:
            merged.append(item)
        else:
            merged[-1] = taken
    return merged


def _phased_xz(x: Angle, z: float, axis: float, measured_next: bool) -> cirq.PhasedXZGate:
    """A measurement sees no rotation about Z just before it."""
    return cirq.PhasedXZGate(x_exponent=x, z_exponent=0.0 if measured_next else z, axis_phase_exponent=axis)


# CZ from each native two-qubit gate.


@cache
def cz_sequence(native: NativeGate) -> tuple[tuple[Matrix | None, Matrix | None], ...]:
    """CZ = L_k N ... N L_0, N the native gate, L_0 first in time; equal up to a global phase.

    Returns:
        k + 1 pairs of one-qubit matrices for the first and second qubit, None for the identity. Behind the last N they
        have the form Y^b Z^c, c first, so that a symbolic RY that follows takes them up.
    """
    if native is NativeGate.CZ:
        return ((None, None), (None, None))
    identity = np.eye(2, dtype=np.complex128)
    first, second = cirq.LineQubit.range(2)
    around = [[identity, identity]]
    for operation in cirq.flatten_to_ops(_cz_operations(native, first, second)):
        if len(operation.qubits) == 2:
            around.append([identity, identity])
        else:
            side = int(operation.qubits[0] == second)
            around[-1][side] = cirq.unitary(operation) @ around[-1][side]
    for side in range(2):
        # CZ commutes with Z: Z^-c in front and Z^c behind take the last Z of the sequence to its beginning
        turn = euler(around[-1][side])[2]
        around[-1][side] = cirq.unitary(cirq.Z**-turn) @ around[-1][side]
        around[0][side] = around[0][side] @ cirq.unitary(cirq.Z**turn)
    return tuple((pair[0], pair[1]) for pair in around)


def _cz_operations(native: NativeGate, first: cirq.Qid, second: cirq.Qid) -> cirq.OP_TREE:
    if native is NativeGate.SQRT_ISWAP:
        # X on one side turns XX + YY into XX - YY: two roots make exp(i pi/4 XX), and Y**0.5 turns X into Z
        turn, back = cirq.Y**-0.5, cirq.Y**0.5
        root = cirq.SQRT_ISWAP(first, second)
        before = [back(first), back(second), cirq.X(first)]
        after = [turn(first), turn(second), cirq.S(first), cirq.S(second)]
        return [before, root, cirq.X(first), root, after]
    import cirq_google

    return cirq_google.known_2q_op_to_sycamore_operations(cirq.CZ(first, second))


def euler(matrix: Matrix) -> tuple[float, float, float]:
    """Half turns (c, b, a) with matrix = Z^a Y^b Z^c up to a phase."""
    c, b, a = cirq.deconstruct_single_qubit_matrix_into_angles(matrix)
    return c / np.pi, b / np.pi, a / np.pi


def _is_whole(turns: float) -> bool:
    return abs(turns - round(turns)) < _NEGLIGIBLE


def _is_odd(turns: float) -> bool:
    return round(turns) % 2 == 1


def _wrapped(turns: float) -> float:
    """In (-1, 1]."""
    wrapped_turns = math.remainder(turns, 2)
    return 1.0 if wrapped_turns <= -1 else wrapped_turns
