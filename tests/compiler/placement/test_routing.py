from random import Random

import cirq
import networkx as nx
import pytest

from qpbae_tn.compiler.logical import Stage, tagged
from qpbae_tn.compiler.lowering.equivalence import Reference
from qpbae_tn.compiler.lowering.real_program import RealProgram
from qpbae_tn.compiler.lowering.runs import merge_runs
from qpbae_tn.compiler.placement.routing import TRIALS, greedy_start, route


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
def test_starts_are_connected_and_put_partners_side_by_side(seed):
    circuit, grid = _circuit(nx.star_graph(4)), _grid(4, 4)
    start = greedy_start(circuit, grid, Random(seed))
    assert start.keys() == circuit.all_qubits()
    assert len(set(start.values())) == 5
    assert nx.is_connected(grid.subgraph(start.values()))
    # The centre of the star has four partners and a grid four neighbours.
    hub = start[cirq.NamedQubit("q0")]
    assert sum(grid.has_edge(hub, place) for place in start.values()) >= 3


@pytest.mark.parametrize("graph", [nx.star_graph(5), nx.cycle_graph(5), nx.complete_graph(4)])
def test_routed_circuits_are_equal_and_lie_on_the_device(graph):
    circuit, grid = _circuit(graph), _grid(3, 4)
    given = Reference(circuit, {}, 3)
    results = route(circuit, grid)
    assert 1 < len(results) <= 1 + TRIALS
    for result in results:
        operations = [op for op in result.circuit.all_operations() if not cirq.is_measurement(op)]
        assert all(grid.has_edge(*op.qubits) for op in operations if len(op.qubits) == 2)
        assert result.swaps == sum(op.gate == cirq.SWAP for op in operations) > 0
        real = RealProgram.from_circuit(result.circuit)
        merged = merge_runs(real)
        assert given.compare(merged.to_circuit()).deviation < 1e-9
        assert _cz(merged) <= _cz(real)


def _cz(program):
    return sum(len(op.qubits) == 2 for op in program.to_circuit().all_operations() if not cirq.is_measurement(op))


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
    for result in route(circuit, _grid(1, 3)):
        last: dict[frozenset, Stage] = {}
        for op in result.circuit.all_operations():
            if op.gate == cirq.SWAP and frozenset(op.qubits) in last:
                assert op.tags == (last[frozenset(op.qubits)],)
            pair = frozenset(op.qubits)
            last = {other: stage for other, stage in last.items() if pair.isdisjoint(other)}
            if op.gate == cirq.CZ:
                last[pair] = op.tags[0]
