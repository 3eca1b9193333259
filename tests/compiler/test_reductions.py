from __future__ import annotations

import cirq
import networkx as nx
import numpy as np
import pytest

from qpbae_tn.compiler.circuits import generic_angles, symbols
from qpbae_tn.compiler.expectation import expectation
from qpbae_tn.compiler.gates import Stage, count, real_gates
from qpbae_tn.compiler.passes import Checks, Keeps, Pass, VerificationError, generic_mean, run, transformed
from qpbae_tn.compiler.program import Program, generic_value
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.compiler.reductions import (
    ALL,
    ANCILLA_A_PAIR,
    CANCEL_INVERSES,
    LITERAL,
    PROJECTED_CONTROLS,
    RELABEL_RESET,
)
from qpbae_tn.model.ansatz import Ansatz, Block
from qpbae_tn.model.blocks import RY, SO4
from qpbae_tn.model.specification import ModelSpecification

LIMITS = {  # two-qubit gates and depth for (P, BD) = (4, 1), (8, 2), (16, 2); None: no limit
    ("destructive", LITERAL): ((10, 7), (16, 11), (22, 15)),
    ("destructive", ALL): ((7, 4), (10, 5), (14, 7)),
    ("latent", ALL): ((4, None), (6, None), (8, None)),
    ("echo", ALL): ((3, None), (4, None), (6, None)),
    ("ancilla", ALL): ((27, None), (40, None), (54, None)),
    ("direct", ALL): ((0, 0), (0, 0), (0, 0)),
}


def program_of(name: str, specification: ModelSpecification) -> Program:
    return READOUTS[name].program(specification, symbols(specification.ansatz))


@pytest.mark.parametrize("index", range(3), ids=["P4", "P8", "P16"])
@pytest.mark.parametrize(("name", "steps"), LIMITS, ids=[f"{n}-{'all' if s is ALL else 'literal'}" for n, s in LIMITS])
def test_two_qubit_gates_stay_within_the_limits(name: str, steps: tuple[Pass, ...], index: int) -> None:
    size, latents = ((4, 1), (8, 2), (16, 2))[index]
    reduced = transformed(program_of(name, ModelSpecification.build(size, 1, latents)), steps)
    counts = reduced.counts()
    gates, depth = LIMITS[name, steps][index]
    assert counts.two_qubit_gates <= gates
    assert depth is None or counts.two_qubit_depth <= depth


@pytest.mark.parametrize("name", READOUTS)
@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_counts_follow_closed_formulas_for_one_layer(name: str, size: int) -> None:
    latents = 1 if size == 2 else 2
    specification = ModelSpecification.build(size, 1, latents)
    n, trash = specification.qubit_count, specification.trash_count
    reduced = transformed(program_of(name, specification), ALL)
    encoder = n - 1 - (latents - 1)
    expected = {
        "latent": encoder + latents,
        "destructive": encoder + n,
        "echo": encoder,
        "ancilla": encoder + 6 * n,
        "direct": 0,
        "ancilla_training": 5 * trash,
    }
    assert reduced.counts().two_qubit_gates == expected[name]


CASES = [
    ModelSpecification.build(4, 1, 2, kind=SO4),
    ModelSpecification.build(4, 1, 1, layers=2),
    ModelSpecification.build(4, 1, 2, kind=SO4, layers=2, trash="last"),
    ModelSpecification.build(4, 1, 3, pattern="brick", layers=2),
    ModelSpecification.build(4, 1, 3, trash="last"),
    ModelSpecification(4, 1, 2, Ansatz(4, (Block(RY, 3, 0), Block(SO4, 2, 3), Block(RY, 2, 3), Block(RY, 1, 2)))),
]


@pytest.mark.parametrize("name", READOUTS)
@pytest.mark.parametrize("case", range(len(CASES)))
def test_each_step_alone_keeps_the_mean_for_any_ansatz(name: str, case: int) -> None:
    seed = 1 + case
    program = READOUTS[name].program(CASES[case], generic_angles(CASES[case], seed).tolist())
    value = generic_mean(program, seed)
    assert abs(value) > 1e-3
    program = RELABEL_RESET.apply(program)
    for start in (program, ANCILLA_A_PAIR.apply(program)):
        for step in ALL:
            assert generic_mean(step.apply(start), seed) == pytest.approx(value, abs=1e-12), step.name
    reduced, log = run(program, ALL, Checks(seed))
    assert generic_mean(reduced, seed) == pytest.approx(value, abs=1e-12)
    sizes = [record.two_qubit_gates for record in log]
    assert sizes == sorted(sizes, reverse=True) or name.startswith("ancilla")
    assert all(record.check.deviation is not None for record in log)


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("name", READOUTS)
def test_reduced_programs_have_nothing_left_to_reduce(name: str, case: int) -> None:
    reduced = transformed(program_of(name, CASES[case]), ALL)
    assert transformed(reduced, ALL) is reduced


