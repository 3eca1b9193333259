"""Exact preparation by multiplexed rotations, for any number of qubits with CZ between any two.

Qubit k is rotated by an angle that depends on the bits of qubits 0..k-1 (Mottonen et al. 2004, arXiv:quant-ph/0407010):
2^k rotations and CZ gates in the order of a Gray code. The last CZ of each is left out: it is diagonal, commutes with
all that follows, and the signs that it would have set are given to the amplitudes beforehand. 2^n - n - 1 CZ in all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.template import ControlledZ, PreparationTemplate, Rotation

FloatArray = NDArray[np.float64]


def multiplexed_template(qubit_count: int, prefix: str = "p") -> PreparationTemplate:
    """2^n - 1 rotations and 2^n - n - 1 CZ gates, most of them between qubits that are not neighbours."""
    gates: list[Rotation | ControlledZ] = []
    parameter = 0
    for target in range(qubit_count):
        for index in range(2**target):
            gates.append(Rotation(target, parameter))
            parameter += 1
            if index + 1 < 2**target:
                gates.append(ControlledZ(target - 1 - _trailing_zeros(index + 1), target))
    return PreparationTemplate(qubit_count, tuple(gates), prefix)


def multiplexed_angles(states: FloatArray) -> FloatArray:
    """The angles of `multiplexed_template`, shape (N, 2^n - 1), for unit vectors of shape (N, 2^n)."""
    count, size = states.shape
    n = size.bit_length() - 1
    index = np.arange(size)
    signed = states.copy()
    for target in range(1, n):
        # The CZ left out joins the target and the qubit that a Gray code changes last, which is qubit 0.
        signed *= 1 - 2 * ((index >> (n - 1)) & (index >> (n - 1 - target)) & 1)
    levels: list[FloatArray] = []
    halves = signed.reshape(count, -1, 2)
    for _ in range(n):
        levels.append(2 * np.arctan2(halves[..., 1], halves[..., 0]))
        halves = np.linalg.norm(halves, axis=2).reshape(count, -1, 2) if halves.shape[1] > 1 else halves
    return np.concatenate([_gray_coefficients(level) for level in reversed(levels)], axis=1)


def _gray_coefficients(angles: FloatArray) -> FloatArray:
    """The rotations between CZ gates, from those wanted for each value of the controls; both of shape (N, 2^k).

    The sign of rotation j for controls b is (-1)^(b . gray(j)): a Walsh-Hadamard transform in Gray order.
    """
    count, size = angles.shape
    table = angles
    step = 1
    while step < size:
        pairs = table.reshape(count, -1, 2, step)
        table = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
        table = table.reshape(count, size)
        step *= 2
    index = np.arange(size)
    return np.asarray(table[:, index ^ (index >> 1)] / size)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
