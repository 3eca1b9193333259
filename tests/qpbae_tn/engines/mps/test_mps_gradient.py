"""The loss and its adjoint gradient against the exact engine, and through trains against finite differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps import engine as engine_module
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.analytic import constant, wave
from qpbae_tn.model.ansatz import Ansatz, Block
from qpbae_tn.model.blocks import BLOCK_KINDS, SO4
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]


def batch_of(rng: np.random.Generator, images: int, count: int, size: int) -> tuple[list[Array], Array]:
    batch = [np.asarray(embed(1 + 0.3 * rng.normal(size=(count, size, size)))[0]) for _ in range(images)]
    return batch, rng.dirichlet(np.ones(count))


@pytest.mark.parametrize("size", [2, 4, 8, 64])
def test_gradient_equals_exact(size: int, rng: np.random.Generator) -> None:
    qubits = 2 * (size.bit_length() - 1)
    for kind, layers, pattern, trash in itertools.product(
        BLOCK_KINDS.values(), (1, 2), ("staircase", "brick"), ("first", "last")
    ):
        for bottleneck in range(1, qubits) if size < 64 else (1 + layers,):
            specification = ModelSpecification.build(
                size, 1, bottleneck, pattern=pattern, kind=kind, layers=layers, trash=trash, image_size=size
            )
            batch, weights = batch_of(rng, 2, 3, size)
            angles = dc_angles(specification.ansatz) + 0.3 * rng.normal(size=specification.ansatz.parameter_count)
            value, gradient = ExactEngine().prepare_loss(specification, batch, weights).value_and_gradient(angles)
            loss = MpsEngine().prepare_loss(specification, batch, weights)
            found, found_gradient = loss.value_and_gradient(angles)
            assert found == pytest.approx(value, abs=1e-12)
            assert loss.value(angles) == pytest.approx(value, abs=1e-12)
            np.testing.assert_allclose(found_gradient, gradient, atol=1e-12, rtol=0)
            if pattern == "staircase":
                assert np.abs(gradient).max() > 1e-3


def test_ansatz_that_runs_leftward(rng: np.random.Generator) -> None:
    blocks = tuple(Block(SO4, qubit + 1, qubit) for qubit in reversed(range(7)))
    specification = ModelSpecification(16, 1, 2, Ansatz(8, blocks * 2))
    batch, weights = batch_of(rng, 1, 4, 16)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    value, gradient = ExactEngine().prepare_loss(specification, batch, weights).value_and_gradient(angles)
    found, found_gradient = MpsEngine().prepare_loss(specification, batch, weights).value_and_gradient(angles)
    assert found == pytest.approx(value, abs=1e-12)
    np.testing.assert_allclose(found_gradient, gradient, atol=1e-12)


def test_chunks_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    specification = ModelSpecification.build(8, 1, 2, kind=SO4)
    batch, weights = batch_of(rng, 2, 9, 8)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    whole = MpsEngine().prepare_loss(specification, batch, weights)
    scores = MpsEngine().reconstruction_fidelity(specification, angles, batch[0])
    monkeypatch.setattr(engine_module, "CHUNK_BYTES", 1 << 11)
    parts = MpsEngine().prepare_loss(specification, batch, weights)
    assert len(parts.parts) > len(whole.parts)
    np.testing.assert_allclose(
        parts.value_and_gradient(angles)[1], whole.value_and_gradient(angles)[1], atol=1e-14, rtol=1e-12
    )
    found = MpsEngine().reconstruction_fidelity(specification, angles, batch[0])
    np.testing.assert_allclose(found, scores, rtol=1e-13)


def test_trains_of_sixty_qubits_have_a_gradient(rng: np.random.Generator) -> None:
    size = 1 << 30
    texture = wave(size, (3, 5), 0.3) * 0.2 + wave(size, (1, 0.4)) * 0.1 + constant(size)
    specification = ModelSpecification.build(size, 1, 2, layers=2, image_size=size)
    angles = dc_angles(specification.ansatz) + 0.1 * rng.normal(size=specification.ansatz.parameter_count)
    loss = MpsEngine().prepare_mps_loss(specification, texture.state(), np.ones(1))
    value, gradient = loss.value_and_gradient(angles)
    fidelity = MpsEngine().trash_fidelity_of_mps(specification, angles, texture.state())[0]
    assert value == pytest.approx(1 - fidelity, abs=1e-13)
    for index in rng.integers(0, angles.size, 10):
        shift = np.zeros(angles.size)
        shift[index] = np.pi / 2
        slope = (loss.value(angles + shift) - loss.value(angles - shift)) / 2
        assert gradient[index] == pytest.approx(slope, abs=1e-12)
    assert np.abs(gradient).max() > 1e-2
