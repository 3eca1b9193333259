"""Can it be trained: the size of the score and of its gradient where training starts, and the shots for a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.scaling.images import real_states
from qpbae_tn.analysis.scaling.local_cost import LocalCost
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Point, Series
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.mps.trains import constant, ramp, wave
from qpbae_tn.experiment.description import Initialisation
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.model.mps import MpsStack, states_to_mps
from qpbae_tn.model.specification import ModelSpecification

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


def trainability_series(plan: ScalingPlan) -> list[Series]:
    """For each kind of patch and initial angles one series over P."""
    series: list[Series] = []
    for source in (TEXTURE, *plan.data):
        sizes = plan.sizes(None if source == TEXTURE else LARGEST_REAL, smallest=4)
        sizes = [size for size in sizes if size <= ALL_UP_TO or (size.bit_length() - 1) % 2 == 0]
        for init in ("normal", "dc"):
            series.append([_point(plan, source, init, size) for size in sizes])
    return series


def _point(plan: ScalingPlan, source: str, init: Initialisation, size: int) -> Point:
    inputs = {
        "patches": source,
        "init": init,
        "patch_size": size,
        "bottleneck": plan.bottleneck_of(size),
        "draws": DRAWS,
        "seed": plan.seed,
    }

    def measure() -> dict[str, Any]:
        specification = ModelSpecification.build(size, 1, plan.bottleneck_of(size), image_size=size)
        stack = texture(size) if source == TEXTURE else _real(plan, source, size)
        return landscape(specification, stack, init, plan.seed)

    return Point("trainability", inputs, measure)


def texture(patch_size: int) -> MpsStack:
    """A bright patch with a slow wave and a slope, of any size."""
    bright = constant(patch_size) + CONTRAST * wave(patch_size, (2.0, 1.0), 0.3) + ramp(patch_size, (0.1, 0.2))
    return bright.state()


def _real(plan: ScalingPlan, source: str, size: int) -> MpsStack:
    return states_to_mps(real_states(plan, source, size, PATCHES), plan.bond)


def landscape(specification: ModelSpecification, stack: MpsStack, init: Initialisation, seed: int) -> dict[str, Any]:
    """Medians over draws of the angles for the global cost 1 - F_trash and the local one.

    Args:
        specification: one staircase of the paper's blocks, trash first.
        stack: a batch of patches, each of the same weight.
        init: where the angles start.
        seed: of the draws.

    Returns:
        For `global` and `local`: `value` (the kept part, one minus the cost), `gradient` (root mean square of the
        `COMPONENTS` that do not vanish identically) and `shots` (for such a component to be one standard error off
        zero, by the parameter shift).
    """
    engine, weights = MpsEngine(), np.full(stack.count, 1.0 / stack.count)
    local = LocalCost(specification, stack)

    def kept_global(angles: Float64Array) -> tuple[float, float]:
        value = float(weights @ engine.trash_fidelity_of_trains(specification, angles, stack))
        return value, value * (1.0 - value)

    def kept_local(angles: Float64Array) -> tuple[float, float]:
        found = local.zero_probabilities(angles)
        each = weights @ found
        # The variance of a mean of bits is at most the mean of their variances.
        return float(each.mean()), float((each * (1.0 - each)).mean())

    results: dict[str, Any] = {}
    for name, kept, places in (
        ("global", kept_global, _seen_globally(specification)),
        ("local", kept_local, _seen_locally(specification)),
    ):
        draws = [_at(kept, initial_angles(specification.ansatz, init, seed + draw), places) for draw in range(DRAWS)]
        columns = zip(*draws, strict=True)
        results[name] = {
            key: float(np.median(column)) for key, column in zip(("value", "gradient", "shots"), columns, strict=True)
        }
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


def _seen_globally(specification: ModelSpecification) -> NDArray[np.intp]:
    """One angle for each of the n_t sums a_i = t[i,0] + t[i-1,1] that F_trash depends on."""
    return _some(2 * np.arange(specification.trash_count))


def _seen_locally(specification: ModelSpecification) -> NDArray[np.intp]:
    """The angles before the last trash qubit is done: t[0,0], ..., t[n_t-1,0] and t[0,1], ..., t[n_t-2,1]."""
    return _some(np.arange(2 * specification.trash_count - 1))


def _some(places: NDArray[np.intp]) -> NDArray[np.intp]:
    chosen = np.linspace(0, len(places) - 1, min(COMPONENTS, len(places))).round().astype(int)
    return np.asarray(places[chosen])
