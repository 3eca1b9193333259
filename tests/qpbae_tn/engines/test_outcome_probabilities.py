"""Every engine's outcome probabilities on the same input, against the amplitudes of the Cirq circuit."""

from __future__ import annotations

import cirq
import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.circuits import encoder
from qpbae_tn.engines import make_engine
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import Outcomes, side_qubits
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
TOLERANCE = {"exact": 1e-12, "qsim": 1e-6, "mps": 1e-10, "quimb": 1e-12, "auto": 1e-12}


def cases() -> list[ModelSpecification]:
    chosen = []
    for size, bottlenecks in ((2, (1,)), (4, (1, 2, 3)), (8, (1, 3))):
        for index, bottleneck in enumerate(bottlenecks):
            for number, kind in enumerate(BLOCK_KINDS.values()):
                chosen.append(
                    ModelSpecification.build(
                        size,
                        1,
                        bottleneck,
                        pattern=("staircase", "brick")[(index + number) % 2],
                        kind=kind,
                        layers=1 + index % 2,
                        trash=("first", "last")[(index + number + size // 4) % 2],
                        pixel_order=("row", "column", "morton")[(index + 2 * number) % 3],
                    )
                )
    return chosen


def random_states(specification: ModelSpecification, rng: np.random.Generator, count: int) -> Array:
    states = 1.0 + 0.5 * rng.normal(size=(count, specification.pixel_count))
    return states / np.linalg.norm(states, axis=1, keepdims=True)


def by_counting(specification: ModelSpecification, angles: Array, state: Array, kind: OutcomeKind) -> Array:
    """Each string's probability from the circuit, put where the definition of the outcome says, bit by bit."""
    qubits = cirq.LineQubit.range(specification.qubit_count)
    circuit = encoder(specification.ansatz, angles, qubits)
    simulator = cirq.Simulator(dtype=np.complex128)
    final = simulator.simulate(circuit, qubit_order=qubits, initial_state=state.astype(np.complex128))
    outcomes = Outcomes(specification, kind)
    rows, columns = side_qubits(specification)
    result = np.zeros(outcomes.count)
    for string, amplitude in enumerate(final.final_state_vector):
        bits = [int(bit) for bit in f"{string:0{len(qubits)}b}"]
        if kind == "classes":
            finest = [
                max((k + 1 for k, qubit in enumerate(side) if bits[qubit]), default=0) for side in (rows, columns)
            ]
            index = finest[0] * (len(rows) + 1) + finest[1]
        else:
            index = int("".join(str(bits[qubit]) for qubit in outcomes.measured), 2)
        result[index] += abs(amplitude) ** 2
    return result


@pytest.mark.parametrize("kind", ["trash", "all", "classes"])
@pytest.mark.parametrize("specification", cases(), ids=str)
def test_engines_agree_with_the_circuit(
    specification: ModelSpecification, kind: OutcomeKind, rng: np.random.Generator
) -> None:
    angles = rng.normal(size=specification.ansatz.parameter_count)
    states = random_states(specification, rng, 3)
    expected = np.stack([by_counting(specification, angles, state, kind) for state in states])
    for name, tolerance in TOLERANCE.items():
        found = make_engine(name).outcome_probabilities(specification, angles, states, kind)
        np.testing.assert_allclose(found, expected, atol=tolerance, rtol=0, err_msg=name)


def test_the_first_trash_outcome_is_the_trash_fidelity(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2, layers=2, trash="last")
    angles, states = rng.normal(size=20), random_states(specification, rng, 4)
    for name in TOLERANCE:
        engine = make_engine(name)
        trash = engine.trash_fidelity(specification, angles, states)
        outcomes = engine.outcome_probabilities(specification, angles, states, "trash")
        np.testing.assert_allclose(outcomes[:, 0], trash, atol=2e-6, rtol=0)


def test_classes_of_a_large_patch_by_two_engines(rng: np.random.Generator) -> None:
    """n = 14, past what is held string by string: dense algebra against the network's nested projections."""
    specification = ModelSpecification.build(128, 1, 1, pixel_order="morton", image_size=128)
    angles = rng.normal(size=26)
    states = random_states(specification, rng, 2)
    exact, mps = (
        make_engine(name).outcome_probabilities(specification, angles, states, "classes") for name in ("exact", "mps")
    )
    np.testing.assert_allclose(mps, exact, atol=1e-10, rtol=0)
    np.testing.assert_allclose(exact.sum(axis=1), 1.0, atol=1e-10)
    for kind in ("all", "trash"):
        with pytest.raises(InputError, match="outcomes, at most 4,096"):
            make_engine("exact").outcome_probabilities(specification, angles, states, kind)
