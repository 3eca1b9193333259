"""Reductions: what the compiler knows of a readout, as passes that each rest on one identity.

They keep the mean of the readout's value for every patch state and all angles, not the distribution of its bits. The
proof of each stands above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cirq
import numpy as np

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Register, Stage, added, angle_of, is_cnot, is_ry, stage_of, tagged, wrapped
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.passes import Keeps, Pass
from qpbae_tn.compiler.program import Program


def _reduction(name: str, why: str, reduce: Callable[[Program], Program]) -> Pass:
    """A pass that keeps the mean; what it leaves is packed to the left."""

    def apply(program: Program) -> Program:
        reduced = reduce(program)
        return program if reduced is program else reduced.packed()

    return Pass(name, why, apply, Keeps.MEAN)


# The reset is a relabelling.
#
# SWAP only exchanges the names of two wires: for any gate G, G(a) after SWAP(a, b) equals SWAP(a, b) after G(b). Moving
# every SWAP to the end and there into the list of measured qubits takes it out of the circuit. For the reset this means
# that the fresh qubits are the decoder's trash wires, and that the encoder's trash is left behind.


def relabel(program: Program) -> Program:
    """Take every SWAP gate out by renaming the wires of all that follows."""
    wire: dict[cirq.Qid, cirq.Qid] = {qubit: qubit for qubit in program.qubits}
    operations, found = [], False
    for op in program.operations:
        if op.gate == cirq.SWAP:
            first, second = op.qubits
            wire[first], wire[second] = wire[second], wire[first]
            found = True
        else:
            operations.append(op.transform_qubits(wire))
    if not found:
        return program

    def renamed(register: Register) -> Register:
        return tuple(wire[qubit] for qubit in register)

    return replace(
        program.with_operations(operations),
        measured=renamed(program.measured),
        outputs=tuple(renamed(register) for register in program.outputs),
        zero_effect=frozenset(renamed(tuple(program.zero_effect))),
        swap_effect=tuple((wire[first], wire[second]) for first, second in program.swap_effect),
    )


RELABEL_RESET = _reduction(
    "reset_as_relabelling", "SWAP renames wires: the fresh qubits become the decoder's trash wires", relabel
)


# Encoder blocks on latents alone cancel against the decoder's first ones.
#
# The decoder begins with the inverses of the encoder's last gates. Once the reset is a relabelling, a gate of the
# encoder that acts on latents alone and is followed, on its qubits, by nothing but its own inverse gives G^-1 G = 1.
# Nothing is assumed of the gates but that they are inverse; for blocks that only partly act on latents (SO(4)) this
# takes off the part that does. Removing a pair can expose the next one, so that one pass over a stack reaches the
# fix-point.


def cancel(program: Program) -> Program:
    """Remove every gate together with its inverse where nothing stands between them."""
    operations: list[cirq.Operation | None] = []
    last: dict[cirq.Qid, list[int]] = {qubit: [] for qubit in program.qubits}
    for op in program.operations:
        tops = {last[qubit][-1] if last[qubit] else None for qubit in op.qubits}
        index = tops.pop() if len(tops) == 1 else None
        before = operations[index] if index is not None else None
        if index is not None and before is not None and are_inverse(before, op):
            operations[index] = None
            for qubit in op.qubits:
                last[qubit].pop()
        else:
            for qubit in op.qubits:
                last[qubit].append(len(operations))
            operations.append(op)
    left = [op for op in operations if op is not None]
    return program.with_operations(left)


def are_inverse(first: cirq.Operation, second: cirq.Operation) -> bool:
    """Whether two RY or CNOT gates on the same qubits undo each other, for all values of their symbols."""
    if first.qubits != second.qubits:
        return False
    if is_ry(first) and is_ry(second):
        # Cirq inverts a numeric angle by way of its exponent, which rounds.
        return wrapped(added(angle_of(first), angle_of(second))) == 0
    return is_cnot(first) and is_cnot(second)


CANCEL_INVERSES = _reduction(
    "latent_blocks_cancel", "encoder gates on latents alone cancel against the decoder's first ones", cancel
)


# A CNOT whose control is still in |0> is the identity.
#
# CNOT = |0><0| (x) 1 + |1><1| (x) X, and the control is |0> with certainty until the first gate on it that is not
# such a CNOT. In the decoder of the paper's staircase this ends every CNOT, one after the other, since each is
# controlled by a fresh qubit on which nothing has acted yet.


def drop_zero_controls(program: Program) -> Program:
    """Remove every CNOT that is controlled by a qubit on which nothing has acted yet."""
    untouched = set(program.qubits).difference(*program.inputs)
    operations = []
    for op in program.operations:
        if is_cnot(op) and op.qubits[0] in untouched:
            continue
        untouched.difference_update(op.qubits)
        operations.append(op)
    return program.with_operations(operations)


ZERO_CONTROLS = _reduction("zero_controls", "a CNOT whose control is a fresh |0> is the identity", drop_zero_controls)


# A CNOT whose control is then projected on |0> is the identity.
#
# <0| CNOT = <0| (x) 1. Where the readout's effect contains |0><0| on a qubit (a bit that has to be 0 for the shot to
# count, or a SWAP test of that qubit against |0...0>, whose effect is that projector), the projector acts on both
# sides of that CNOT in <O> = Tr[rho C^+ O C], so that the CNOT drops; further ones may then stand before the projector.
# With one layer of the paper's ansatz no CNOT between the trash and what is read is left.


def drop_projected_controls(program: Program) -> Program:
    """Remove every CNOT whose control is projected on |0> by the readout before anything else acts on it."""
    projected = set(program.zero_effect)
    operations = []
    for op in reversed(program.operations):
        if stage_of(op) is not Stage.READOUT:
            if is_cnot(op) and op.qubits[0] in projected:
                continue
            projected.difference_update(op.qubits)
        operations.append(op)
    return program.with_operations(reversed(operations))


PROJECTED_CONTROLS = _reduction(
    "projected_controls", "a CNOT whose control is then projected on |0> is the identity", drop_projected_controls
)


# The same gates on both latent registers, just before they are compared, change nothing.
#
# Where the readout acts as SWAP on pairs of qubits, its effect S satisfies (V (x) V)^+ S (V (x) V) = S for every V on
# one side and the same V on the other. In `latent`, V is what of the encoder's end acts on latents alone: each step
# takes off one gate that is the last on all its qubits, together with its equal on the other side.


def drop_common(program: Program) -> Program:
    """Remove equal gates at the end of both sides of the readout's SWAP pairs, until there are none."""
    partner = dict(program.swap_effect)
    left, right = frozenset(partner), frozenset(partner.values())
    operations = program.operations
    kept = set(range(len(operations)))
    while True:
        ends = [index for index in kept if _is_end(operations, kept, index)]
        mirrored = {operations[index]: index for index in ends if right.issuperset(operations[index].qubits)}
        for index in ends:
            if left.issuperset(operations[index].qubits):
                match = mirrored.get(operations[index].transform_qubits(lambda qubit: partner.get(qubit, qubit)))
                if match is not None:
                    kept -= {index, match}
                    break
        else:
            break
    return program.with_operations(operations[index] for index in sorted(kept))


