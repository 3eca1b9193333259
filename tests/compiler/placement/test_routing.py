from random import Random

import cirq
import networkx as nx
import pytest

from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.lowering.rules import RUNS
from qpbae_tn.compiler.lowering.runs import merge_runs
from qpbae_tn.compiler.passes import Checks
from qpbae_tn.compiler.placement.routing import TRIALS, _staged, greedy_start, route
from qpbae_tn.compiler.program import Program


def _program(graph, layers=2):
    qubits = {node: cirq.NamedQubit(f"q{node}") for node in graph}
    gates = []
    for layer in range(layers):
        gates += [cirq.ry(0.2 + layer + index)(qubit) for index, qubit in enumerate(qubits.values())]
        gates += [cirq.CZ(qubits[a], qubits[b]) for a, b in graph.edges]
    gates += [cirq.ry(0.7)(qubit) for qubit in qubits.values()]
    return Program.from_circuit(tagged(gates, Stage.ENCODER) + cirq.measure(*qubits.values(), key="m"))


def _grid(rows, columns):
    return nx.Graph([(cirq.GridQubit(*a), cirq.GridQubit(*b)) for a, b in nx.grid_2d_graph(rows, columns).edges])


@pytest.mark.parametrize("seed", range(3))
def test_starts_are_connected_and_put_partners_side_by_side(seed):
    circuit, grid = _program(nx.star_graph(4)).circuit, _grid(4, 4)
    start = greedy_start(circuit, grid, Random(seed))
    assert start.keys() == circuit.all_qubits()
    assert len(set(start.values())) == 5
    assert nx.is_connected(grid.subgraph(start.values()))
    # The centre of the star has four partners and a grid four neighbours.
    hub = start[cirq.NamedQubit("q0")]
    assert sum(grid.has_edge(hub, place) for place in start.values()) >= 3


@pytest.mark.parametrize("graph", [nx.star_graph(5), nx.cycle_graph(5), nx.complete_graph(4)])
def test_routed_circuits_are_equal_and_lie_on_the_device(graph):
    program, grid = _program(graph), _grid(3, 4)
    results = route(program, grid)
    assert 1 < len(results) <= 1 + TRIALS
    for result in results:
        routed = result.program
        assert all(grid.has_edge(*op.qubits) for op in routed.operations if len(op.qubits) == 2)
        assert routed.counts().two_qubit_gates == program.counts().two_qubit_gates + 3 * result.swaps > 0
        merged = merge_runs(routed)
        assert Checks(3).compare(RUNS, program, merged).deviation < 1e-9
        assert merged.counts().two_qubit_gates <= routed.counts().two_qubit_gates


def test_equal_seeds_route_alike():
    program, grid = _program(nx.complete_graph(5)), _grid(3, 3)
    first, second = ([one.program.operations for one in route(program, grid, 4)] for _ in range(2))
    assert first == second


def test_a_swap_has_the_stage_of_the_cz_that_it_merges_with():
    a, b, c = cirq.LineQubit.range(3)
    swap = cirq.SWAP(a, b).with_tags(cirq.RoutingSwapTag())
    before, after = cirq.CZ(a, b).with_tags(Stage.PREPARATION), cirq.CZ(b, c).with_tags(Stage.ENCODER)
    turn = cirq.ry(0.3)(a).with_tags(Stage.DECODER)
    assert [op.tags[0] for op in _staged([before, swap, after])][1] == Stage.PREPARATION
    assert [op.tags[0] for op in _staged([before, turn, swap, after])][2] == Stage.ENCODER
    assert [op.tags[0] for op in _staged([before, after, swap])][2] == Stage.PREPARATION  # CZ commute
    assert [op.tags[0] for op in _staged([after, swap])][1] == Stage.READOUT
