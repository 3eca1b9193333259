"""Analytic textures: equal to their formulas where pixels exist and pixel by pixel where they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.analytic import Texture, constant, edge, pixel_bits, ramp, wave
from qpbae_tn.model.conversion import compress
from qpbae_tn.model.embedding import embed, pixel_permutation
from qpbae_tn.model.names import PixelOrder
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
orders = st.sampled_from(["row", "column", "morton"])
numbers = st.floats(-5, 5)


def grid(size: int) -> tuple[Array, Array]:
    rows, columns = np.mgrid[:size, :size].astype(float)
    return rows, columns


def assert_is(texture: Texture, pixels: Array, order: PixelOrder, bond: int) -> None:
    state = texture.state()
    expected = embed(pixels[None], order)[0]
    np.testing.assert_allclose(state.to_dense(), expected, atol=1e-12)
    assert texture.bond <= bond
    for row, column in ((0, 0), (1, 0), (0, 1), (pixels.shape[0] - 1, 1)):
        assert texture.at(row, column) == pytest.approx(pixels[row, column], abs=1e-11)


@pytest.mark.parametrize("order", ["row", "column", "morton"])
def test_bits_agree_with_the_embedding(order: PixelOrder) -> None:
    size = 8
    bits = pixel_bits(size, order)
    permutation = pixel_permutation(size, order)
    for index in range(size * size):
        chosen = [bit for place, bit in enumerate(reversed(bits)) if index >> place & 1]
        row = sum(bit.weight for bit in chosen if bit.axis == "row")
        column = sum(bit.weight for bit in chosen if bit.axis == "column")
        assert permutation[index] == size * row + column


@given(orders, st.sampled_from([2, 4, 16]), numbers, numbers, numbers)
def test_elementary_textures(order: PixelOrder, size: int, a: float, b: float, c: float) -> None:
    rows, columns = grid(size)
    sinusoid = np.cos(2 * np.pi * (a * rows + b * columns) / size + c)
    assert_is(wave(size, (a, b), c, order) + constant(size, 2.0, order), sinusoid + 2, order, 3)
    plane = c + a * rows / size + b * columns / size
    assert_is(ramp(size, (a, b), c, order) + constant(size, 20.0, order), plane + 20, order, 3)
    assert_is(constant(size, 0.5 + c * c, order), np.full((size, size), 0.5 + c * c), order, 1)
    product = wave(size, (a, b), c, order) * ramp(size, (b, a), c, order) + 20 * constant(size, 1.0, order)
    assert_is(product, sinusoid * (c + b * rows / size + a * columns / size) + 20, order, 5)


@given(st.sampled_from([4, 16, 32]), st.tuples(st.integers(-4, 4), st.integers(-4, 4)), st.integers(-70, 70))
def test_edges_in_morton_order(size: int, normal: tuple[int, int], offset: int) -> None:
    rows, columns = grid(size)
    inside = (normal[0] * rows + normal[1] * columns < offset).astype(float)
    texture = edge(size, normal, offset, "morton")
    assert_is(texture + constant(size, 1.0, "morton"), inside + 1, "morton", 3 + abs(normal[0]) + abs(normal[1]) + 1)


@given(orders, st.integers(-20, 20), st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1)]))
def test_edges_along_an_axis_have_bond_two(order: PixelOrder, offset: int, normal: tuple[int, int]) -> None:
    size = 16
    rows, columns = grid(size)
    inside = (normal[0] * rows + normal[1] * columns < offset).astype(float)
    assert edge(size, normal, offset, order).bond <= 2
    assert_is(edge(size, normal, offset, order) + constant(size, 1.0, order), inside + 1, order, 3)


def test_patches_too_large_for_pixels() -> None:
    size = 1 << 30
    rng = np.random.default_rng(3)
    texture = 0.5 * wave(size, (3.25, -7e6), 0.3, "morton") * edge(size, (2, -3), size // 5, "morton") + ramp(
        size, (0.2, 0.1), 0.4, "morton"
    )
    assert len(texture.tensors) == 60
    for row, column in [tuple(int(value) for value in pair) for pair in rng.integers(0, size, (50, 2))]:
        turns = math.fsum([3.25 * row / size, -(7_000_000 * column % size) / size])
        expected = 0.4 + 0.2 * row / size + 0.1 * column / size
        if 2 * row - 3 * column < size // 5:
            expected += 0.5 * math.cos(2 * math.pi * turns + 0.3)
        assert texture.at(row, column) == pytest.approx(expected, abs=1e-7)


def test_the_same_texture_at_every_size_has_nearly_the_same_scores() -> None:
    """Finer pixels of one picture: what is left of the difference falls with the pixel's size."""
    scores = []
    for qubits in (20, 30, 40, 50, 60):
        size = 1 << (qubits // 2)
        texture = wave(size, (2, 3), 0.3) * 0.3 + edge(size, (1, 0), size // 4) + constant(size, 1.0)
        specification = ModelSpecification.build(size, 1, 4, trash="last", image_size=size)
        reversed_in_time = MpsEngine().score(specification, dc_angles(specification.ansatz), texture.state())
        scores.append(reversed_in_time.trash_fidelity[0])
    steps = np.abs(np.diff(scores))
    assert scores[-1] > 0.5
    assert steps[-1] < 1e-6
    assert (np.diff(steps) < 1e-12).all()


def test_bond_of_a_sum_of_sinusoids_is_needed() -> None:
    size = 1 << 20
    texture = constant(size, 40.0)
    for number in range(1, 33):
        texture = texture + wave(size, (number * 1.7, number * 2.3), number)
    state = texture.state()
    assert state.bond == 65
    assert compress(state, cutoff=1e-12).bond == 65
    doubled = (texture + texture * 0.5).state()
    assert doubled.bond == 130
    assert compress(doubled, cutoff=1e-13).bond == 65
    assert compress(doubled, cutoff=1e-13).overlaps(state)[0] ** 2 == pytest.approx(1.0, abs=1e-11)


def test_textures_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="morton order"):
        edge(1 << 20, (1, 1), 1 << 19, "row")
    with pytest.raises(InputError, match="patch size 12"):
        constant(12)
    with pytest.raises(InputError, match="unknown value 'diagonal'"):
        constant(4, order="diagonal")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one layout"):
        constant(4) + constant(8)
    with pytest.raises(InputError, match="one layout"):
        constant(4) * constant(4, order="morton")
    with pytest.raises(InputError, match="some light"):
        edge(8, (1, 0), -1).state()
