"""Exact means of a noisy readout for many patches: observables are pulled back, what holds patches is pushed forward.

All that is the same for every patch (most of encoder, decoder and readout) is applied to the observable, once. What
depends on the patch (the preparation) is applied to the states, for all patches together. Qubits that do not interact
yet stay in tensors of their own on both sides. The result is exact: there are no trajectories and no shots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

from qpbae_tn.analysis.noise.program import NoisyProgram, Step, Wires
from qpbae_tn.analysis.noise.transfer import ZERO, FloatArray, apply_to_axes, pauli_vectors

OBSERVABLE_QUBITS = 10
"""The pulled-back observable keeps at most this many qubits in one tensor (8 MiB)."""
STATE_QUBITS = 8
"""The same for the states of the patches; a program that needs more is for trajectories."""
BATCH_ENTRIES = 1 << 20
"""Entries of one tensor of states: patches are taken in batches so that it stays at 8 MiB."""


class TooEntangled(Exception):
    """More qubits interact than the exact evaluation holds; sample trajectories instead."""


@dataclass(frozen=True, eq=False)
class _Tensor:
    wires: Wires
    entries: FloatArray


@dataclass(frozen=True, eq=False)
class PulledBack:
    """A program, split.

    Args:
        head: steps that the states go through, in order of time.
        tensors: the observable before the others, in factors.
        registers: as of the program.
        width: the most qubits that one tensor of states gets.
    """

    head: tuple[Step, ...]
    tensors: tuple[_Tensor, ...]
    registers: tuple[Wires, ...]
    width: int

    def means(self, states: FloatArray | None = None, exponents: FloatArray | None = None) -> FloatArray:
        """The mean value of a shot of each patch.

        Args:
            states: shape (N, 2^n), for a program with registers that start in the patch state.
            exponents: shape (N, G), for a program that turns with the patch.

        Returns:
            Shape (N,).
        """
        count = max(len(part) for part in (states, exponents) if part is not None)
        batch = max(1, BATCH_ENTRIES >> (2 * self.width))
        found = []
        for start in range(0, count, batch):
            part = slice(start, min(start + batch, count))
            found.append(
                self._means(
                    part.stop - part.start,
                    None if states is None else states[part],
                    None if exponents is None else np.pi * exponents[part],
                )
            )
        return np.concatenate(found)

    def _means(self, count: int, states: FloatArray | None, turns: FloatArray | None) -> FloatArray:
        starts: list[_Tensor] = []
        if states is not None and self.registers:
            vectors = pauli_vectors(states)
            starts = [_Tensor(register, vectors) for register in self.registers]
        tensors = _push(self.head, starts, {wire for tensor in self.tensors for wire in tensor.wires}, turns)
        return _contract(self.tensors, tensors, count)


def pull_back(program: NoisyProgram) -> PulledBack:
    """Split a program.

    Raises:
        TooEntangled: one tensor of states would hold more than `STATE_QUBITS` qubits.
    """
    registered = {wire for register in program.registers for wire in register}
    first: dict[cirq.Qid, int] = {}
    for index, step in enumerate(program.steps):
        for wire in step.wires:
            first.setdefault(wire, index)
    tensors = [_Tensor(factor.wires, factor.coefficients) for factor in program.factors]
    head: list[Step] = []
    blocked: set[cirq.Qid] = set()
    for index in range(len(program.steps) - 1, -1, -1):
        step = program.steps[index]
        wires = set(step.wires)
        touched = [tensor for tensor in tensors if wires & set(tensor.wires)]
        if not touched and not wires & blocked:
            continue  # channels keep the trace: outside the light cone nothing happens
        merged = _merged_wires(touched, step.wires)
        if wires & blocked or step.turn is not None or len(merged) > OBSERVABLE_QUBITS:
            blocked |= wires
            head.append(step)
            continue
        tensor = _apply(step.matrix.T, _merge(touched, merged), step.wires)
        for wire in step.wires:
            if first[wire] == index and wire not in registered:
                tensor = _start_from_zero(tensor, wire)
        tensors = [other for other in tensors if other not in touched] + [tensor]
    pulled = PulledBack(tuple(reversed(head)), tuple(tensors), program.registers, 1)
    width = _state_width(pulled)
    if width > STATE_QUBITS:
        raise TooEntangled(f"{width} qubits in one tensor of states")
    return PulledBack(pulled.head, pulled.tensors, pulled.registers, width)


def effect(program: NoisyProgram) -> FloatArray:
    """The observable of a program with one register and nothing that turns, pulled back to that register.

    Returns:
        Coefficients of its Pauli strings, shape (4,) * n.
    """
    pulled = pull_back(program)
    (register,) = program.registers
    if pulled.head:
        raise TooEntangled("the observable does not fit into one tensor")
    tensor = _merge(list(pulled.tensors), _merged_wires(list(pulled.tensors), ()))
    zero_first = [wire for wire in tensor.wires if wire not in register]
    for wire in zero_first:
        tensor = _start_from_zero(tensor, wire)
    missing = tuple(wire for wire in register if wire not in tensor.wires)
    tensor = _widen(tensor, missing)
    return np.ascontiguousarray(tensor.entries.transpose([tensor.wires.index(wire) for wire in register]))


def pushed(steps: Sequence[Step], wires: Wires, turns: FloatArray) -> FloatArray:
    """All Pauli expectations of some qubits after a circuit on qubits in |0>, for each patch.

    Args:
        steps: in order of time.
        wires: the k qubits.
        turns: angles of the steps that turn, shape (N, G), radians.

    Returns:
        Shape (4,) * k + (N,).
    """
    tensor = _outer(_push(steps, [], set(wires), turns))
    order = [tensor.wires.index(wire) for wire in wires]
    entries = tensor.entries.transpose([*order, tensor.entries.ndim - 1])
    return np.broadcast_to(entries, (*entries.shape[:-1], len(turns)))


def _push(
    head: Sequence[Step], starts: list[_Tensor], observed: set[cirq.Qid], turns: FloatArray | None
) -> list[_Tensor]:
    """States of shape (4,) * k + (1 or N,), pushed through the head; qubits that nothing needs any more are traced."""
    last = {wire: index for index, step in enumerate(head) for wire in step.wires}
    tensors = [_trace(tensor, {w for w in tensor.wires if w not in last and w not in observed}) for tensor in starts]
    held = {wire for tensor in tensors for wire in tensor.wires}
    for wire in (observed | set(last)) - held:
        tensors.append(_Tensor((wire,), ZERO[:, None]))
    for index, step in enumerate(head):
        touched = [tensor for tensor in tensors if set(step.wires) & set(tensor.wires)]
        tensor = _outer(touched)
        axes = [tensor.wires.index(wire) for wire in step.wires]
        entries = apply_to_axes(step.matrix, tensor.entries, axes)
        if step.turn is not None and turns is not None:
            angle = turns[:, step.turn.symbol]
            entries = entries + apply_to_axes(step.turn.cosine, tensor.entries, axes) * np.cos(angle)
            entries += apply_to_axes(step.turn.sine, tensor.entries, axes) * np.sin(angle)
        done = {wire for wire in step.wires if last[wire] == index and wire not in observed}
        tensors = [other for other in tensors if other not in touched]
        tensors.append(_trace(_Tensor(tensor.wires, entries), done))
    return tensors


def _state_width(pulled: PulledBack) -> int:
    """The most qubits in one tensor of `_push`, found without numbers."""
    observed = {wire for tensor in pulled.tensors for wire in tensor.wires}
    last = {wire: index for index, step in enumerate(pulled.head) for wire in step.wires}
    groups: list[set[cirq.Qid]] = [set(register) for register in pulled.registers]
    groups += [{wire} for wire in (observed | set(last)) - {w for group in groups for w in group}]
    widest = max((len(group) for group in groups), default=1)
    for index, step in enumerate(pulled.head):
        touched = [group for group in groups if group & set(step.wires)]
        merged = set().union(*touched)
        widest = max(widest, len(merged))
        merged -= {wire for wire in step.wires if last[wire] == index and wire not in observed}
        groups = [group for group in groups if group not in touched] + [merged]
    return widest


def _contract(observables: Sequence[_Tensor], states: Sequence[_Tensor], count: int) -> FloatArray:
    """The sum over all Pauli strings of coefficient times expectation, for each patch."""
    labels: dict[cirq.Qid, int] = {}
    for tensor in (*observables, *states):
        for wire in tensor.wires:
            labels.setdefault(wire, len(labels) + 1)
    operands: list[Any] = []
    for tensor in observables:
        operands += [tensor.entries, [labels[wire] for wire in tensor.wires]]
    for tensor in states:
        many = tensor.entries.shape[-1] > 1 or count == 1
        entries = tensor.entries if many else tensor.entries[..., 0]
        operands += [entries, [labels[wire] for wire in tensor.wires] + ([0] if many else [])]
    operands += [np.ones(count), [0]]
    return np.asarray(np.einsum(*operands, [0], optimize="greedy"), dtype=np.float64)


def _merged_wires(tensors: Sequence[_Tensor], wires: Wires) -> Wires:
    return tuple(dict.fromkeys([wire for tensor in tensors for wire in tensor.wires] + list(wires)))


def _merge(tensors: Sequence[_Tensor], wires: Wires) -> _Tensor:
    """Their product, with the identity on wires that none of them has."""
    entries = np.ones(())
    held: Wires = ()
    for tensor in tensors:
        entries = np.multiply.outer(entries, tensor.entries)
        held += tensor.wires
    return _widen(_Tensor(held, entries), tuple(wire for wire in wires if wire not in held))


def _widen(tensor: _Tensor, wires: Wires) -> _Tensor:
    entries = tensor.entries
    for _ in wires:
        entries = np.multiply.outer(entries, np.array([1.0, 0, 0, 0]))
    return _Tensor(tensor.wires + wires, entries)


def _outer(tensors: Sequence[_Tensor]) -> _Tensor:
    """The product of states, patch by patch."""
    merged = tensors[0]
    for tensor in tensors[1:]:
        left, right = merged.entries, tensor.entries
        left = left.reshape(left.shape[:-1] + (1,) * (right.ndim - 1) + left.shape[-1:])
        merged = _Tensor(merged.wires + tensor.wires, left * right)
    return merged


def _apply(matrix: FloatArray, tensor: _Tensor, wires: Wires) -> _Tensor:
    axes = [tensor.wires.index(wire) for wire in wires]
    return _Tensor(tensor.wires, apply_to_axes(matrix, tensor.entries, axes))


def _start_from_zero(tensor: _Tensor, wire: cirq.Qid) -> _Tensor:
    axis = tensor.wires.index(wire)
    rest = tuple(other for other in tensor.wires if other != wire)
    return _Tensor(rest, np.asarray(np.tensordot(tensor.entries, ZERO, axes=(axis, 0))))


def _trace(tensor: _Tensor, wires: set[cirq.Qid]) -> _Tensor:
    entries: FloatArray = tensor.entries
    for wire in sorted(wires, key=tensor.wires.index, reverse=True):
        entries = np.asarray(entries.take(0, axis=tensor.wires.index(wire)))
    return _Tensor(tuple(wire for wire in tensor.wires if wire not in wires), entries)
