"""The passes from a tagged circuit to native gates, with their log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cirq

from qpbae_tn.compiler.lowering.equivalence import Check, Reference
from qpbae_tn.compiler.lowering.native import scheduled, to_native
from qpbae_tn.compiler.lowering.real_program import RealProgram
from qpbae_tn.compiler.lowering.records import StageRecord
from qpbae_tn.compiler.lowering.rules import ALL_RULES, Rule
from qpbae_tn.compiler.targets.target import Target, check_program


@dataclass(frozen=True)
class Lowered:
    """A circuit and how it came about.

    Args:
        circuit: tagged with stages; the measurements stand in its last moment.
        log: the circuit as given, then a record for each pass that changed it.
    """

    circuit: cirq.Circuit
    log: tuple[StageRecord, ...]


def simplify(
    circuit: cirq.AbstractCircuit,
    *,
    inputs: Collection[cirq.Qid] = (),
    any_basis: bool = False,
    rules: Sequence[Rule] = ALL_RULES,
    seed: int = 0,
) -> Lowered:
    """Rewrite a real circuit until no rule changes it; all its qubits that are measured stay, with their measurements.

    Args:
        circuit: tagged operations that `RealProgram.from_circuit` knows, symbols allowed, measurements at the end.
        inputs: qubits that start in an arbitrary state; all others start in |0>.
        any_basis: whether the measurements stand for measurements in an arbitrary basis, which sees phases.
        rules: `ALL_RULES`, or `LITERAL_RULES` to keep every two-qubit gate.
        seed: of the angles and inputs at which passes are checked.

    Raises:
        ValueError: an operation that is not known, or no measurement.
        VerificationError: a pass changed what is measured.
    """
    program = RealProgram.from_circuit(circuit, inputs, any_basis=any_basis)
    program, log = _rewrite(circuit, program, rules, _reference(circuit, inputs, seed, any_basis))
    return Lowered(scheduled(program), log)


def lower(
    circuit: cirq.AbstractCircuit,
    target: Target,
    *,
    inputs: Collection[cirq.Qid] = (),
    any_basis: bool = False,
    rules: Sequence[Rule] = ALL_RULES,
    seed: int = 0,
) -> Lowered:
    """Simplify a placed circuit and write it in native gates: PhasedXZ and the target's two-qubit gate.

    Two-qubit and one-qubit layers stand in moments of their own. A merged gate has the stage of the latest gate in it.
    Symbols survive, linear, in the x exponents of PhasedXZ.

    Args:
        circuit: real, tagged, on the target's qubits, each two-qubit gate on one of its pairs.
        target: the processor.
        inputs: qubits that start in an arbitrary state (circuits without preparation); all others start in |0>.
        any_basis: as for `simplify` (circuits without the inverse preparation that belongs before the measurement).
        rules: as for `simplify`.
        seed: of the angles and inputs at which passes are checked.

    Raises:
        InputError: the target does not take the program (`check_program`).
        ValueError: an operation that is not known, or no measurement.
        VerificationError: a pass changed what is measured.
    """
    reference = _reference(circuit, inputs, seed, any_basis)
    program = RealProgram.from_circuit(circuit, inputs, any_basis=any_basis)
    program, log = _rewrite(circuit, program, rules, reference)
    native = to_native(program, target.native)
    check_program(native, target)
    check = reference.compare(native, last=True)
    return Lowered(native, (*log, StageRecord.of(f"lower to {target.native.value}", native, check)))


_REAL_TYPES = (cirq.YPowGate, cirq.ZPowGate, cirq.CZPowGate, cirq.MeasurementGate)


def _rewrite(
    circuit: cirq.AbstractCircuit, program: RealProgram, rules: Sequence[Rule], reference: Reference
) -> tuple[RealProgram, tuple[StageRecord, ...]]:
    log: list[StageRecord] = [StageRecord.of("given", circuit, Check("the circuit as it was given"))]
    if any(not isinstance(op.gate, _REAL_TYPES) for op in circuit.all_operations()):
        result = scheduled(program)
        log.append(StageRecord.of("write in RY and CZ", result, reference.compare(result)))
    changed = True
    while changed:
        changed = False
        for rule in rules:
            rewritten = rule.apply(program)
            if rewritten != program:
                program, changed = rewritten, True
                result = scheduled(program)
                check = reference.compare(result)
                check = replace(check, statement=f"{rule.why}; {check.statement}")
                log.append(StageRecord.of(rule.name, result, check))
    return program, tuple(log)


def _reference(circuit: cirq.AbstractCircuit, inputs: Collection[cirq.Qid], seed: int, any_basis: bool) -> Reference:
    return Reference(circuit, {str(qubit): qubit for qubit in inputs}, seed, any_basis=any_basis)