def _is_end(operations: tuple[cirq.Operation, ...], kept: set[int], index: int) -> bool:
    """Whether nothing but the readout follows an operation."""
    if stage_of(operations[index]) is Stage.READOUT:
        return False
    own = set(operations[index].qubits)
    later = (other for other in kept if other > index and stage_of(operations[other]) is not Stage.READOUT)
    return all(own.isdisjoint(operations[other].qubits) for other in later)


COMMON_LATENT_GATES = _reduction(
    "common_latent_gates_drop", "SWAP commutes with V (x) V: equal gates on both latent registers drop", drop_common
)


# Gates after which nothing is measured change nothing.
#
# A gate G on qubits that are all discarded afterwards satisfies Tr_D[G rho G^+] = Tr_D[rho]. Read from the end, a gate
# stays exactly if one of its qubits is measured or meets a gate that stays.


def drop_unread(program: Program) -> Program:
    """Remove the gates on which no measured bit depends."""
    read = set(program.measured).union(*program.outputs)
    operations = []
    for op in reversed(program.operations):
        if not read.isdisjoint(op.qubits):
            read.update(op.qubits)
            operations.append(op)
    return program.with_operations(reversed(operations))


LIGHT_CONE = _reduction("light_cone", "gates after which nothing is measured drop", drop_unread)


