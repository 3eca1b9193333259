"""`mps`: preparation through matrix product states: bond 1, bond 2, and layers of bond 2 for larger bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.levenberg_marquardt import fit_ladder, ladder_sweep
from qpbae_tn.compiler.preparation.protocol import (
    Preparation,
    PreparationFit,
    checked_states,
    fidelities,
    qubit_count_of,
)
from qpbae_tn.compiler.preparation.so4 import completed, rotation_angles, state_angles
from qpbae_tn.compiler.preparation.template import Ladder, PreparationTemplate
from qpbae_tn.errors import InputError
from qpbae_tn.model.mps import MpsStack

FloatArray = NDArray[np.float64]

# The best matrix product states at hand: SVD truncation from the left, then two variational sweeps.
#
# For left-to-right SVD |<phi|phi~>|^2 = 1 - (weight thrown away). The sweeps replace two neighbouring tensors at a time
# by the best ones for given bases on both sides, so the fidelity never falls below that of the SVD.


@dataclass(frozen=True)
class CentredMps:
    """A stack of N unit matrix product states, Schmidt-decomposed at one bond.

    Args:
        left: for each qubit left of the bond, shape (N, bond to the left, 2, bond to the right), isometric from the
            right: sum over the first two indices is the identity.
        schmidt: Schmidt coefficients at the bond, shape (N, bond), descending.
        right: for each qubit right of the bond, the same shape, isometric from the left.
    """

    left: tuple[FloatArray, ...]
    schmidt: FloatArray
    right: tuple[FloatArray, ...]

    @property
    def stack(self) -> MpsStack:
        """The states."""
        *before, last = self.left
        return MpsStack((*before, last * self.schmidt[:, None, None], *self.right))


def centre_bond(qubit_count: int) -> int:
    """The number of qubits left of the bond from which circuits grow: half of them."""
    return qubit_count // 2


def compress(states: FloatArray, bond: int) -> CentredMps:
    """The matrix product states of this bond dimension that are close to the states.

    Args:
        states: unit vectors, shape (N, 2^n), n at least 2.
        bond: largest bond dimension, at least 1.

    Returns:
        Unit states centred at `centre_bond`, with a fidelity at least that of left-to-right SVD truncation.
    """
    count, n = len(states), int(states.shape[1]).bit_length() - 1
    # Projections of the states on the left bases: projected[k] has shape (N, bond, 2^(n - k)).
    projected = [states.reshape(count, 1, -1)]
    for site in range(n - 1):
        block = projected[site].reshape(count, 2 * projected[site].shape[1], -1)
        keep = min(bond, *block.shape[1:])
        vectors = np.linalg.svd(block, full_matrices=False)[0][..., :keep]
        projected.append(vectors.swapaxes(1, 2) @ block)
    # From the right: bases[k] spans qubits k..n-1, shape (N, bond, 2^(n - k)).
    bases = {n: np.ones((count, 1, 1))}
    right: dict[int, FloatArray] = {}
    for site in range(n - 2, -1, -1):
        pair = _pair(projected[site], bases[site + 2])
        right[site + 1] = _split(pair, bond)[2]
        bases[site + 1] = _grow_left(right[site + 1], bases[site + 2])
    # From the left again, up to the centre.
    left: list[FloatArray] = []
    current, centre = projected[0], centre_bond(n)
    for site in range(centre):
        tensor, schmidt, beyond = _split(_pair(current, bases[site + 2]), bond)
        left.append(tensor)
        if site < centre - 1:
            block = current.reshape(count, 2 * current.shape[1], -1)
            current = tensor.reshape(count, block.shape[1], -1).swapaxes(1, 2) @ block
    schmidt = schmidt / np.linalg.norm(schmidt, axis=1, keepdims=True)
    return CentredMps(tuple(left), schmidt, (beyond, *(right[site] for site in range(centre + 1, n))))


def _pair(projected: FloatArray, basis: FloatArray) -> FloatArray:
    """The best two neighbouring tensors for given bases, shape (N, left bond, 2, 2, right bond)."""
    count, bond = projected.shape[:2]
    split = projected.reshape(count, bond * 4, -1)
    return (split @ basis.swapaxes(1, 2)).reshape(count, bond, 2, 2, -1)


def _split(pair: FloatArray, bond: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Left tensor, Schmidt coefficients and right tensor of two neighbouring tensors, truncated to the bond."""
    count, left_bond, _, _, right_bond = pair.shape
    u, s, vt = np.linalg.svd(pair.reshape(count, left_bond * 2, 2 * right_bond), full_matrices=False)
    keep = min(bond, s.shape[1])
    return (
        u[..., :keep].reshape(count, left_bond, 2, keep),
        s[:, :keep],
        vt[:, :keep].reshape(count, keep, 2, right_bond),
    )


