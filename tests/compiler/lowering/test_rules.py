import cirq
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.gates import Stage, is_cz, real_gates
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES, WRITE_REAL
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.passes import Checks, Pass, UntilStable, run, transformed
from qpbae_tn.compiler.program import Program

QUBITS = cirq.NamedQubit.range(5, prefix="q")
ANGLES = [0.0, np.pi, -np.pi / 2, 2 * np.pi, 0.3, sympy.Symbol("a"), -sympy.Symbol("a"), sympy.Symbol("b") + np.pi / 2]

IN_REAL_GATES = Pass(
    "real gates", "", lambda program: program.with_operations(g for op in program.operations for g in real_gates(op))
)
SIMPLIFY = (IN_REAL_GATES, WRITE_REAL, UntilStable(ALL_RULES))


@st.composite
def programs(draw):
    """Real circuits with symbols, special angles and T gates; some qubits are inputs, some are never measured."""
    qubit = st.sampled_from(QUBITS)
    pair = st.lists(qubit, min_size=2, max_size=2, unique=True)
    kinds = [
        st.builds(lambda q, angle: cirq.ry(angle)(q), qubit, st.sampled_from(ANGLES)),
        st.builds(lambda qs: cirq.CZ(*qs), pair),
        st.builds(lambda qs, gate: gate(*qs), pair, st.sampled_from([cirq.CZ, cirq.CZ, cirq.CNOT, cirq.SWAP])),
        st.builds(lambda q, gate: gate(q), qubit, st.sampled_from([cirq.H, cirq.X, cirq.Z, cirq.T, cirq.T**-1])),
    ]
    stage = st.sampled_from(list(Stage))
    gates = draw(
        st.lists(st.builds(lambda op, tag: op.with_tags(tag), st.one_of(kinds), stage), min_size=1, max_size=14)
    )
    measured = draw(st.lists(qubit, min_size=1, unique=True))
    circuit = cirq.Circuit(gates)
    circuit.append(cirq.Moment(cirq.measure(*measured, key="m")))
    return Program.from_circuit(circuit, draw(st.lists(qubit, unique=True)), any_basis=draw(st.booleans()))


def cz_count(program):
    return sum(map(is_cz, program.operations))


@given(programs())
def test_every_rule_keeps_what_is_measured(program):
    checks = Checks(seed=1)
    real, _ = run(program, (IN_REAL_GATES, WRITE_REAL), checks)
    for rule in ALL_RULES:
        rewritten = rule.apply(real)
        checks.compare(rule, real, rewritten)
        checks.compare(rule, real, real.with_schedule(scheduled(rewritten)))
        assert cz_count(rewritten) <= cz_count(real)


@given(programs())
def test_rules_reach_a_fixpoint(program):
    once = transformed(program, SIMPLIFY)
    assert transformed(once, SIMPLIFY) is once
    real = transformed(program, (IN_REAL_GATES, WRITE_REAL))
    assert cz_count(transformed(real, (UntilStable(LITERAL_RULES),))) == cz_count(real)


def _simplified(*gates, measured, inputs=()):
    circuit = cirq.Circuit(gate.with_tags(Stage.ENCODER) for gate in gates)
    circuit.append(cirq.Moment(cirq.measure(*measured, key="m")))
    return transformed(Program.from_circuit(circuit, inputs), SIMPLIFY)


def test_what_goes():
    a, b, c = QUBITS[:3]
    t = sympy.Symbol("t")
    turn = [cirq.ry(0.3 + index)(qubit) for index, qubit in enumerate((a, b, c))]

    def count(*gates, measured, inputs=()):
        return cz_count(_simplified(*gates, measured=measured, inputs=inputs))

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
    gates = [cirq.ry(0.3)(a), cirq.ry(0.4)(b), cirq.CZ(a, b), cirq.ry(np.pi)(a), cirq.CZ(a, b)]
    assert cz_count(_simplified(*gates, *cirq.ry(0.5).on_each(a, b), measured=[a, b])) == 0


def test_rotations_about_z_merge_across_a_cz():
    a, b = QUBITS[:2]
    turn = cirq.ry(0.3).on_each(a, b)
    left = _simplified(*turn, cirq.T(a), cirq.CZ(a, b), cirq.T(a) ** -1, *turn, measured=[a, b])
    assert not any(isinstance(op.gate, cirq.ZPowGate) for op in left.operations)


def test_tags_of_merged_gates_are_those_of_the_later_gate():
    a = QUBITS[0]
    circuit = cirq.Circuit(
        cirq.ry(0.3)(a).with_tags(Stage.PREPARATION),
        cirq.ry(sympy.Symbol("t"))(a).with_tags(Stage.ENCODER),
        cirq.measure(a),
    )
    (gate,) = transformed(Program.from_circuit(circuit), SIMPLIFY).operations
    assert gate.tags == (Stage.ENCODER,)


def test_what_cannot_be_compiled_is_refused():
    a, b, c = QUBITS[:3]
    for gate in (cirq.CCX(a, b, c), cirq.rx(0.3)(a), cirq.Z(a) ** sympy.Symbol("t"), cirq.ISWAP(a, b)):
        with pytest.raises(ValueError, match="no gate that the compiler knows"):
            _simplified(gate, measured=[a])
    with pytest.raises(ValueError, match="after a measurement"):
        Program.from_circuit(cirq.Circuit(cirq.measure(a), cirq.ry(0.1)(a).with_tags(Stage.ENCODER)))
    with pytest.raises(ValueError, match="measures nothing"):
        Program.from_circuit(cirq.Circuit(cirq.ry(0.1)(a).with_tags(Stage.ENCODER)))
    with pytest.raises(ValueError, match="stage tags"):
        Program.from_circuit(cirq.Circuit(cirq.ry(0.1)(a), cirq.measure(a)))
