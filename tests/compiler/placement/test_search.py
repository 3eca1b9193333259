import cirq
import networkx as nx
import numpy as np
import pytest

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.placement.beam import embed, plan
from qpbae_tn.compiler.placement.interactions import Costs, Interactions
from qpbae_tn.compiler.placement.search import find_embedding
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.targets.devices import load_target


def _program(graph, seed, idle=0):
    """Random numbers of gates on the edges and nodes of a graph; some qubits measured; idle ones only measured."""
    random = np.random.default_rng(seed)
    name = {node: cirq.NamedQubit(f"q{index}") for index, node in enumerate(graph)}
    gates = [cirq.CZ(name[a], name[b]) for a, b in graph.edges for _ in range(random.integers(1, 4))]
    gates += [cirq.ry(0.1)(qubit) for qubit in name.values() for _ in range(random.integers(0, 5))]
    measured = [qubit for qubit in name.values() if random.random() < 0.6]
    measured += [cirq.NamedQubit(f"idle{index}") for index in range(idle)]
    return Program(tuple(gates), (), tuple(measured), Estimator(len(measured), tuple(range(len(measured)))))


def _count(costs):
    """All embeddings of a connected graph, symmetric ones counted apart."""
    found = embed(costs, plan(costs, range(len(costs.logical))), ceiling=np.inf, limit=30_000)
    assert found.complete
    return len(found.cost)


def _brute_force(costs, target):
    """Least cost and number of embeddings, by networkx and exhaustion."""
    pattern = nx.from_numpy_array((costs.weight > 0).astype(int))
    matcher = nx.algorithms.isomorphism.GraphMatcher(target.graph, pattern)
    found = [
        costs.total({costs.logical[vertex]: place for place, vertex in mapping.items()})
        for mapping in matcher.subgraph_monomorphisms_iter()
    ]
    return min(found, default=None), len(found)


PATTERNS = {
    "path": nx.path_graph(5),
    "square": nx.cycle_graph(4),
    "hexagon": nx.cycle_graph(6),
    "star": nx.star_graph(4),
    "ladder": nx.ladder_graph(4),
    "comb": nx.from_edgelist([(0, 1), (1, 2), (0, 3), (1, 4), (2, 5)]),
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("beam", [3, 1000])
def test_the_best_embedding_is_found(name, beam):
    target = load_target("rainbow")
    costs = Costs.of(Interactions.of(_program(PATTERNS[name], seed=len(name))), target)
    best, number = _brute_force(costs, target)
    found, extent = find_embedding(costs, beam=beam)
    assert extent.exhaustive
    assert found.cost == pytest.approx(best, rel=1e-12)
    mapping = {qubit: costs.physical[place] for qubit, place in zip(costs.logical, found.places, strict=True)}
    assert costs.total(mapping) == pytest.approx(found.cost)
    assert _count(costs) == number


@pytest.mark.parametrize(
    ("parts", "idle"),
    [([nx.path_graph(2)] * 2, 0), ([nx.path_graph(3), nx.path_graph(2)], 0), ([nx.path_graph(2)], 1)],
)
def test_separate_parts_and_idle_qubits_are_placed_together(parts, idle):
    target = load_target("rainbow")
    graph = nx.disjoint_union_all(parts)
    costs = Costs.of(Interactions.of(_program(graph, seed=1, idle=idle)), target)
    best, _ = _brute_force(costs, target)
    found, extent = find_embedding(costs)
    assert extent.exhaustive
    assert len(set(found.places)) == len(costs.logical)
    assert found.cost == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize(("rows", "n"), [(2, 4), (2, 8), (2, 10), (2, 12), (3, 4), (3, 6), (3, 8), (3, 10)])
def test_ladders_stand_on_willow(rows, n):
    target = load_target("willow_pink")
    costs = Costs.of(Interactions.of(_program(nx.grid_2d_graph(rows, n), seed=n)), target)
    found, extent = find_embedding(costs)
    assert extent.exhaustive
    assert found is not None
    # of all symmetries (4, squares 8) the best is taken
    assert _count(costs) % 4 == 0


def test_a_bounded_search_says_so():
    costs = Costs.of(Interactions.of(_program(nx.path_graph(12), seed=0)), load_target("willow_pink"))
    bounded, extent = find_embedding(costs, beam=50, limit=100)
    assert not extent.exhaustive
    best, _ = find_embedding(costs, limit=100_000)
    assert best.cost <= bounded.cost


def test_what_cannot_fit_is_not_found():
    costs = Costs.of(Interactions.of(_program(nx.cycle_graph(5), seed=0)), load_target("willow_pink"))
    assert find_embedding(costs)[0] is None  # the grid is bipartite
