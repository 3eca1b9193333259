from __future__ import annotations

import cirq
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import Ansatz, Block, apply_block, brick_wall, make_ansatz, pair_overlap, staircase
from qpbae_tn.model.blocks import BLOCK_KINDS, SO4, BlockKind, Ry, block_kind

angle = st.floats(-10, 10)


@pytest.mark.parametrize("kind", BLOCK_KINDS.values(), ids=str)
@given(data=st.data())
def test_matrix_is_orthogonal_and_derivatives_are_those_of_finite_differences(
    kind: BlockKind, data: st.DataObject
) -> None:
    angles = np.array(data.draw(st.lists(angle, min_size=kind.parameter_count, max_size=kind.parameter_count)))
    matrix = kind.matrix(angles)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(4), atol=1e-14)
    for index, derivative in enumerate(kind.derivatives(angles)):
        step = np.zeros(angles.size)
        step[index] = 1e-5
        slope = (kind.matrix(angles + step) - kind.matrix(angles - step)) / 2e-5
        np.testing.assert_allclose(derivative, slope, atol=1e-9)


def test_so4_reaches_every_direction_of_the_group(rng: np.random.Generator) -> None:
    tangents = []
    angles = rng.normal(size=6)
    matrix = SO4.matrix(angles)
    for derivative in SO4.derivatives(angles):
        generator = derivative @ matrix.T
        np.testing.assert_allclose(generator, -generator.T, atol=1e-14)
        tangents.append(generator[np.triu_indices(4, 1)])
    assert np.linalg.matrix_rank(np.array(tangents)) == 6
    assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_a_kind_must_use_each_angle_once() -> None:
    with pytest.raises(ValueError, match="once each"):
        BlockKind("twice", (Ry(0, 0), Ry(1, 0)))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 2), (3, 2), (0, 3), (3, 0)])
def test_apply_block_is_cirqs_matrix_product(first: int, second: int, rng: np.random.Generator) -> None:
    matrix = SO4.matrix(rng.normal(size=6))
    states = rng.normal(size=(3, 16))
    qubits = cirq.LineQubit.range(4)
    circuit = cirq.Circuit(cirq.MatrixGate(matrix)(qubits[first], qubits[second]))
    full = circuit.unitary(qubit_order=qubits).real
    np.testing.assert_allclose(apply_block(states, matrix, first, second), states @ full.T, atol=1e-14)
    # The overlap is the derivative of <left, B right> by the entries of B.
    left = rng.normal(size=(3, 16))
    value = np.vdot(pair_overlap(left, states, first, second), matrix)
    assert value == pytest.approx(np.vdot(left, states @ full.T))


def test_patterns_have_the_blocks_of_the_paper() -> None:
    assert [(b.first, b.second) for b in staircase(4).blocks] == [(0, 1), (1, 2), (2, 3)]
    assert staircase(6, layers=2).parameter_count == 2 * 2 * 5
    assert [(b.first, b.second) for b in brick_wall(5).blocks] == [(0, 1), (2, 3), (1, 2), (3, 4)]


def test_json_round_trip() -> None:
    ansatz = brick_wall(4, SO4, 2)
    assert Ansatz.from_json(ansatz.to_json()) == ansatz


@pytest.mark.parametrize("document", [None, {}, {"name": "x", "qubit_count": 2, "blocks": [["ry", 0]]}, {"blocks": 3}])
def test_malformed_json_is_refused(document: object) -> None:
    with pytest.raises((InputError, ValueError)):
        Ansatz.from_json(document)


def test_bad_values_are_refused() -> None:
    with pytest.raises(InputError, match="ry, so4"):
        block_kind("xy")
    with pytest.raises(InputError, match="staircase"):
        make_ansatz("ring", 4)
    with pytest.raises(InputError, match="at least 1"):
        staircase(4, layers=0)
    with pytest.raises(InputError, match="two different qubits"):
        Ansatz(3, (Block(SO4, 1, 1),))
    with pytest.raises(InputError, match="not finite"):
        staircase(4).check_angles([0, 0, 0, 0, 0, float("nan")])
    with pytest.raises(InputError, match="5 angles for an ansatz of 6"):
        staircase(4).check_angles(np.zeros(5))
