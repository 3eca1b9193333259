"""`mps`: preparation through matrix product states: bond 1, bond 2, and layers of bond 2 for larger bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.growth import growth_angles, growth_ladder
from qpbae_tn.compiler.preparation.levenberg_marquardt import fit_ladder
from qpbae_tn.compiler.preparation.product import product_angles
from qpbae_tn.compiler.preparation.protocol import Preparation, PreparationFit
from qpbae_tn.compiler.preparation.states import checked_states, fidelities, qubit_count_of
from qpbae_tn.compiler.preparation.sweep import ladder_sweep
from qpbae_tn.compiler.preparation.template import Ladder, PreparationTemplate
from qpbae_tn.errors import InputError

FloatArray = NDArray[np.float64]

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
            raise InputError(f"bond {self.bond}", where="--bond", remedy="give at least 1")

    @property
    def name(self) -> str:
        """What `--preparation` calls it."""
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
                where="--preparation",
                remedy="give a number above 0 and below 1, or exact",
            )

    @property
    def name(self) -> str:
        """What `--preparation` calls it."""
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
            where="--preparation",
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
            f"{self.name} has no circuit before it knows the patches", where="--preparation", remedy="give a bond"
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
