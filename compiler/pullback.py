"""Readouts as products of small operators, pulled back through a circuit (Heisenberg picture)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Register

Complex = NDArray[np.complexfloating]

_LARGEST = 6
"""Operators are kept to this many qubits: 64 x 64 matrices."""
_NEGLIGIBLE = 1e-13
"""An entry of an operator this small is rounding."""


@dataclass(frozen=True, eq=False)
class Factor:
    """An operator on k qubits as a tensor of 2k axes of size 2, outputs first."""

    qubits: Register
    tensor: Complex


_ZERO, _SIGN = np.diag([1.0 + 0j, 0]), np.diag([1.0 + 0j, -1])
_PAIR = np.diag([1.0 + 0j, 1, 1, -1]).reshape(2, 2, 2, 2)


def factors_of(measured: Register, estimator: Estimator) -> list[Factor]:
    """The estimator as a product of operators on the measured qubits."""
    return [
        *(Factor((measured[bit],), _ZERO) for bit in estimator.zeros),
        *(Factor((measured[bit],), _SIGN) for bit in estimator.signs),
        *(Factor((measured[first], measured[second]), _PAIR) for first, second in estimator.pairs),
    ]


def pull_back(
    operations: list[cirq.Operation], factors: list[Factor], started: set[cirq.Qid], projected: set[cirq.Qid]
) -> tuple[list[cirq.Operation], list[Factor]]:
    """Conjugate the factors by gates from the end while they stay small; the gates left in front are returned too."""
    left = Counter(qubit for op in operations for qubit in op.qubits)
    blocked, kept = set(projected), []
    factors = [_shrink(factor, {q for q in factor.qubits if not left[q] and q not in started}) for factor in factors]
    for op in reversed(operations):
        left.subtract(op.qubits)
        own = [factor for factor in factors if not set(factor.qubits).isdisjoint(op.qubits)]
        support = set(op.qubits).union(*(factor.qubits for factor in own))
        if not blocked.isdisjoint(support) or (own and len(support) > _LARGEST):
            blocked |= support
            kept.append(op)
        elif own:
            fresh = {qubit for qubit in support if not left[qubit] and qubit not in started}
            factors = [factor for factor in factors if factor not in own]
            factors.append(_shrink(_conjugate(_merge(own, support), op), fresh))
    return kept[::-1], factors


def _shrink(factor: Factor, fresh: set[cirq.Qid]) -> Factor:
    """End the qubits of a factor that are at their |0>, and leave out those on which it does nothing."""
    for qubit in factor.qubits:
        size, axis = len(factor.qubits), factor.qubits.index(qubit)
        before, after = 2**axis, 2 ** (size - axis - 1)
        split = factor.tensor.reshape(before, 2, after, before, 2, after)
        kept = split[:, 0, :, :, 0]
        if qubit not in fresh:
            off = max(np.abs(split[:, 0, :, :, 1]).max(), np.abs(split[:, 1, :, :, 0]).max())
            if off > _NEGLIGIBLE or np.abs(kept - split[:, 1, :, :, 1]).max() > _NEGLIGIBLE:
                continue
        factor = Factor(tuple(q for q in factor.qubits if q != qubit), kept.reshape((2,) * (2 * size - 2)))
    return factor


def _merge(factors: list[Factor], support: set[cirq.Qid]) -> Factor:
    """Their product on all qubits of the support."""
    matrix, qubits = np.ones((1, 1), dtype=complex), list[cirq.Qid]()
    for factor in factors:
        size = 2 ** len(factor.qubits)
        matrix, qubits = _kron(matrix, factor.tensor.reshape(size, size)), [*qubits, *factor.qubits]
    extra = [qubit for qubit in support if qubit not in qubits]
    matrix = _kron(matrix, np.eye(2 ** len(extra), dtype=complex))
    return Factor((*qubits, *extra), matrix.reshape((2,) * (2 * len(support))))


def _kron(first: Complex, second: Complex) -> Complex:
    size = len(first) * len(second)
    return (first[:, None, :, None] * second[None, :, None, :]).reshape(size, size)


def _conjugate(factor: Factor, op: cirq.Operation) -> Factor:
    """U^+ O U."""
    size, axes = len(factor.qubits), [factor.qubits.index(q) for q in op.qubits]
    transposed = cirq.unitary(op).T
    tensor = apply_gate(factor.tensor, transposed.conj(), axes)
    return Factor(factor.qubits, apply_gate(tensor, transposed, [size + axis for axis in axes]))


def apply_gate(tensor: Complex, matrix: Complex, axes: Sequence[int]) -> Complex:
    """Act with a matrix on some axes of a tensor, each of size 2."""
    order = [*axes, *(axis for axis in range(tensor.ndim) if axis not in axes)]
    moved = tensor.transpose(order).reshape(len(matrix), -1)
    back = sorted(range(tensor.ndim), key=order.__getitem__)
    return np.asarray((matrix @ moved).reshape((2,) * tensor.ndim).transpose(back))
