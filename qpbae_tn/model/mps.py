"""Stacks of patch states as matrix product states (MPS), plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from quimb.tensor import MatrixProductState

Float64Array = NDArray[np.float64]

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
                where="mps",
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
                where="mps",
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
                where="mps",
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
                    f"the norm of state {int(np.argmin(scale > 0))} is zero",
                    where="mps",
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
            where="mps",
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
            f"stacks of {sizes} qubits", where="mps", remedy="give at least one stack, all of the same size"
        )
    bonds = [max(column) for column in zip(*(stack.bonds for stack in stacks), strict=True)]
    even = [padded(stack, bonds).tensors for stack in stacks]
    tensors = tuple(np.concatenate(site) for site in zip(*even, strict=True))
    return MpsStack(tensors, np.concatenate([stack.discarded_weight for stack in stacks]))


def padded(stack: MpsStack, bonds: Sequence[int]) -> MpsStack:
    """The same states with these inner bonds, none smaller than it was, the rest of the tensors being zero."""
    if tuple(bonds) == stack.bonds:
        return stack
    chain = (1, *bonds, 1)
    tensors = []
    for site, tensor in enumerate(stack.tensors):
        wide = np.zeros((stack.count, chain[site], 2, chain[site + 1]))
        wide[:, : tensor.shape[1], :, : tensor.shape[3]] = tensor
        tensors.append(wide)
    return MpsStack(tuple(tensors), stack.discarded_weight)


def to_quimb(stack: MpsStack, index: int = 0) -> MatrixProductState:
    """One state of a stack as quimb's `MatrixProductState`, physical indices k0, k1, ..."""
    from quimb.tensor import MatrixProductState

    arrays = [tensor[index] for tensor in stack.tensors]
    return MatrixProductState([arrays[0][0], *arrays[1:-1], arrays[-1][..., 0]], shape="lpr")


def from_quimb(state: MatrixProductState) -> MpsStack:
    """A real state of quimb with open ends as a stack of one, normalised; what quimb compressed away is not known.

    Raises:
        InputError: a state that is complex, periodic, or not of qubits.
    """
    ordered = state.copy()
    ordered.permute_arrays("lpr")
    arrays = [np.asarray(array) for array in ordered.arrays]
    if any(np.iscomplexobj(array) for array in arrays) or arrays[0].ndim != 2 or arrays[-1].ndim != 2:
        raise InputError(
            "a state that is complex or periodic", where="mps", remedy="give a real matrix product state with open ends"
        )
    return mps_stack([arrays[0][None], *arrays[1:-1], arrays[-1][..., None]])


def _absorb(environment: Float64Array, upper: Float64Array, lower: Float64Array) -> Float64Array:
    """One site of an overlap: (N, upper bond, lower bond) from the left to the right of the site."""
    count, left, _, right = lower.shape
    rows = 2 * upper.shape[1]
    joint = (environment @ lower.reshape(count, left, 2 * right)).reshape(count, rows, right)
    return np.asarray(upper.reshape(count, rows, upper.shape[3]).swapaxes(1, 2) @ joint)


def _check_chain(tensors: tuple[Float64Array, ...]) -> None:
    if not tensors:
        raise InputError("no tensors", where="mps", remedy="give one tensor for each qubit")
    expected_left = 1
    for site, tensor in enumerate(tensors):
        if tensor.ndim != 4 or tensor.shape[2] != 2 or min(tensor.shape[1:]) < 1:
            raise InputError(
                f"tensor {site} has shape {tensor.shape}",
                where="mps",
                remedy="give shape (patches, left bond, 2, right bond) with bonds of at least 1",
            )
        if tensor.shape[0] != tensors[0].shape[0] or tensor.shape[1] != expected_left:
            raise InputError(
                f"tensor {site} of shape {tensor.shape} does not follow {tensors[site - 1].shape}"
                if site
                else f"the first tensor has a left bond of {tensor.shape[1]}",
                where="mps",
                remedy="make each left bond the right bond of the tensor before, the outer bonds 1",
            )
        if not np.isfinite(tensor).all():
            raise InputError(
                f"tensor {site} holds values that are not finite", where="mps", remedy="give finite numbers"
            )
        expected_left = tensor.shape[3]
    if expected_left != 1:
        raise InputError(
            f"the last tensor has a right bond of {expected_left}",
            where="mps",
            remedy="make the outer bonds 1",
        )
