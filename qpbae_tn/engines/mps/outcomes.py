"""Probabilities of outcomes from sweeps, without 2^n of anything where outcomes are classes.

Classes are differences of nested projections: with Q(j, i) the weight of psi in which all row bits past the first j
and all column bits past the first i are zero,

    P(j, i) = Q(j, i) - Q(j - 1, i) - Q(j, i - 1) + Q(j - 1, i - 1).

Each Q is one closed network. The chain is cut in the middle, and the environments on both sides are shared: a few on
each side, of which every pair is joined.

Bit strings are columns: every wire that leaves doubles them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.environments import Environment, advance, edge, pull, push
from qpbae_tn.engines.mps.plan import SweepPlan
from qpbae_tn.engines.mps.sweep import carry, halves, joined, plan_sites
from qpbae_tn.engines.mps.windows import Windows
from qpbae_tn.model.mps import MpsStack
from qpbae_tn.model.outcomes import Outcomes, side_qubits

Float64Array = NDArray[np.float64]
Pattern = tuple[bool, ...]
"""For qubits that leave one after the other, whether each is free; else it is projected on zero."""


def outcome_probabilities(outcomes: Outcomes, plan: SweepPlan, windows: Windows, stack: MpsStack) -> Float64Array:
    """p_k of each patch, shape (N, K)."""
    sites = plan_sites(plan, stack)
    if outcomes.kind == "classes":
        nested = projected_weights(plan, windows, sites, nested_patterns(outcomes))
        nested = nested.reshape(outcomes.scales, outcomes.scales, -1)
        nested = np.diff(np.diff(nested, axis=0, prepend=0.0), axis=1, prepend=0.0)
        # Rounding may leave a difference of equal numbers just below zero.
        return np.asarray(np.maximum(nested, 0.0).reshape(outcomes.count, -1).T)
    trash, latent = halves(plan)
    strings = string_columns(plan, windows, sites, trash, to_right=plan.trash_first)
    if outcomes.kind == "trash":
        far = carry(
            plan, windows, sites, edge(stack.count), latent, np.matmul, to_right=not plan.trash_first, traced=True
        )
        other = far.flat if far.gram else far.flat.swapaxes(1, 2)
        reduced = other @ strings
        weights = np.einsum("pck,pck->pk", strings if far.gram else reduced, reduced)
        return _in_order(plan, weights)
    others = string_columns(plan, windows, sites, latent, to_right=not plan.trash_first)
    left, right = (strings, others) if plan.trash_first else (others, strings)
    return _in_order(plan, np.square(left.swapaxes(1, 2) @ right).reshape(stack.count, -1))


def nested_patterns(outcomes: Outcomes) -> list[Pattern]:
    """Which qubits are free in Q(j, i), for j and i in turn; qubits in the model's order."""
    rows, columns = side_qubits(outcomes.specification)
    patterns = []
    for kept_rows in range(outcomes.scales):
        for kept_columns in range(outcomes.scales):
            free = {*rows[:kept_rows], *columns[:kept_columns]}
            patterns.append(tuple(qubit in free for qubit in range(outcomes.specification.qubit_count)))
    return patterns


def projected_weights(
    plan: SweepPlan, windows: Windows, sites: Sequence[Float64Array], patterns: Sequence[Pattern]
) -> Float64Array:
    """The weight of psi in which the qubits of each pattern that are not free are zero, shape (patterns, N)."""
    turned = [pattern[::-1] if plan.mirrored else pattern for pattern in patterns]
    middle = len(plan.steps) // 2
    bounds = np.concatenate([[0], np.cumsum([step.emitted for step in plan.steps])])
    known: dict[tuple[bool, int, Pattern], Environment] = {}

    def environment(to_right: bool, cut: int, pattern: Pattern) -> Environment:
        """At the cut before step `cut`, of the qubits that have left on that side."""
        if cut == (0 if to_right else len(plan.steps)):
            return edge(sites[0].shape[0])
        key = (to_right, cut, pattern)
        if key not in known:
            number = cut - 1 if to_right else cut
            step, width = plan.steps[number], plan.steps[number].emitted
            own, rest = (pattern[len(pattern) - width :], pattern[: len(pattern) - width])
            if not to_right:
                own, rest = pattern[:width], pattern[width:]
            before = environment(to_right, number if to_right else cut + 1, rest)
            rows = windows[number].reshape(1 << width, 1 << step.wires_out, 1 << step.window)[_kept(own)]
            site = None if step.site is None else sites[step.site]
            known[key] = advance(site, rows, before, np.matmul, to_right=to_right)
        return known[key]

    return np.stack(
        [
            joined(
                environment(True, middle, pattern[: bounds[middle]]),
                environment(False, middle, pattern[bounds[middle] :]),
                np.matmul,
            )
            for pattern in turned
        ]
    )


def string_columns(
    plan: SweepPlan, windows: Windows, sites: Sequence[Float64Array], steps: Sequence[int], *, to_right: bool
) -> Float64Array:
    """One column over the index of the cut for each string of the qubits that leave, shape (N, cut, 2^qubits).

    Strings count with the leftmost qubit of the plan as their most significant bit.
    """
    count = sites[0].shape[0]
    columns = np.ones((count, 1, 1, 1))
    for number in steps:
        step = plan.steps[number]
        rows = windows[number].reshape(1 << step.emitted, 1 << step.wires_out, 1 << step.window)
        site = None if step.site is None else sites[step.site]
        moved = (push if to_right else pull)(site, rows, columns[:, None], np.matmul)
        _, kept, wires, bond, width = moved.shape
        axes = (0, 2, 3, 4, 1) if to_right else (0, 2, 3, 1, 4)
        columns = moved.transpose(axes).reshape(count, wires, bond, kept * width)
    return columns.reshape(count, -1, columns.shape[3])


def _kept(free: Pattern) -> NDArray[np.intp]:
    """The strings of some qubits, as numbers, whose qubits that are not free are zero."""
    strings = np.arange(1 << len(free))
    for place, is_free in enumerate(reversed(free)):
        if not is_free:
            strings = strings[(strings >> place) & 1 == 0]
    return strings


def _in_order(plan: SweepPlan, weights: Float64Array) -> Float64Array:
    """Weights of strings in the plan's numbering of qubits, shape (N, 2^qubits), in that of the model."""
    if not plan.mirrored:
        return weights
    qubits = weights.shape[1].bit_length() - 1
    tensor = weights.reshape(-1, *(2,) * qubits)
    return np.ascontiguousarray(tensor.transpose(0, *range(qubits, 0, -1))).reshape(weights.shape)
