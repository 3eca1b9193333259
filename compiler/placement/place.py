"""Placement of a program on a processor: where no gate needs a SWAP and errors are least, or routed where none fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cirq
import networkx as nx

from qpbae_tn.compiler.lowering.rules import merge_rotations
from qpbae_tn.compiler.lowering.runs import merge_runs
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.passes import Pass
from qpbae_tn.compiler.placement.interactions import Costs, Interactions
from qpbae_tn.compiler.placement.routing import route as routes
from qpbae_tn.compiler.placement.search import LIMIT, Embedding, SearchExtent, find_embedding
from qpbae_tn.compiler.program import Program
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

    def to_json(self) -> dict[str, Any]:
        """As JSON values; qubits as [row, column]."""
        return {
            "mapping": {str(qubit): [place.row, place.col] for qubit, place in sorted(self.mapping.items())},
            "swaps": self.swaps,
            "expected_error": self.expected_error,
            "searched": {"looked_at": self.searched.looked_at, "exhaustive": self.searched.exhaustive},
            "note": self.note,
        }


def place_on(target: Target, *, seed: int = 0, route: bool = True) -> Pass:
    """The pass that puts a program on a target; see `place`."""
    return Pass(
        f"place on {target.name}",
        "the same circuit on other qubits; every two-qubit gate on a calibrated pair",
        lambda program: place(program, target, seed=seed, route=route),
    )


def place(program: Program, target: Target, *, seed: int = 0, route: bool = True, limit: int = LIMIT) -> Program:
    """Put a program on a target.

    Args:
        program: real gates on one and two qubits; simplify it first, so that its counts are those of the circuit.
        target: the processor.
        seed: of the router.
        route: whether to route a program for which no place without SWAPs is found.
        limit: partial embeddings kept at each level of the search.

    Returns:
        The program on the target's qubits, with its `placement`.

    Raises:
        InputError: the target has too few qubits, or no connected part that is large enough, or has to be routed and
            may not be.
        ValueError: a gate on three qubits or more.
    """
    needed = len(program.qubits)
    if needed > len(target.qubits):
        raise InputError(
            f"the circuit needs {needed} qubits, {target.name} has {len(target.qubits)}",
            where="target",
            remedy=f"take a target with at least {needed} qubits, smaller patches, or a readout that needs fewer",
        )
    costs = Costs.of(Interactions.of(program), target)
    found, searched = find_embedding(costs, limit=limit)
    if found is not None:
        placed = _put(program, costs, found, searched)
    elif route:
        placed = _routed(program, target, searched, seed)
    else:
        raise InputError(
            "no place without SWAPs was found", where="placing", remedy="place all, which routes such circuits"
        )
    for op in placed.operations:
        if len(op.qubits) == 2 and not target.graph.has_edge(*op.qubits):
            raise AssertionError(f"{op} is not on a pair of {target.name}")
    return placed


def _put(program: Program, costs: Costs, found: Embedding, searched: SearchExtent) -> Program:
    """The program at the places of an embedding."""
    mapping = {qubit: costs.physical[spot] for qubit, spot in zip(costs.logical, found.places, strict=True)}
    schedule = scheduled(program).transform_qubits(dict(mapping))
    how = "the least error of all embeddings" if searched.exhaustive else "the best of a bounded search"
    placement = Placement(mapping, 0, found.cost, searched, f"no SWAP; {how}")
    return replace(program.on_qubits(mapping, mapping, ()), placement=placement).with_schedule(schedule)


def _routed(program: Program, target: Target, searched: SearchExtent, seed: int) -> Program:
    """The routed program with the fewest two-qubit gates and, of those, the least expected error."""
    largest = max(nx.connected_components(target.graph), key=len)
    if len(program.qubits) > len(largest):
        raise InputError(
            f"the circuit connects {len(program.qubits)} qubits, the largest connected part of {target.name} has "
            f"{len(largest)}",
            where="target",
            remedy=f"take a target that connects at least {len(program.qubits)} qubits, smaller patches, or another "
            "readout",
        )
    choice: list[tuple[int, float, int, Program]] = []
    why = "none exists" if searched.exhaustive else f"none was found among {searched.looked_at} partial embeddings"
    for routed in routes(program, target.graph.subgraph(sorted(largest)).copy(), seed):
        # SWAPs merge with the gates beside them when the circuit is lowered: that count decides.
        merged = merge_rotations(merge_runs(routed.program))
        costs = Costs.of(Interactions.of(merged), target)
        expected_error = costs.total({qubit: qubit for qubit in costs.logical})
        note = f"{routed.swaps} SWAPs added by Cirq's router: an embedding without them was searched, {why}"
        placement = Placement(routed.start, routed.swaps, expected_error, searched, note)
        placed = replace(routed.program, placement=placement)
        choice.append((merged.counts().two_qubit_gates, expected_error, len(choice), placed))
    *_, placed = min(choice)
    return placed.with_schedule(cirq.Circuit([*placed.circuit, cirq.Moment(placed.measurement)]))
