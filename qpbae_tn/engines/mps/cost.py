"""What a sweep costs, counted by running it on a stack of no patches: all the shapes are there, and no data."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.environments import Environment, edge
from qpbae_tn.engines.mps.plan import SweepPlan, plan_sweep
from qpbae_tn.engines.mps.sweep import both_fidelities, carry, halves, joined, trash_fidelity
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification

Float64Array = NDArray[np.float64]

LIVE_TENSORS = 6
"""How many tensors of the largest size live together in a sweep, about."""


@dataclass(frozen=True)
class SweepCost:
    """The work of scoring one patch.

    Args:
        trash_flops: additions and multiplications of the matrix products for F_trash.
        trash_largest: elements of the largest tensor on the way.
        fidelity_flops: additions and multiplications for F and F_trash together.
        fidelity_largest: elements of the largest tensor on that way.
        meeting: steps of the trash register after which the two environments of F meet.
    """

    trash_flops: int
    trash_largest: int
    fidelity_flops: int
    fidelity_largest: int
    meeting: int

    @property
    def trash_bytes(self) -> int:
        """Bytes that one patch takes while F_trash is found."""
        return LIVE_TENSORS * 8 * self.trash_largest

    @property
    def fidelity_bytes(self) -> int:
        """Bytes that one patch takes while F and F_trash are found."""
        return LIVE_TENSORS * 8 * self.fidelity_largest

    def training_bytes(self, qubit_count: int) -> int:
        """Bytes that one patch takes in a gradient, which keeps an environment for each qubit."""
        return (LIVE_TENSORS + qubit_count) * 8 * self.trash_largest


@dataclass
class FlopCounter:
    """A matrix product that counts what it would cost for one patch; made for stacks of no patches."""

    flops: int = 0
    largest: int = 0

    def __call__(self, left: Float64Array, right: Float64Array) -> Float64Array:
        """The product, counted."""
        result: Float64Array = np.matmul(left, right)
        size = int(np.prod(result.shape[1:]))
        self.flops += 2 * size * left.shape[-1]
        self.largest = max(self.largest, size)
        return result


def sweep_cost(specification: ModelSpecification, bonds: tuple[int, ...]) -> SweepCost:
    """The cost of scoring one patch whose state has these n - 1 inner bonds.

    Raises:
        InputError: another number of bonds, a bond below 1, or an ansatz that `plan_sweep` refuses.
    """
    if len(bonds) != specification.qubit_count - 1 or min(bonds) < 1:
        raise InputError(
            f"{len(bonds)} bonds for {specification.qubit_count} qubits, or a bond below 1",
            where="bonds",
            remedy=f"give {specification.qubit_count - 1} bond dimensions of at least 1",
        )
    return plan_cost(plan_sweep(specification), bonds)


@lru_cache(maxsize=256)
def plan_cost(plan: SweepPlan, bonds: tuple[int, ...]) -> SweepCost:
    """The same for a plan; `bonds` in the numbering of the state."""
    chain = (1, *(reversed(bonds) if plan.mirrored else bonds), 1)
    sites = [np.empty((0, left, 2, right)) for left, right in itertools.pairwise(chain)]
    windows = [np.eye(1 << step.window) for step in plan.steps]
    for_trash = FlopCounter()
    trash_fidelity(plan, windows, sites, for_trash)
    meeting = _best_meeting(plan, windows, sites)
    for_both = FlopCounter()
    both_fidelities(plan, windows, sites, meeting, for_both)
    return SweepCost(for_trash.flops, for_trash.largest, for_both.flops, for_both.largest, meeting)


def _best_meeting(plan: SweepPlan, windows: list[Float64Array], sites: list[Float64Array]) -> int:
    """Where the environments of the trash register meet at the least work in total."""
    inward, _ = halves(plan)
    outside, from_edge = _accumulated(plan, windows, sites, edge(0), list(inward), to_right=plan.trash_first)
    bond = outside[-1].array.shape[2]
    start = Environment(np.empty((0, outside[-1].array.shape[1], bond, 1)), gram=False)
    inside, from_cut = _accumulated(plan, windows, sites, start, list(inward[::-1]), to_right=not plan.trash_first)
    totals = []
    for steps in range(len(inward) + 1):
        meet = FlopCounter()
        joined(outside[steps], inside[len(inward) - steps], meet)
        totals.append(from_edge[steps] + from_cut[len(inward) - steps] + meet.flops)
    return int(np.argmin(totals))


def _accumulated(
    plan: SweepPlan,
    windows: list[Float64Array],
    sites: list[Float64Array],
    start: Environment,
    steps: list[int],
    *,
    to_right: bool,
) -> tuple[list[Environment], list[int]]:
    """The environments after 0, 1, 2, ... steps, and the flops up to there."""
    counter, environments, flops = FlopCounter(), [start], [0]
    for number in steps:
        environments.append(
            carry(plan, windows, sites, environments[-1], [number], counter, to_right=to_right, traced=True)
        )
        flops.append(counter.flops)
    return environments, flops
