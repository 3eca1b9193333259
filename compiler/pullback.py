"""Observables pulled back through a circuit (Heisenberg picture), exactly, for gates and for channels.

Everything stands in the Pauli basis: an observable is a product of factors, real coefficients of Pauli strings on a few
qubits each, and a step is the transfer matrix of a gate or channel. A factor before a step is the transposed matrix
times the factor after it. Factors merge where a step touches several; qubits on which a factor does nothing drop out of
it, and a qubit that has nothing before it but |0> ends there. What no factor touches is outside the light cone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Protocol

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Register

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complexfloating]

_NEGLIGIBLE = 1e-13
"""A coefficient this small is rounding."""

PAULIS: NDArray[np.complex128] = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)
ZERO: FloatArray = np.array([1.0, 0.0, 0.0, 1.0])
"""The Pauli expectations of |0>."""


class Step(Protocol):
    """A gate or channel."""

    @property
    def wires(self) -> Register:
        """The k qubits that it acts on."""

    @property
    def transfer(self) -> FloatArray | None:
        """Its transfer matrix, shape (4^k, 4^k); None for a step that nothing is pulled through."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor of an observable.

    Args:
        wires: its k qubits.
        coefficients: of Pauli strings, shape (4,) * k; the mean is the sum of coefficients times expectations.
    """

    wires: Register
    coefficients: FloatArray

    @property
    def operator(self) -> NDArray[np.complex128]:
        """The operator as a tensor of 2 k axes of size 2, outputs first."""
        count, tensor = len(self.wires), self.coefficients.astype(np.complex128)
        for _ in self.wires:  # the first axis goes, and its two of the operator come at the end
            tensor = np.tensordot(tensor, PAULIS, axes=(0, 0))
        return tensor.transpose(*range(0, 2 * count, 2), *range(1, 2 * count, 2))


def observable(estimator: Estimator, measured: Sequence[cirq.Qid]) -> tuple[Factor, ...]:
    """The value of a shot as a product of observables, diagonal in the measured bits."""
    zero, sign = np.array([0.5, 0, 0, 0.5]), np.array([0.0, 0, 0, 1])
    pair = np.zeros((4, 4))  # -1 where both bits are 1
    pair[0, 0] = pair[0, 3] = pair[3, 0] = 0.5
    pair[3, 3] = -0.5
    return (
        *(Factor((measured[bit],), zero) for bit in estimator.zeros),
        *(Factor((measured[bit],), sign) for bit in estimator.signs),
        *(Factor((measured[first], measured[second]), pair) for first, second in estimator.pairs),
    )


def pull_back(
    steps: Sequence[Step],
    factors: Iterable[Factor],
    *,
    started: Collection[cirq.Qid] = (),
    blocked: Collection[cirq.Qid] = (),
    largest: int = 6,
) -> tuple[list[int], list[Factor]]:
    """Pull an observable back through a circuit, from its end, as long as its factors stay small.

    Args:
        steps: in order of time.
        factors: of the observable, on different qubits.
        started: qubits that do not start in |0>.
        blocked: qubits on which more is observed than the factors say; nothing on them is pulled through.
        largest: most qubits of a factor: 4^k numbers.

    Returns:
        The places of the steps that are left in front of the observable, in order, and its factors there.
    """
    left = Counter(wire for step in steps for wire in step.wires)
    stopped, kept = set(blocked), list[int]()

    def shrunk(factor: Factor) -> Factor:
        held = stopped.union(started)
        return _shrunk(factor, {wire for wire in factor.wires if not left[wire] and wire not in held})

    factors = [shrunk(factor) for factor in factors]
    for place in reversed(range(len(steps))):
        step = steps[place]
        left.subtract(step.wires)
        own = [factor for factor in factors if not set(factor.wires).isdisjoint(step.wires)]
        stays = not stopped.isdisjoint(step.wires)
        if not own and not stays:
            continue
        wires = tuple(dict.fromkeys([wire for factor in own for wire in factor.wires] + [*step.wires]))
        if stays or step.transfer is None or len(wires) > largest:
            # A step before this one, on other qubits, commutes with it: only its own qubits are stopped.
            stopped.update(step.wires)
            kept.append(place)
            continue
        whole = merged(own, wires)
        axes = [wires.index(wire) for wire in step.wires]
        factors = [factor for factor in factors if factor not in own]
        factors.append(shrunk(Factor(wires, apply_to_axes(step.transfer.T, whole.coefficients, axes))))
    return kept[::-1], factors


def _shrunk(factor: Factor, ended: Collection[cirq.Qid]) -> Factor:
    """End the qubits of a factor that are at their |0>, and leave out those on which it does nothing."""
    wires, coefficients = list(factor.wires), factor.coefficients
    for wire in factor.wires:
        axis = wires.index(wire)
        first = coefficients.take(0, axis=axis)
        if wire in ended:
            coefficients = np.asarray(first + coefficients.take(3, axis=axis))
        elif np.abs(coefficients.take((1, 2, 3), axis=axis)).max() <= _NEGLIGIBLE:
            coefficients = np.asarray(first)
        else:
            continue
        wires.pop(axis)
    return Factor(tuple(wires), coefficients)


def merged(factors: Sequence[Factor], wires: Register) -> Factor:
    """The product of factors on these wires, theirs first and in order; the identity on those that none of them has."""
    product = reduce(np.multiply.outer, [factor.coefficients for factor in factors], np.ones(()))
    one = np.array([1.0, 0.0, 0.0, 0.0])
    for _ in range(len(wires) - product.ndim):
        product = np.multiply.outer(product, one)
    return Factor(wires, np.asarray(product))


# Transfer matrices.


@dataclass(frozen=True, eq=False)
class GateStep:
    """A unitary gate without symbols; see `Step`."""

    operation: cirq.Operation

    @property
    def wires(self) -> Register:
        """Its qubits."""
        return tuple(self.operation.qubits)

    @property
    def transfer(self) -> FloatArray:
        """Of its unitary."""
        return transfer_matrix([cirq.unitary(self.operation)])


@cache
def pauli_strings(width: int) -> NDArray[np.complex128]:
    """All Pauli strings on `width` qubits, shape (4^width, 2^width, 2^width), the first qubit most significant."""

    def products(left: ComplexArray, right: ComplexArray) -> NDArray[np.complex128]:
        return np.asarray([np.kron(a, b) for a in left for b in right])

    return reduce(products, [PAULIS] * width)


def transfer_matrix(kraus: Sequence[ComplexArray]) -> FloatArray:
    """R_ij = Tr[P_i E(P_j)] / 2^k of a channel with these Kraus operators, shape (4^k, 4^k)."""
    size = kraus[0].shape[0]
    strings = pauli_strings(size.bit_length() - 1)
    moved = sum(operator @ strings @ operator.conj().T for operator in kraus)
    flat = strings.reshape(len(strings), -1)
    return np.asarray((flat.conj() @ np.reshape(moved, flat.shape).T).real / size)


def apply_to_axes(matrix: FloatArray, tensor: FloatArray, axes: Sequence[int]) -> FloatArray:
    """A matrix (4^k, 4^k) on k axes of a tensor, each of size 4; the axes stay where they are."""
    width = len(axes)
    order = [*axes, *(axis for axis in range(tensor.ndim) if axis not in axes)]
    moved = matrix @ tensor.transpose(order).reshape(4**width, -1)
    shape = [tensor.shape[axis] for axis in order]
    return np.ascontiguousarray(moved.reshape(shape).transpose(np.argsort(order)))
