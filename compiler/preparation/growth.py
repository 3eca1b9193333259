"""Bond-2 matrix product states as circuits of 2 n - 3 CZ on a line, grown from the centre to both sides.

The two qubits at the centre take the Schmidt coefficients of the middle bond (1 CZ). Then every tensor is a gate on the
qubit that holds the bond so far and a fresh neighbour, an isometry from 2 to 4 dimensions: 2 CZ (Schoen et al. 2005,
doi:10.1103/PhysRevLett.95.110503, here in both directions at once).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.matrix_product import CentredMps, centre_bond, compress
from qpbae_tn.compiler.preparation.so4 import completed, rotation_angles, state_angles
from qpbae_tn.compiler.preparation.template import Ladder

FloatArray = NDArray[np.float64]


def growth_pairs(qubit_count: int) -> tuple[tuple[int, int], ...]:
    """The pairs of qubits of the gates in order of time: the centre, then outwards, left and right in turn."""
    centre = centre_bond(qubit_count)
    left = [(qubit - 1, qubit) for qubit in range(centre - 1, 0, -1)]
    right = [(qubit, qubit + 1) for qubit in range(centre, qubit_count - 1)]
    outwards: list[tuple[int, int]] = []
    for step in range(max(len(left), len(right))):
        outwards += right[step : step + 1] + left[step : step + 1]
    return ((centre - 1, centre), *outwards)


def growth_ladder(qubit_count: int, layers: int = 1) -> Ladder:
    """The CZ gates of `layers` repetitions: 1 at the centre and 2 for every other gate, 2 n - 3 a layer."""
    centre, *outwards = growth_pairs(qubit_count)
    return Ladder(qubit_count, (centre, *(pair for gate in outwards for pair in (gate, gate))) * layers)


def growth_angles(states: FloatArray) -> FloatArray:
    """The angles of `growth_ladder` that prepare the best bond-2 states at hand.

    Args:
        states: unit vectors, shape (N, 2^n), n at least 2.

    Returns:
        Shape (N, 5 n - 6), radians.
    """
    count, n = len(states), int(states.shape[1]).bit_length() - 1
    mps = compress(states, 2)
    ladder = growth_ladder(n)
    angles = np.zeros((count, ladder.parameter_count))
    # The last rotation of each qubit so far, to which the first rotation of the next gate is added.
    last = list(range(n))
    slot = n
    for gate, (first, second) in enumerate(growth_pairs(n)):
        layers = state_angles(_centre_state(mps)) if gate == 0 else rotation_angles(_gate(mps, first, second))
        angles[:, last[first]] += layers[:, 0, 0]
        angles[:, last[second]] += layers[:, 0, 1]
        for layer in range(1, layers.shape[1]):
            angles[:, slot : slot + 2] = layers[:, layer]
            last[first], last[second] = slot, slot + 1
            slot += 2
    return angles


def _centre_state(mps: CentredMps) -> FloatArray:
    """Amplitudes of the two centre qubits, shape (N, 2, 2), indexed by the bonds that they hand on to both sides.

    The outermost tensors have no qubit beyond them to grow on: they are 2 x 2 orthogonal matrices and join the gate
    next to them, here where the centre is the edge.
    """
    bond = mps.schmidt.shape[1]
    state = np.zeros((len(mps.schmidt), 2, 2))
    state[:, range(bond), range(bond)] = mps.schmidt
    if len(mps.left) == 1:
        state = mps.left[0][:, 0] @ state
    if len(mps.right) == 1:
        state = state @ mps.right[0][..., 0]
    return state


def _gate(mps: CentredMps, first: int, second: int) -> FloatArray:
    """The rotation matrix of the gate that adds one qubit, shape (N, 4, 4)."""
    centre = len(mps.left)
    if second < centre:
        # From the bond on `second`, with `first` fresh, to the next bond on `first` and the index on `second`.
        tensor = mps.left[second]
        if first == 0:
            tensor = np.einsum("psl,plor->psor", mps.left[0][:, 0], tensor)
        columns = tensor.reshape(len(tensor), 4, 2)
        return completed(columns)
    tensor = mps.right[first - centre]
    if second - centre == len(mps.right) - 1:
        tensor = np.einsum("plor,prs->plos", tensor, mps.right[-1][..., 0])
    columns = tensor.reshape(len(tensor), 2, 4).swapaxes(1, 2)
    # The fresh qubit is the less significant one: the given columns are 0 and 2.
    return np.asarray(completed(columns)[:, :, [0, 2, 1, 3]] * np.array([1.0, 1.0, 1.0, -1.0]))
