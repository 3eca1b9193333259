"""Exact preparation: every kind of real vector is reached with the promised gates; what races and homotopies do."""

import cirq
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from qpbae_tn.compiler.gates import count
from qpbae_tn.compiler.preparation import line_fit
from qpbae_tn.compiler.preparation.exact import ExactPreparation, exact_ladder, multiplexed_angles, multiplexed_template
from qpbae_tn.compiler.preparation.levenberg_marquardt import LadderSweep
from qpbae_tn.compiler.preparation.line_fit import PreparationError
from qpbae_tn.compiler.preparation.template import Ladder
from qpbae_tn.errors import InputError

FloatArray = NDArray[np.float64]

EXACT = ExactPreparation()


def _normalised(stack: FloatArray) -> FloatArray:
    return np.asarray(stack / np.linalg.norm(stack, axis=-1, keepdims=True))


def _families(qubit_count: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    size, side = 2**qubit_count, 2 ** (qubit_count // 2)
    rows, columns = np.divmod(np.arange(size) / side, 1.0)
    slopes = rng.normal(size=(3, 2))
    sparse = rng.normal(size=(3, size)) * (rng.random((3, size)) < 0.2)
    sparse[:, 1] += 1.0
    return {
        "noise": rng.normal(size=(3, size)),
        "light": rng.random((3, size)),
        "signs": rng.choice([-1.0, 1.0], size=(3, size)),
        "sparse": sparse,
        "two pixels": np.eye(size)[[0, 1, 2]] - np.eye(size)[[-1, -2, 5]],
        "gradient": 2 + slopes[:, :1] * rows / side + slopes[:, 1:] * columns,
        "faint texture": 1 + 0.01 * rng.normal(size=(3, size)),
        "almost a product": 1 + 1e-4 * np.cos(rng.normal(size=(2, 1)) * np.arange(size)),
        "basis": np.eye(size)[[0, -1, 3]] * [[1.0], [-1.0], [1.0]],
        "uniform": np.ones((1, size)),
    }


@pytest.mark.parametrize("qubit_count", [4, 6])
@pytest.mark.parametrize("family", _families(4, np.random.default_rng(0)))
def test_every_kind_of_vector(family: str, qubit_count: int, rng: np.random.Generator) -> None:
    states = _normalised(_families(qubit_count, rng)[family])
    fit = EXACT.fit(states)
    assert (fit.fidelity > 1 - 1e-13).all()
    overlaps = np.einsum("pk,pk->p", EXACT.template(qubit_count).states(fit.angles), states)
    np.testing.assert_allclose(np.abs(overlaps), 1.0, atol=1e-13)


@settings(max_examples=25)
@given(
    st.integers(1, 5).flatmap(
        lambda n: arrays(np.float64, 2**n, elements=st.floats(-1, 1, width=16)).filter(lambda v: np.abs(v).max() > 1e-3)
    )
)
def test_any_vector(vector: FloatArray) -> None:
    assert EXACT.fit(_normalised(vector[None])).fidelity[0] > 1 - 1e-13


@pytest.mark.parametrize(
    ("qubit_count", "gates", "depth"),
    [(1, 0, 0), (2, 1, 1), (3, 3, 3), (4, 7, 5), (5, 15, 8), (6, 32, 13), (7, 64, 22), (8, 127, 37)],
)
def test_gates_on_a_line(qubit_count: int, gates: int, depth: int) -> None:
    template = EXACT.template(qubit_count)
    counts = count(template.circuit(cirq.LineQubit.range(qubit_count)))
    assert counts.two_qubit_gates == template.two_qubit_gates == gates
    assert counts.two_qubit_depth == depth
    assert template.nearest_neighbour


@pytest.mark.parametrize("qubit_count", [4, 5, 6, 7, 8])
def test_line_templates_reach_every_direction(qubit_count: int, rng: np.random.Generator) -> None:
    sweep = LadderSweep(exact_ladder(qubit_count))
    _, derivatives = sweep.states_and_derivatives(rng.uniform(-3, 3, size=(1, sweep.ladder.parameter_count)))
    assert np.linalg.matrix_rank(derivatives[0], tol=1e-6) == 2**qubit_count - 1


@pytest.mark.parametrize("qubit_count", range(1, 11))
def test_multiplexed_rotations(qubit_count: int, rng: np.random.Generator) -> None:
    template = multiplexed_template(qubit_count)
    assert template.two_qubit_gates == 2**qubit_count - qubit_count - 1 <= max(2**qubit_count - 2, 0)
    assert template.parameter_count == 2**qubit_count - 1
    size = 2**qubit_count
    states = np.stack([rng.normal(size=size), np.eye(size)[-1], np.ones(size), rng.choice([-1.0, 0.0, 1.0], size=size)])
    states[3, 0] = 1.0
    states = _normalised(states)
    overlaps = np.einsum("pk,pk->p", template.states(multiplexed_angles(states)), states)
    np.testing.assert_allclose(np.abs(overlaps), 1.0, atol=1e-12)


@pytest.mark.parametrize("qubit_count", [7, 8])
def test_larger_lines(qubit_count: int, rng: np.random.Generator) -> None:
    states = _normalised(rng.random(size=(1, 2**qubit_count)))
    assert (EXACT.fit(states).fidelity > 1 - 1e-13).all()


def test_past_eight_qubits_gates_join_any_two(rng: np.random.Generator) -> None:
    states = _normalised(rng.normal(size=(2, 512)))
    assert (EXACT.fit(states).fidelity > 1 - 1e-12).all()
    assert EXACT.template(9).two_qubit_gates == 502
    assert not EXACT.template(9).nearest_neighbour


def test_a_stack_equals_its_states_one_by_one(rng: np.random.Generator) -> None:
    states = _normalised(rng.random((5, 16)))
    together = EXACT.fit(states)
    apart = np.concatenate([EXACT.fit(state[None]).angles for state in states])
    np.testing.assert_allclose(together.angles, apart, atol=1e-6)
    assert EXACT.fit(states[:0]).angles.shape == (0, 18)


def test_cirq_agrees_for_eight_pixels(rng: np.random.Generator) -> None:
    (state,) = states = _normalised(rng.random((1, 64)))
    template, qubits = EXACT.template(6), cirq.LineQubit.range(6)
    resolver = template.resolver(EXACT.fit(states).angles[0])
    made = cirq.Simulator(dtype=np.complex128).simulate(template.circuit(qubits), resolver, qubit_order=qubits)
    assert abs(made.final_state_vector @ state) ** 2 > 1 - 1e-12


def test_a_ladder_without_enough_angles_says_so(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_fit, "_HOMOTOPIES", line_fit._HOMOTOPIES[:1])
    with pytest.raises(PreparationError, match="no angles found for 1 states of 3 qubits"):
        line_fit.fit_states(Ladder(3, ((0, 1),)), _normalised(rng.normal(size=(1, 8))))


@pytest.mark.parametrize(
    "states", [np.ones((1, 4)), np.ones((2, 3)), np.ones(4) / 2, np.full((1, 4), np.nan), np.ones((1, 1))]
)
def test_what_is_no_stack_of_states_is_refused(states: FloatArray) -> None:
    with pytest.raises(InputError, match="states"):
        EXACT.fit(states)


def test_too_many_qubits_are_refused() -> None:
    with pytest.raises(InputError, match="give mps"):
        EXACT.template(13)