def _grow_left(tensor: FloatArray, basis: FloatArray) -> FloatArray:
    """The basis with one more qubit to its left, shape (N, left bond of the tensor, 2 * columns)."""
    count, bond, _, right_bond = tensor.shape
    return (tensor.reshape(count, bond * 2, right_bond) @ basis).reshape(count, bond, -1)


def product_angles(states: FloatArray) -> FloatArray:
    """The RY angles, shape (N, n), of product states close to the states, which have shape (N, 2^n)."""
    if states.shape[1] == 2:
        return 2 * np.arctan2(states[:, 1:], states[:, :1])
    mps = compress(states, 1)
    vectors = np.stack([tensor[:, 0, :, 0] for tensor in (*mps.left, *mps.right)], axis=1)
    return np.asarray(2 * np.arctan2(vectors[..., 1], vectors[..., 0]))


# Bond-2 matrix product states as circuits of 2 n - 3 CZ on a line, grown from the centre to both sides.
#
# The two qubits at the centre take the Schmidt coefficients of the middle bond (1 CZ). Then every tensor is a gate on
# the qubit that holds the bond so far and a fresh neighbour, an isometry from 2 to 4 dimensions: 2 CZ (Schoen et al.
# 2005, doi:10.1103/PhysRevLett.95.110503, here in both directions at once).


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


_POLISH_TOLERANCE, _POLISH_STEPS, _POLISH_STALL = 1e-15, 40, 1e-3
_POLISH_MEMORY = 2**26
"""Bytes that the derivatives of one stack of patches may take."""


