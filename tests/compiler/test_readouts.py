from __future__ import annotations

import cirq
import numpy as np
import pytest
from scipy.stats import binomtest

from qpbae_tn.compiler.expectation import mean
from qpbae_tn.compiler.passes import transformed
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import READOUTS, Quantity, get_readout, one_shot_variance
from qpbae_tn.compiler.reductions import ALL
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import RY, SO4, BlockKind
from qpbae_tn.model.names import Trash
from qpbae_tn.model.specification import ModelSpecification

SPECIFICATIONS = [
    (2, 1, RY, 1, "first"),
    (2, 1, SO4, 2, "last"),
    (4, 1, RY, 1, "first"),
    (4, 1, SO4, 1, "first"),
    (4, 2, RY, 2, "last"),
    (4, 3, SO4, 2, "first"),
    (8, 2, RY, 1, "first"),
]
IDS = [f"P{size}-BD{latents}-{kind.name}-{layers}-{trash}" for size, latents, kind, layers, trash in SPECIFICATIONS]


def draw(
    size: int, latents: int, kind: BlockKind, layers: int, trash: Trash
) -> tuple[ModelSpecification, np.ndarray, np.ndarray]:
    specification = ModelSpecification.build(size, 1, latents, kind=kind, layers=layers, trash=trash)
    rng = np.random.default_rng(size + latents)
    angles = rng.normal(scale=0.7, size=specification.ansatz.parameter_count)
    state = rng.uniform(size=specification.pixel_count)
    return specification, angles, state / np.linalg.norm(state)


def fidelities(specification: ModelSpecification, angles: np.ndarray, state: np.ndarray) -> dict[Quantity, float]:
    engine = ExactEngine()
    return {
        Quantity.TRASH_FIDELITY: float(engine.trash_fidelity(specification, angles, state[None])[0]),
        Quantity.FIDELITY: float(engine.reconstruction_fidelity(specification, angles, state[None])[0]),
    }


def outcome_probabilities(program: Program, state: np.ndarray) -> np.ndarray:
    """Probabilities of all outcomes by Cirq's simulator, with dense unitaries as preparation."""
    basis, _ = np.linalg.qr(np.column_stack([state, np.eye(len(state))[:, 1:]]))
    basis *= np.sign(basis[:, 0] @ state)
    circuit = cirq.Circuit(
        (cirq.MatrixGate(basis)(*register) for register in program.inputs),
        program.circuit,
        (cirq.MatrixGate(basis.T)(*register) for register in program.outputs),
    )
    order = [*program.measured, *sorted(program.qubits.difference(program.measured))]
    final = cirq.Simulator(dtype=np.complex128).simulate(circuit, qubit_order=order).final_state_vector
    return (np.abs(final) ** 2).reshape(2 ** len(program.measured), -1).sum(axis=1)


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
@pytest.mark.parametrize("parts", SPECIFICATIONS, ids=IDS)
def test_every_readout_gives_the_closed_formula(parts, readout) -> None:
    specification, angles, state = draw(*parts)
    expected = fidelities(specification, angles, state)[readout.quantity]
    program = readout.program(specification, list(angles))
    assert mean(program, state).value == pytest.approx(expected, abs=1e-12)
    reduced = transformed(program, ALL)
    assert mean(reduced, state).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("reductions", [(), ALL], ids=["literal", "reduced"])
@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
@pytest.mark.parametrize("parts", SPECIFICATIONS[:5], ids=IDS[:5])
def test_shots_follow_the_stated_distribution(parts, readout, reductions) -> None:
    specification, angles, state = draw(*parts)
    program = transformed(readout.program(specification, list(angles)), reductions)
    exact = fidelities(specification, angles, state)
    stated = readout.value_probabilities(exact[Quantity.TRASH_FIDELITY], exact[Quantity.FIDELITY])

    outcomes = outcome_probabilities(program, state)
    bits = np.arange(len(outcomes))[:, None] >> np.arange(len(program.measured))[::-1] & 1
    values = program.estimator.values(bits)
    found = [outcomes[values == value].sum() for value in (-1, 0, 1)]
    assert found == pytest.approx(stated, abs=1e-10)
    spread = np.dot(outcomes, values.astype(float) ** 2) - np.dot(outcomes, values) ** 2
    variance = one_shot_variance(readout, exact[Quantity.TRASH_FIDELITY], exact[Quantity.FIDELITY])
    assert variance == pytest.approx(spread, abs=1e-10)


def test_sampled_bits_agree_with_the_distribution() -> None:
    """Exact binomial tests of each value of each readout, corrected for their number."""
    specification, angles, state = draw(4, 1, RY, 1, "first")
    exact = fidelities(specification, angles, state)
    shots, smallest, tests = 20_000, 1.0, 0
    for readout in READOUTS.values():
        program = transformed(readout.program(specification, list(angles)), ALL)
        rng = np.random.default_rng(5)
        outcomes = outcome_probabilities(program, state)
        drawn = rng.choice(len(outcomes), size=shots, p=outcomes / outcomes.sum())
        estimate = program.estimator.estimate(drawn[:, None] >> np.arange(len(program.measured))[::-1] & 1)
        stated = readout.value_probabilities(exact[Quantity.TRASH_FIDELITY], exact[Quantity.FIDELITY])
        for count, probability in zip((estimate.minus, estimate.zero, estimate.plus), stated, strict=True):
            if probability == 0:
                assert count == 0
            else:
                smallest, tests = min(smallest, binomtest(count, shots, probability).pvalue), tests + 1
    assert smallest > 0.01 / tests


def test_the_design_s_variances() -> None:
    trash, full = np.array([0.9, 0.5, 1.0]), np.array([0.85, 0.3, 1.0])
    expected = {
        "ancilla": 1 - full**2,
        "ancilla_training": 1 - trash**2,
        "direct": trash * (1 - trash),
        "destructive": 1 - full**2,
        "echo": full * (1 - full),
        "latent": trash - full**2,
    }
    assert expected.keys() == READOUTS.keys()
    for name, variance in expected.items():
        assert one_shot_variance(READOUTS[name], trash, full) == pytest.approx(variance)


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
def test_needs_are_what_the_circuit_uses(readout) -> None:
    specification = ModelSpecification.build(4, 1, 1)
    needs, program = readout.needs(specification), readout.program(specification, [0.1] * 6)
    used = needs.copies * specification.qubit_count + needs.fresh + needs.ancillas
    assert len(program.qubits) == used
    assert (len(program.inputs), len(program.outputs)) == (needs.copies, needs.inverse_preparations)


def test_an_unknown_readout_is_refused() -> None:
    with pytest.raises(InputError, match="choose one of latent, destructive, echo"):
        get_readout("swap")
