"""Depolarising noise as in the authors' program: on each wire of each gate, gates not decomposed.

Their noise run used PennyLane's `default.mixed` at P = 2 with p = 0.2 after RY, CNOT, SWAP, H and CSWAP; amplitude
embedding is a preparation of the device there, without gates, and so without noise.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import cirq

from qpbae_tn.analysis.noise.program import Factor, NoisyProgram, Step, fused, observable, swap_observable
from qpbae_tn.analysis.noise.transfer import (
    FloatArray,
    depolarising_transfer,
    kronecker,
    operation_transfer,
)
from qpbae_tn.compiler.estimator import of_parities
from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.compiler.program import Program
from qpbae_tn.errors import InputError

PAPER_P = 0.2
"""The authors' strength."""


def check_strength(p: float) -> float:
    """The strength; raises `InputError` outside [0, 3/4], where 3/4 erases a qubit."""
    if not 0 <= p <= 0.75:
        raise InputError(f"depolarising strength {p:g}", where="p", remedy="give a number from 0 to 0.75")
    return p


def depolarised(program: Program, p: float, noisy: Collection[Stage] = tuple(Stage)) -> NoisyProgram:
    """A readout's circuit with a depolarising channel on each wire after each gate.

    Args:
        program: a literal readout with numbers; its registers start in exact patch states.
        p: strength.
        noisy: stages whose gates are noisy.

    Returns:
        The noisy circuit. Where the readout undoes the preparation (`echo`), that is without noise too: the overlap
        with the patch state is taken exactly.
    """
    check_strength(p)
    shrink = depolarising_transfer(p)
    steps = []
    for op in program.circuit.all_operations():
        matrix = _gate_transfer(op.gate)
        if stage_of(op) in noisy:
            matrix = kronecker([shrink] * len(op.qubits)) @ matrix
        steps.append(Step(op.qubits, matrix))
    registers = tuple(program.inputs)
    factors: tuple[Factor, ...] = observable(of_parities(program.estimator), program.measured)
    if program.outputs:
        (register,) = program.outputs
        reference = tuple(cirq.NamedQubit(f"reference_{index}") for index in range(len(register)))
        registers += (reference,)
        factors = tuple(swap_observable(a, b) for a, b in zip(register, reference, strict=True))
    return NoisyProgram(fused(steps), registers, factors)


def gate_count(program: Program) -> int:
    """Wires that a channel stands on: the sum over gates of their qubits."""
    return sum(len(op.qubits) for op in program.circuit.all_operations())


@cache
def _gate_transfer(gate: cirq.Gate) -> FloatArray:
    return operation_transfer(gate.on(*cirq.LineQubit.range(cirq.num_qubits(gate))))
