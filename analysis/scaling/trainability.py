"""Can it be trained: the size of the score and of its gradient where training starts, and the shots for a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.scaling.images import real_states
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.experiment.description import Experiment, Initialisation
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.model.analytic import constant, ramp, wave
from qpbae_tn.model.conversion import states_to_mps
from qpbae_tn.model.mps import MpsStack
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.study.grid import Point, Series, Work, point_work

Float64Array = NDArray[np.float64]

TEXTURE = "texture"
DRAWS = 16
"""Initial angles drawn for each point."""
PATCHES = 16
"""Real patches of a batch."""
LARGEST_REAL = 64
CONTRAST = 0.2
ALL_UP_TO = 1024
"""Past this P every other power of two is enough."""
COMPONENTS = 6
"""Components of the gradient that stand for all, spread evenly over the staircase."""
SMALLEST = 1e-300
"""Under this a number is no longer told apart from zero."""

PAULI_Z = np.diag([1.0, -1.0])
PAULI_X = np.array([[0.0, 1.0], [1.0, 0.0]])


def trainability_series(plan: ScalingPlan) -> list[Series]:
    """For each kind of patch and initial angles one series over P."""
    series: list[Series] = []
    for patches in (TEXTURE, *plan.data):
        sizes = plan.sizes(None if patches == TEXTURE else LARGEST_REAL, smallest=4)
        sizes = [size for size in sizes if size <= ALL_UP_TO or (size.bit_length() - 1) % 2 == 0]
        series += [[_work(plan, patches, init, size) for size in sizes] for init in ("normal", "dc")]
    return series


def _work(plan: ScalingPlan, patches: str, init: str, size: int) -> Work:
    inputs = {
        "patches": patches,
        "init": init,
        "patch_size": size,
        "bottleneck": plan.bottleneck_of(size),
        "draws": DRAWS,
        "seed": plan.seed,
    }
    if patches == TEXTURE:
        return point_work(Point("trainability", inputs), partial(measure, None, plan.bond))
    # Real patches are cut to the bond; textures have a small one of their own.
    point = Point("trainability", inputs, {"bond": plan.bond})
    return point_work(point, partial(measure, plan.images(patches), plan.bond))


def measure(
    images: Experiment | None,
    bond: int,
    *,
    patches: str,
    init: Initialisation,
    patch_size: int,
    bottleneck: int,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """The `landscape` on an analytic texture, or on patches of images cut to matrix product states of a bond."""
    specification = ModelSpecification.build(patch_size, 1, bottleneck, image_size=patch_size)
    stack = texture(patch_size) if images is None else states_to_mps(real_states(images, patch_size, PATCHES), bond)
    return landscape(specification, stack, init, seed, draws)


def texture(patch_size: int) -> MpsStack:
    """A bright patch with a slow wave and a slope, of any size."""
    bright = constant(patch_size) + CONTRAST * wave(patch_size, (2.0, 1.0), 0.3) + ramp(patch_size, (0.1, 0.2))
    return bright.state()


def landscape(
    specification: ModelSpecification, stack: MpsStack, init: Initialisation, seed: int, draws: int = DRAWS
) -> dict[str, Any]:
    """Medians over draws of the angles for the global cost 1 - F_trash and the local one.

    Args:
        specification: one staircase of the paper's blocks, trash first.
        stack: a batch of patches, each of the same weight.
        init: where the angles start.
        seed: of the draws.
        draws: how many.

    Returns:
        For `global` and `local`: `value` (the kept part, one minus the cost), `gradient` (root mean square of the
        `COMPONENTS` that do not vanish identically) and `shots` (for such a component to be one standard error off
        zero, by the parameter shift).
    """
    engine, weights = MpsEngine(), np.full(stack.count, 1.0 / stack.count)
    local = LocalCost(specification, stack)

    def kept_global(angles: Float64Array) -> tuple[float, float]:
        value = float(weights @ engine.trash_fidelity_of_mps(specification, angles, stack))
        return value, value * (1.0 - value)

    def kept_local(angles: Float64Array) -> tuple[float, float]:
        each = weights @ local.zero_probabilities(angles)
        # The variance of a mean of bits is at most the mean of their variances.
        return float(each.mean()), float((each * (1.0 - each)).mean())

    # F_trash depends on the n_t sums a_i = t[i,0] + t[i-1,1], so one angle of each will do; the local cost sees the
    # angles before the last trash qubit is done: t[0,0], ..., t[n_t-1,0] and t[0,1], ..., t[n_t-2,1].
    trash = specification.trash_count
    costs = {
        "global": (kept_global, _some(2 * np.arange(trash))),
        "local": (kept_local, _some(np.arange(2 * trash - 1))),
    }
    starts = [initial_angles(specification.ansatz, init, seed + draw) for draw in range(draws)]
    results: dict[str, Any] = {}
    for name, (kept, places) in costs.items():
        columns = zip(*(_at(kept, angles, places) for angles in starts), strict=True)
        medians = [float(np.median(column)) for column in columns]
        results[name] = dict(zip(("value", "gradient", "shots"), medians, strict=True))
    return results


def _at(
    kept: Callable[[Float64Array], tuple[float, float]], angles: Float64Array, places: NDArray[np.intp]
) -> tuple[float, float, float]:
    """Value, root mean square of the gradient, and shots for a component of that size."""
    value, _ = kept(angles)
    slopes, variances = [], []
    for place in places:
        shift = np.zeros(angles.size)
        shift[place] = np.pi / 2
        (plus, noise_plus), (minus, noise_minus) = kept(angles + shift), kept(angles - shift)
        slopes.append((plus - minus) / 2)
        variances.append(noise_plus + noise_minus)
    square = float(np.mean(np.square(slopes)))
    # Half of the shots for each sign: Var = (v+ + v-) / (4 s) with 2 s shots in all, to equal the squared slope.
    shots = float(np.mean(variances)) / (2 * max(square, SMALLEST))
    return value, square**0.5, shots


def _some(places: NDArray[np.intp]) -> NDArray[np.intp]:
    chosen = np.linspace(0, len(places) - 1, min(COMPONENTS, len(places))).round().astype(int)
    return np.asarray(places[chosen])


@dataclass(frozen=True, eq=False)
class LocalCost:
    """The local cost 1 - mean_i <0|_i of one layer of the paper's blocks, linear in n on matrix product states.

    Pulled back through the encoder, Z on qubit i becomes a sum of two terms at each step down the staircase:

        O_i = cos t[i,0] * O_{i-1} (x) R_i(Z) - sin t[i,0] * 1 (x) R_i(X),   R_i(A) = RY(t[i-1,1])^T A RY(t[i-1,1]),

    because the CNOT i-1 -> i turns Z_i into Z_{i-1} Z_i and leaves X_i alone. So one pass over the sites with two
    environments, for O and for the identity, gives <Z_i> for every i (M. Cerezo et al., Nature Communications 12:1791,
    2021 compare such costs with global ones).

    Args:
        specification: one staircase of the paper's blocks, trash first.
        stack: N normalised patch states.
    """

    specification: ModelSpecification
    stack: MpsStack

    def zero_probabilities(self, angles: NDArray[np.floating]) -> Float64Array:
        """The probability to find each trash qubit in 0 after the encoder, shape (N, n_t).

        Args:
            angles: shape (2 (n - 1),), radians.
        """
        pairs = np.asarray(angles, dtype=np.float64).reshape(-1, 2)
        found = []
        observed = self._left[0]
        for qubit in range(self.specification.trash_count):
            site, before = self.stack.tensors[qubit], self._left[qubit]
            turn = _ry(pairs[qubit - 1, 1]) if qubit else np.eye(2)
            cosine, sine = np.cos(pairs[qubit, 0]), np.sin(pairs[qubit, 0])
            # Nothing lies before qubit 0, where O is Z turned by its own angle.
            observed = cosine * _absorb(observed, site, turn.T @ PAULI_Z @ turn)
            observed -= sine * _absorb(before, site, turn.T @ PAULI_X @ turn)
            found.append((1.0 + (observed * self._right[qubit + 1]).sum(axis=(1, 2))) / 2.0)
        return np.stack(found, axis=1)

    @cached_property
    def _left(self) -> list[Float64Array]:
        """For each cut the environment of the norm to its left, shape (N, bond, bond)."""
        result = [np.ones((self.stack.count, 1, 1))]
        for tensor in self.stack.tensors:
            result.append(_absorb(result[-1], tensor, np.eye(2)))
        return result

    @cached_property
    def _right(self) -> list[Float64Array]:
        """For each cut the environment of the norm to its right, shape (N, bond, bond)."""
        result = [np.ones((self.stack.count, 1, 1))]
        for tensor in reversed(self.stack.tensors):
            result.append(_absorb(result[-1], tensor.transpose(0, 3, 2, 1), np.eye(2)))
        return result[::-1]


def _absorb(environment: Float64Array, site: Float64Array, operator: Float64Array) -> Float64Array:
    """An environment (N, a, a) carried over a site (N, a, 2, b) with an operator on its qubit: (N, b, b)."""
    count, left, _, right = site.shape
    half = (environment @ site.reshape(count, left, 2 * right)).reshape(count, left, 2, right)
    turned = (operator @ half).reshape(count, 2 * left, right)
    return np.asarray(site.reshape(count, 2 * left, right).swapaxes(1, 2) @ turned)


def _ry(angle: float) -> Float64Array:
    cosine, sine = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[cosine, -sine], [sine, cosine]])
