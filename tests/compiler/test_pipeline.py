from __future__ import annotations

import json
from functools import cache
from typing import Any

import cirq
import numpy as np
import pytest

from qpbae_tn.compiler.circuits import generic_angles, generic_state
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.compiler.passes import VerificationError
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.compiler.targets.target import NativeGate
from qpbae_tn.compiler.verification import model_scores, verify
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import RY, SO4
from qpbae_tn.model.specification import ModelSpecification

LIMITS: dict[tuple[str, str, bool], tuple[tuple[int, int | None], ...]] = {
    ("destructive", "none", True): ((10, 7), (16, 11), (22, 15)),
    ("destructive", "none", False): ((7, 4), (10, 5), (14, 7)),
    ("latent", "none", False): ((4, None), (6, None), (8, None)),
    ("echo", "none", False): ((3, None), (4, None), (6, None)),
    ("ancilla", "none", False): ((36, None), (54, None)),
    ("latent", "mps", False): ((14, None), (24, None), (34, None)),
    ("latent", "exact", False): ((18, None), (70, None)),
    ("direct", "none", False): ((0, 0), (0, 0), (0, 0)),
}
CELLS = [(*key, index) for key, limits in LIMITS.items() for index in range(len(limits))]


@cache
def compiled(
    readout: str, size: int, latents: int, preparation: str = "mps", target: str = "willow_pink", **options: Any
) -> CompiledProgram:
    model = {key: options.pop(key) for key in ("kind", "layers", "trash") if key in options}
    specification = ModelSpecification.build(size, size, latents, **model)
    how = {"none": NoPreparation(), "mps": MpsPreparation(2), "exact": ExactPreparation()}[preparation]
    native = options.pop("native", None)
    angles = generic_angles(specification, 0) if options.pop("numbers", True) else None
    return compile_program(specification, angles, READOUTS[readout], how, load_target(target, native), **options)


def score_by_simulation(program: CompiledProgram, circuit: cirq.Circuit) -> float:
    """The mean of the readout by Cirq's state vector, in double precision."""
    gates = cirq.Circuit(op for op in circuit.all_operations() if not cirq.is_measurement(op))
    order = [*program.measured, *sorted(gates.all_qubits().difference(program.measured))]
    final = cirq.Simulator(dtype=np.complex128).simulate(gates, qubit_order=order).final_state_vector
    probabilities = (np.abs(final) ** 2).reshape(2 ** len(program.measured), -1).sum(axis=1)
    return program.estimator.expectation(probabilities)


@pytest.mark.parametrize(("readout", "preparation", "literal", "index"), CELLS)
def test_counts_on_willow_stay_within_the_limits(readout: str, preparation: str, literal: bool, index: int) -> None:
    size, latents = ((4, 1), (8, 2), (16, 2))[index]
    program = compiled(readout, size, latents, preparation, literal=literal)
    gates, depth = LIMITS[readout, preparation, literal][index]
    assert program.placement.swaps == 0
    assert program.counts.two_qubit_gates <= gates
    assert depth is None or program.counts.two_qubit_depth <= depth
    document = json.loads(json.dumps(program.to_json()))
    assert document["two_qubit_gates"] == program.counts.two_qubit_gates == program.price.two_qubit_gates
    assert document["two_qubit_depth"] == program.counts.two_qubit_depth
    assert document["literal"]["two_qubit_gates"] >= document["two_qubit_gates"] or readout == "ancilla"
    assert document["verified"] is True


MODELS = [
    {"size": 2, "latents": 1, "kind": SO4, "layers": 2},
    {"size": 4, "latents": 2, "kind": SO4, "layers": 1},
    {"size": 4, "latents": 1, "kind": RY, "layers": 2, "trash": "last"},
]


@pytest.mark.parametrize("model", MODELS, ids=["P2-so4-2", "P4-so4", "P4-ry-2-last"])
@pytest.mark.parametrize("readout", READOUTS)
def test_compiled_circuits_score_like_the_model(readout: str, model: dict[str, Any]) -> None:
    """An independent route: Cirq's simulator on the native circuit, for another patch than it was compiled with."""
    program = compiled(readout, **model)
    state = generic_state(program.specification, 5)
    bound = program.bind(state)
    values, _ = program.fit(state[None])
    prepared = program.prepared_states(values)[0]
    (expected,) = model_scores(program.specification, program.angles, prepared[None], program.readout.quantity)
    assert score_by_simulation(program, bound.circuit) == pytest.approx(expected, abs=1e-6)
    assert (prepared @ state) ** 2 == pytest.approx(bound.preparation_fidelity, abs=1e-9)
    assert program.verification.difference < 1e-9


