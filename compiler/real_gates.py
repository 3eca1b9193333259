"""Every logical gate in terms of RY and CZ, with one-qubit gates merged where they meet."""

from __future__ import annotations

from collections.abc import Iterator

import cirq
import numpy as np

from qpbae_tn.compiler.logical import LogicalProgram, stage_of


def to_real_gates(program: LogicalProgram) -> LogicalProgram:
    """The program with CNOT = RY(pi/2) CZ RY(-pi/2) on the target, SWAP as three CNOTs, and CSWAP as CNOT, CCX, CNOT.

    The CCX of a literal SWAP test (6 CNOTs, T and H) is the one place where gates that are not real stand.
    """
    return program.with_operations(
        part.with_tags(stage_of(op)) for op in program.circuit.all_operations() for part in _expand(op.untagged)
    )


def _expand(op: cirq.Operation) -> Iterator[cirq.Operation]:
    if op.gate == cirq.CNOT:
        control, target = op.qubits
        yield cirq.ry(-np.pi / 2)(target)
        yield cirq.CZ(control, target)
        yield cirq.ry(np.pi / 2)(target)
    elif op.gate == cirq.SWAP:
        first, second = op.qubits
        for pair in ((first, second), (second, first), (first, second)):
            yield from _expand(cirq.CNOT(*pair))
    elif isinstance(op.gate, cirq.CSwapGate):
        control, first, second = op.qubits
        for part in (cirq.CNOT(second, first), *_toffoli(control, first, second), cirq.CNOT(second, first)):
            yield from _expand(part)
    else:
        yield op


def _toffoli(first: cirq.Qid, second: cirq.Qid, target: cirq.Qid) -> Iterator[cirq.Operation]:
    """CCX of 6 CNOTs (Nielsen and Chuang, Fig. 4.9)."""
    yield cirq.H(target)
    yield cirq.CNOT(second, target)
    yield (cirq.T**-1)(target)
    yield cirq.CNOT(first, target)
    yield cirq.T(target)
    yield cirq.CNOT(second, target)
    yield (cirq.T**-1)(target)
    yield cirq.CNOT(first, target)
    yield cirq.T(second)
    yield cirq.T(target)
    yield cirq.H(target)
    yield cirq.CNOT(first, second)
    yield cirq.T(first)
    yield (cirq.T**-1)(second)
    yield cirq.CNOT(first, second)
