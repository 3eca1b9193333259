"""Routing with Cirq's router, for circuits that fit on no device without SWAPs."""

from __future__ import annotations

from dataclasses import dataclass

import cirq
import networkx as nx

from qpbae_tn.compiler.stages import Stage, stage_of


@dataclass(frozen=True)
class Routed:
    """A routed circuit on physical qubits, SWAPs written out, and where each logical qubit starts.

    Args:
        circuit: measurements stand in the last moment, on the qubits where the measured ones end.
        start: physical qubit of each logical one at the beginning.
        swaps: number of SWAPs added.
    """

    circuit: cirq.Circuit
    start: dict[cirq.Qid, cirq.GridQubit]
    swaps: int


def route(circuit: cirq.AbstractCircuit, graph: nx.Graph[cirq.GridQubit]) -> Routed:
    """Route a tagged circuit of one- and two-qubit gates and terminal measurements with `cirq.RouteCQC`.

    A SWAP belongs to the stage of the next gate on its qubits.

    Args:
        circuit: on logical qubits.
        graph: a connected device graph with at least as many qubits.
    """
    gates = [op for op in circuit.all_operations() if not cirq.is_measurement(op)]
    measurements = [op for op in circuit.all_operations() if cirq.is_measurement(op)]
    touched = {qubit for op in gates for qubit in op.qubits}
    idle = [cirq.I(qubit) for qubit in sorted(circuit.all_qubits() - touched)]
    routed, start, moved = cirq.RouteCQC(graph).route_circuit(cirq.Circuit(gates, idle), tag_inserted_swaps=True)
    end = {qubit: moved[place] for qubit, place in start.items()}
    staged: list[cirq.Operation] = []
    following: dict[cirq.Qid, Stage] = {}
    swaps = 0
    for op in reversed(list(routed.all_operations())):
        if cirq.RoutingSwapTag() in op.tags:
            swaps += 1
            stage = next((following[qubit] for qubit in op.qubits if qubit in following), Stage.READOUT)
            staged.append(op.untagged.with_tags(stage))
        elif not isinstance(op.gate, cirq.IdentityGate):
            stage = stage_of(op)
            staged.append(op)
        else:
            continue
        following.update(dict.fromkeys(op.qubits, stage))
    placed = cirq.Circuit(reversed(staged))
    placed.append(cirq.Moment(op.with_qubits(*(end[qubit] for qubit in op.qubits)) for op in measurements))
    return Routed(placed, start, swaps)
