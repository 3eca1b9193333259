"""Placement of a logical circuit on a target."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cirq
import networkx as nx

from qpbae_tn.compiler.counts import count
from qpbae_tn.compiler.lowering.equivalence import Check, Reference
from qpbae_tn.compiler.lowering.real_program import RealProgram
from qpbae_tn.compiler.lowering.rules import merge_rotations
from qpbae_tn.compiler.lowering.runs import merge_runs
from qpbae_tn.compiler.placement.interactions import Costs, Interactions
from qpbae_tn.compiler.placement.routing import Routed, route
from qpbae_tn.compiler.placement.search import LIMIT, SearchExtent, find_embedding
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.errors import InputError


@dataclass(frozen=True)
class Placement:
    """Where the logical qubits of a circuit stand.

    Args:
        mapping: the physical qubit of each logical one; with SWAPs, at the beginning.
        swaps: number of SWAPs that Cirq's router added; 0 for an embedding.
        expected_error: gates times their Pauli errors, and mean readout errors, summed: the expected number of errors.
        searched: how much of the space of embeddings was searched.
        note: the outcome in words.
    """

    mapping: Mapping[cirq.Qid, cirq.GridQubit]
    swaps: int
    expected_error: float
    searched: SearchExtent
    note: str

    def there(self, qubits: Iterable[cirq.Qid]) -> tuple[cirq.GridQubit, ...]:
        """Where logical qubits stand at the beginning; those that the circuit does not touch are left out."""
        return tuple(self.mapping[qubit] for qubit in qubits if qubit in self.mapping)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; qubits as [row, column]."""
        return {
            "mapping": {str(qubit): [place.row, place.col] for qubit, place in sorted(self.mapping.items())},
            "swaps": self.swaps,
            "expected_error": self.expected_error,
            "searched": {"looked_at": self.searched.looked_at, "exhaustive": self.searched.exhaustive},
            "note": self.note,
        }


@dataclass(frozen=True)
class Placed:
    """A circuit on physical qubits.

    Args:
        circuit: tagged as the logical one.
        placement: where its qubits stand.
        check: what was verified.
    """

    circuit: cirq.Circuit
    placement: Placement
    check: Check


def place(
    circuit: cirq.AbstractCircuit,
    target: Target,
    *,
    inputs: Collection[cirq.Qid] = (),
    limit: int = LIMIT,
    seed: int = 0,
) -> Placed:
    """Put a circuit on a target: without SWAPs and with the least calibrated error, or routed where none fits.

    Args:
        circuit: real gates on one and two qubits, tagged, and terminal measurements; simplify it first, so that its
            counts are those of the program.
        target: the processor.
        inputs: qubits that start in an arbitrary state; those that the circuit does not touch are left out.
        limit: partial embeddings kept at each level of the search.
        seed: of the angles and inputs at which a routed circuit is checked.

    Raises:
        InputError: the target has too few qubits, or no connected part that is large enough.
        ValueError: a gate on three qubits or more.
    """
    interactions = Interactions.of(circuit)
    needed = len(interactions.qubits)
    if needed > len(target.qubits):
        raise InputError(
            f"the circuit needs {needed} qubits, {target.name} has {len(target.qubits)}",
            where="target",
            remedy=f"take a target with at least {needed} qubits, smaller patches, or a readout that needs fewer",
        )
    costs = Costs.of(interactions, target)
    found, searched = find_embedding(costs, limit=limit)
    if found is not None:
        mapping = {qubit: costs.physical[spot] for qubit, spot in zip(costs.logical, found.places, strict=True)}
        placed = circuit.unfreeze(copy=True).transform_qubits(dict(mapping))
        how = "the least error of all embeddings" if searched.exhaustive else "the best of a bounded search"
        check = _on_pairs(placed, target)
        return Placed(placed, Placement(mapping, 0, found.cost, searched, f"no SWAP; {how}"), check)
    return _routed(circuit, interactions, target, inputs, searched, seed)


def _routed(
    circuit: cirq.AbstractCircuit,
    interactions: Interactions,
    target: Target,
    inputs: Collection[cirq.Qid],
    searched: SearchExtent,
    seed: int,
) -> Placed:
    needed = len(interactions.qubits)
    largest = max(nx.connected_components(target.graph), key=len)
    if needed > len(largest):
        raise InputError(
            f"the circuit connects {needed} qubits, the largest connected part of {target.name} has {len(largest)}",
            where="target",
            remedy=f"take a target that connects at least {needed} qubits, smaller patches, or another readout",
        )
    # SWAPs merge with the gates beside them when the circuit is lowered: that count decides.
    choice: list[tuple[int, float, int, Routed, cirq.Circuit]] = []
    for result in route(circuit, target.graph.subgraph(sorted(largest)).copy(), seed):
        real = RealProgram.from_circuit(result.circuit)
        merged = merge_rotations(merge_runs(real)).to_circuit()
        costs = Costs.of(Interactions.of(merged), target)
        expected_error = costs.total({qubit: qubit for qubit in costs.logical})
        choice.append((count(merged).two_qubit_gates, expected_error, len(choice), result, real.to_circuit()))
    _, expected_error, _, result, placed = min(choice)
    present = [qubit for qubit in inputs if qubit in result.start]
    reference = Reference(circuit, {str(qubit): qubit for qubit in present}, seed)
    check = reference.compare(placed, {str(qubit): result.start[qubit] for qubit in present}, last=True)
    _on_pairs(placed, target)
    why = "none exists" if searched.exhaustive else f"none was found among {searched.looked_at} partial embeddings"
    note = f"{result.swaps} SWAPs added by Cirq's router: an embedding without them was searched, {why}"
    return Placed(placed, Placement(result.start, result.swaps, expected_error, searched, note), check)


def _on_pairs(circuit: cirq.AbstractCircuit, target: Target) -> Check:
    for op in circuit.all_operations():
        if len(op.qubits) == 2 and not cirq.is_measurement(op) and not target.graph.has_edge(*op.qubits):
            raise AssertionError(f"{op} is not on a pair of {target.name}")
    return Check("the same circuit on other qubits; every two-qubit gate on a calibrated pair")
