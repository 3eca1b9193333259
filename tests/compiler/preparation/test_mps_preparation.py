"""Matrix product state preparation: gate counts, depth, fidelity of the truncation, layers, degenerate patches."""

from itertools import pairwise
from pathlib import Path

import cirq
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from qpbae_tn.compiler.gates import count
from qpbae_tn.compiler.preparation.mps import MpsPreparation, MpsToFidelity, compress
from qpbae_tn.errors import InputError
from qpbae_tn.model.embedding import embed

FloatArray = NDArray[np.float64]


def _unit_vectors(qubits: st.SearchStrategy[int]) -> st.SearchStrategy[FloatArray]:
    """Vectors of small integers, so that zeros, signs, products and degenerate Schmidt values are common."""
    return qubits.flatmap(
        lambda n: arrays(np.float64, 2**n, elements=st.integers(-2, 2).map(float)).filter(np.any)
    ).map(lambda vector: vector / np.linalg.norm(vector))


def _fidelity(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("pk,pk->p", first, second) ** 2)


@given(_unit_vectors(st.integers(2, 7)), st.integers(1, 2))
def test_circuit_reaches_the_truncation(state: FloatArray, bond: int) -> None:
    fit = MpsPreparation(bond).fit(state[None])
    truncated = compress(state[None], bond).stack.to_dense()
    np.testing.assert_allclose(fit.fidelity, _fidelity(truncated, state[None]), atol=1e-12)


@pytest.mark.parametrize("bond", [1, 2])
def test_cirq_agrees(bond: int, rng: np.random.Generator) -> None:
    states = rng.normal(size=(3, 64))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    preparation, qubits = MpsPreparation(bond), cirq.LineQubit.range(6)
    fit, circuit = preparation.fit(states), preparation.template(6).circuit(qubits)
    simulator = cirq.Simulator(dtype=np.complex128)
    for state, angles, fidelity in zip(states, fit.angles, fit.fidelity, strict=True):
        made = simulator.simulate(circuit, preparation.template(6).resolver(angles), qubit_order=qubits)
        assert abs(made.final_state_vector @ state) ** 2 == pytest.approx(fidelity, abs=1e-12)


@pytest.mark.parametrize("qubit_count", range(2, 13))
def test_bond_two_counts(qubit_count: int) -> None:
    template = MpsPreparation(2).template(qubit_count)
    counts = count(template.circuit(cirq.LineQubit.range(qubit_count)))
    assert counts.two_qubit_gates == template.two_qubit_gates == 2 * qubit_count - 3
    assert counts.two_qubit_depth == qubit_count - 1 + qubit_count % 2
    assert template.nearest_neighbour


@pytest.mark.parametrize(("bond", "layers"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (64, 3)])
def test_layers_of_larger_bonds(bond: int, layers: int) -> None:
    template = MpsPreparation(bond).template(6)
    assert template.two_qubit_gates == 9 * layers
    assert template.nearest_neighbour


def test_layers_raise_the_fidelity_and_polish_never_lowers_it(rng: np.random.Generator) -> None:
    states = np.abs(rng.normal(size=(3, 64))) + 0.5
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    reached = [MpsPreparation(bond).fit(states).fidelity for bond in (1, 2, 4, 8)]
    assert all((after > before).all() for before, after in pairwise(reached))
    for bond, polished in ((4, reached[2]), (8, reached[3])):
        plain = MpsPreparation(bond, polish=False).fit(states).fidelity
        assert (plain >= reached[1] - 1e-9).all()
        assert (polished >= plain - 1e-12).all()


def test_two_layers_reach_every_state_of_four_qubits(rng: np.random.Generator) -> None:
    states = rng.normal(size=(4, 16))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    assert (MpsPreparation(4).fit(states).fidelity > 1 - 1e-6).all()


def test_fewest_layers_for_a_fidelity(rng: np.random.Generator) -> None:
    states = np.abs(rng.normal(size=(2, 64))) + 1.0
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    for bond in (1, 2, 4):
        least = MpsPreparation(bond).fit(states).fidelity.min()
        assert MpsToFidelity(float(least) - 1e-9).settled(states) == MpsPreparation(bond)
    with pytest.raises(InputError, match="reach a fidelity of"):
        MpsToFidelity(1 - 1e-12).settled(states)
    for call in (lambda: MpsToFidelity(0.9).template(4), lambda: MpsToFidelity(0.9).fit(states)):
        with pytest.raises(InputError, match="before it knows the patches"):
            call()


def test_empty_and_single_qubit_stacks() -> None:
    for preparation in (MpsPreparation(1), MpsPreparation(2), MpsPreparation(4)):
        assert preparation.fit(np.empty((0, 16))).angles.shape == (0, preparation.template(4).parameter_count)
        np.testing.assert_allclose(preparation.fit(np.array([[0.6, -0.8]])).fidelity, 1.0)


def test_median_fidelity_on_ultrasound(real_images: Path) -> None:
    from qpbae_tn.data.images import read_image

    files = sorted((real_images / "busi_32" / "test").rglob("*.png"))[::9]
    images = np.stack([read_image(path).resized(32) for path in files])
    for size, least in ((4, 0.999), (8, 0.99), (16, 0.97)):
        patches = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))[:, ::8, ::8]
        states, _ = embed(patches.reshape(-1, size, size))
        assert np.median(MpsPreparation(2).fit(states).fidelity) >= least
