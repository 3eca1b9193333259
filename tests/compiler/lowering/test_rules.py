import cirq
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.equivalence import Reference
from qpbae_tn.compiler.lowering.lower import simplify
from qpbae_tn.compiler.lowering.native import scheduled
from qpbae_tn.compiler.lowering.real_program import Cz, RealProgram
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES

QUBITS = cirq.NamedQubit.range(5, prefix="q")
ANGLES = [0.0, np.pi, -np.pi / 2, 2 * np.pi, 0.3, sympy.Symbol("a"), -sympy.Symbol("a"), sympy.Symbol("b") + np.pi / 2]


@st.composite
def circuits(draw):
    """Real circuits with symbols, special angles and T gates; some qubits are inputs, some are never measured."""
    qubit = st.sampled_from(QUBITS)
    pair = st.lists(qubit, min_size=2, max_size=2, unique=True)
    kinds = [
        st.builds(lambda q, angle: cirq.ry(angle)(q), qubit, st.sampled_from(ANGLES)),
        st.builds(lambda qs: cirq.CZ(*qs), pair),
        st.builds(lambda qs, gate: gate(*qs), pair, st.sampled_from([cirq.CZ, cirq.CZ, cirq.CNOT, cirq.SWAP])),
        st.builds(
            lambda q, gate: gate(q), qubit, st.sampled_from([cirq.H, cirq.X, cirq.Y, cirq.Z, cirq.T, cirq.T**-1])
        ),
    ]
    stage = st.sampled_from(list(Stage))
    gates = draw(
        st.lists(st.builds(lambda op, tag: op.with_tags(tag), st.one_of(kinds), stage), min_size=1, max_size=14)
    )
    measured = draw(st.lists(qubit, min_size=1, unique=True))
    circuit = cirq.Circuit(gates)
    circuit.append(cirq.Moment(cirq.measure(*measured, key="m")))
    inputs = [q for q in draw(st.lists(qubit, unique=True)) if q in circuit.all_qubits()]
    return circuit, inputs


def _reference(circuit, inputs):
    return Reference(circuit, {str(qubit): qubit for qubit in inputs}, seed=1)


@given(circuits())
def test_every_rule_keeps_what_is_measured(case):
    circuit, inputs = case
    reference = _reference(circuit, inputs)
    program = RealProgram.from_circuit(circuit, inputs)
    reference.compare(program.to_circuit())
    for rule in ALL_RULES:
        rewritten = rule.apply(program)
        reference.compare(rewritten.to_circuit())
        reference.compare(scheduled(rewritten))
        assert sum(isinstance(gate, Cz) for gate in rewritten.gates) <= sum(
            isinstance(gate, Cz) for gate in program.gates
        )


@given(circuits())
def test_simplify_reaches_a_fixpoint(case):
    circuit, inputs = case
    once = simplify(circuit, inputs=inputs)
    twice = simplify(once.circuit, inputs=inputs)
    assert len(twice.log) == 1
    assert _sizes(twice) == _sizes(once)
    literal = simplify(circuit, inputs=inputs, rules=LITERAL_RULES)
    swaps = sum(op.gate == cirq.SWAP for op in circuit.all_operations())
    assert literal.log[-1].two_qubit_gates == literal.log[0].two_qubit_gates + 2 * swaps


def _sizes(lowered):
    record = lowered.log[-1]
    return record.two_qubit_gates, record.two_qubit_depth


def _simplified(*gates, measured, inputs=()):
    circuit = cirq.Circuit(gate.with_tags(Stage.ENCODER) for gate in gates)
    circuit.append(cirq.Moment(cirq.measure(*measured, key="m")))
    return simplify(circuit, inputs=inputs).circuit


def test_what_goes():
    a, b, c = QUBITS[:3]
    t = sympy.Symbol("t")
    turn = [cirq.ry(0.3 + index)(qubit) for index, qubit in enumerate((a, b, c))]

    def count(*gates, measured, inputs=()):
        found = list(_simplified(*gates, measured=measured, inputs=inputs).all_operations())
        return sum(len(op.qubits) == 2 for op in found if not cirq.is_measurement(op))

    assert count(cirq.ry(t)(a), cirq.CZ(a, b), cirq.ry(t)(a), measured=[a, b]) == 0  # b is still |0>
    assert count(cirq.ry(t)(a), cirq.CZ(a, b), cirq.ry(t)(a), measured=[a, b], inputs=[b]) == 1
    assert count(cirq.X(b), cirq.ry(t)(a), cirq.CZ(a, b), cirq.ry(t)(a), measured=[a]) == 0  # b is |1>
    assert count(*turn, cirq.CZ(a, b), measured=[a, b]) == 0  # no rotation behind it
    assert count(*turn, cirq.CZ(a, b), cirq.ry(t)(a), measured=[b]) == 0  # outside the light cone
    middle = [cirq.CZ(a, b), cirq.CZ(b, c), cirq.CZ(a, b)]
    assert count(*turn, *middle, *turn, measured=[a, b, c]) == 1  # all CZ commute
    back_and_forth = [cirq.CNOT(a, b), cirq.ry(t)(b), cirq.ry(-t)(b), cirq.CNOT(a, b)]
    assert count(*turn, *back_and_forth, cirq.ry(t)(a), measured=[a, b]) == 0
    assert count(*turn, cirq.CZ(a, b), cirq.ry(t)(b), cirq.CZ(a, b), *turn, measured=[a, b]) == 2


def test_a_half_turn_is_carried_through_a_cz():
    a, b = QUBITS[:2]
    gates = [
        cirq.ry(0.3)(a),
        cirq.ry(0.4)(b),
        cirq.CZ(a, b),
        cirq.ry(np.pi)(a),
        cirq.CZ(a, b),
        *cirq.ry(0.5).on_each(a, b),
    ]
    found = _simplified(*gates, measured=[a, b])
    assert not [op for op in found.all_operations() if len(op.qubits) == 2 and not cirq.is_measurement(op)]


def test_tags_of_merged_gates_are_those_of_the_later_gate():
    a = QUBITS[0]
    circuit = cirq.Circuit(
        cirq.ry(0.3)(a).with_tags(Stage.PREPARATION),
        cirq.ry(sympy.Symbol("t"))(a).with_tags(Stage.ENCODER),
        cirq.measure(a),
    )
    (gate,) = simplify(circuit).circuit[0].operations
    assert gate.tags == (Stage.ENCODER,)


def test_gates_that_are_not_known_are_refused():
    a, b, c = QUBITS[:3]
    for gate in (cirq.CCX(a, b, c), cirq.rx(0.3)(a), cirq.Z(a) ** sympy.Symbol("t"), cirq.ISWAP(a, b)):
        with pytest.raises(ValueError, match="no gate that the compiler knows"):
            RealProgram.from_circuit(cirq.Circuit(gate.with_tags(Stage.ENCODER)))
    with pytest.raises(ValueError, match="after a measurement"):
        RealProgram.from_circuit(cirq.Circuit(cirq.measure(a), cirq.ry(0.1)(a).with_tags(Stage.ENCODER)))
    with pytest.raises(ValueError, match="measures nothing"):
        RealProgram.from_circuit(cirq.Circuit(cirq.ry(0.1)(a).with_tags(Stage.ENCODER)))
    with pytest.raises(ValueError, match="stage tags"):
        RealProgram.from_circuit(cirq.Circuit(cirq.ry(0.1)(a)))
