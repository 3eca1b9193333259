"""The estimator of `outcomes`: values, relabelling, intervals, JSON."""

from __future__ import annotations

import json

import cirq
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

SPECIFICATION = ModelSpecification.build(4, 2, 1, image_size=8, pixel_order="morton")
ANGLES = np.linspace(-1.5, 0.4, 6)
IMAGES = np.random.default_rng(1).random((5, 8, 8))
KINDS = ("trash", "all", "classes")


def estimator(kind: str, **score: object) -> OutcomeEstimator:
    own = Score("weighted", outcomes=kind, **score)  # type: ignore[arg-type]
    return OutcomeEstimator.of(SPECIFICATION, own, learn_normal(SPECIFICATION, ANGLES, ExactEngine(), IMAGES, own))


def strings(probabilities: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """Of the measured register, from those of all qubits."""
    return probabilities.reshape(8, 2).sum(axis=1) if kind == "trash" else probabilities


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_over_outcomes_is_the_score(kind: str, rng: np.random.Generator) -> None:
    own, state = estimator(kind, epsilon=1e-3), rng.normal(size=16)
    state /= np.linalg.norm(state)
    every = outcome_probabilities(SPECIFICATION, ANGLES, state[None], "all")[0]
    expected = outcome_probabilities(SPECIFICATION, ANGLES, state[None], kind)[0]  # type: ignore[arg-type]
    np.testing.assert_allclose(own.gathered(strings(every, kind)), expected, atol=1e-14)
    assert own.expectation(strings(every, kind)) == pytest.approx(expected @ np.array(own.weights))
    assert np.array(own.shares) @ np.array(own.weights) == pytest.approx(1.0)


@given(st.integers(0, 2**31), st.sampled_from(KINDS))
def test_leaving_out_cnot_and_x_changes_no_outcome(seed: int, kind: str) -> None:
    """Against Cirq: a register in a random state, random X and CNOT gates, with and without them."""
    rng, own = np.random.default_rng(seed), estimator(kind)
    qubits = cirq.LineQubit.range(own.bit_count)
    state = rng.normal(size=1 << own.bit_count).astype(complex)
    state /= np.linalg.norm(state)
    gates = []
    for _ in range(5):
        first, second = rng.choice(own.bit_count, 2, replace=False)
        gates.append(cirq.X(qubits[first]) if rng.random() < 0.3 else cirq.CNOT(qubits[first], qubits[second]))
    simulator = cirq.Simulator(dtype=np.complex128)
    after = simulator.simulate(cirq.Circuit(gates), qubit_order=qubits, initial_state=state).final_state_vector
    reduced = own
    for gate in reversed(gates):
        places = [qubits.index(qubit) for qubit in gate.qubits]
        reduced = reduced.without_x(*places) if len(places) == 1 else reduced.without_cnot(*places)
    np.testing.assert_allclose(reduced.gathered(np.abs(state) ** 2), own.gathered(np.abs(after) ** 2), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_shots_are_weighed(kind: str, rng: np.random.Generator) -> None:
    own = estimator(kind, epsilon=1e-2)
    bits = rng.integers(0, 2, size=(4000, own.bit_count))
    found = own.estimate(bits)
    assert found.shots == 4000
    assert found.value == pytest.approx(own.values(bits).mean())
    assert found.value == pytest.approx(own.uniform_mean, abs=5 * found.standard_error)
    assert found.standard_error == pytest.approx(own.values(bits).std() / np.sqrt(4000), rel=0.01)
    low, high = found.interval()
    assert own.lowest <= low < found.value < high
    one = own.estimate(np.zeros((1, own.bit_count), dtype=int))
    assert one.standard_error > 0
    with pytest.raises(InputError, match="shape"):
        own.values(np.zeros((3, own.bit_count + 1), dtype=int))
    with pytest.raises(InputError, match="no shots"):
        own.estimate(np.zeros((0, own.bit_count), dtype=int))


def test_intervals_cover(rng: np.random.Generator) -> None:
    own = estimator("trash", epsilon=1e-2)
    probabilities = np.array(own.shares)
    true, covered = probabilities @ np.array(own.weights), 0
    for _ in range(400):
        counts = rng.multinomial(2000, probabilities)
        bits = (np.repeat(np.arange(8), counts)[:, None] >> np.arange(2, -1, -1)) & 1
        low, high = own.estimate(bits).interval()
        covered += low <= true <= high
    assert covered >= 0.92 * 400


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_complete(kind: str) -> None:
    own = estimator(kind).without_cnot(0, 2).without_x(1)
    document = json.loads(json.dumps(own.to_json()))
    assert OutcomeEstimator.from_json(document, SPECIFICATION) == own


def test_weights_for_each_place_are_refused() -> None:
    with pytest.raises(InputError, match="positions"):
        estimator("trash", positions=True)
