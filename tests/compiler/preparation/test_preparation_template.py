"""Templates: Cirq's simulator agrees with the states and with the derivatives that the fits use."""

import cirq
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.compiler.preparation.exact import ExactPreparation, multiplexed_template
from qpbae_tn.compiler.preparation.levenberg_marquardt import LadderSweep, ladder_sweep
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation
from qpbae_tn.compiler.preparation.template import Ladder, PreparationTemplate
from qpbae_tn.model.blocks import Cz, Ry

SIMULATOR = cirq.Simulator(dtype=np.complex128)

TEMPLATES = {
    "exact": ExactPreparation().template,
    "bond 1": MpsPreparation(1).template,
    "bond 2": MpsPreparation(2).template,
    "bond 4": MpsPreparation(4).template,
    "multiplexed": multiplexed_template,
}


@pytest.mark.parametrize("qubit_count", range(1, 7))
@pytest.mark.parametrize("name", TEMPLATES)
def test_states_numbers_and_symbols_agree(name: str, qubit_count: int, rng: np.random.Generator) -> None:
    template = TEMPLATES[name](qubit_count)
    qubits = cirq.NamedQubit.range(qubit_count, prefix="data_")
    angles = rng.uniform(-7, 7, size=(2, template.parameter_count))
    states = template.states(angles)
    for own, state in zip(angles, states, strict=True):
        numbers = SIMULATOR.simulate(template.circuit(qubits, own), qubit_order=qubits).final_state_vector
        symbols = SIMULATOR.simulate(template.circuit(qubits), template.resolver(own), qubit_order=qubits)
        np.testing.assert_allclose(numbers, state, atol=1e-12)
        np.testing.assert_allclose(symbols.final_state_vector, state, atol=1e-12)
    zero = np.eye(2**qubit_count)[[0, 0]]
    np.testing.assert_allclose(template.undo(states, angles), zero, atol=1e-12)
    back = template.circuit(qubits) + template.inverse(qubits)
    result = SIMULATOR.simulate(back, template.resolver(angles[0]), qubit_order=qubits).final_state_vector
    np.testing.assert_allclose(result, zero[0], atol=1e-12)


@pytest.mark.parametrize("name", TEMPLATES)
def test_only_tagged_ry_and_cz(name: str) -> None:
    template = TEMPLATES[name](4)
    for circuit in (template.circuit(cirq.LineQubit.range(4)), template.inverse(cirq.LineQubit.range(4))):
        for op in circuit.all_operations():
            assert stage_of(op) is Stage.PREPARATION
            assert isinstance(op.gate, cirq.Ry) or op.gate == cirq.CZ
        assert sum(len(op.qubits) == 2 for op in circuit.all_operations()) == template.two_qubit_gates


def test_prefix_names_the_symbols() -> None:
    template = MpsPreparation(2).template(3, prefix="copy")
    assert template.symbols == tuple(sympy.Symbol(f"copy{index}") for index in range(9))
    assert cirq.parameter_names(template.circuit(cirq.LineQubit.range(3))) == {
        symbol.name for symbol in template.symbols
    }
    assert set(template.resolver(np.arange(9.0)).param_dict) == {symbol.name for symbol in template.symbols}


def test_malformed_templates_and_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="once each and in order"):
        PreparationTemplate(2, (Ry(0, 1), Ry(1, 0)))
    template = PreparationTemplate(2, (Ry(0, 0), Cz(0, 1)))
    with pytest.raises(ValueError, match="3 qubits"):
        template.circuit(cirq.LineQubit.range(3))
    with pytest.raises(ValueError, match="2 angles"):
        template.circuit(cirq.LineQubit.range(2), [0.1, 0.2])


def test_no_preparation_is_empty() -> None:
    template = NoPreparation().template(4)
    assert not list(template.circuit(cirq.LineQubit.range(4)).all_operations())
    assert template.parameter_count == template.two_qubit_gates == 0


@given(st.integers(1, 5), st.lists(st.integers(0, 3), max_size=9), st.integers(0, 2**32 - 1))
def test_sweep_agrees_with_gates_and_finite_differences(qubit_count: int, starts: list[int], seed: int) -> None:
    pairs = tuple((start, start + 1) for start in starts if start + 1 < qubit_count)
    sweep = LadderSweep(Ladder(qubit_count, pairs))
    angles = np.random.default_rng(seed).uniform(-4, 4, size=(2, sweep.ladder.parameter_count))
    states, derivatives = sweep.states_and_derivatives(angles)
    np.testing.assert_allclose(states, sweep.ladder.template().states(angles), atol=1e-13)
    np.testing.assert_allclose(states, sweep.states(angles), atol=1e-13)
    for index in range(sweep.ladder.parameter_count):
        shift = np.zeros(sweep.ladder.parameter_count)
        shift[index] = 1e-5
        slope = (sweep.states(angles + shift) - sweep.states(angles - shift)) / 2e-5
        np.testing.assert_allclose(derivatives[:, index], slope, atol=1e-9)


def test_sweep_is_built_once() -> None:
    assert ladder_sweep(Ladder(3, ((0, 1),))) is ladder_sweep(Ladder(3, ((0, 1),)))