# Gates at the end that only rename the outcomes of a measured register are no gates.
#
# Where the strings of a register are measured in the computational basis and each has its own value, X and CNOT within
# the register permute the strings: the estimator does the same to the bits (a CNOT adds the control to the target, an X
# inverts a bit), for every state. A CNOT from a measured qubit to one that is not measured is controlled on a basis
# state that the measurement finds anyway, and what it does to the other qubit nobody sees: with P the projector on the
# control's bit, P CNOT = P (x) X^bit, and X^bit drops in the partial trace. A gate counts as the last on a qubit, too,
# where later ones commute with it there: they use the qubit as a control as it does, or as a target as it does.


def drop_renaming(program: Program) -> Program:
    """Remove X and CNOT at the end of a register whose outcomes are weighed; the estimator takes them over."""
    while isinstance(found := program.estimator, OutcomeEstimator):
        program = drop_unread(program)
        operations, estimator = _without_renaming(program, found)
        if len(operations) == len(program.operations):
            break
        program = replace(program.with_operations(operations), estimator=estimator)
    return program


def _without_renaming(program: Program, estimator: OutcomeEstimator) -> tuple[list[cirq.Operation], OutcomeEstimator]:
    place = {qubit: index for index, qubit in enumerate(program.measured)}
    later: dict[cirq.Qid, set[str]] = {qubit: set() for qubit in program.qubits}
    kept: list[cirq.Operation] = []
    for op in reversed(program.operations):
        roles = ("control", "target") if is_cnot(op) else ("other",) * len(op.qubits)
        if (
            is_cnot(op)
            and op.qubits[0] in place
            and all(later[q] <= {r} for q, r in zip(op.qubits, roles, strict=True))
        ):
            control, target = op.qubits
            if target in place:
                estimator = estimator.without_cnot(place[control], place[target])
            continue
        if is_flip(op) and op.qubits[0] in place and not later[op.qubits[0]]:
            estimator = estimator.without_x(place[op.qubits[0]])
            continue
        for qubit, role in zip(op.qubits, roles, strict=True):
            later[qubit].add(role)
        kept.append(op)
    return kept[::-1], estimator


def is_flip(operation: cirq.Operation) -> bool:
    """Whether a one-qubit gate is X in what a measurement sees: X itself, or RY by half a turn, which is X up to Z."""
    if operation.gate == cirq.X:
        return True
    if not is_ry(operation) or cirq.is_parameterized(operation):
        return False
    return bool(np.isclose(abs(np.sin(float(angle_of(operation)) / 2)), 1.0, atol=1e-12, rtol=0))


OUTCOME_NAMES = _reduction(
    "outcome_names",
    "X and CNOT before a measurement of weighed strings rename them; a CNOT out of them drops",
    drop_renaming,
)


