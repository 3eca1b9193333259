"""The history of each qubit: its one-qubit gates and the layers of its CZ, in order of time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import cirq

from qpbae_tn.compiler.lowering.real_program import Cz, Phase, RealProgram, Ry
from qpbae_tn.compiler.lowering.schedule import Layers


@dataclass(frozen=True)
class LayeredCz:
    """A CZ in its layer, seen from one of its qubits (`side` 0: the first)."""

    gate: Cz
    layer: int
    side: int


Timeline = tuple[Ry | Phase | LayeredCz, ...]


def timelines(program: RealProgram, layers: Layers) -> dict[cirq.Qid, Timeline]:
    """For each qubit with a gate, its gates in order of time; phases come before the CZ that they commute with."""
    entangling: dict[cirq.Qid, dict[int, list[LayeredCz]]] = defaultdict(lambda: defaultdict(list))
    for index, layer in enumerate(layers):
        for item in layer:
            for side, (qubit, group) in enumerate(zip((item.gate.first, item.gate.second), item.groups, strict=True)):
                entangling[qubit][group].append(LayeredCz(item.gate, index, side))
    history: dict[cirq.Qid, list[Ry | Phase]] = defaultdict(list)
    for gate in program.gates:
        if not isinstance(gate, Cz):
            history[gate.qubit].append(gate)
    found: dict[cirq.Qid, Timeline] = {}
    for qubit in program.qubits:
        items: list[Ry | Phase | LayeredCz] = []
        group = 0
        for gate in history[qubit]:
            if isinstance(gate, Ry):
                items += entangling[qubit][group]
                group += 1
            items.append(gate)
        items += entangling[qubit][group]
        if items:
            found[qubit] = tuple(items)
    return found
