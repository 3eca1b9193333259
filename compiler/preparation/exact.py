"""`exact`: every real amplitude vector, on a line up to eight qubits, with CZ between any two past that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.line_fit import fit_states
from qpbae_tn.compiler.preparation.mps import growth_angles, growth_ladder, product_angles
from qpbae_tn.compiler.preparation.protocol import (
    Preparation,
    PreparationFit,
    checked_states,
    fidelities,
    qubit_count_of,
)
from qpbae_tn.compiler.preparation.template import Ladder, PreparationTemplate
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import Cz, Ry

# Exact preparation by multiplexed rotations, for any number of qubits with CZ between any two.
#
# Qubit k is rotated by an angle that depends on the bits of qubits 0..k-1 (Mottonen et al. 2004, arXiv:quant-
# ph/0407010): 2^k rotations and CZ gates in the order of a Gray code. The last CZ of each is left out: it is
# diagonal, commutes with all that follows, and the signs that it would have set are given to the amplitudes
# beforehand. 2^n - n - 1 CZ in all.


FloatArray = NDArray[np.float64]


def multiplexed_template(qubit_count: int, prefix: str = "p") -> PreparationTemplate:
    """2^n - 1 rotations and 2^n - n - 1 CZ gates, most of them between qubits that are not neighbours."""
    gates: list[Ry | Cz] = []
    parameter = 0
    for target in range(qubit_count):
        for index in range(2**target):
            gates.append(Ry(target, parameter))
            parameter += 1
            if index + 1 < 2**target:
                gates.append(Cz(target - 1 - _trailing_zeros(index + 1), target))
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


LINE_CZ = {1: 0, 2: 1, 3: 3, 4: 7, 5: 15, 6: 32, 7: 64, 8: 127}
"""CZ gates on a line for n qubits. A state has 2^n - 1 degrees of freedom, c CZ have n + 2 c angles; with none to spare
fits would stall."""

MOST_QUBITS = 12
"""Past this a circuit would have more than 4,000 CZ."""


@dataclass(frozen=True)
class ExactPreparation:
    """Exact preparation of real amplitudes of either sign.

    Up to three qubits by closed formulas: the bond-2 circuit is exact there. Four to eight qubits: CZ gates in a brick
    wall on a line that starts at the centre, `LINE_CZ` of them, with rotations between them whose angles are fitted by
    Levenberg-Marquardt to |psi - phi|^2 below 1e-14; eight qubits take about a second. From nine qubits on: multiplexed
    rotations, 2^n - n - 1 CZ between any two qubits, so that a chip needs routing on top.
    """

    name: str = "exact"
    assumes_state: bool = False

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """The circuit for n qubits; raises `InputError` past `MOST_QUBITS`."""
        if not 1 <= qubit_count <= MOST_QUBITS:
            raise InputError(
                f"exact preparation of {qubit_count} qubits",
                where="preparation",
                remedy=f"give mps, or patches of at most {MOST_QUBITS} qubits",
            )
        if qubit_count in LINE_CZ:
            return exact_ladder(qubit_count).template(prefix)
        return multiplexed_template(qubit_count, prefix)

    def settled(self, states: FloatArray) -> Preparation:
        """Itself."""
        return self

    def fit(self, states: FloatArray) -> PreparationFit:
        """Each patch's angles; see `Preparation.fit`.

        Raises:
            PreparationError: a state that no start could solve.
        """
        states = checked_states(states)
        n = qubit_count_of(states)
        template = self.template(n)
        if not len(states):
            angles = np.empty((0, template.parameter_count))
        elif n == 1:
            angles = product_angles(states)
        elif n <= 3:
            angles = growth_angles(states)
        elif n in LINE_CZ:
            angles = fit_states(exact_ladder(n), states)
        else:
            angles = multiplexed_angles(states)
        return PreparationFit(angles, fidelities(template.states(angles), states))


def exact_ladder(qubit_count: int) -> Ladder:
    """The CZ gates on a line for up to eight qubits: grown from the centre, or a brick wall that starts there."""
    if qubit_count <= 3:
        return growth_ladder(qubit_count) if qubit_count > 1 else Ladder(1, ())
    layers = [
        [(qubit, qubit + 1) for qubit in range(offset, qubit_count - 1, 2)] for offset in (1, 0) * LINE_CZ[qubit_count]
    ]
    pairs = [pair for layer in layers for pair in layer]
    return Ladder(qubit_count, tuple(pairs[: LINE_CZ[qubit_count]]))
