"""From amplitudes to matrix product states, from these to smaller ones, and what they are entangled with.

One truncation serves all: the leading subspace of the Gram matrix of the rows on the left of a cut.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.mps import MpsStack

Float64Array = NDArray[np.float64]

EXACT_ROWS = 16
"""Up to so many rows the eigenvectors of a Gram matrix take no longer than an approximation of their span."""
FOLDED_COLUMNS = 8
"""Columns for each row that are enough for an approximate Gram matrix: what is lost grows by a per cent or two."""
FEW = 2
"""Stacks of so few states take no longer with eigenvectors."""
MANY_COLUMNS = 256
"""Columns from which passes over them cost more than the arithmetic of a larger Gram matrix."""
RESOLVED = 1e-7
"""Share of the weight that the square of a Gram matrix does not see."""
MEASURED = 1e-12
"""Share of the weight left out below which it is measured by itself, and not as a difference of norms."""


def check_truncation(bond: int | None, cutoff: float) -> None:
    """Raises `InputError` for a bond limit below 1 or a cut-off outside [0, 1)."""
    if bond is not None and bond < 1:
        raise InputError(f"bond {bond}", where="bond", remedy="give a bond dimension of at least 1")
    if not 0 <= cutoff < 1:
        raise InputError(f"cut-off {cutoff}", where="cutoff", remedy="give a discarded weight from 0 up to below 1")


def states_to_mps(states: NDArray[np.floating], bond: int | None = None, cutoff: float = 0.0) -> MpsStack:
    """Matrix product states of a stack of patch states, truncated from left to right.

    Each truncation projects orthogonally within the range of the one before, so that the weights left out add up and
    |<phi|phi~>|^2 = 1 - eps holds exactly, eps being `discarded_weight`. Without a cut-off and past bond 8 the subspace
    kept at a cut is that of a randomised singular value decomposition, whose eps is a few per cent above the least
    (Halko, Martinsson, Tropp, SIAM Review 53 (2011), two power iterations of the Gram matrix squared, no
    oversampling). Without a bond limit and a cut-off nothing is decomposed: the state is one tensor in the middle
    between isometries that only regroup indices.

    Args:
        states: shape (N, 2^n), unit norm, in pixel order.
        bond: largest bond dimension, None for no limit.
        cutoff: share of the weight that may be left out at each cut, in [0, 1).

    Returns:
        The stack, normalised, with the weight thrown away of each patch.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """
    check_truncation(bond, cutoff)
    count, size = states.shape
    rest = np.asarray(states, dtype=np.float64).reshape(count, 1, size)
    norms, lost = np.vecdot(rest[:, 0], rest[:, 0]), np.zeros(count)
    tensors: list[Float64Array] = []
    left, columns = 1, size
    while columns > 2:
        rows = 2 * left
        if cutoff == 0 and columns // 2 <= (rows if bond is None else min(bond, rows)):
            break
        if cutoff == 0 and (bond is None or rows <= bond):
            left, columns = rows, columns // 2
            tensors.append(_regrouping(count, left // 2, left))
            continue
        # One Gram matrix serves two cuts where that saves a pass over many columns.
        sites = 2 if cutoff == 0 and bond is not None and columns // 4 >= max(MANY_COLUMNS, 2 * bond) else 1
        columns >>= sites
        rows_of_block = rest.reshape(count, left << sites, columns)
        isometries, rest, left_out = _truncate(rows_of_block, norms - lost, sites, bond, cutoff)
        tensors += isometries
        lost += left_out
        left = rest.shape[1]
    kept = np.sqrt(np.maximum(norms - lost, np.finfo(np.float64).tiny))
    columns //= 2
    tensors.append(rest.reshape(count, left, 2, columns) / kept[:, None, None, None])
    while columns > 1:
        tensors.append(_regrouping(count, columns, columns // 2))
        columns //= 2
    return MpsStack(tuple(tensors), np.clip(lost / norms, 0.0, 1.0))


def _regrouping(count: int, left: int, right: int) -> Float64Array:
    """The identity between (left, 2) and right, or between left and (2, right), as a site tensor."""
    identity = np.eye(max(left, right)).reshape(left, 2, right)
    return np.broadcast_to(identity, (count, left, 2, right))


def _truncate(
    matrices: Float64Array, whole: Float64Array, sites: int, bond: int | None, cutoff: float
) -> tuple[list[Float64Array], Float64Array, Float64Array]:
    """Project the rows of each matrix of a stack, cut by cut, on what is kept.

    Args:
        matrices: shape (N, left * 2^sites, M).
        whole: the squared norm of each, shape (N,).
        sites: qubits that the rows gain.
        bond: largest rank, None for no limit.
        cutoff: share of a matrix's squared norm that may be left out at a cut; the common rank is the smallest with
            which every matrix stays below it, unless `bond` is smaller.

    Returns:
        The tensor of each site, shape (N, bond before, 2, bond after); what the last one leaves to the right of it,
        shape (N, bond, M); the squared norm of what was left out, shape (N,).
    """
    approximate = cutoff == 0 and matrices.shape[1] >> (sites - 1) > EXACT_ROWS
    rough = approximate and len(matrices) > FEW
    isometries, basis = _isometries(_gram(matrices, folded=approximate), sites, bond, cutoff, rough)
    kept = basis.swapaxes(1, 2) @ matrices
    lost = whole - _squared_norms(kept)
    faint = np.flatnonzero(lost <= MEASURED * whole)
    if faint.size:
        # A difference of norms would be rounding.
        lost[faint] = _squared_norms(matrices[faint] - basis[faint] @ kept[faint])
    return isometries, kept, lost


def _squared_norms(matrices: Float64Array) -> Float64Array:
    flat = matrices.reshape(len(matrices), matrices.shape[1] * matrices.shape[2])
    return np.asarray(np.vecdot(flat, flat))


def _gram(matrices: Float64Array, *, folded: bool) -> Float64Array:
    """matrix @ matrix.T; of many columns, those that lie far apart are first added with random signs."""
    count, rows, columns = matrices.shape
    folds = 1 << (max(columns // (FOLDED_COLUMNS * rows), 1).bit_length() - 1)
    if folded and folds > 1:
        signs = _signs(folds, columns // folds)
        matrices = np.einsum("prfk,fk->prk", matrices.reshape(count, rows, *signs.shape), signs)
    return matrices @ matrices.swapaxes(1, 2)


def _isometries(
    gram: Float64Array, sites: int, bond: int | None, cutoff: float, rough: bool
) -> tuple[list[Float64Array], Float64Array]:
    """The tensor of each site from the Gram matrix of all rows, and their product, from the rows to the last bond."""
    count, rows = gram.shape[:2]
    left = rows >> sites
    isometries = []
    basis = np.zeros(0)
    for site in reversed(range(sites)):
        own, later = 2 * left, 1 << site
        whole = gram.reshape(count, own, later, own, later)
        part = gram
        if later > 1:
            part = np.asarray(sum(whole[:, :, bit, :, bit] for bit in range(later)))
        chosen = _rough_subspace(part, bond) if rough and bond is not None else _eigenvectors(part, bond, cutoff)
        kept = chosen.shape[2]
        isometries.append(chosen.reshape(count, left, 2, kept))
        basis = chosen if not basis.size else (basis @ chosen.reshape(count, left, 2 * kept)).reshape(count, -1, kept)
        if later > 1:
            half = (chosen.swapaxes(1, 2) @ gram.reshape(count, own, later * rows)).reshape(
                count, kept, later, own, later
            )
            half = half.transpose(0, 3, 4, 1, 2).reshape(count, own, later * kept * later)
            turned = (chosen.swapaxes(1, 2) @ half).reshape(count, kept * later, kept * later)
            gram, rows = turned, kept * later
        left = kept
    return isometries, basis


def _eigenvectors(gram: Float64Array, bond: int | None, cutoff: float) -> Float64Array:
    """The leading eigenvectors of each matrix of a stack, of a common number, as columns."""
    weights, vectors = np.linalg.eigh(gram)
    size = weights.shape[1]
    limit = size if bond is None else min(bond, size)
    if cutoff > 0:
        # Eigenvalues ascend: their running sum is what a rank leaves out, from the largest rank down to zero.
        left_out = np.cumsum(np.maximum(weights, 0.0), axis=1)
        droppable = (left_out <= cutoff * left_out[:, -1:]).sum(axis=1)
        limit = max(1, min(limit, size - int(droppable.min(initial=size))))
    return np.ascontiguousarray(vectors[:, :, ::-1][:, :, :limit])


def _rough_subspace(gram: Float64Array, bond: int) -> Float64Array:
    """About the span of the leading eigenvectors, as orthonormal columns, by power iteration.

    Two steps with the square of the matrix are quick, and blind to weights below `RESOLVED`; where no more than that is
    left out, two steps with the matrix itself follow.
    """
    squared = gram @ gram
    basis = np.linalg.qr(squared @ _directions(gram.shape[1], bond))[0]
    basis = np.linalg.qr(squared @ basis)[0]
    moved = gram @ basis
    whole = np.trace(gram, axis1=1, axis2=2)
    faint = np.flatnonzero(whole - np.einsum("pij,pij->p", basis, moved) <= RESOLVED * whole)
    if faint.size:
        again = np.linalg.qr(moved[faint])[0]
        basis[faint] = np.linalg.qr(gram[faint] @ again)[0]
    return np.asarray(basis)


@lru_cache(maxsize=32)
def _directions(rows: int, columns: int) -> Float64Array:
    return np.random.default_rng(rows).normal(size=(rows, columns))


@lru_cache(maxsize=32)
def _signs(rows: int, columns: int) -> Float64Array:
    return np.asarray(2.0 * np.random.default_rng(columns).integers(0, 2, size=(rows, columns)) - 1.0, dtype=np.float64)


def compress(stack: MpsStack, bond: int | None = None, cutoff: float = 0.0) -> MpsStack:
    """The same states with smaller bonds, truncated from left to right in the right-canonical gauge.

    Args:
        stack: the states.
        bond: largest bond dimension, None for no limit.
        cutoff: share of the weight that may be left out at each cut, in [0, 1).

    Returns:
        The stack, normalised. Its discarded weight is that of this truncation where the stack had none, and else the
        bound sin^2(arcsin sqrt(eps_before) + arcsin sqrt(eps_now)) from the triangle inequality of angles.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """
    check_truncation(bond, cutoff)
    tensors, _, lost = _truncated_sites(stack, bond, cutoff)
    total = np.arcsin(np.sqrt(stack.discarded_weight)) + np.arcsin(np.sqrt(lost))
    weight = np.where(stack.discarded_weight == 0, lost, np.sin(np.minimum(total, np.pi / 2)) ** 2)
    return MpsStack(tuple(tensors), weight)


def schmidt_weights(stack: MpsStack) -> list[Float64Array]:
    """The squared Schmidt coefficients at each cut, falling, shape (N, at most the bond) each; they add up to one."""
    return _truncated_sites(stack, None, 0.0)[1]


def entanglement_entropy(states: MpsStack | NDArray[np.floating]) -> Float64Array:
    """Entanglement entropy of each state at each cut between neighbouring qubits.

    Args:
        states: matrix product states, or amplitudes of shape (N, 2^n).

    Returns:
        Shape (N, n - 1), in bits: -sum_k p_k log2 p_k over the squared Schmidt coefficients.
    """
    weights = schmidt_weights(states) if isinstance(states, MpsStack) else _dense_weights(states)
    return np.stack([_entropy(cut) for cut in weights], axis=1)


def _entropy(weights: Float64Array) -> Float64Array:
    positive = np.where(weights > 0, weights, 1.0)
    return np.asarray(np.maximum(-(positive * np.log2(positive)).sum(axis=1), 0.0))


def _dense_weights(states: NDArray[np.floating]) -> list[Float64Array]:
    count, size = states.shape
    amplitudes = np.asarray(states, dtype=np.float64)
    amplitudes = amplitudes / np.linalg.norm(amplitudes, axis=1, keepdims=True)
    result = []
    for cut in range(1, size.bit_length() - 1):
        matrix = amplitudes.reshape(count, 1 << cut, size >> cut)
        if matrix.shape[1] > matrix.shape[2]:
            matrix = matrix.swapaxes(1, 2)
        result.append(np.linalg.eigvalsh(matrix @ matrix.swapaxes(1, 2)))
    return result


def _right_canonical(stack: MpsStack) -> list[Float64Array]:
    """Tensors of the normalised states that are isometries from the right, all the norm in the first."""
    tensors = list(stack.normalised().tensors)
    for site in range(len(tensors) - 1, 0, -1):
        count, left, _, right = tensors[site].shape
        base, core = np.linalg.qr(tensors[site].reshape(count, left, 2 * right).swapaxes(1, 2))
        tensors[site] = base.swapaxes(1, 2).reshape(count, base.shape[2], 2, right)
        tensors[site - 1] = tensors[site - 1] @ core.swapaxes(1, 2)[:, None]
    return tensors


def _truncated_sites(
    stack: MpsStack, bond: int | None, cutoff: float
) -> tuple[list[Float64Array], list[Float64Array], Float64Array]:
    """Normalised tensors, the squared Schmidt coefficients at each cut before its truncation, the weight left out."""
    tensors = _right_canonical(stack)
    lost = np.zeros(stack.count)
    weights = []
    for site in range(len(tensors) - 1):
        count, left, _, right = tensors[site].shape
        matrix = tensors[site].reshape(count, 2 * left, right)
        if left * 2 > right:
            spectrum = np.linalg.eigvalsh(matrix.swapaxes(1, 2) @ matrix)
        else:
            spectrum = np.linalg.eigvalsh(matrix @ matrix.swapaxes(1, 2))
        weights.append(np.maximum(spectrum[:, ::-1], 0.0))
        (tensors[site],), remainder, left_out = _truncate(matrix, 1.0 - lost, 1, bond, cutoff)
        tensors[site + 1] = np.einsum("pka,pasb->pksb", remainder, tensors[site + 1], optimize=True)
        lost = lost + left_out
    kept = np.sqrt(np.maximum(1.0 - lost, np.finfo(np.float64).tiny))
    tensors[-1] = tensors[-1] / kept[:, None, None, None]
    return tensors, weights, np.clip(lost, 0.0, 1.0)
