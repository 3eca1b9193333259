"""One state with numbers: the circuit collapses to what the state needs, and Cirq finds the promised fidelity."""

import cirq
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation, MpsToFidelity
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation, prepare

FloatArray = NDArray[np.float64]

PREPARATIONS = (ExactPreparation(), MpsPreparation(1), MpsPreparation(2), MpsPreparation(4))


def _check(preparation: Preparation, state: FloatArray) -> tuple[int, float]:
    """Number of CZ and fidelity, both as Cirq sees them, after comparing them with what was promised."""
    qubits = cirq.LineQubit.range(len(state).bit_length() - 1)
    single = prepare(preparation, state, qubits)
    made = cirq.Simulator(dtype=np.complex128).simulate(single.circuit, qubit_order=qubits).final_state_vector
    assert single.fidelity == pytest.approx(abs(made @ state) ** 2, abs=1e-12)
    operations = list(single.circuit.all_operations())
    assert all(stage_of(op) is Stage.PREPARATION for op in operations)
    assert abs(made @ single.state) == pytest.approx(1.0, abs=1e-12)
    return sum(op.gate == cirq.CZ for op in operations), single.fidelity


def _product(vectors: list[FloatArray]) -> FloatArray:
    state = np.ones(1)
    for vector in vectors:
        state = np.kron(state, vector)
    return np.asarray(state / np.linalg.norm(state))


@pytest.mark.parametrize("preparation", PREPARATIONS, ids=lambda preparation: preparation.name)
@given(st.lists(arrays(np.float64, 2, elements=st.integers(-3, 3).map(float)).filter(np.any), min_size=1, max_size=6))
def test_products_need_no_cz(preparation: Preparation, vectors: list[FloatArray]) -> None:
    gates, fidelity = _check(preparation, _product(vectors))
    assert gates == 0
    assert fidelity == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("preparation", PREPARATIONS, ids=lambda preparation: preparation.name)
def test_basis_and_uniform_states_keep_only_the_rotations_that_turn(preparation: Preparation) -> None:
    qubits = cirq.LineQubit.range(4)
    zero = prepare(preparation, np.eye(16)[0], qubits)
    assert not list(zero.circuit.all_operations())
    assert len(list(prepare(preparation, -np.eye(16)[5], qubits).circuit.all_operations())) == 2
    assert len(list(prepare(preparation, np.full(16, 0.25), qubits).circuit.all_operations())) == 4


def test_entangled_parts_are_prepared_apart(rng: np.random.Generator) -> None:
    pair, triple = rng.normal(size=4), rng.normal(size=8)
    state = _product([pair, np.array([1.0, 2.0]), triple])
    assert _check(ExactPreparation(), state) == (1 + 3, pytest.approx(1.0, abs=1e-12))
    assert _check(MpsPreparation(2), state) == (1 + 3, pytest.approx(1.0, abs=1e-12))


@settings(max_examples=15)
@given(
    st.integers(1, 4).flatmap(lambda n: arrays(np.float64, 2**n, elements=st.integers(-2, 2).map(float)).filter(np.any))
)
def test_never_more_gates_nor_less_fidelity_than_the_template(vector: FloatArray) -> None:
    state = vector / np.linalg.norm(vector)
    for preparation in PREPARATIONS:
        gates, fidelity = _check(preparation, state)
        assert gates <= preparation.template(len(state).bit_length() - 1).two_qubit_gates
        assert fidelity >= preparation.fit(state[None]).fidelity[0] - 1e-9


def test_without_preparation_the_circuit_is_empty(rng: np.random.Generator) -> None:
    state = rng.normal(size=8)
    single = prepare(NoPreparation(), state / np.linalg.norm(state), cirq.LineQubit.range(3))
    assert (len(single.circuit), single.fidelity) == (0, 1.0)


def test_a_fidelity_is_settled_first(rng: np.random.Generator) -> None:
    state = np.abs(rng.normal(size=16)) + 1.0
    state /= np.linalg.norm(state)
    assert _check(MpsToFidelity(0.5), state)[0] == 0
    assert _check(MpsToFidelity(0.999999), state)[1] >= 0.999999


def test_wrong_number_of_qubits() -> None:
    with pytest.raises(ValueError, match="3 qubits for a state of 2"):
        prepare(ExactPreparation(), np.full(4, 0.5), cirq.LineQubit.range(3))
