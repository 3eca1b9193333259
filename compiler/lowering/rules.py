"""Rewriting rules of real programs: each keeps the distribution of the measured bits, for every input and angle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import cirq

from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.angles import Angle
from qpbae_tn.compiler.lowering.real_program import Cz, Phase, RealGate, RealProgram, Ry
from qpbae_tn.compiler.lowering.runs import merge_runs


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
    gates: dict[int, RealGate] = {}
    last: dict[cirq.Qid, int] = {}
    last_phase: dict[cirq.Qid, int] = {}
    for index, gate in enumerate(program.gates):
        match gate:
            case Ry(qubit, angle, stage):
                earlier = gates.pop(last[qubit]) if qubit in last else None
                if isinstance(earlier, Ry):
                    angle = earlier.angle + angle
                gates[index] = Ry(qubit, angle.wrapped(), stage)
                last[qubit] = index
                last_phase.pop(qubit, None)
            case Phase(qubit, half_turns, stage):
                earlier = gates.pop(last_phase[qubit]) if qubit in last_phase else None
                if isinstance(earlier, Phase):
                    half_turns += earlier.half_turns
                gates[index] = Phase(qubit, half_turns, stage)
                last_phase[qubit] = index
                last.pop(qubit, None)
            case Cz(first, second, _):
                gates[index] = gate
                last.pop(first, None)
                last.pop(second, None)
    return program.with_gates([gates[index] for index in sorted(gates) if not _is_identity(gates[index])])


def push_paulis(program: RealProgram) -> RealProgram:
    """Carry Z, and half turns that a later rotation takes up, through the program to where they vanish.

    Z turns RY(t) into RY(-t), commutes with CZ and is not seen by a measurement. Y commutes with RY and turns into Y Z
    across a CZ. Z stays at the end of qubits that are measured in an arbitrary basis.
    """
    rotations = Counter(gate.qubit for gate in program.gates if isinstance(gate, Ry))
    flipped: dict[cirq.Qid, bool] = {}
    turned: dict[cirq.Qid, bool] = {}
    gates: list[RealGate] = []
    for gate in program.gates:
        match gate:
            case Phase(qubit, half_turns, stage):
                if _is_whole(half_turns):
                    flipped[qubit] = flipped.get(qubit, False) != (round(half_turns) % 2 == 1)
                else:
                    gates.append(Phase(qubit, -half_turns if turned.get(qubit) else half_turns, stage))
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
    if program.any_basis:
        gates += (Phase(qubit, 1.0, Stage.READOUT) for qubit in program.measured if flipped.get(qubit))
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
            case Phase(qubit, _, _):
                if state[qubit] is None:
                    gates.append(gate)
            case Cz(first, second, stage):
                for control, other in ((first, second), (second, first)):
                    if state[control] is not None:
                        if state[control]:
                            gates.append(Phase(other, 1.0, stage))
                        break
                else:
                    gates.append(gate)
    return push_paulis(program.with_gates(gates))


def drop_unseen(program: RealProgram) -> RealProgram:
    """Drop gates that no measurement sees: RY on qubits that nothing reads any more, CZ with no rotation behind it."""
    read = set(program.measured)
    rotated: set[cirq.Qid] = set(program.measured) if program.any_basis else set()
    kept: list[RealGate] = []
    for gate in reversed(program.gates):
        match gate:
            case Ry(qubit, _, _):
                if qubit not in read:
                    continue
                rotated.add(qubit)
            case Phase(qubit, _, _):
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


def _is_identity(gate: RealGate) -> bool:
    match gate:
        case Ry(_, angle, _):
            return angle.is_zero
        case Phase(_, half_turns, _):
            return _is_whole(half_turns / 2)
        case Cz():
            return False


def _is_whole(half_turns: float) -> bool:
    return abs(half_turns - round(half_turns)) < _NEGLIGIBLE


_NEGLIGIBLE = 1e-12
_HALF_TURN = Angle(math.pi)

MERGE = Rule("merge rotations, schedule CZ", "RY(a) RY(b) = RY(a + b), and all CZ commute", merge_rotations)
PAULIS = Rule("push Paulis", "Z RY(t) Z = RY(-t), Y CZ = CZ (Y Z), Z is not seen by a measurement", push_paulis)
BASIS_STATES = Rule("resolve basis states", "CZ with |0> is the identity, with |1> it is Z", resolve_basis_states)
UNSEEN = Rule("drop unseen gates", "outside the light cone of the measurements", drop_unseen)
CANCEL = Rule("cancel pairs", "CZ CZ = 1, and all CZ commute", cancel_pairs)
RUNS = Rule("merge runs on a pair", "gates on one pair are a matrix that two or three CZ make", merge_runs)

LITERAL_RULES: tuple[Rule, ...] = (PAULIS, MERGE)
"""Rules that leave every two-qubit gate in place."""

ROUTED_LITERAL_RULES: tuple[Rule, ...] = (*LITERAL_RULES, RUNS)
"""For such programs after routing: the router's SWAPs merge with the gates beside them."""

ALL_RULES: tuple[Rule, ...] = (PAULIS, MERGE, BASIS_STATES, UNSEEN, CANCEL, RUNS)
"""All rules, applied in turn until none changes the program."""