def split_ancilla(program: Program) -> Program:
    """Replace one ancilla that controls all SWAPs by one ancilla a pair, of which only the parity is read.

    Let a controlled SWAP stand for each pair (a, b), all with one ancilla in |+>, and let <X> of the ancilla be read
    and all else be discarded (the paper's form: H, CSWAPs, H, <Z>).

    1. SWAP is diag(1, 1, 1, -1) in the Bell basis of (a, b). The change back to the computational basis after the test
       acts on discarded qubits alone, so that the pair is left in the basis in which the controlled SWAP is a CCZ.
    2. The CCZs are diagonal in the pairs' bits u, v; the pairs are discarded, so that these bits may be taken as
       measured: the ancilla is flipped in its X basis by u AND v of each pair, and <X> is the mean of the product of
       (-1)^(u AND v).
    3. That product can be gathered by one ancilla a pair: each is flipped by its own pair only, and the parity of all
       of them is the sign that the one ancilla would have had. No ancilla has to reach more than one pair, or to be
       copied.
    4. One ancilla in |0> becomes |u AND v> by RY(+-pi/4) rotations between Z^u, Z^(u+v), Z^u: as Z RY(s) Z = RY(-s),
       RY(s3) Z^u RY(s2) Z^(u+v) RY(s1) Z^u RY(s0) rotates |0> by s3 + (-1)^u s2 + (-1)^v s1 + (-1)^(u+v) s0 up to a
       sign, which for (s3, s2, s1, s0) = (1, -1, -1, 1) pi/4 is pi u v. (Margolus' gate on a target in |0>.)
    5. Three CZ with one wire of the pair suffice, which then carries u, u + v, u: a CNOT from the other wire stands
       between them. Only the wires a - b - ancilla have to be neighbours (a grid has no triangles). With the Bell
       basis' own CNOT that makes 6 gates a pair.
    """
    readout = program.of_stage(Stage.READOUT)
    pairs = [(op.qubits[1], op.qubits[2]) for op in readout if isinstance(op.gate, cirq.CSwapGate)]
    if not pairs or len(program.measured) != 1:
        return program
    ancillas = tuple(cirq.NamedQubit(f"{program.measured[0]}_{index}") for index in range(len(pairs)))
    tests = (_conjunction(*pair, ancilla) for pair, ancilla in zip(pairs, ancillas, strict=True))
    model = program.of_stage(Stage.ENCODER, Stage.DECODER)
    return replace(
        program.with_operations((*model, *tagged(tests, Stage.READOUT).all_operations())),
        measured=ancillas,
        estimator=Estimator(len(ancillas), signs=tuple(range(len(ancillas)))),
    )


def _conjunction(far: cirq.Qid, near: cirq.Qid, ancilla: cirq.Qid) -> Iterator[cirq.Operation]:
    """Write the AND of the pair's Bell bits into an ancilla in |0>; only `far - near` and `near - ancilla` touch.

    The Bell CNOT is controlled by `near`: in the training circuit that is a fresh |0>, and the CNOT drops.
    """
    yield cirq.CNOT(near, far)
    yield cirq.ry(-np.pi / 2)(near)
    yield cirq.ry(np.pi / 4)(ancilla)
    yield cirq.CZ(near, ancilla)
    for _ in range(2):
        yield cirq.ry(-np.pi / 4)(ancilla)
        yield cirq.CNOT(far, near)
        yield cirq.CZ(near, ancilla)
    yield cirq.ry(np.pi / 4)(ancilla)


ANCILLA_A_PAIR = _reduction(
    "ancilla_a_pair",
    "the data are discarded: each CSWAP becomes the AND of two Bell bits in an ancilla of its own, read as a parity",
    split_ancilla,
)


# All steps.


LITERAL: tuple[Pass, ...] = (RELABEL_RESET,)
"""What even the literal circuit gets: hardware has no gate for a change of names."""

REDUCTIONS: tuple[Pass, ...] = (
    ANCILLA_A_PAIR,
    CANCEL_INVERSES,
    COMMON_LATENT_GATES,
    PROJECTED_CONTROLS,
    ZERO_CONTROLS,
    LIGHT_CONE,
    OUTCOME_NAMES,
)
"""The order matters: equal gates drop before one side of them is reduced, and names come after the light cone."""

ALL: tuple[Pass, ...] = (*LITERAL, *REDUCTIONS)
"""All steps, in order."""
