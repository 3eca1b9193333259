"""One-qubit gates between two two-qubit gates, merged into as few PhasedXZ as keep symbols linear.

A rotation RY(t) with a symbol stays one gate Z^p Y^s Z^q with s = t / pi + a number, which is PhasedXZ with x = s,
z = p + q and axis 1/2 - q. It takes up rotations about Z on either side, and about Y where no Z stands in between.
Other neighbours stay gates of their own: a product would need exponents that are not linear in t, which Google's
programs cannot hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.angles import Angle
from qpbae_tn.compiler.lowering.real_program import Phase, Ry
from qpbae_tn.compiler.lowering.synthesis import Matrix, euler

_NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Local:
    """A one-qubit gate that making a CZ from native gates adds."""

    matrix: Matrix
    stage: Stage


Factor = Ry | Phase | Local


@dataclass(frozen=True)
class _Numeric:
    matrix: Matrix
    stage: Stage

    def operation(self, qubit: cirq.Qid, measured_next: bool) -> cirq.Operation | None:
        gate = cirq.single_qubit_matrix_to_phxz(self.matrix, atol=_NEGLIGIBLE)
        if gate is None or (measured_next and abs(gate.x_exponent) < _NEGLIGIBLE):
            return None
        if measured_next:
            gate = cirq.PhasedXZGate(
                x_exponent=gate.x_exponent, z_exponent=0, axis_phase_exponent=gate.axis_phase_exponent
            )
        return gate.on(qubit).with_tags(self.stage)


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
        if _is_whole(b):
            odd = _is_odd(b)
            return _Symbolic(self._shifted(b), c - a - self.q if odd else c + a + self.q, self.p, self.stage)
        if not _is_whole(self.q + a):
            return None
        odd = _is_odd(self.q + a)
        return _Symbolic(self._shifted(-b if odd else b), c + odd, self.p, self.stage)

    def before(self, matrix: Matrix, stage: Stage) -> _Symbolic | None:
        """With a numeric gate behind it taken up, or None where that is not possible."""
        c, b, a = euler(matrix)
        turn = self.p + c
        if _is_whole(b):
            return _Symbolic(self._shifted(b), self.q, a - turn if _is_odd(b) else a + turn, stage)
        if not _is_whole(turn):
            return None
        odd = _is_odd(turn)
        return _Symbolic(self._shifted(-b if odd else b), self.q, a + odd, stage)

    def operation(self, qubit: cirq.Qid, measured_next: bool) -> cirq.Operation:
        gate = cirq.PhasedXZGate(
            x_exponent=self.angle.wrapped().half_turns,
            z_exponent=0.0 if measured_next else _wrapped(self.p + self.q),
            axis_phase_exponent=_wrapped(0.5 - self.q),
        )
        return gate.on(qubit).with_tags(self.stage)

    def _shifted(self, half_turns: float) -> Angle:
        return self.angle + Angle(half_turns * math.pi)


def merge_run(qubit: cirq.Qid, factors: Sequence[Factor], *, measured_next: bool = False) -> tuple[cirq.Operation, ...]:
    """PhasedXZ gates for a run of factors, each tagged with the stage of the last factor that it holds.

    Args:
        qubit: the qubit.
        factors: in order of time.
        measured_next: whether only a measurement follows, which sees no rotation about Z.
    """
    merged = _absorbed(_multiplied(factors))
    operations = [
        item.operation(qubit, measured_next and index == len(merged) - 1) for index, item in enumerate(merged)
    ]
    return tuple(operation for operation in operations if operation is not None)


def _multiplied(factors: Sequence[Factor]) -> list[_Numeric | _Symbolic]:
    """Neighbouring numeric factors as one matrix."""
    items: list[_Numeric | _Symbolic] = []
    for factor in factors:
        if isinstance(factor, Ry) and factor.angle.rest is not None:
            items.append(_Symbolic(factor.angle, 0.0, 0.0, factor.stage))
            continue
        matrix = _matrix(factor)
        if items and isinstance(last := items[-1], _Numeric):
            items[-1] = _Numeric(matrix @ last.matrix, factor.stage)
        else:
            items.append(_Numeric(matrix, factor.stage))
    return items


def _absorbed(items: Sequence[_Numeric | _Symbolic]) -> list[_Numeric | _Symbolic]:
    """Symbolic rotations with the numeric neighbours taken up that they can take up."""
    merged: list[_Numeric | _Symbolic] = []
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


def _matrix(factor: Factor) -> Matrix:
    match factor:
        case Ry(_, angle, _):
            cosine, sine = math.cos(angle.constant / 2), math.sin(angle.constant / 2)
            return np.array([[cosine, -sine], [sine, cosine]], dtype=np.complex128)
        case Phase(_, half_turns, _):
            return np.diag([1.0, np.exp(1j * math.pi * half_turns)])
        case Local(matrix, _):
            return matrix


def _is_whole(half_turns: float) -> bool:
    return abs(half_turns - round(half_turns)) < _NEGLIGIBLE


def _is_odd(half_turns: float) -> bool:
    return round(half_turns) % 2 == 1


def _wrapped(half_turns: float) -> float:
    """In (-1, 1]."""
    wrapped = math.remainder(half_turns, 2)
    return 1.0 if wrapped <= -1 else wrapped
