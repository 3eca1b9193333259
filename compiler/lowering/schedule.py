"""Layers of CZ: order the CZ of a program so that few layers hold them all and qubits start late.

All CZ commute, so between two rotations of a qubit its CZ may come in any order. Layers are filled from the end of the
program (or from its beginning, where that gives fewer), each with CZ on different qubits, those with the longest chain
of others still to come first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cirq

from qpbae_tn.compiler.lowering.real_program import Cz, RealProgram, Ry


@dataclass(frozen=True)
class PlacedCz:
    """A CZ and, for each of its qubits, the number of rotations of that qubit before it."""

    gate: Cz
    groups: tuple[int, int]


Layers = tuple[tuple[PlacedCz, ...], ...]
_Node = tuple[tuple[cirq.Qid, int], tuple[cirq.Qid, int]]


def cz_layers(program: RealProgram) -> Layers:
    """The CZ of a program in layers, in order of time; rotations about Z commute with all of them."""
    rotations: dict[cirq.Qid, int] = defaultdict(int)
    gates: list[PlacedCz] = []
    for gate in program.gates:
        match gate:
            case Ry(qubit, _, _):
                rotations[qubit] += 1
            case Cz(first, second, _):
                gates.append(PlacedCz(gate, (rotations[first], rotations[second])))
    forwards: list[_Node] = [((item.gate.first, item.groups[0]), (item.gate.second, item.groups[1])) for item in gates]
    backwards: list[_Node] = [((a, -i), (b, -j)) for (a, i), (b, j) in forwards]
    late = _fill(backwards, range(len(gates)))[::-1]
    early = _fill(forwards, range(len(gates) - 1, -1, -1))
    return tuple(
        tuple(gates[index] for index in sorted(layer)) for layer in (late if len(late) <= len(early) else early)
    )


def _fill(nodes: Sequence[_Node], last_first: Sequence[int]) -> list[list[int]]:
    """List scheduling; on a qubit, CZ of a lower group come first. `last_first`: the nodes, dependants first."""
    members: dict[tuple[cirq.Qid, int], list[int]] = defaultdict(list)
    groups: dict[cirq.Qid, set[int]] = defaultdict(set)
    for index, node in enumerate(nodes):
        for qubit, group in node:
            members[qubit, group].append(index)
            groups[qubit].add(group)
    following: dict[tuple[cirq.Qid, int], tuple[cirq.Qid, int]] = {}
    for qubit, present in groups.items():
        order = sorted(present)
        following.update(((qubit, a), (qubit, b)) for a, b in pairwise(order))

    tails: dict[int, int] = {}

    def rest(key: tuple[cirq.Qid, int]) -> int:
        """A lower bound of the layers that the groups after this one take on its qubit."""
        if key not in following:
            return 0
        inside = [tails[index] for index in members[following[key]]]
        return max(max(inside), len(inside) - 1 + min(inside))

    for index in last_first:
        tails[index] = 1 + max(rest(key) for key in nodes[index])

    open_count = {key: len(inside) for key, inside in members.items()}
    current = {qubit: min(present) for qubit, present in groups.items()}
    waiting = sorted(range(len(nodes)), key=lambda index: -tails[index])
    layers: list[list[int]] = []
    while waiting:
        busy: set[cirq.Qid] = set()
        layer: list[int] = []
        for index in waiting:
            (a, i), (b, j) = nodes[index]
            if current[a] == i and current[b] == j and a not in busy and b not in busy:
                layer.append(index)
                busy |= {a, b}
        taken = set(layer)
        waiting = [index for index in waiting if index not in taken]
        for index in layer:
            for key in nodes[index]:
                open_count[key] -= 1
                if not open_count[key] and key in following:
                    current[key[0]] = following[key][1]
        layers.append(layer)
    return layers
