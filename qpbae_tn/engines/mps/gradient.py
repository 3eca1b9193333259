"""The training loss through matrix product states, and its exact gradient by an adjoint sweep.

F_trash is linear or quadratic in each step's matrix, so one sweep to the right that keeps its environments and one
sweep of their derivatives to the left give the derivative by every matrix of every step; the chain rule inside the
windows and the blocks does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.environments import Environment, advance, edge, enter, pull, step_rows
from qpbae_tn.engines.mps.plan import Step, SweepPlan, plan_sweep
from qpbae_tn.engines.mps.sweep import plan_sites, trash_fidelity
from qpbae_tn.engines.mps.windows import Windows, window_adjoint, window_matrices
from qpbae_tn.model.mps import MpsStack
from qpbae_tn.model.specification import ModelSpecification

Float64Array = NDArray[np.float64]


class WeightedStack(NamedTuple):
    """A stack of states and the weight of each in the loss, shape (N,)."""

    stack: MpsStack
    weights: Float64Array


@dataclass(frozen=True, eq=False)
class MpsLoss:
    """C(t) = 1 - sum of weight * F_trash over all patches; see `qpbae_tn.engines.protocol.PreparedLoss`.

    Args:
        specification: the model.
        parts: the patches, in stacks small enough to be swept at once.
    """

    specification: ModelSpecification
    parts: Sequence[WeightedStack]

    def value(self, angles: NDArray[np.floating]) -> float:
        """C(t)."""
        plan, blocks = self._blocks(angles)
        windows = window_matrices(plan, blocks)
        kept = sum(
            float(part.weights @ trash_fidelity(plan, windows, plan_sites(plan, part.stack))) for part in self.parts
        )
        return 1.0 - kept

    def value_and_gradient(self, angles: NDArray[np.floating]) -> tuple[float, Float64Array]:
        """C(t) and dC/dt, the latter of shape (parameter_count,)."""
        plan, blocks = self._blocks(angles)
        windows = window_matrices(plan, blocks)
        adjoints: Windows = [np.zeros_like(window) for window in windows]
        kept = 0.0
        for part in self.parts:
            kept += _add_adjoints(plan, windows, plan_sites(plan, part.stack), part.weights, adjoints)
        by_block = window_adjoint(plan, blocks, adjoints)
        slopes = self.specification.ansatz.derivatives(np.asarray(angles, np.float64))
        counts = [len(own) for own in slopes]
        gradient = np.einsum("kij,kij->k", np.concatenate(slopes), np.repeat(by_block, counts, axis=0))
        return 1.0 - kept, -gradient

    def _blocks(self, angles: NDArray[np.floating]) -> tuple[SweepPlan, Float64Array]:
        values = np.asarray(angles, dtype=np.float64)
        return plan_sweep(self.specification), np.reshape(self.specification.ansatz.matrices(values), (-1, 4, 4))


def _add_adjoints(
    plan: SweepPlan, windows: Windows, sites: Sequence[Float64Array], weights: Float64Array, adjoints: Windows
) -> float:
    """sum of weight * F_trash over a stack; its derivative by each step's matrix is added to `adjoints`."""
    environments = [edge(sites[0].shape[0])]
    for step, window in zip(plan.steps, windows, strict=True):
        site = None if step.site is None else sites[step.site]
        rows = step_rows(step, window, not step.trash)
        environments.append(advance(site, rows, environments[-1], np.matmul, to_right=True))
    final = environments.pop()
    values = final.flat[:, 0]
    scale = weights[:, None, None, None]
    if final.gram:
        total, adjoint = float(weights @ values[:, 0]), np.broadcast_to(scale, final.array.shape)
    else:
        total, adjoint = float(weights @ np.einsum("pk,pk->p", values, values)), 2.0 * scale * final.array
    is_gram = final.gram
    for number in reversed(range(len(plan.steps))):
        step, before = plan.steps[number], environments.pop()
        site = None if step.site is None else sites[step.site]
        adjoint = _step_back(step, windows[number], site, before, adjoint, is_gram, adjoints[number])
        is_gram = before.gram
    return total


def _step_back(
    step: Step,
    window: Float64Array,
    site: Float64Array | None,
    before: Environment,
    adjoint: Float64Array,
    is_gram: bool,
    window_adjoint_sum: Float64Array,
) -> Float64Array:
    """The derivative by the environment after a step turned into that by the environment before it.

    Args:
        step: the step.
        window: its matrix.
        site: its site tensor.
        before: the environment before the step.
        adjoint: derivative by the environment after it, of that one's shape.
        is_gram: whether the environment after it is a matrix.
        window_adjoint_sum: the derivative by the step's matrix, added to in place.

    Returns:
        Of the shape of `before.array`.
    """
    rows = step_rows(step, window, not step.trash)
    kept, wires_out, size = rows.shape
    entered = enter(site, before.array[:, None], np.matmul)
    count, _, _, width = entered.shape
    columns = before.array.shape[3]
    bond = width // columns
    if before.gram:
        # E' = sum_e B_e E B_e^T: its derivative by B_e is 2 (E'-adjoint) B_e E, that by E is B_e^T (E'-adjoint) B_e.
        half = pull(site, rows, adjoint[:, None], np.matmul)
        moved = half.reshape(count, kept, columns, wires_out * bond).swapaxes(2, 3)
        moved = moved.reshape(count, kept, wires_out, bond, columns)
        scale = 2.0
    else:
        if is_gram:
            pushed = (rows.reshape(1, kept * wires_out, size) @ entered[:, 0]).reshape(
                count, kept, wires_out * bond, columns
            )
            adjoint = 2.0 * (adjoint.reshape(count, 1, wires_out * bond, wires_out * bond) @ pushed)
            moved = adjoint.reshape(count, kept, wires_out, bond, columns)
        else:
            moved = adjoint.reshape(count, wires_out, bond, kept, columns).transpose(0, 3, 1, 2, 4)
        scale = 1.0
    by_rows = moved.reshape(count, kept * wires_out, width) @ entered[:, 0].swapaxes(1, 2)
    window_adjoint_sum[: kept * wires_out] += scale * by_rows.sum(axis=0)
    return np.asarray(pull(site, rows, moved, np.matmul).sum(axis=1))
