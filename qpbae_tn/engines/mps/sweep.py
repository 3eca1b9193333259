"""F_trash and F of a stack of matrix product states by structured sweeps, linear in the number of qubits.

Cut psi = U phi between the trash and the latent register: psi = sum_c T[trash, c] L[c, latent], the index c running
over the open wires and the bond of phi. With x = T[0...0, :], E = T^T T and G = L L^T,

    F_trash = |M_0|^2 = x^T G x,     F = M_0^T rho_A M_0 = (G x)^T E (G x).

x is one row vector carried through the trash register; G comes from the far side of the latent register; E is never
taken all the way, but meets G x half way, where the work is least.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.environments import Environment, Product, advance, edge, step_rows
from qpbae_tn.engines.mps.plan import SweepPlan
from qpbae_tn.engines.mps.windows import Windows
from qpbae_tn.model.mps import MpsStack

Float64Array = NDArray[np.float64]


class Fidelities(NamedTuple):
    """F_trash and F of each patch, each of shape (N,)."""

    trash: Float64Array
    reconstruction: Float64Array


def plan_sites(plan: SweepPlan, stack: MpsStack) -> list[Float64Array]:
    """The site tensors in the plan's numbering of qubits."""
    if not plan.mirrored:
        return list(stack.tensors)
    return [np.ascontiguousarray(tensor.transpose(0, 3, 2, 1)) for tensor in reversed(stack.tensors)]


def carry(
    plan: SweepPlan,
    windows: Windows,
    sites: Sequence[Float64Array],
    environment: Environment,
    steps: Iterable[int],
    product: Product,
    *,
    to_right: bool,
    traced: bool | None = None,
) -> Environment:
    """An environment carried over several steps.

    Args:
        plan: the plan.
        windows: the matrix of each step.
        sites: the site tensors, in the plan's numbering.
        environment: at the cut before the first of the steps, in the direction of travel.
        steps: their numbers, in the order of travel.
        product: the matrix product.
        to_right: the direction.
        traced: whether leaving wires are summed over rather than projected on zero; None sums over latent qubits and
            projects trash qubits.
    """
    for number in steps:
        step = plan.steps[number]
        rows = step_rows(step, windows[number], not step.trash if traced is None else traced)
        site = None if step.site is None else sites[step.site]
        environment = advance(site, rows, environment, product, to_right=to_right)
    return environment


def trash_fidelity(
    plan: SweepPlan, windows: Windows, sites: Sequence[Float64Array], product: Product = np.matmul
) -> Float64Array:
    """F_trash of each patch, shape (N,), by one sweep from left to right."""
    start = edge(sites[0].shape[0])
    final = carry(plan, windows, sites, start, range(len(plan.steps)), product, to_right=True)
    values = final.flat[:, 0]
    return np.asarray(values[:, 0] if final.gram else np.einsum("pk,pk->p", values, values))


def both_fidelities(
    plan: SweepPlan, windows: Windows, sites: Sequence[Float64Array], meeting: int, product: Product = np.matmul
) -> Fidelities:
    """F_trash and F of each patch.

    Args:
        plan: the plan.
        windows: the matrix of each step.
        sites: the site tensors, in the plan's numbering.
        meeting: number of the steps of the trash register that E is carried over; G x comes over the others.
        product: the matrix product.
    """
    inward, latent = halves(plan)
    start = edge(sites[0].shape[0])
    first = plan.trash_first
    zero = carry(plan, windows, sites, start, inward, product, to_right=first, traced=False)
    far = carry(plan, windows, sites, start, latent, product, to_right=not first, traced=True)
    outside = carry(plan, windows, sites, start, inward[:meeting], product, to_right=first, traced=True)
    row = zero.flat
    reduced = product(far.flat, row) if far.gram else product(far.flat, product(far.flat.swapaxes(1, 2), row))
    trash = np.einsum("pck,pck->p", row, reduced)
    inside = Environment(reduced.reshape(zero.array.shape), gram=False)
    outward = inward[meeting:][::-1]
    inside = carry(plan, windows, sites, inside, outward, product, to_right=not first, traced=True)
    return Fidelities(trash, joined(outside, inside, product))


def halves(plan: SweepPlan) -> tuple[range, range]:
    """The steps of the trash and of the latent register, each from its edge of the state to the cut."""
    left, right = range(plan.cut), range(len(plan.steps) - 1, plan.cut - 1, -1)
    return (left, right) if plan.trash_first else (right, left)


def joined(left: Environment, right: Environment, product: Product) -> Float64Array:
    """Tr[A B] of the environment matrices on both sides of a cut, shape (N,)."""
    if not left.gram and not right.gram:
        overlap = product(left.flat.swapaxes(1, 2), right.flat)
        return np.asarray(np.einsum("pij,pij->p", overlap, overlap))
    if left.gram and right.gram:
        return np.asarray(np.einsum("pij,pij->p", left.flat, right.flat))
    matrix, columns = (left.flat, right.flat) if left.gram else (right.flat, left.flat)
    return np.asarray(np.einsum("pij,pij->p", columns, product(matrix, columns)))
