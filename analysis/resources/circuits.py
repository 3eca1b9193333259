"""Circuits to be counted: literal, reduced, with preparation, simplified. Nothing is checked numerically here.

The compiler checks each of these steps; counting a grid of configurations would spend all its time on that.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import cirq

from qpbae_tn.compiler.counts import Counts, count, two_qubit_gates_by_stage
from qpbae_tn.compiler.generic import generic_angles
from qpbae_tn.compiler.logical import LogicalProgram, Register, Stage
from qpbae_tn.compiler.lowering.real_program import RealProgram
from qpbae_tn.compiler.lowering.rules import ALL_RULES
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.program import MEASUREMENT_KEY
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.real_gates import to_real_gates
from qpbae_tn.compiler.reductions import LITERAL, REDUCTIONS
from qpbae_tn.model.specification import ModelSpecification


@cache
def drawn_program(specification: ModelSpecification, readout: str) -> LogicalProgram:
    """A readout's circuit as the paper draws it, at generic angles; the reset is made of SWAPs."""
    return get_readout(readout).program(specification, generic_angles(specification, 0).tolist())


@cache
def literal_program(specification: ModelSpecification, readout: str) -> LogicalProgram:
    """The same with the reset as a change of names, as hardware runs it."""
    program = drawn_program(specification, readout)
    for step in LITERAL:
        program = step.apply(program)
    return program


@cache
def reduced_program(specification: ModelSpecification, readout: str) -> LogicalProgram:
    """A readout's circuit after all reductions."""
    program = literal_program(specification, readout)
    for step in REDUCTIONS:
        program = step.apply(program)
    return program


def with_preparation(program: LogicalProgram, preparation: Preparation) -> cirq.Circuit:
    """The whole circuit in RY and CZ: preparations, program, inverse preparations, measurement."""

    def prepared(registers: tuple[Register, ...], *, inverse: bool = False) -> list[cirq.Circuit]:
        if preparation.assumes_state:
            return []
        template = preparation.template(program.specification.qubit_count)
        return [(template.inverse if inverse else template.circuit)(register) for register in registers]

    return cirq.Circuit(
        prepared(program.inputs),
        to_real_gates(program).circuit,
        prepared(program.outputs, inverse=True),
        cirq.measure(*program.measured, key=MEASUREMENT_KEY),
    )


def held_qubits(program: LogicalProgram, preparation: Preparation) -> list[cirq.Qid]:
    """Qubits that are taken to hold a patch: those of the inputs where nothing prepares them."""
    return [qubit for register in program.inputs for qubit in register] if preparation.assumes_state else []


def simplified(circuit: cirq.Circuit, inputs: list[cirq.Qid]) -> RealProgram:
    """The circuit rewritten by the compiler's rules until none changes it."""
    program = RealProgram.from_circuit(circuit, circuit.all_qubits() & set(inputs))
    changed = True
    while changed:
        changed = False
        for rule in ALL_RULES:
            rewritten = rule.apply(program)
            if rewritten != program:
                program, changed = rewritten, True
    return program


def count_whole(program: LogicalProgram, preparation: Preparation) -> tuple[Counts, dict[Stage, int]]:
    """Counts of a program with its preparations in RY and CZ, and its two-qubit gates by stage."""
    circuit = with_preparation(program, preparation)
    return count(circuit, qubits=len(program.qubits)), two_qubit_gates_by_stage(circuit)


def gate_kinds(program: LogicalProgram) -> dict[str, int]:
    """Gates of a drawn program by kind: rotation (RY), cnot, hadamard, swap, cswap."""
    names = {cirq.CNOT: "cnot", cirq.H: "hadamard", cirq.SWAP: "swap", cirq.CSWAP: "cswap"}
    kinds = Counter(
        "rotation" if isinstance(op.gate, cirq.Ry) else names[op.gate] for op in program.circuit.all_operations()
    )
    return {kind: kinds[kind] for kind in ("rotation", *names.values())}
