"""Rewriting rules of real circuits: each keeps the distribution of the measured bits, for every input and angle.

Circuits of this model are real: RY and CZ do. Rotations about Z come in with Z, H and X, and go out again; only the T
gates of a literal SWAP test stay. Global phases are dropped. Cirq's transformers know neither qubits that start in |0>
nor that all CZ commute, and lose the stages of the gates that they merge.
"""

from __future__ import annotations

import math
from collections import Counter

import cirq

from qpbae_tn.compiler.gates import (
    Angle,
    Stage,
    added,
    angle_of,
    is_cz,
    is_multiple,
    is_ry,
    is_whole,
    ry,
    stage_of,
    without_hadamards,
    wrapped,
    z_power,
)
from qpbae_tn.compiler.lowering.runs import merge_runs
from qpbae_tn.compiler.passes import Pass
from qpbae_tn.compiler.program import Program


def write_in_ry_and_cz(program: Program) -> Program:
    """Write H and X in RY and Z; raises ValueError for a gate that the rules do not know."""
    return program.with_operations(part for op in program.operations for part in without_hadamards(op))


def merge_rotations(program: Program) -> Program:
    """Sum rotations of a qubit with nothing in between; drop multiples of a full turn. The later gate's stage stays."""
    gates: dict[int, cirq.Operation] = {}
    last_ry: dict[cirq.Qid, int] = {}  # places of rotations that a later one can join
    last_z: dict[cirq.Qid, int] = {}
    for index, op in enumerate(program.operations):
        if is_cz(op):
            for qubit in op.qubits:  # rotations about Z commute with it
                last_ry.pop(qubit, None)
        else:
            (qubit,) = op.qubits
            own, other = (last_ry, last_z) if is_ry(op) else (last_z, last_ry)
            if qubit in own:
                op = _summed(gates.pop(own[qubit]), op)
            op = _turned(op, angle_of(op)) if is_ry(op) else op
            own[qubit] = index
            other.pop(qubit, None)
        gates[index] = op
    return program.with_operations(gates[index] for index in sorted(gates) if not _is_identity(gates[index]))


def push_paulis(program: Program) -> Program:
    """Carry Z, and half turns that a later rotation takes up, through the program to where they vanish.

    Z turns RY(t) into RY(-t), commutes with CZ and is not seen by a measurement. Y commutes with RY and turns into Y Z
    across a CZ. Z stays at the end of qubits that are measured in an arbitrary basis.
    """
    rotations = Counter(op.qubits[0] for op in program.operations if is_ry(op))
    flipped: set[cirq.Qid] = set()  # by a Z that is being carried
    turned: set[cirq.Qid] = set()  # by a Y
    gates: list[cirq.Operation] = []
    for op in program.operations:
        qubit = op.qubits[0]
        if is_cz(op):
            for one, other in (op.qubits, op.qubits[::-1]):
                flipped ^= {other} if one in turned else set()
            gates.append(op)
        elif is_ry(op):
            rotations[qubit] -= 1
            angle = angle_of(op)
            if _is_half_turn(angle) and rotations[qubit]:
                turned ^= {qubit}
                continue
            angle = -angle if qubit in flipped else angle
            if qubit in turned:
                turned.remove(qubit)
                angle = added(angle, math.pi)
            gates.append(_turned(op, angle))
        elif is_whole(_exponent(op)):
            flipped ^= {qubit} if round(_exponent(op)) % 2 else set()
        else:
            gates.append(z_power(qubit, -_exponent(op), stage_of(op)) if qubit in turned else op)
    if program.outputs:
        gates += (z_power(qubit, 1.0, Stage.READOUT) for qubit in program.measured if qubit in flipped)
    return program.with_operations(gates)


def resolve_basis_states(program: Program) -> Program:
    """Replace CZ with a qubit that is still |0> by nothing, with one that is still |1> by Z on the other."""
    state: dict[cirq.Qid, bool | None] = dict.fromkeys(program.qubits, False) | dict.fromkeys(program.held)
    gates: list[cirq.Operation] = []
    for op in program.operations:
        if is_cz(op):
            known = next((pair for pair in (op.qubits, op.qubits[::-1]) if state[pair[0]] is not None), None)
            if known is None:
                gates.append(op)
            elif state[known[0]]:
                gates.append(z_power(known[1], 1.0, stage_of(op)))
            continue
        qubit, known_state = op.qubits[0], state[op.qubits[0]]
        if is_ry(op):
            if known_state is not None and not is_multiple(angle_of(op), 2 * math.pi):
                state[qubit] = not known_state if _is_half_turn(angle_of(op)) else None
            gates.append(op)
        elif known_state is None:
            gates.append(op)
    return push_paulis(program.with_operations(gates))


