"""Applying reductions, with what each of them did and a numeric check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qpbae_tn.compiler.counts import Counts, count
from qpbae_tn.compiler.expectation import Boundary, expectation
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.lowering.equivalence import Check, VerificationError
from qpbae_tn.compiler.lowering.records import StageRecord
from qpbae_tn.compiler.real_gates import to_real_gates
from qpbae_tn.compiler.reductions.step import Reduction

TOLERANCE = 1e-10
"""The most by which a step may move the mean of the readout: rounding of double precision."""


def apply_reductions(
    program: LogicalProgram, reductions: Sequence[Reduction], seed: int = 0
) -> tuple[LogicalProgram, tuple[StageRecord, ...]]:
    """Apply reductions in order; those that find nothing to do leave no record.

    Args:
        program: the circuit to reduce.
        reductions: the steps.
        seed: of the generic state and angles of the numeric check.

    Returns:
        The reduced program, and a record of the program as given and one for each step that changed it.

    Raises:
        VerificationError: a step moved the mean of the readout; its claim or its code is wrong.
    """
    value = mean(program, seed)
    records = [_record("the paper's circuit", program, Check("the readout's circuit, reset and SWAP tests as gates"))]
    for reduction in reductions:
        reduced = reduction.apply(program)
        if reduced is program:
            continue
        after = mean(reduced, seed)
        if abs(after - value) > TOLERANCE:
            raise VerificationError(f"reduction {reduction.name} moved the readout by {after - value:.3g}")
        program = reduced
        records.append(_record(reduction.name, program, Check(reduction.claim, abs(after - value), TOLERANCE)))
    return program, tuple(records)


def count_logical(program: LogicalProgram) -> Counts:
    """Counts of a program in RY and CZ, all its qubits included."""
    return count(to_real_gates(program).circuit, qubits=len(program.qubits))


def mean(program: LogicalProgram, seed: int) -> float:
    """The mean of the readout for a generic patch state, at generic angles where there are symbols."""
    generator = np.random.default_rng(seed)
    state = generator.uniform(size=program.specification.pixel_count)
    state /= np.linalg.norm(state)
    resolved = program.resolved(seed)
    inputs = [Boundary(register, state) for register in program.inputs]
    outputs = [Boundary(register, state) for register in program.outputs]
    return expectation(resolved.circuit, program.measured, program.estimator, inputs, outputs).value


def _record(name: str, program: LogicalProgram, check: Check) -> StageRecord:
    counts = count_logical(program)
    return StageRecord(
        name, counts.one_qubit_gates, counts.two_qubit_gates, counts.two_qubit_depth, counts.depth, check
    )
