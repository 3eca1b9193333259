"""The quimb engine: any ansatz as the closed formulas have it, states past any vector as the sweeps have it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.networks.contraction import TooLarge
from qpbae_tn.engines import quimb
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.quimb import QuimbEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.ansatz import Ansatz, Block
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.mps import MpsStack, mps_stack
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]


def near_dc(specification: ModelSpecification, rng: np.random.Generator) -> Array:
    return np.asarray(dc_angles(specification.ansatz) + 0.1 * rng.normal(size=specification.ansatz.parameter_count))


def bright_states(specification: ModelSpecification, rng: np.random.Generator, count: int) -> Array:
    states = 1 + 0.2 * rng.normal(size=(count, specification.pixel_count))
    return np.asarray(states / np.linalg.norm(states, axis=1, keepdims=True))


def bright_stack(rng: np.random.Generator, count: int, qubits: int, bond: int) -> MpsStack:
    bonds = [min(bond, 1 << min(cut, qubits - cut, 20)) for cut in range(qubits + 1)]
    return mps_stack([1 + 0.2 * rng.normal(size=(count, bonds[s], 2, bonds[s + 1])) for s in range(qubits)])


def random_ansatz(rng: np.random.Generator, qubits: int, length: int) -> Ansatz:
    kinds = list(BLOCK_KINDS.values())
    pairs = [rng.permutation(qubits)[:2] for _ in range(length)]
    blocks = tuple(Block(kinds[i % 2], int(first), int(second)) for i, (first, second) in enumerate(pairs))
    return Ansatz(qubits, blocks)


@pytest.mark.parametrize("bond", [None, 64], ids=["dense", "mps"])
@pytest.mark.parametrize(("size", "length"), [(4, 9), (8, 12), (32, 12), (64, 10)])
def test_any_ansatz_has_the_values_of_the_closed_formulas(
    size: int, length: int, bond: int | None, rng: np.random.Generator
) -> None:
    """Blocks of both kinds on any two qubits, some of them never used; 1e-10 relative, the gradient too."""
    qubits = 2 * (size.bit_length() - 1)
    ansatz = random_ansatz(rng, qubits, length)
    specification = ModelSpecification(size, 1, 2, ansatz, ("first", "last")[qubits % 4 // 2], image_size=size)
    angles, states = near_dc(specification, rng), bright_states(specification, rng, 3)
    exact, engine = ExactEngine(), QuimbEngine(bond)
    for method in ("trash_fidelity", "reconstruction_fidelity"):
        expected = getattr(exact, method)(specification, angles, states)
        assert expected.min() > 1e-3
        np.testing.assert_allclose(getattr(engine, method)(specification, angles, states), expected, rtol=1e-10)
    weights = rng.dirichlet(np.ones(3))
    losses = [each.prepare_loss(specification, [states, states[::-1]], weights) for each in (exact, engine)]
    (value, gradient), (found, slopes) = (loss.value_and_gradient(angles) for loss in losses)
    assert found == pytest.approx(value, rel=1e-10)
    assert losses[1].value(angles) == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(slopes, gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())


@pytest.mark.parametrize(("qubits", "layers"), [(20, 1), (40, 1), (60, 1), (20, 2)])
def test_states_past_any_vector_have_the_values_of_the_sweeps(
    qubits: int, layers: int, rng: np.random.Generator
) -> None:
    size = 1 << qubits // 2
    specification = ModelSpecification.build(size, 1, 2, layers=layers, image_size=size)
    angles, stack = near_dc(specification, rng), bright_stack(rng, 2, qubits, 16)
    sweeps, engine = MpsEngine(), QuimbEngine()
    expected, found = (each.score(specification, angles, stack) for each in (sweeps, engine))
    assert expected.fidelity.min() > 1e-3
    np.testing.assert_allclose(found.fidelity, expected.fidelity, rtol=1e-10)
    np.testing.assert_allclose(found.trash_fidelity, expected.trash_fidelity, rtol=1e-10)
    weights = np.array([0.3, 0.7])
    losses = [each.prepare_mps_loss(specification, stack, weights) for each in (sweeps, engine)]
    (value, gradient), (other, slopes) = (loss.value_and_gradient(angles) for loss in losses)
    assert other == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(slopes, gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())


def test_truncated_patches_are_those_of_mps(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(16, 1, 2)
    angles, states = near_dc(specification, rng), bright_states(specification, rng, 5)
    for bond, cutoff in ((4, 0.0), (None, 1e-3), (6, 1e-4)):
        sweeps, engine = MpsEngine(bond, cutoff), QuimbEngine(bond, cutoff)
        for method in ("trash_fidelity", "reconstruction_fidelity"):
            expected = getattr(sweeps, method)(specification, angles, states)
            np.testing.assert_allclose(getattr(engine, method)(specification, angles, states), expected, rtol=1e-10)
        weights = np.full(5, 0.2)
        losses = [each.prepare_loss(specification, [states], weights) for each in (sweeps, engine)]
        assert losses[1].value(angles) == pytest.approx(losses[0].value(angles), rel=1e-10)


def test_stacks_are_worked_through_in_parts(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    specification = ModelSpecification.build(8, 1, 2)
    angles, states = near_dc(specification, rng), bright_states(specification, rng, 50)
    weights = rng.dirichlet(np.ones(50))
    for engine in (QuimbEngine(), QuimbEngine(bond=4)):
        whole = engine.reconstruction_fidelity(specification, angles, states)
        value, gradient = engine.prepare_loss(specification, [states], weights).value_and_gradient(angles)
        monkeypatch.setattr(quimb, "CHUNK_BYTES", 20_000)
        contraction = engine.contraction(specification, "fidelity", None)
        assert 1 <= contraction.patches_at_once(20_000) < 50
        np.testing.assert_allclose(engine.reconstruction_fidelity(specification, angles, states), whole, rtol=1e-12)
        again, slopes = engine.prepare_loss(specification, [states], weights).value_and_gradient(angles)
        assert again == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(slopes, gradient, atol=1e-13)
        monkeypatch.undo()


def test_cost_is_known_before_and_memory_is_kept_to(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(64, 1, 2, pattern="butterfly", image_size=64)
    whole = QuimbEngine(16).cost(specification, 10)
    assert whole.slices == 1
    assert whole.peak_bytes > 8 * whole.largest
    assert "flops" in str(whole)
    budget = int(0.7 * QuimbEngine(16).cost(specification).peak_bytes)
    small = QuimbEngine(16, memory_bytes=budget)
    assert small.cost(specification).slices > 1
    assert small.cost(specification).peak_bytes <= budget
    angles, states = near_dc(specification, rng), bright_states(specification, rng, 2)
    expected = QuimbEngine(16).reconstruction_fidelity(specification, angles, states)
    np.testing.assert_allclose(small.reconstruction_fidelity(specification, angles, states), expected, rtol=1e-11)
    with pytest.raises(TooLarge, match="GiB"):
        QuimbEngine(memory_bytes=1000).reconstruction_fidelity(specification, angles, states)
    with pytest.raises(TooLarge, match="GiB"):
        QuimbEngine(memory_bytes=1000).cost(specification)


def test_no_patches_and_senseless_settings(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(4, 1, 2)
    angles = near_dc(specification, rng)
    for engine in (QuimbEngine(), QuimbEngine(bond=2)):
        assert engine.reconstruction_fidelity(specification, angles, np.empty((0, 16))).shape == (0,)
    for arguments in ({"bond": 0}, {"cutoff": 1.0}, {"backend": "abacus"}):
        with pytest.raises(InputError):
            QuimbEngine(**arguments)  # type: ignore[arg-type]


def test_jax_gives_the_numbers_of_numpy(rng: np.random.Generator) -> None:
    pytest.importorskip("jax")
    specification = ModelSpecification.build(8, 1, 2, pattern="butterfly")
    angles, states = near_dc(specification, rng), bright_states(specification, rng, 4)
    weights = rng.dirichlet(np.ones(4))
    for bond in (None, 4):
        ours, theirs = QuimbEngine(bond), QuimbEngine(bond, backend="jax")
        for method in ("trash_fidelity", "reconstruction_fidelity"):
            expected = getattr(ours, method)(specification, angles, states)
            found = getattr(theirs, method)(specification, angles, states)
            assert isinstance(found, np.ndarray)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        losses = [engine.prepare_loss(specification, [states], weights) for engine in (ours, theirs)]
        (value, gradient), (other, slopes) = (loss.value_and_gradient(angles) for loss in losses)
        assert other == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(slopes, gradient, atol=1e-12)
