"""Rewriting rules of real programs: each keeps the distribution of the measured bits, for every input and angle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import cirq

from qpbae_tn.compiler.lowering.angles import Angle
from qpbae_tn.compiler.lowering.real_program import Cz, RealGate, RealProgram, Ry, Z


@dataclass(frozen=True)
class Rule:
    """A named rewriting rule.

    Args:
        name: what the log calls it.
        why: why the measured bits keep their distribution.
        apply: the rewriting.
    """

    name: str
    why: str
    apply: Callable[[RealProgram], RealProgram]


def merge_rotations(program: RealProgram) -> RealProgram:
    """Sum rotations of a qubit with nothing in between; drop multiples of a full turn. The later gate's stage stays."""
    gates: list[RealGate | None] = []
    last: dict[cirq.Qid, int] = {}
    for gate in program.gates:
        if isinstance(gate, Ry) and (index := last.get(gate.qubit)) is not None:
            earlier = gates[index]
            assert isinstance(earlier, Ry)
            gates[index] = None
            gate = Ry(gate.qubit, earlier.angle + gate.angle, gate.stage)
        if isinstance(gate, Ry):
            last[gate.qubit] = len(gates)
        else:
            for qubit in _qubits(gate):
                last.pop(qubit, None)
        gates.append(gate)
    kept = (gate for gate in gates if gate is not None)
    return program.with_gates(
        tuple(
            Ry(gate.qubit, gate.angle.wrapped(), gate.stage) if isinstance(gate, Ry) else gate
            for gate in kept
            if not (isinstance(gate, Ry) and gate.angle.is_zero)
        )
    )


def push_paulis(program: RealProgram) -> RealProgram:
    """Carry Z, and half turns that a later rotation takes up, through the program to where they vanish.

    Z turns RY(t) into RY(-t), commutes with CZ and is not seen by a measurement. Y commutes with RY and turns into Y Z
    across a CZ.
    """
    rotations = Counter(gate.qubit for gate in program.gates if isinstance(gate, Ry))
    flipped: dict[cirq.Qid, bool] = {}
    turned: dict[cirq.Qid, bool] = {}
    gates: list[RealGate] = []
    for gate in program.gates:
        match gate:
            case Z(qubit, _):
                flipped[qubit] = not flipped.get(qubit, False)
            case Ry(qubit, angle, stage):
                rotations[qubit] -= 1
                if angle.is_half_turn and rotations[qubit]:
                    turned[qubit] = not turned.get(qubit, False)
                    continue
                angle = -angle if flipped.get(qubit) else angle
                if turned.pop(qubit, False):
                    angle = angle + _HALF_TURN
                gates.append(Ry(qubit, angle.wrapped(), stage))
            case Cz(first, second, _):
                if turned.get(first):
                    flipped[second] = not flipped.get(second, False)
                if turned.get(second):
                    flipped[first] = not flipped.get(first, False)
                gates.append(gate)
    return program.with_gates(gates)


def resolve_basis_states(program: RealProgram) -> RealProgram:
    """Replace CZ with a qubit that is still |0> by nothing, with one that is still |1> by Z on the other."""
    state: dict[cirq.Qid, bool | None] = {qubit: None if qubit in program.inputs else False for qubit in program.qubits}
    gates: list[RealGate] = []
    for gate in program.gates:
        match gate:
            case Ry(qubit, angle, _):
                known = state[qubit]
                if known is not None and not angle.is_zero:
                    state[qubit] = (not known) if angle.is_half_turn else None
                gates.append(gate)
            case Z(qubit, _):
                gates.append(gate)
            case Cz(first, second, stage):
                for control, other in ((first, second), (second, first)):
                    if state[control] is not None:
                        if state[control]:
                            gates.append(Z(other, stage))
                        break
                else:
                    gates.append(gate)
    return push_paulis(program.with_gates(gates))


def drop_unseen(program: RealProgram) -> RealProgram:
    """Drop gates that no measurement sees: RY on qubits that nothing reads any more, CZ with no rotation behind it."""
    read = set(program.measured)
    rotated: set[cirq.Qid] = set()
    kept: list[RealGate] = []
    for gate in reversed(program.gates):
        match gate:
            case Ry(qubit, _, _):
                if qubit not in read:
                    continue
                rotated.add(qubit)
            case Z(qubit, _):
                if qubit not in rotated:
                    continue
            case Cz(first, second, _):
                if first not in rotated and second not in rotated:
                    continue
                read.update((first, second))
        kept.append(gate)
    return program.with_gates(kept[::-1])


def cancel_pairs(program: RealProgram) -> RealProgram:
    """Cancel two CZ on the same pair when neither of its qubits is rotated in between (all CZ commute)."""
    open_gates: dict[frozenset[cirq.Qid], int] = {}
    dropped: set[int] = set()
    for index, gate in enumerate(program.gates):
        match gate:
            case Ry(qubit, _, _):
                for pair in [pair for pair in open_gates if qubit in pair]:
                    del open_gates[pair]
            case Cz():
                earlier = open_gates.pop(gate.pair, None)
                if earlier is None:
                    open_gates[gate.pair] = index
                else:
                    dropped |= {earlier, index}
    return program.with_gates([gate for index, gate in enumerate(program.gates) if index not in dropped])


def _qubits(gate: RealGate) -> tuple[cirq.Qid, ...]:
    return (gate.first, gate.second) if isinstance(gate, Cz) else (gate.qubit,)


_HALF_TURN = Angle(math.pi)

MERGE = Rule("merge rotations", "RY(a) RY(b) = RY(a + b)", merge_rotations)
PAULIS = Rule("push Paulis", "Z RY(t) Z = RY(-t), Y CZ = CZ (Y Z), Z is not seen by a measurement", push_paulis)
BASIS_STATES = Rule("resolve basis states", "CZ with |0> is the identity, with |1> it is Z", resolve_basis_states)
UNSEEN = Rule("drop unseen gates", "outside the light cone of the measurements", drop_unseen)
CANCEL = Rule("cancel pairs", "CZ CZ = 1, and all CZ commute", cancel_pairs)

LITERAL_RULES: tuple[Rule, ...] = (PAULIS, MERGE)
"""Rules that leave every two-qubit gate in place."""

ALL_RULES: tuple[Rule, ...] = (PAULIS, MERGE, BASIS_STATES, UNSEEN, CANCEL)
"""All rules, applied in turn until none changes the program."""