@pytest.mark.parametrize("target", ["weber", "rainbow"])
@pytest.mark.parametrize("native", [NativeGate.SYC, NativeGate.SQRT_ISWAP])
@pytest.mark.parametrize("readout", ["latent", "echo", "ancilla_training"])
def test_sycamore_programs_pass_their_devices_validation(readout: str, native: NativeGate, target: str) -> None:
    program = compiled(readout, 4, 1, target=target, native=native)
    bound = program.bind(generic_state(program.specification, 3))
    program.target.device.validate_circuit(bound.circuit)
    program.target.device.validate_circuit(program.circuit)
    twos = {op.gate for op in bound.circuit.all_operations() if len(op.qubits) == 2 and not cirq.is_measurement(op)}
    assert twos == {native.gate}
    values, _ = program.fit(generic_state(program.specification, 3)[None])
    prepared = program.prepared_states(values)
    (expected,) = model_scores(program.specification, program.angles, prepared, program.readout.quantity)
    assert score_by_simulation(program, bound.circuit) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("target", ["willow_pink", "rainbow"])
def test_a_missing_inverse_preparation_is_not_taken_for_a_measurement(target: str) -> None:
    """Phases at the end of `echo` count as long as the inverse preparation has not come."""
    specification = ModelSpecification.build(4, 4, 2, pattern="brick", layers=2)
    angles = generic_angles(specification, 1)
    program = compile_program(specification, angles, READOUTS["echo"], NoPreparation(), load_target(target))
    assert program.verification.expected > 0.05
    assert program.verification.difference < 1e-9


def test_symbolic_angles_give_the_circuit_of_their_numbers() -> None:
    symbolic = compiled("destructive", 4, 1, numbers=False)
    state, angles = generic_state(symbolic.specification, 2), generic_angles(symbolic.specification, 9)
    bound = symbolic.bind(state, angles)
    values, _ = symbolic.fit(state[None], angles)
    (expected,) = model_scores(symbolic.specification, angles, symbolic.prepared_states(values), Quantity.FIDELITY)
    assert score_by_simulation(symbolic, bound.circuit) == pytest.approx(expected, abs=1e-9)
    with pytest.raises(InputError, match="symbols"):
        symbolic.bind(state)
    with pytest.raises(InputError, match="already"):
        compiled("destructive", 4, 1).bind(state, angles)


def test_a_sweep_binds_all_patches() -> None:
    program = compiled("latent", 4, 1)
    states = np.array([generic_state(program.specification, seed) for seed in range(4)])
    points = list(program.sweep(states))
    assert len(points) == 4
    for state, resolver in zip(states, points, strict=True):
        resolved = cirq.resolve_parameters(program.circuit, resolver)
        single = program.bind(state).circuit
        assert score_by_simulation(program, resolved) == pytest.approx(score_by_simulation(program, single), abs=1e-9)


def test_every_stage_is_logged_and_every_gate_tagged() -> None:
    program = compiled("destructive", 8, 2)
    names = [record.name for record in program.log]
    assert names[:4] == ["the paper's circuit", "reset_as_relabelling", "latent_blocks_cancel", "zero_controls"]
    assert "preparation mps:2" in names
    assert "place on willow_pink" in names
    assert names[-1] == "lower to cz"
    assert all(record.check.statement for record in program.log)
    stages = {stage_of(op) for op in program.circuit.all_operations() if not cirq.is_measurement(op)}
    assert stages <= set(Stage)
    assert {stage.stage for stage in program.price.stages} == set(Stage)


