"""The readout `outcomes`: what its reductions allow, its gate counts on Willow, and that it is verified and runs."""

from __future__ import annotations

from dataclasses import replace

import cirq
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qpbae_tn.compiler.execution import execute
from qpbae_tn.compiler.expectation import outcomes
from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.outcomes import OutcomeEstimator, WeightedEstimate
from qpbae_tn.compiler.passes import Checks, VerificationError, generic_values, run, transformed
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import OutcomesReadout, outcomes_readout
from qpbae_tn.compiler.reductions import LITERAL, OUTCOME_NAMES, REDUCTIONS
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.normal import learn_normal
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.model import Model
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]
IMAGES = np.clip(0.5 + 0.2 * np.random.default_rng(3).normal(size=(4, 16, 16)), 0, 1)


def model_of(specification: ModelSpecification, seed: int = 0, kind: str = "trash") -> Model:
    angles = np.random.default_rng(seed).uniform(-1.2, -0.2, size=specification.ansatz.parameter_count)
    score = Score("weighted", outcomes=kind, epsilon=1e-3)  # type: ignore[arg-type]
    normal = learn_normal(specification, angles, ExactEngine(), IMAGES, score)
    return Model(specification, angles, score=score, normal=normal)


def drawn(model: Model) -> Program:
    return outcomes_readout(model).program(model.specification, model.angles.tolist())


@given(
    st.integers(0, 2**31),
    st.sampled_from(["trash", "all", "classes"]),
    st.sampled_from(["first", "last"]),
    st.sampled_from(sorted(BLOCK_KINDS)),
    st.sampled_from(["staircase", "brick"]),
)
def test_reductions_keep_every_outcome(seed, kind, trash, block, pattern) -> None:  # type: ignore[no-untyped-def]
    specification = ModelSpecification.build(
        4, 4, 1 + seed % 3, pattern=pattern, kind=BLOCK_KINDS[block], layers=1 + seed % 2, trash=trash, image_size=16
    )
    model = model_of(specification, seed, kind)
    program = drawn(model)
    reduced = transformed(program, (*LITERAL, *REDUCTIONS))
    state = np.random.default_rng(seed).normal(size=16)
    state /= np.linalg.norm(state)
    expected = outcome_probabilities(specification, model.angles, state[None], kind)[0]
    np.testing.assert_allclose(outcomes(program, state), expected, atol=1e-12)
    np.testing.assert_allclose(outcomes(reduced, state), expected, atol=1e-12)
    assert len(reduced.operations) <= len(program.operations)


@given(st.integers(0, 2**31), st.sampled_from(["trash", "all"]))
def test_any_renaming_at_the_end_is_taken_out(seed: int, kind: str) -> None:
    """X, half turns, CNOT and SWAP put behind an encoder: no gate of them is left, and no outcome changes."""
    rng = np.random.default_rng(seed)
    model = model_of(ModelSpecification.build(4, 4, 2, image_size=16), seed, kind)
    program = drawn(model)
    gates = []
    for _ in range(6):
        first, second = (program.measured[place] for place in rng.choice(len(program.measured), 2, replace=False))
        gates.append(
            [
                cirq.X(first),
                cirq.ry(np.pi)(first),
                cirq.ry(-np.pi)(first),
                cirq.CNOT(first, second),
                cirq.SWAP(first, second),
            ][rng.integers(5)]
        )
    longer = program.with_operations((*program.operations, *tagged(gates, Stage.ENCODER).all_operations()))
    reduced, log = run(longer, (*LITERAL, OUTCOME_NAMES), Checks())
    assert len(reduced.operations) <= len(transformed(program, (OUTCOME_NAMES,)).operations)
    np.testing.assert_allclose(generic_values(reduced), generic_values(longer), atol=1e-12)
    assert all(record.check.deviation is not None for record in log)


def test_a_cnot_into_the_measured_register_stays() -> None:
    """Its control is not measured: leaving it out would change what is found, and the check would say so."""
    program = drawn(model_of(ModelSpecification.build(4, 4, 2, image_size=16)))
    data = program.inputs[0]
    longer = program.with_operations(
        (*program.operations, *tagged(cirq.CNOT(data[3], data[0]), Stage.ENCODER).all_operations())
    )
    assert OUTCOME_NAMES.apply(longer).operations[-1].qubits == (data[3], data[0])
    wrong = replace(OUTCOME_NAMES, apply=lambda _: program)
    with pytest.raises(VerificationError, match="moved"):
        run(longer, (wrong,), Checks())


def test_counts_on_willow() -> None:
    """P = 4: the paper's layer needs 2 CZ for T, two brick layers of SO(4) 12 for A; exact preparation adds 7."""
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.targets.devices import parse_target

    target = parse_target("willow_pink")
    paper = model_of(ModelSpecification.build(4, 4, 1, image_size=16))
    brick = model_of(
        ModelSpecification.build(4, 4, 1, pattern="brick", kind=BLOCK_KINDS["so4"], layers=2, image_size=16), kind="all"
    )
    for model, encoder in ((paper, 2), (brick, 12)):
        for preparation, gates in (("none", encoder), ("exact", encoder + 7)):
            program = compile_program(
                model.specification, model.angles, outcomes_readout(model), parse_preparation(preparation), target
            )
            assert program.counts.two_qubit_gates <= gates
            assert program.counts.qubits == 4
            assert program.placement.swaps == 0
            assert program.verification.largest_outcome_difference is not None
            assert program.verification.largest_outcome_difference < 1e-6


@pytest.mark.parametrize("kind", ["trash", "classes"])
def test_shots_are_weighed_on_a_sampler(kind: str) -> None:
    from qpbae_tn.compiler.execution import SamplerKind, make_sampler
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.targets.devices import parse_target

    target, model = parse_target("willow_pink"), model_of(ModelSpecification.build(4, 4, 1, image_size=16), kind=kind)
    states = np.random.default_rng(5).uniform(size=(3, 16))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    program = compile_program(model.specification, None, outcomes_readout(model), parse_preparation("exact"), target)
    scores = execute(program, states, make_sampler(SamplerKind.IDEAL, target), 4000, angles=model.angles)
    probabilities = outcome_probabilities(model.specification, model.angles, states, kind)  # type: ignore[arg-type]
    estimator = program.estimator
    assert isinstance(estimator, OutcomeEstimator)
    for score, expected in zip(scores, probabilities @ np.array(estimator.weights), strict=True):
        assert isinstance(score.estimate, WeightedEstimate)
        assert score.exact == pytest.approx(expected)
        assert score.prepared == pytest.approx(expected, rel=1e-6)
        assert score.estimate.value == pytest.approx(expected, abs=5 * score.standard_error)


def test_weights_come_from_the_model() -> None:
    specification = ModelSpecification.build(4, 4, 1, image_size=16)
    model = model_of(specification, kind="all")
    assert outcomes_readout(model).score.outcomes == "all"
    assert outcomes_readout(model, "trash").score.outcomes == "trash"
    plain = replace(model, score=Score("reconstruction", "log"))
    assert outcomes_readout(plain).score == Score("weighted", "log")
    with pytest.raises(InputError, match="normal patches"):
        outcomes_readout(Model(specification, model.angles))
    with pytest.raises(InputError, match="positions"):
        OutcomesReadout(Score("weighted", positions=True), model.known_normal).program(
            specification, model.angles.tolist()
        )
