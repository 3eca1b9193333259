import itertools

import cirq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.gates import Stage, is_cz, is_ry
from qpbae_tn.compiler.lowering.schedule import _assembled, _Run, cz_layers, scheduled
from qpbae_tn.compiler.passes import Checks, Pass
from qpbae_tn.compiler.program import Program

QUBITS = cirq.LineQubit.range(6)
SCHEDULE = Pass("schedule", "all CZ commute", lambda program: program.with_schedule(scheduled(program)))


def program_of(gates, qubits=QUBITS):
    circuit = cirq.Circuit(gate.with_tags(Stage.ENCODER) for gate in gates)
    return Program.from_circuit(circuit + cirq.measure(*qubits), any_basis=True)


@st.composite
def programs(draw):
    steps = st.tuples(st.booleans(), st.integers(0, 5), st.integers(1, 5))
    return program_of(
        cirq.CZ(QUBITS[first], QUBITS[(first + step) % 6]) if entangles else cirq.ry(0.3)(QUBITS[first])
        for entangles, first, step in draw(st.lists(steps, min_size=1, max_size=20))
    )


@given(programs())
def test_layers_keep_the_order_of_what_does_not_commute(program):
    layers = cz_layers(program.operations)
    assert sorted(place for layer in layers for place in layer) == [
        place for place, op in enumerate(program.operations) if is_cz(op)
    ]
    for layer in layers:
        touched = [qubit for place in layer for qubit in program.operations[place].qubits]
        assert len(touched) == len(set(touched))
    for qubit in QUBITS:
        # rotations of the qubit before each of its CZ, layer by layer
        turns = list(itertools.accumulate(is_ry(op) and op.qubits == (qubit,) for op in program.operations))
        groups = [turns[place] for layer in layers for place in layer if qubit in program.operations[place].qubits]
        assert groups == sorted(groups)
    # never deeper than the program as it stands
    assert len(layers) <= len(cirq.Circuit(op for op in program.operations if is_cz(op)))
    Checks().compare(SCHEDULE, program, SCHEDULE.apply(program))


@pytest.mark.parametrize("n", [4, 7, 8])
def test_commuting_gates_take_as_few_layers_as_an_edge_colouring(n):
    line = cirq.LineQubit.range(n)
    assert len(cz_layers([cirq.CZ(a, b) for a, b in itertools.pairwise(line)])) == 2
    assert len(cz_layers([cirq.CZ(line[0], other) for other in line[1:]])) == n - 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 2)), max_size=5))
def test_one_qubit_moments_are_as_few_as_possible(cases):
    qubits = cirq.LineQubit.range(len(cases) + 1)
    runs = [
        _Run((cirq.X(qubit),) * size, min(a, b), max(a, b)) for qubit, (a, b, size) in zip(qubits, cases, strict=False)
    ]
    layers = [[cirq.Z(qubits[-1])]] * 3
    circuit = _assembled(layers, runs, cirq.measure(*qubits))
    borders = [-1, *(index for index, moment in enumerate(circuit) if cirq.Z(qubits[-1]) in moment), len(circuit) - 1]
    for run in runs:
        spots = [index for index, moment in enumerate(circuit) if run.operations[0] in moment]
        assert len(spots) == len(run.operations)
        assert borders[run.low] < spots[0] <= spots[-1] < borders[run.high + 1]
    least = min(
        sum(option)
        for option in itertools.product(range(3), repeat=4)
        if all(sum(option[run.low : run.high + 1]) >= len(run.operations) for run in runs)
    )
    assert len(circuit) == least + 3 + 1
