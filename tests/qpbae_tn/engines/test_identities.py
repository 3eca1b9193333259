"""The identities of the model, as properties of the exact engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.ceilings import effective_parameters
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.blocks import BLOCK_KINDS, BlockKind
from qpbae_tn.model.fidelity import latent_rows
from qpbae_tn.model.specification import ModelSpecification

ENGINE = ExactEngine()
specifications = st.builds(
    lambda size, bottleneck, kind, layers, trash, pattern: ModelSpecification.build(
        size,
        1,
        min(bottleneck, 2 * (size.bit_length() - 1) - 1),
        pattern=pattern,
        kind=kind,
        layers=layers,
        trash=trash,
    ),
    st.sampled_from([2, 4, 8]),
    st.integers(1, 5),
    st.sampled_from(list(BLOCK_KINDS.values())),
    st.integers(1, 2),
    st.sampled_from(["first", "last"]),
    st.sampled_from(["staircase", "brick"]),
)
seeds = st.integers(0, 2**32 - 1)


def random_states(rng: np.random.Generator, count: int, size: int) -> NDArray[np.float64]:
    states = rng.normal(size=(count, size)) + rng.normal(scale=2)
    return states / np.linalg.norm(states, axis=1, keepdims=True)


@given(specifications, seeds)
def test_bounds(specification: ModelSpecification, seed: int) -> None:
    rng = np.random.default_rng(seed)
    angles = dc_angles(specification.ansatz) + rng.normal(size=specification.ansatz.parameter_count)
    states = random_states(rng, 20, specification.pixel_count)
    trash = ENGINE.trash_fidelity(specification, angles, states)
    full = ENGINE.reconstruction_fidelity(specification, angles, states)
    assert (trash**2 <= full + 1e-12).all()
    assert (full <= trash + 1e-12).all()
    assert (trash <= 1 + 1e-12).all()


@given(specifications)
def test_the_dc_solution_compresses_the_uniform_patch(specification: ModelSpecification) -> None:
    uniform = np.full((1, specification.pixel_count), specification.pixel_count**-0.5)
    angles = dc_angles(specification.ansatz)
    np.testing.assert_allclose(ENGINE.reconstruction_fidelity(specification, angles, uniform), 1.0, atol=1e-12)


@given(st.sampled_from([4, 8]), st.integers(1, 5), seeds)
def test_one_layer_of_the_paper_is_a_product_filter(size: int, bottleneck: int, seed: int) -> None:
    qubits = 2 * (size.bit_length() - 1)
    specification = ModelSpecification.build(size, 1, min(bottleneck, qubits - 1))
    rng = np.random.default_rng(seed)
    angles = rng.normal(size=2 * (qubits - 1))
    pairs = angles.reshape(-1, 2)
    trash = specification.trash_count
    effective = [pairs[i, 0] + (pairs[i - 1, 1] if i else 0.0) for i in range(min(trash, qubits - 1))]
    filters = np.ones(1)
    for angle in effective:
        filters = np.kron(filters, [np.cos(angle / 2), -np.sin(angle / 2)])
    if trash == len(effective):
        states = random_states(rng, 6, specification.pixel_count)
        latent = np.einsum("t,ptl->pl", filters, states.reshape(6, filters.size, -1))
        found = ENGINE.trash_fidelity(specification, angles, states)
        np.testing.assert_allclose(found, (latent**2).sum(axis=1), atol=1e-12)
        loss = ENGINE.prepare_loss(specification, [states], np.full(6, 1 / 6))
        gradient = loss.value_and_gradient(angles)[1].reshape(-1, 2)
        np.testing.assert_allclose(gradient[1:trash, 0], gradient[: trash - 1, 1], atol=1e-12)
        np.testing.assert_allclose(gradient[trash - 1, 1], 0.0, atol=1e-12)
        np.testing.assert_allclose(gradient[trash:], 0.0, atol=1e-12)


def test_one_layer_has_as_many_effective_parameters_as_trash_qubits() -> None:
    for size, bottleneck in [(4, 1), (4, 2), (8, 1), (8, 2), (16, 3)]:
        specification = ModelSpecification.build(size, 1, bottleneck, image_size=32)
        assert effective_parameters(specification) == specification.trash_count


@pytest.mark.parametrize("kind", BLOCK_KINDS.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize(("size", "bottleneck", "layers"), [(4, 1, 1), (4, 2, 2), (8, 2, 2)])
def test_effective_parameters_are_the_rank_over_all_states(
    kind: BlockKind, size: int, bottleneck: int, layers: int, rng: np.random.Generator
) -> None:
    """F_trash is the quadratic form U_0^T U_0; here its whole Jacobian by finite differences."""
    specification = ModelSpecification.build(size, 1, bottleneck, kind=kind, layers=layers)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    columns = []
    for index in range(angles.size):
        step = np.zeros(angles.size)
        step[index] = 1e-5
        forms = [
            rows.T @ rows
            for rows in (
                latent_rows(specification, specification.ansatz.matrices(angles + sign * step)) for sign in (1, -1)
            )
        ]
        columns.append((forms[0] - forms[1]).ravel() / 2e-5)
    assert effective_parameters(specification) == np.linalg.matrix_rank(np.array(columns), rtol=1e-7)


@given(specifications, seeds)
def test_latent_rows_are_rows_of_an_orthogonal_matrix(specification: ModelSpecification, seed: int) -> None:
    angles = np.random.default_rng(seed).normal(size=specification.ansatz.parameter_count)
    rows = latent_rows(specification, specification.ansatz.matrices(angles))
    np.testing.assert_allclose(rows @ rows.T, np.eye(1 << specification.bottleneck), atol=1e-12)