def test_literal_programs_keep_the_papers_gates_and_say_when_they_are_routed() -> None:
    literal = compiled("ancilla_training", 2, 1, literal=True)
    names = [record.name for record in literal.log]
    assert not {"ancilla_a_pair", "zero_controls", "projected_controls", "light_cone"} & set(names)
    # Encoder, preparation, and one CSWAP of 8, whose triangle no grid holds: a SWAP of 3 beside a CZ adds one to it.
    assert literal.placement.swaps > 0
    assert "Cirq's router" in literal.placement.note
    assert "merge runs on a pair" in names[names.index("place on willow_pink") :]
    assert literal.counts.two_qubit_gates < 1 + 1 + 8 + 3 * literal.placement.swaps
    assert literal.literal_counts.two_qubit_gates == 10


@pytest.mark.parametrize(("size", "latents", "limit"), [(4, 1, 80), (8, 2, 130)])
def test_swaps_of_routed_circuits_merge_with_the_gates_beside_them(size: int, latents: int, limit: int) -> None:
    """Before merging, and from starts on lines, the same router leaves 182 and 208 CZ."""
    program = compiled("ancilla", size, latents, "none", literal=True)
    assert program.counts.two_qubit_gates <= limit
    assert program.placement.swaps > 0
    assert program.verification.difference < 1e-9
    names = [record.name for record in program.log]
    merge = names.index("merge runs on a pair")
    assert merge > names.index("place on willow_pink")
    before, after = program.log[merge - 1], program.log[merge]
    assert after.two_qubit_gates < before.two_qubit_gates
    assert after.two_qubit_depth <= before.two_qubit_depth
    assert "two or three CZ" in after.check.statement


def test_uniform_patches_collapse() -> None:
    specification = ModelSpecification.build(4, 4, 1)
    uniform = np.full(16, 0.25)
    angles = generic_angles(specification, 1)
    target = load_target("willow_pink")
    program = compile_program(
        specification, angles, READOUTS["latent"], MpsPreparation(2), target, state=uniform, collapse=True
    )
    assert program.price.stages[0].two_qubit_gates == 0
    assert program.counts.two_qubit_gates <= 4
    assert program.preparation_fidelity == pytest.approx(1.0)
    assert not cirq.is_parameterized(program.bind().circuit)
    assert program.bind(uniform).preparation_fidelity == pytest.approx(1.0)
    with pytest.raises(InputError, match="another patch"):
        program.bind(generic_state(specification, 1))


def test_verification_reaches_past_the_state_vector() -> None:
    program = compiled("destructive", 32, 2)
    assert len(program.qubit_map) == 28
    assert program.verification.difference < 1e-9
    assert program.placement.swaps == 0


def test_a_wrong_circuit_is_found_out() -> None:
    program = compiled("latent", 4, 1)
    bound = program.bind().circuit
    index, op = next((i, op) for i, moment in enumerate(bound) for op in moment if len(op.qubits) == 2)
    broken = bound[:index] + cirq.Circuit(bound[index].without_operations_touching(op.qubits)) + bound[index + 1 :]
    found = program.verification
    with pytest.raises(VerificationError, match="where the model's F is"):
        verify(
            program.native.with_schedule(broken),
            program.target,
            program.readout.quantity,
            patch=program.state,
            expected=found.expected,
            for_patch=found.for_patch,
        )


def test_a_device_that_is_too_small_says_what_would_fit() -> None:
    with pytest.raises(InputError, match=r"needs 30 qubits, rainbow has 23.*at least 30"):
        compiled("ancilla", 16, 2, "none", target="rainbow")


def test_bad_input_is_refused() -> None:
    specification, target = ModelSpecification.build(4, 4, 1), load_target("willow_pink")
    angles = generic_angles(specification, 0)
    for state in (np.ones(16), np.ones(4) / 2):
        with pytest.raises(InputError, match="unit vector of 16"):
            compile_program(specification, angles, READOUTS["latent"], NoPreparation(), target, state=state)
    with pytest.raises(InputError, match="5 angles for an ansatz of 6"):
        compile_program(specification, angles[:5], READOUTS["latent"], NoPreparation(), target)


def test_equal_arguments_give_equal_programs() -> None:
    specification, target = ModelSpecification.build(4, 4, 1), load_target("willow_pink")
    first, second = (
        compile_program(specification, generic_angles(specification, 0), READOUTS["echo"], MpsPreparation(2), target)
        for _ in range(2)
    )
    assert first.circuit == second.circuit
    assert first.to_json() == second.to_json()
