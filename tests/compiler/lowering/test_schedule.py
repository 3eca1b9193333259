import itertools

import cirq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.angles import Angle
from qpbae_tn.compiler.lowering.equivalence import EXACT_QUBITS, SINGLE_QUBITS, Reference, VerificationError
from qpbae_tn.compiler.lowering.lower import simplify
from qpbae_tn.compiler.lowering.native import scheduled
from qpbae_tn.compiler.lowering.real_program import Cz, RealProgram, Ry
from qpbae_tn.compiler.lowering.schedule import cz_layers

QUBITS = cirq.LineQubit.range(6)


@st.composite
def programs(draw):
    gates = []
    for kind, first, step in draw(
        st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=20)
    ):
        if kind:
            gates.append(Cz(QUBITS[first], QUBITS[(first + step) % 6], Stage.ENCODER))
        else:
            gates.append(Ry(QUBITS[first], Angle(0.3), Stage.ENCODER))
    return RealProgram(tuple(gates), (cirq.measure(*QUBITS, key="m"),), frozenset(), tuple(QUBITS))


@given(programs())
def test_layers_keep_the_order_of_what_does_not_commute(program):
    layers = cz_layers(program)
    placed = [(index, item) for index, layer in enumerate(layers) for item in layer]
    assert len(placed) == sum(isinstance(gate, Cz) for gate in program.gates)
    busy: dict = {}
    for index, item in placed:
        for qubit, group in zip((item.gate.first, item.gate.second), item.groups, strict=True):
            busy.setdefault(qubit, []).append((index, group))
    for visits in busy.values():
        assert len({index for index, _ in visits}) == len(visits)
        assert [group for _, group in sorted(visits)] == sorted(group for _, group in visits)
    # never deeper than the program as it stands
    naive = cirq.Circuit(cirq.CZ(gate.first, gate.second) if isinstance(gate, Cz) else [] for gate in program.gates)
    assert len(layers) <= len(naive)
    Reference(program.to_circuit(), {}, 0).compare(scheduled(program))


@pytest.mark.parametrize("n", [4, 7, 8])
def test_commuting_gates_take_as_few_layers_as_an_edge_colouring(n):
    line = cirq.LineQubit.range(n)
    gates = tuple(Cz(a, b, Stage.ENCODER) for a, b in itertools.pairwise(line))
    program = RealProgram(gates, (cirq.measure(*line, key="m"),), frozenset(line), tuple(line))
    assert len(cz_layers(program)) == 2
    star = tuple(Cz(line[0], other, Stage.ENCODER) for other in line[1:])
    assert len(cz_layers(program.with_gates(star))) == n - 1


def _rotated(angle, qubits=QUBITS[:2]):
    gates = [cirq.ry(angle + 0.1 * i)(q).with_tags(Stage.ENCODER) for i, q in enumerate(qubits)]
    return cirq.Circuit(gates, cirq.measure(*qubits, key="m"))


def test_a_different_circuit_is_found_out():
    reference = Reference(_rotated(0.3), {}, 0)
    assert reference.compare(_rotated(0.3)).deviation < 1e-15
    with pytest.raises(VerificationError, match="changed by"):
        reference.compare(_rotated(0.31))


def test_what_is_too_large_is_not_called_verified():
    larger = cirq.LineQubit.range(EXACT_QUBITS + 1)
    reference = Reference(_rotated(0.3, larger), {}, 0)
    assert reference.compare(_rotated(0.3, larger)).deviation is None
    assert reference.compare(_rotated(0.3, larger), last=True).deviation < 1e-5
    with pytest.raises(VerificationError):
        reference.compare(_rotated(0.4, larger), last=True)
    huge = cirq.LineQubit.range(SINGLE_QUBITS + 1)
    log = simplify(_rotated(0.3, huge)).log
    assert log[-1].check.deviation is None
    assert (
        Reference(_rotated(0.3, huge), {}, 0)
        .compare(_rotated(0.3, huge), last=True)
        .statement.startswith("not computed")
    )