@pytest.mark.parametrize("name", [name for name, readout in READOUTS.items() if name != "echo"])
@pytest.mark.parametrize("split", [False, True])
def test_the_stated_effect_of_each_readout_is_the_true_one(name: str, split: bool) -> None:
    """<O> of the readout's own gates for random product states, against projectors on |0> and SWAPs on pairs."""
    program = RELABEL_RESET.apply(program_of(name, ModelSpecification.build(4, 1, 1)))
    program = ANCILLA_A_PAIR.apply(program) if split else program
    fresh = program.qubits.difference(*program.inputs)
    rng = np.random.default_rng(3)
    for _ in range(3):
        states = {}
        ancillas = {qubit for qubit in fresh if "ancilla" in str(qubit)}
        free = sorted(program.qubits - ancillas)
        if name == "ancilla_training":
            free = [qubit for qubit in free if "fresh" not in str(qubit)]
        start = cirq.Circuit()
        for qubit in free:
            theta = float(rng.uniform(0.2, 2.5))
            states[qubit] = np.array([np.cos(theta / 2), np.sin(theta / 2)])
            start.append(cirq.ry(theta)(qubit).with_tags(Stage.PREPARATION))
        expected = np.prod([states[qubit][0] ** 2 for qubit in program.zero_effect])
        expected *= np.prod([(states[a] @ states[b]) ** 2 for a, b in program.swap_effect])
        gates = program.of_stage(Stage.READOUT)
        found = expectation([*start.all_operations(), *gates], program.measured, program.estimator)
        assert found.value == pytest.approx(expected, abs=1e-12)


def test_the_encoder_never_leaves_the_data_for_the_preparation() -> None:
    """Every angle that the score depends on still stands in the circuit: nothing of the model is run classically."""
    specification = ModelSpecification.build(8, 1, 2)
    for name in ("latent", "destructive", "echo", "ancilla"):
        reduced = transformed(program_of(name, specification), ALL)
        kept = {symbol.name for symbol in reduced.symbols}
        assert kept == {f"t{index}" for index in range(8)}  # all but the last block's, which acts on latents alone


def test_the_ancilla_test_needs_lines_only() -> None:
    """Each pair's wires form a line, so that a grid without triangles can hold them."""
    reduced = transformed(program_of("ancilla", ModelSpecification.build(8, 1, 2)), ALL)
    graph = nx.Graph(op.qubits for op in reduced.circuit.all_operations() if len(op.qubits) == 2)
    assert nx.is_bipartite(graph)
    assert max(dict(graph.degree).values()) <= 3


def test_literal_circuits_keep_every_gate_of_the_paper() -> None:
    specification = ModelSpecification.build(4, 1, 1)
    program = program_of("ancilla", specification)
    literal, log = run(program, LITERAL, Checks())
    assert [record.name for record in log] == ["reset_as_relabelling"]
    gates = [op.gate for op in literal.circuit.all_operations()]
    assert gates.count(cirq.CNOT) == 6
    assert gates.count(cirq.CSWAP) == 4
    assert cirq.SWAP not in gates


def test_a_false_step_is_found_out() -> None:
    def drop_last(program: Program) -> Program:
        return program.with_operations(program.operations[:-1])

    program = program_of("destructive", ModelSpecification.build(4, 1, 1))
    with pytest.raises(VerificationError, match="moved the mean of the readout"):
        run(program, [Pass("false", "nothing depends on the last gate", drop_last, Keeps.MEAN)], Checks())


def test_a_projected_control_stays_where_a_rotation_follows() -> None:
    specification = ModelSpecification.build(2, 1, 1, kind=SO4)
    program = program_of("direct", specification)
    assert PROJECTED_CONTROLS.apply(program) is program


def test_inverse_gates_cancel_only_when_nothing_stands_between() -> None:
    specification = ModelSpecification.build(4, 1, 2)
    program = RELABEL_RESET.apply(program_of("destructive", specification))
    left = CANCEL_INVERSES.apply(program)
    assert program.counts().two_qubit_gates - left.counts().two_qubit_gates == 2
    trash_gates = [op for op in left.of_stage(Stage.ENCODER) if op.gate == cirq.CNOT]
    assert len(trash_gates) == 2


def test_real_gates_are_the_same_circuit() -> None:
    program = program_of("ancilla_training", ModelSpecification.build(2, 1, 1)).resolved(generic_value(0))
    real = cirq.Circuit(part for op in program.operations for part in real_gates(op))
    order = sorted(program.qubits)
    cirq.testing.assert_allclose_up_to_global_phase(
        real.unitary(qubit_order=order), program.circuit.unitary(qubit_order=order), atol=1e-9
    )
    assert count(real).two_qubit_gates == program.counts().two_qubit_gates == 1 + 8
