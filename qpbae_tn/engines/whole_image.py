"""Scores of every patch of an image without cutting or embedding patches, for ansätze on neighbouring qubits.

A patch at (y, x) holds the amplitudes I[y + r, x + c], so what acts on row bits alone acts on a column of P pixels,
and its result is shared by the P patches that hold that column. Column bits enter one by one, the coarsest first: the
state of the patch at x with one more bit is made of two states with one bit less, at x and at x + P / 2^(j + 1),
which neighbours share in turn. A stage j costs P 2^j numbers a patch instead of P^2, so a staircase takes about 9 P^2
flops a patch, where a dense encoder takes 2 P^4 and the blocks on cut patches 8 (n - 1) P^2. The norm is divided out
at the end.

Patches side by side lie side by side in memory, so every loop runs over contiguous numbers; a CNOT moves no number,
only the list of which row holds which amplitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import apply_block
from qpbae_tn.model.blocks import Cnot
from qpbae_tn.model.fidelity import reconstruction_fidelity, trash_fidelity
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

Quantity = Literal["trash", "reconstruction"]
Array = NDArray[np.floating]

CACHE_BYTES = {8: 1 << 19, 1 << 20: 1 << 20}
"""What the numbers of one strip of patches may take, by the largest patch size that it holds for; measured."""
_ROTATION, _CNOT, _BLOCK = 0, 1, 2


def supports(specification: ModelSpecification) -> bool:
    """Whether every patch of an image can be scored at once: pixels in row order and the trash register first."""
    return specification.pixel_order == "row" and specification.trash == "first"


def image_fidelities(
    specification: ModelSpecification,
    angles: Array,
    image: Array,
    quantities: Sequence[Quantity] = ("reconstruction",),
    *,
    weights: Array | None = None,
    dtype: type[np.floating] = np.float32,
) -> NDArray[np.floating]:
    """F and F_trash of every patch of an image (design: F = sum_k (M_0 . M_k)^2, F_trash = |M_0|^2).

    Args:
        specification: the model; its stride says which patches are scored.
        angles: shape (parameter_count,), radians.
        image: shape (H, W), grey values.
        quantities: which fidelities.
        weights: shape (2^n,), adds sum_k w_k |<k|U phi>|^2 as the last quantity.
        dtype: float32 has an error of about 1e-6, float64 of about 1e-15.

    Returns:
        Shape (len(quantities) + (weights given), rows of patches, patches a row). A patch without light counts as
        |0...0>, as everywhere.

    Raises:
        InputError: a model whose pixels or registers lie in another order, or an image smaller than a patch.
    """
    if not supports(specification):
        raise InputError(
            "patches of a whole image at once need pixels in row order and the trash register first",
            where="specification",
            remedy="score cut patches with an engine",
        )
    size, stride = specification.patch_size, specification.stride
    grid = PatchGrid.over(image, size, stride)
    pixels = np.ascontiguousarray(grid.continued(image), dtype=dtype)
    gates, numbers = _program(specification, angles, dtype)
    weighted = np.zeros(0, dtype) if weights is None else np.ascontiguousarray(weights, dtype=dtype)
    dark = _dark_scores(specification, angles, weighted).astype(dtype)
    results = np.empty((3, grid.rows, grid.columns), dtype)
    room = next(room for largest, room in CACHE_BYTES.items() if size <= largest)
    width = max(16, room // (pixels.itemsize * 2 * size * size * stride))
    _score(pixels, size, stride, specification.bottleneck, gates, numbers, weighted, dark, width, results)
    rows = [{"trash": 0, "reconstruction": 1}[quantity] for quantity in quantities]
    return results[rows if weights is None else [*rows, 2]]


def _program(
    specification: ModelSpecification, angles: Array, dtype: type[np.floating]
) -> tuple[NDArray[np.int64], Array]:
    """The encoder in order of time.

    Returns:
        Shape (gates, 3), kind and qubits (control and target of a CNOT); and their numbers, shape (gates, 4, 4): cosine
        and sine of half a rotation's angle first, or a block's whole matrix. Blocks of more than two rotations go in
        whole, in one pass over the numbers instead of one a rotation.
    """
    ansatz, values = specification.ansatz, specification.ansatz.check_angles(angles)
    gates: list[tuple[int, int, int]] = []
    numbers: list[Array] = []
    for (block, own), matrix in zip(ansatz.split(values), ansatz.matrices(values), strict=True):
        pair = (block.first, block.second)
        if block.kind.parameter_count > 2:
            gates.append((_BLOCK, *pair))
            numbers.append(matrix)
            continue
        for gate in block.kind.gates:
            turn = np.zeros((4, 4))
            if isinstance(gate, Cnot):
                gates.append((_CNOT, pair[gate.control], pair[gate.target]))
            else:
                gates.append((_ROTATION, pair[gate.qubit], -1))
                turn[0, :2] = np.cos(own[gate.parameter] / 2), np.sin(own[gate.parameter] / 2)
            numbers.append(turn)
    return np.asarray(gates, dtype=np.int64), np.asarray(numbers).astype(dtype)


def _dark_scores(specification: ModelSpecification, angles: Array, weights: Array) -> Array:
    """The three scores of |0...0>, which stands for a patch without light."""
    state = np.eye(1, specification.pixel_count)
    scores = [trash_fidelity(specification, angles, state), reconstruction_fidelity(specification, angles, state)]
    encoded: Array = state
    for block, matrix in zip(specification.ansatz.blocks, specification.ansatz.matrices(angles), strict=True):
        encoded = apply_block(encoded, matrix, block.first, block.second)
    return np.array([scores[0][0], scores[1][0], weights @ encoded[0] ** 2 if weights.size else 0.0])


_compiled = numba.njit(cache=True, fastmath={"contract", "nsz", "reassoc"}, nogil=True, error_model="numpy")


@_compiled
def _rotate(numbers, where, bit, cosine, sine, span):  # type: ignore[no-untyped-def]
    """RY on the qubit of this bit, in place."""
    for index in range(len(where)):
        if index & bit == 0:
            zero, one = numbers[where[index]], numbers[where[index | bit]]
            for x in range(span):
                a, b = zero[x], one[x]
                zero[x] = cosine * a - sine * b
                one[x] = sine * a + cosine * b


@_compiled
def _mix(numbers, where, first, second, m, span):  # type: ignore[no-untyped-def]
    """A 4 x 4 matrix on the qubits of these bits, in place."""
    for index in range(len(where)):
        if index & (first | second) == 0:
            r0, r1 = numbers[where[index]], numbers[where[index | second]]
            r2, r3 = numbers[where[index | first]], numbers[where[index | first | second]]
            for x in range(span):
                a, b, c, d = r0[x], r1[x], r2[x], r3[x]
                r0[x] = m[0, 0] * a + m[0, 1] * b + m[0, 2] * c + m[0, 3] * d
                r1[x] = m[1, 0] * a + m[1, 1] * b + m[1, 2] * c + m[1, 3] * d
                r2[x] = m[2, 0] * a + m[2, 1] * b + m[2, 2] * c + m[2, 3] * d
                r3[x] = m[3, 0] * a + m[3, 1] * b + m[3, 2] * c + m[3, 3] * d


@_compiled
def _exchange(where, control, target):  # type: ignore[no-untyped-def]
    """CNOT: amplitudes change places on paper only."""
    for index in range(len(where)):
        if index & control and not index & target:
            where[index], where[index | target] = where[index | target], where[index]


@_compiled
def _split(numbers, where, halves, offset, cosine, sine, span):  # type: ignore[no-untyped-def]
    """One more column bit, and RY on it: amplitude i becomes 2i (the left half of a patch) and 2i + 1 (the right)."""
    for index in range(len(where)):
        left, right = numbers[where[index]], numbers[where[index]][offset:]
        zero, one = halves[2 * index], halves[2 * index + 1]
        for x in range(span):
            a, b = left[x], right[x]
            zero[x] = cosine * a - sine * b
            one[x] = sine * a + cosine * b


@_compiled
def _read(numbers, where, latent, weights, norms, dark, scores, width):  # type: ignore[no-untyped-def]
    """F_trash, F and the weighted score of `width` patches from their encoded amplitudes and squared norms."""
    overlaps = np.empty(width, numbers.dtype)
    scores[:] = 0.0
    for b in range(latent):
        row = numbers[where[b]]
        for x in range(width):
            scores[0, x] += row[x] * row[x]
    for k in range(len(where) // latent):
        overlaps[:] = 0.0
        for b in range(latent):
            row, zero = numbers[where[k * latent + b]], numbers[where[b]]
            for x in range(width):
                overlaps[x] += row[x] * zero[x]
        for x in range(width):
            scores[1, x] += overlaps[x] * overlaps[x]
    for k in range(len(weights)):
        row, weight = numbers[where[k]], weights[k]
        for x in range(width):
            scores[2, x] += weight * row[x] * row[x]
    for x in range(width):
        if norms[x] > 0.0:
            share = 1.0 / norms[x]
            scores[0, x] *= share
            scores[1, x] *= share * share
            scores[2, x] *= share
        else:
            scores[:, x] = dark


@_compiled
def _score(pixels, size, stride, latents, gates, matrices, weights, dark, width, results):  # type: ignore[no-untyped-def]
    """Fill `results` (3, rows, columns) with the scores of all patches, one strip of `width` patches after another."""
    bits = 0
    while 1 << bits < size:
        bits += 1
    amplitudes = size * size
    reach = (width - 1) * stride + size
    now, then = np.empty((amplitudes, reach), pixels.dtype), np.empty((amplitudes, reach), pixels.dtype)
    norms, scores = np.empty(reach, pixels.dtype), np.empty((3, reach), pixels.dtype)
    one, none = pixels.dtype.type(1), pixels.dtype.type(0)
    for y in range(results.shape[1]):
        for start in range(0, results.shape[2], width):
            count = min(width, results.shape[2] - start)
            span = (count - 1) * stride + size
            norms[:span] = 0.0
            for r in range(size):
                line = pixels[y * stride + r, start * stride :]
                for x in range(span):
                    now[r, x] = line[x]
                    norms[x] += line[x] * line[x]
            where, known = np.arange(size), bits
            for g in range(len(gates) + 1):
                # After the last gate, all bits that no gate has asked for are split off as they are.
                wanted = 2 * bits - 1 if g == len(gates) else max(gates[g, 1], gates[g, 2])
                turned = False
                while known <= wanted:
                    offset = size >> (known - bits + 1)
                    span -= offset
                    turned = g < len(gates) and known == wanted and gates[g, 0] == _ROTATION
                    cosine, sine = (matrices[g, 0, 0], matrices[g, 0, 1]) if turned else (one, none)
                    _split(now, where, then, offset, cosine, sine, span)
                    for x in range(span):
                        norms[x] += norms[x + offset]
                    now, then = then, now
                    known += 1
                    where = np.arange(size << (known - bits))
                if g < len(gates) and not turned:
                    bit = 1 << (known - 1 - gates[g, 1])
                    other = 1 << max(0, known - 1 - gates[g, 2])
                    if gates[g, 0] == _ROTATION:
                        _rotate(now, where, bit, matrices[g, 0, 0], matrices[g, 0, 1], span)
                    elif gates[g, 0] == _CNOT:
                        _exchange(where, bit, other)
                    else:
                        _mix(now, where, bit, other, matrices[g], span)
            _read(now, where, 1 << latents, weights, norms, dark, scores, span)
            for column in range(count):
                for quantity in range(3):
                    results[quantity, y, start + column] = scores[quantity, column * stride]
