"""Stacks of patch states as matrix product states (MPS), plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.errors import InputError

# One truncated split of a stack of matrices: the step that conversion and compression share.


Float64Array = NDArray[np.float64]


class Split(NamedTuple):
    """matrix ~ isometry @ remainder for each matrix of a stack.

    Args:
        isometry: shape (N, m, k), orthonormal columns.
        remainder: shape (N, k, M).
        discarded: squared norm of what was left out, shape (N,).
    """

    isometry: Float64Array
    remainder: Float64Array
    discarded: Float64Array


def check_truncation(bond: int | None, cutoff: float) -> None:
    """Raises `InputError` for a bond limit below 1 or a cut-off outside [0, 1)."""
    if bond is not None and bond < 1:
        raise InputError(f"bond {bond}", where="bond", remedy="give a bond dimension of at least 1")
    if not 0 <= cutoff < 1:
        raise InputError(f"cut-off {cutoff}", where="cutoff", remedy="give a discarded weight from 0 up to below 1")


def truncated_split(matrices: Float64Array, bond: int | None, cutoff: float) -> Split:
    """The best split of each matrix at a common rank.

    The eigenvectors of the Gram matrix of the rows stand in for the left singular vectors: one matrix product and a
    small symmetric problem instead of a singular value decomposition of the whole. Singular values below 1e-8 of the
    norm come out mixed, which moves the discarded weight by 1e-16 at most; it is therefore measured on the projected
    matrix and not read off the eigenvalues. Tall matrices are first reduced by QR.

    Args:
        matrices: shape (N, m, M).
        bond: largest rank, None for no limit.
        cutoff: share of a matrix's squared norm that may be left out; the common rank is the smallest with which
            every matrix stays below it, unless `bond` is smaller.
    """
    _, rows, columns = matrices.shape
    if columns < rows:
        base, core = np.linalg.qr(matrices)
    else:
        base, core = None, matrices
    weights, vectors = np.linalg.eigh(core @ core.swapaxes(1, 2))
    limit = weights.shape[1] if bond is None else min(bond, weights.shape[1])
    if cutoff > 0:
        # Eigenvalues ascend: their running sum is what a rank leaves out, from the largest rank down to zero.
        left_out = np.cumsum(np.maximum(weights, 0.0), axis=1)
        droppable = (left_out <= cutoff * left_out[:, -1:]).sum(axis=1)
        limit = max(1, min(limit, weights.shape[1] - int(droppable.min(initial=weights.shape[1]))))
    vectors = vectors[:, :, ::-1]
    projected = vectors.swapaxes(1, 2) @ core
    isometry = np.ascontiguousarray(vectors[:, :, :limit]) if base is None else base @ vectors[:, :, :limit]
    lost = projected[:, limit:]
    return Split(isometry, projected[:, :limit], np.einsum("pij,pij->p", lost, lost))


DENSE_QUBITS = 26
"""Largest n that `MpsStack.to_dense` writes out: 512 MiB a patch."""


@dataclass(frozen=True, eq=False)
class MpsStack:
    """N patch states of n qubits as matrix product states with common bonds.

    The amplitude of x_0 ... x_{n-1} is the product of the matrices tensors[q][p, :, x_q, :], qubit 0 being the most
    significant bit. Patches of smaller bond are padded with zeros.

    Args:
        tensors: one for each qubit, shape (N, left bond, 2, right bond), float64; the outer bonds are 1.
        discarded_weight: eps = 1 - |<phi|phi~>|^2 of each state against the patch that it stands for, shape (N,);
            zeros where left out.

    Raises:
        InputError: shapes that do not chain, values that are not finite, a weight outside [0, 1].
    """

    tensors: tuple[Float64Array, ...]
    discarded_weight: Float64Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        _check_chain(self.tensors)
        count = self.tensors[0].shape[0]
        if self.discarded_weight.size == 0:
            object.__setattr__(self, "discarded_weight", np.zeros(count))
        weight = self.discarded_weight
        if weight.shape != (count,) or not ((weight >= 0) & (weight <= 1)).all():
            raise InputError(
                f"discarded weights of shape {weight.shape} for {count} patches, or outside [0, 1]",
                where="tensor train",
                remedy="give one weight from 0 to 1 for each patch",
            )

    @property
    def count(self) -> int:
        """N, the number of patches."""
        return int(self.tensors[0].shape[0])

    @property
    def qubit_count(self) -> int:
        """The number of qubits n."""
        return len(self.tensors)

    @cached_property
    def bonds(self) -> tuple[int, ...]:
        """The n - 1 inner bond dimensions."""
        return tuple(int(tensor.shape[3]) for tensor in self.tensors[:-1])

    @property
    def bond(self) -> int:
        """The largest bond dimension."""
        return max(self.bonds, default=1)

    @property
    def nbytes(self) -> int:
        """Bytes that the tensors take."""
        return sum(tensor.nbytes for tensor in self.tensors)

    def __getitem__(self, index: slice | NDArray[np.intp]) -> MpsStack:
        """A part of the stack; slices are views."""
        return MpsStack(tuple(tensor[index] for tensor in self.tensors), self.discarded_weight[index])

    def to_dense(self) -> Float64Array:
        """The states as amplitudes, shape (N, 2^n).

        Raises:
            InputError: more than `DENSE_QUBITS` qubits.
        """
        if self.qubit_count > DENSE_QUBITS:
            raise InputError(
                f"a state of {self.qubit_count} qubits has 2^{self.qubit_count} amplitudes",
                where="tensor train",
                remedy=f"write out at most {DENSE_QUBITS} qubits",
            )
        dense = np.ones((self.count, 1, 1))
        for tensor in self.tensors:
            count, left, _, right = tensor.shape
            size = dense.shape[1]
            dense = (dense @ tensor.reshape(count, left, 2 * right)).reshape(count, 2 * size, right)
        return np.asarray(dense[:, :, 0])

    def overlaps(self, other: MpsStack) -> Float64Array:
        """<self_p|other_p> for each patch, shape (N,); both stacks have the same count and number of qubits."""
        if (self.count, self.qubit_count) != (other.count, other.qubit_count):
            raise InputError(
                f"{self.count} states of {self.qubit_count} qubits against {other.count} of {other.qubit_count}",
                where="tensor train",
                remedy="compare stacks of one shape",
            )
        environment = np.ones((self.count, 1, 1))
        for mine, theirs in zip(self.tensors, other.tensors, strict=True):
            environment = _absorb(environment, mine, theirs)
        return np.asarray(environment[:, 0, 0])

    def normalised(self) -> MpsStack:
        """The same states with unit norm; the norm is divided out site by site, so that it may be out of range.

        Raises:
            InputError: a state whose norm is zero.
        """
        environment, tensors = np.ones((self.count, 1, 1)), []
        for tensor in self.tensors:
            peak = np.abs(tensor).max(axis=(1, 2, 3), keepdims=True)
            tensor = tensor / np.where(peak == 0, 1.0, peak)
            environment = _absorb(environment, tensor, tensor)
            scale = np.trace(environment, axis1=1, axis2=2)
            if not (scale > 0).all():
                raise InputError(
                    f"the norm of tensor train {int(np.argmin(scale > 0))} is zero",
                    where="tensor train",
                    remedy="give a texture with some light",
                )
            environment = environment / scale[:, None, None]
            tensors.append(tensor / np.sqrt(scale)[:, None, None, None])
        return MpsStack(tuple(tensors), self.discarded_weight)


def mps_stack(tensors: Sequence[ArrayLike]) -> MpsStack:
    """Normalised MPS from tensors given from outside.

    Args:
        tensors: one for each qubit, each of shape (left bond, 2, right bond) for one patch or
            (N, left bond, 2, right bond) for a stack.

    Raises:
        InputError: tensors that are not real numbers of these shapes, do not chain, or have norm zero.
    """
    try:
        arrays = [np.asarray(tensor, dtype=np.float64) for tensor in tensors]
    except (TypeError, ValueError):
        raise InputError(
            "tensors must be arrays of real numbers",
            where="tensor train",
            remedy="give one array (left bond, 2, right bond) for each qubit",
        ) from None
    return MpsStack(tuple(array[None] if array.ndim == 3 else array for array in arrays)).normalised()


def concatenate(stacks: Sequence[MpsStack]) -> MpsStack:
    """Several stacks of the same n as one, smaller bonds padded with zeros.

    Raises:
        InputError: no stack at all, or stacks of different n.
    """
    sizes = sorted({stack.qubit_count for stack in stacks})
    if len(sizes) != 1:
        raise InputError(
            f"stacks of {sizes} qubits", where="tensor train", remedy="give at least one stack, all of the same size"
        )
    count = sum(stack.count for stack in stacks)
    bonds = [1, *(max(column) for column in zip(*(stack.bonds for stack in stacks), strict=True)), 1]
    tensors = []
    for site in range(sizes[0]):
        joint = np.zeros((count, bonds[site], 2, bonds[site + 1]))
        start = 0
        for stack in stacks:
            part = stack.tensors[site]
            joint[start : start + stack.count, : part.shape[1], :, : part.shape[3]] = part
            start += stack.count
        tensors.append(joint)
    return MpsStack(tuple(tensors), np.concatenate([stack.discarded_weight for stack in stacks]))


def _absorb(environment: Float64Array, upper: Float64Array, lower: Float64Array) -> Float64Array:
    """One site of an overlap: (N, upper bond, lower bond) from the left to the right of the site."""
    count, left, _, right = lower.shape
    rows = 2 * upper.shape[1]
    joint = (environment @ lower.reshape(count, left, 2 * right)).reshape(count, rows, right)
    return np.asarray(upper.reshape(count, rows, upper.shape[3]).swapaxes(1, 2) @ joint)


def _check_chain(tensors: tuple[Float64Array, ...]) -> None:
    if not tensors:
        raise InputError("no tensors", where="tensor train", remedy="give one tensor for each qubit")
    expected_left = 1
    for site, tensor in enumerate(tensors):
        if tensor.ndim != 4 or tensor.shape[2] != 2 or min(tensor.shape[1:]) < 1:
            raise InputError(
                f"tensor {site} has shape {tensor.shape}",
                where="tensor train",
                remedy="give shape (patches, left bond, 2, right bond) with bonds of at least 1",
            )
        if tensor.shape[0] != tensors[0].shape[0] or tensor.shape[1] != expected_left:
            raise InputError(
                f"tensor {site} of shape {tensor.shape} does not follow {tensors[site - 1].shape}"
                if site
                else f"the first tensor has a left bond of {tensor.shape[1]}",
                where="tensor train",
                remedy="make each left bond the right bond of the tensor before, the outer bonds 1",
            )
        if not np.isfinite(tensor).all():
            raise InputError(
                f"tensor {site} holds values that are not finite", where="tensor train", remedy="give finite numbers"
            )
        expected_left = tensor.shape[3]
    if expected_left != 1:
        raise InputError(
            f"the last tensor has a right bond of {expected_left}",
            where="tensor train",
            remedy="make the outer bonds 1",
        )


# Dense patch states to matrix product states, a whole stack at once.


def states_to_mps(states: NDArray[np.floating], bond: int | None = None, cutoff: float = 0.0) -> MpsStack:
    """Matrix product states of a stack of patch states, truncated from left to right.

    Each truncation projects orthogonally within the range of the one before, so that the weights left out add up and
    |<phi|phi~>|^2 = 1 - eps holds exactly, eps being `discarded_weight`. Without a bond limit and a cut-off nothing is
    decomposed: the state is one tensor in the middle between isometries that only regroup indices.

    Args:
        states: shape (N, 2^n), unit norm, in pixel order.
        bond: largest bond dimension, None for no limit.
        cutoff: share of the weight that may be left out at each cut, in [0, 1).

    Returns:
        The stack, normalised, with the weight thrown away of each patch.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """
    check_truncation(bond, cutoff)
    count, size = states.shape
    qubits = size.bit_length() - 1
    rest = np.asarray(states, dtype=np.float64).reshape(count, 1, size)
    norms = np.einsum("pij,pij->p", rest, rest)
    lost = np.zeros(count)
    tensors: list[Float64Array] = []
    left = 1
    for site in range(qubits - 1):
        columns = size >> (site + 1)
        rows = 2 * left
        if cutoff == 0 and columns <= rows and (bond is None or columns <= bond):
            break
        if cutoff == 0 and (bond is None or rows <= bond):
            tensors.append(_regrouping(count, left, rows))
            left = rows
            continue
        split = truncated_split(rest.reshape(count, rows, columns), bond, cutoff)
        right = split.isometry.shape[2]
        tensors.append(split.isometry.reshape(count, left, 2, right))
        rest, left, lost = split.remainder, right, lost + split.discarded
    kept = np.sqrt(np.maximum(norms - lost, np.finfo(np.float64).tiny))
    columns = size >> (len(tensors) + 1)
    tensors.append(rest.reshape(count, left, 2, columns) / kept[:, None, None, None])
    while columns > 1:
        tensors.append(_regrouping(count, columns, columns // 2))
        columns //= 2
    return MpsStack(tuple(tensors), np.clip(lost / norms, 0.0, 1.0))


def _regrouping(count: int, left: int, right: int) -> Float64Array:
    """The identity between (left, 2) and right, or between left and (2, right), as a site tensor."""
    identity = np.eye(max(left, right)).reshape(left, 2, right)
    return np.broadcast_to(identity, (count, left, 2, right))
