import cirq
import networkx as nx
import pytest
import sympy

from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.lowering.native import lower_to
from qpbae_tn.compiler.lowering.rules import ALL_RULES
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.passes import Checks, UntilStable, run
from qpbae_tn.compiler.placement.interactions import Interactions
from qpbae_tn.compiler.placement.place import place, place_on
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.targets.devices import load_target, target_from_device, uniform_noise_properties
from qpbae_tn.compiler.targets.target import GateTimes, NativeGate, ReadoutError, check_program
from qpbae_tn.errors import InputError


def _entangled(graph):
    """RY and CZ on the edges of a graph, twice, all measured."""
    qubits = {node: cirq.NamedQubit(f"q{node}") for node in graph}
    layer = [cirq.ry(0.2 + index)(qubit) for index, qubit in enumerate(qubits.values())]
    gates = [layer, [cirq.CZ(qubits[a], qubits[b]) for a, b in graph.edges]] * 2
    gates += cirq.ry(sympy.Symbol("t")).on_each(*qubits.values())
    return Program.from_circuit(tagged(gates, Stage.ENCODER) + cirq.measure(*qubits.values(), key="m"))


def _target(pairs):
    from cirq_google import GridDevice

    device = GridDevice._from_device_information(
        qubit_pairs=pairs, gateset=cirq.Gateset(cirq.CZ, cirq.PhasedXZGate, cirq.MeasurementGate)
    )
    noise = uniform_noise_properties(
        device,
        NativeGate.CZ,
        p_1q_pauli=1e-3,
        p_2q_pauli=5e-3,
        readout=ReadoutError(0.01, 0.02),
        t1_ns=3e4,
        tphi_ns=4e4,
        gate_times=GateTimes(20, 40, 500, "an idea"),
    )
    return target_from_device("small", device, noise, citation="an idea")


def test_an_embedding_keeps_circuit_and_tags():
    program = _entangled(nx.cycle_graph(6))
    placed = place(program, load_target("willow_pink"))
    placement = placed.placement
    assert placement.swaps == 0
    assert placement.note == "no SWAP; the least error of all embeddings"
    assert placed.moments == scheduled(program).transform_qubits(dict(placement.mapping))
    assert placed.measured == tuple(placement.mapping[qubit] for qubit in program.measured)
    document = placement.to_json()
    assert document["searched"]["exhaustive"] is True
    assert set(document["mapping"]) == {f"q{index}" for index in range(6)}


def test_the_expected_error_is_the_sum_over_gates_and_readouts():
    target = _target([(cirq.GridQubit(0, i), cirq.GridQubit(0, i + 1)) for i in range(3)])
    placed = place(_entangled(nx.path_graph(4)), target)
    assert placed.placement.expected_error == pytest.approx(12 * 1e-3 + 6 * 5e-3 + 4 * 0.015)


@pytest.mark.parametrize("graph", [nx.star_graph(5), nx.cycle_graph(5)], ids=["star", "pentagon"])
def test_what_needs_swaps_is_routed_and_says_so(graph):
    target = load_target("willow_pink")
    program = _entangled(graph)
    rules = UntilStable(ALL_RULES)
    lowered, log = run(program, (rules, place_on(target), rules, lower_to(target)), Checks())
    swaps = lowered.placement.swaps
    assert swaps > 0
    assert lowered.placement.note.startswith(f"{swaps} SWAPs added by Cirq's router")
    assert "none exists" in lowered.placement.note
    (record,) = [record for record in log if record.name == "place on willow_pink"]
    assert record.check.deviation < 1e-12
    check_program(lowered.moments, target)
    given = Interactions.of(program).two_qubit_gates.total()
    assert given < log[-1].two_qubit_gates <= given + 3 * swaps


def test_what_is_too_large_is_refused():
    with pytest.raises(InputError, match="needs 24 qubits, rainbow has 23"):
        place(_entangled(nx.path_graph(24)), load_target("rainbow"))
    pairs = [(cirq.GridQubit(row, 0), cirq.GridQubit(row, 1)) for row in (0, 5, 10)]
    with pytest.raises(InputError, match="connects 3 qubits, the largest connected part of small has 2"):
        place(_entangled(nx.path_graph(3)), _target(pairs))


def test_gates_on_three_qubits_are_refused():
    qubits = cirq.NamedQubit.range(3, prefix="q")
    with pytest.raises(ValueError, match="decompose it first"):
        Interactions.of(Program.from_circuit(tagged(cirq.CCX(*qubits), Stage.ENCODER) + cirq.measure(*qubits)))