def drop_unseen(program: Program) -> Program:
    """Drop gates that no measurement sees: RY on qubits that nothing reads any more, CZ with no rotation behind it."""
    read = set(program.measured)
    rotated: set[cirq.Qid] = set(program.measured) if program.outputs else set()
    kept: list[cirq.Operation] = []
    for op in reversed(program.operations):
        if is_cz(op):
            if rotated.isdisjoint(op.qubits):
                continue
            read.update(op.qubits)
        elif is_ry(op):
            if read.isdisjoint(op.qubits):
                continue
            rotated.update(op.qubits)
        elif rotated.isdisjoint(op.qubits):
            continue
        kept.append(op)
    return program.with_operations(kept[::-1])


def cancel_pairs(program: Program) -> Program:
    """Cancel two CZ on the same pair when neither of its qubits is rotated in between (all CZ commute)."""
    open_gates: dict[frozenset[cirq.Qid], int] = {}
    dropped: set[int] = set()
    for index, op in enumerate(program.operations):
        if is_ry(op):
            open_gates = {pair: place for pair, place in open_gates.items() if op.qubits[0] not in pair}
        elif is_cz(op):
            earlier = open_gates.pop(frozenset(op.qubits), None)
            if earlier is None:
                open_gates[frozenset(op.qubits)] = index
            else:
                dropped |= {earlier, index}
    return program.with_operations(op for index, op in enumerate(program.operations) if index not in dropped)


def _merge_swaps(program: Program) -> Program:
    """In a literal circuit only the router's SWAPs merge, with the gates beside them."""
    return merge_runs(program) if program.placement is not None and program.placement.swaps else program


def _summed(earlier: cirq.Operation, later: cirq.Operation) -> cirq.Operation:
    """Two rotations about the same axis as one, which is the later one's."""
    if is_ry(later):
        return ry(later.qubits[0], wrapped(added(angle_of(earlier), angle_of(later))), stage_of(later))
    return z_power(later.qubits[0], _exponent(earlier) + _exponent(later), stage_of(later))


def _turned(op: cirq.Operation, angle: Angle) -> cirq.Operation:
    """An RY with another angle; the very same where that is its own."""
    angle = wrapped(angle)
    return op if angle == angle_of(op) else ry(op.qubits[0], angle, stage_of(op))


def _exponent(op: cirq.Operation) -> float:
    assert isinstance(op.gate, cirq.ZPowGate)
    return float(op.gate.exponent)


def _is_identity(op: cirq.Operation) -> bool:
    if is_cz(op):
        return False
    return is_multiple(angle_of(op), 2 * math.pi) if is_ry(op) else is_whole(_exponent(op) / 2)


def _is_half_turn(angle: Angle) -> bool:
    """Whether the rotation is Y up to a global phase, whatever the symbols are."""
    return is_multiple(added(angle, math.pi), 2 * math.pi)


WRITE_REAL = Pass("write in RY and CZ", "", write_in_ry_and_cz)
MERGE = Pass("merge rotations, schedule CZ", "RY(a) RY(b) = RY(a + b), and all CZ commute", merge_rotations)
PAULIS = Pass("push Paulis", "Z RY(t) Z = RY(-t), Y CZ = CZ (Y Z), Z is not seen by a measurement", push_paulis)
BASIS_STATES = Pass("resolve basis states", "CZ with |0> is the identity, with |1> it is Z", resolve_basis_states)
UNSEEN = Pass("drop unseen gates", "outside the light cone of the measurements", drop_unseen)
CANCEL = Pass("cancel pairs", "CZ CZ = 1, and all CZ commute", cancel_pairs)
RUNS = Pass("merge runs on a pair", "gates on one pair are a matrix that two or three CZ make", merge_runs)
SWAPS = Pass(RUNS.name, RUNS.why, _merge_swaps)

LITERAL_RULES: tuple[Pass, ...] = (PAULIS, MERGE, SWAPS)
"""Rules that leave every two-qubit gate of the paper's circuit in place."""

ALL_RULES: tuple[Pass, ...] = (PAULIS, MERGE, BASIS_STATES, UNSEEN, CANCEL, RUNS)
"""All rules, applied in turn until none changes the program."""