@dataclass(frozen=True)
class MpsPreparation:
    """Preparation through matrix product states on a line of neighbours.

    Bond 1 is a product state, without CZ. Bond 2 takes 2 n - 3 CZ and reaches the fidelity of the bond-2 matrix product
    state. A larger bond K takes ceil(log2 K) layers of that circuit, no more than n // 2, which is where the Schmidt
    ranks of n qubits end: each layer disentangles what the one before left over (Ran 2020,
    doi:10.1103/PhysRevA.101.032310), then all angles are fitted together. L layers reach less than the best state of
    bond 2^L in general; the fidelity says how much.

    Args:
        bond: K, at least 1.
        polish: whether the angles of two or more layers are fitted together at the end.

    Raises:
        InputError: a bond below 1.
    """

    bond: int = 2
    polish: bool = True
    assumes_state: bool = False

    def __post_init__(self) -> None:
        if self.bond < 1:
            raise InputError(f"bond {self.bond}", where="bond", remedy="give at least 1")

    @property
    def name(self) -> str:
        """The name that it is chosen by."""
        return f"mps:{self.bond}"

    def layers(self, qubit_count: int) -> int:
        """Number of layers of bond 2; none at bond 1 or for a single qubit."""
        return min((self.bond - 1).bit_length(), qubit_count // 2)

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """Layers of 2 n - 3 CZ on neighbours, grown from the centre."""
        return self._ladder(qubit_count).template(prefix)

    def settled(self, states: FloatArray) -> Preparation:
        """Itself: the template depends on the bond alone."""
        return self

    def fit(self, states: FloatArray) -> PreparationFit:
        """Each patch's angles; see `Preparation.fit`."""
        states = checked_states(states)
        n = qubit_count_of(states)
        layers = self.layers(n)
        if not len(states):
            angles = np.empty((0, self._ladder(n).parameter_count))
        elif layers == 0:
            angles = product_angles(states)
        else:
            angles = _layered_angles(states, layers)
            if layers > 1 and self.polish:
                angles = _polished(self._ladder(n), states, angles)
        return PreparationFit(angles, fidelities(self.template(n).states(angles), states))

    def _ladder(self, qubit_count: int) -> Ladder:
        layers = self.layers(qubit_count)
        return growth_ladder(qubit_count, layers) if layers else Ladder(qubit_count, ())


@dataclass(frozen=True)
class MpsToFidelity:
    """The fewest layers of bond-2 circuits with which every patch at hand reaches a fidelity.

    It has no template of its own: `settled` finds the `MpsPreparation` that does.

    Args:
        fidelity: the least |<phi|phi~>|^2 asked for, above 0 and below 1.

    Raises:
        InputError: a fidelity outside this range.
    """

    fidelity: float
    assumes_state: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.fidelity < 1.0:
            raise InputError(
                f"fidelity {self.fidelity:g} of a preparation",
                where="preparation",
                remedy="give a number above 0 and below 1, or exact",
            )

    @property
    def name(self) -> str:
        """The name that it is chosen by."""
        return f"mps:{self.fidelity!r}"

    def settled(self, states: FloatArray) -> Preparation:
        """The preparation with the fewest layers; `states` has shape (N, 2^n).

        Raises:
            InputError: as many layers as the Schmidt ranks allow are not enough.
        """
        states = checked_states(states)
        reached = 0.0
        for layers in range(qubit_count_of(states) // 2 + 1):
            preparation = MpsPreparation(2**layers)
            reached = float(preparation.fit(states).fidelity.min())
            if reached >= self.fidelity:
                return preparation
        raise InputError(
            f"layers of bond 2 reach a fidelity of {reached:.6f}, not {self.fidelity:g}",
            where="preparation",
            remedy="ask for less, or give exact",
        )

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """Raises `InputError`: the template depends on the patches."""
        raise self._unsettled()

    def fit(self, states: FloatArray) -> PreparationFit:
        """Raises `InputError`: settle it on the patches first."""
        raise self._unsettled()

    def _unsettled(self) -> InputError:
        return InputError(
            f"{self.name} has no circuit before it knows the patches", where="preparation", remedy="give a bond"
        )


def _layered_angles(states: FloatArray, layers: int) -> FloatArray:
    """Angles of `growth_ladder(n, layers)`: each prepares the bond-2 part of what is left, the last one acts first."""
    n = qubit_count_of(states)
    single = growth_ladder(n)
    angles = np.zeros((len(states), growth_ladder(n, layers).parameter_count))
    left = states
    for layer in reversed(range(layers)):
        own = growth_angles(left)
        left = single.template().undo(left, own)
        offset = 2 * len(single.pairs) * layer
        # The first rotations of a layer join the last ones of the layer before it.
        before = np.array(single.last_slots) + offset - 2 * len(single.pairs) if layer else np.arange(n)
        angles[:, before] += own[:, :n]
        angles[:, n + offset : n + offset + 2 * len(single.pairs)] += own[:, n:]
    return angles


def _polished(ladder: Ladder, states: FloatArray, angles: FloatArray) -> FloatArray:
    """The angles after a fit of all of them together, which never lowers a fidelity."""
    sweep = ladder_sweep(ladder)
    chunk = max(1, _POLISH_MEMORY // (8 * ladder.parameter_count * sweep.size))
    parts = [
        fit_ladder(
            sweep,
            states[begin : begin + chunk],
            angles[begin : begin + chunk],
            tolerance=_POLISH_TOLERANCE,
            most_steps=_POLISH_STEPS,
            stall=_POLISH_STALL,
        ).angles
        for begin in range(0, len(states), chunk)
    ]
    return np.concatenate(parts)
