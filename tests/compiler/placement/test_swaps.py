from random import Random

import cirq
import networkx as nx
import pytest

from qpbae_tn.compiler.lowering import RealProgram, Reference, merge_runs
from qpbae_tn.compiler.placement.routing import route
from qpbae_tn.compiler.placement.swaps import Field, Meetings, Swap, Taste, greedy_start, walk
from qpbae_tn.compiler.stages import Stage, tagged


def _circuit(graph, layers=2):
    qubits = {node: cirq.NamedQubit(f"q{node}") for node in graph}
    gates = []
    for layer in range(layers):
        gates += [cirq.ry(0.2 + layer + index)(qubit) for index, qubit in enumerate(qubits.values())]
        gates += [cirq.CZ(qubits[a], qubits[b]) for a, b in graph.edges]
    gates += [cirq.ry(0.7)(qubit) for qubit in qubits.values()]
    return tagged(gates, Stage.ENCODER) + cirq.Circuit(cirq.measure(*qubits.values(), key="m"))


def _grid(rows, columns):
    return nx.Graph([(cirq.GridQubit(*a), cirq.GridQubit(*b)) for a, b in nx.grid_2d_graph(rows, columns).edges])


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_does_every_cz_in_order_on_neighbours(seed):
    program = RealProgram.from_circuit(_circuit(nx.complete_graph(6)))
    meetings, random = Meetings.of(program), Random(seed)
    grid = _grid(3, 3)
    field = Field.of(grid, sorted(grid))
    for side in (meetings, meetings.reverse):
        start = greedy_start(side, field, random)
        assert len(set(start)) == 6
        course = walk(side, field, start, Taste(6, 0.5, 0.5), random)
        place, rank = list(course.start), [0] * side.count
        done = []
        for step in course.steps:
            if isinstance(step, Swap):
                other = {step.first: step.second, step.second: step.first}
                place = [other.get(spot, spot) for spot in place]
                assert field.distance[step.first][step.second] == 1
                continue
            done.append(step)
            a, b = side.pairs[step]
            assert field.distance[place[a]][place[b]] == 1
            for qubit, own in zip(side.pairs[step], side.ranks[step], strict=True):
                assert own >= rank[qubit]
                rank[qubit] = own
        assert sorted(done) == list(range(len(side.pairs)))
        assert tuple(place) == course.end
    assert meetings.reverse.reverse == meetings


@pytest.mark.parametrize(
    ("graph", "most"), [(nx.star_graph(5), 14), (nx.cycle_graph(5), 13), (nx.complete_graph(4), 16)]
)
def test_routed_circuits_are_equal_and_take_few_more(graph, most):
    circuit = _circuit(graph)
    given = Reference(circuit, {}, 3)
    counts = []
    for result in route(circuit, _grid(3, 4)):
        merged = merge_runs(RealProgram.from_circuit(result.circuit)).to_circuit()
        assert given.compare(merged).deviation < 1e-9
        assert result.swaps == sum(op.gate == cirq.SWAP for op in result.circuit.all_operations())
        counts.append(sum(len(op.qubits) == 2 for op in merged.all_operations() if not cirq.is_measurement(op)))
    assert min(counts) <= most


def test_equal_seeds_route_alike():
    circuit, grid = _circuit(nx.complete_graph(5)), _grid(3, 3)
    assert [one.circuit for one in route(circuit, grid, 4)] == [one.circuit for one in route(circuit, grid, 4)]


def test_a_swap_has_the_stage_of_the_cz_that_it_merges_with():
    q = cirq.LineQubit.range(3)
    parts = [
        tagged(
            [cirq.ry(0.3).on_each(*q), cirq.CZ(q[0], q[1]), cirq.CZ(q[1], q[2]), cirq.ry(1).on_each(*q)],
            Stage.PREPARATION,
        ),
        tagged([cirq.CZ(q[0], q[2]), cirq.ry(1.1).on_each(*q)], Stage.ENCODER),
    ]
    circuit = parts[0] + parts[1] + cirq.Circuit(cirq.measure(*q, key="m"))
    best = route(circuit, _grid(1, 3))[0]
    swaps = [op for op in best.circuit.all_operations() if op.gate == cirq.SWAP]
    assert [op.tags for op in swaps] == [(Stage.PREPARATION,)]
    merged = merge_runs(RealProgram.from_circuit(best.circuit))
    assert sum(len(op.qubits) == 2 for op in merged.to_circuit().all_operations()) == 4
