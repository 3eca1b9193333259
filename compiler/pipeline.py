"""The pipeline: from a model's specification to a verified program for a processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles, symbols
from qpbae_tn.compiler.counts import Counts, count
from qpbae_tn.compiler.expectation import Boundary
from qpbae_tn.compiler.fitting import check_size
from qpbae_tn.compiler.generic import generic_angles, generic_state
from qpbae_tn.compiler.logical import LogicalProgram, Register, Stage, tagged
from qpbae_tn.compiler.lowering import lower
from qpbae_tn.compiler.lowering.equivalence import Check
from qpbae_tn.compiler.lowering.lower import simplify
from qpbae_tn.compiler.lowering.native import scheduled
from qpbae_tn.compiler.lowering.real_program import RealProgram
from qpbae_tn.compiler.lowering.records import StageRecord
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES, ROUTED_LITERAL_RULES
from qpbae_tn.compiler.parameters import flatten
from qpbae_tn.compiler.placement import place
from qpbae_tn.compiler.placement.place import Placed
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.preparation.single import prepare
from qpbae_tn.compiler.program import MEASUREMENT_KEY, CompiledProgram
from qpbae_tn.compiler.readouts import Readout
from qpbae_tn.compiler.real_gates import to_real_gates
from qpbae_tn.compiler.reductions import LITERAL, REDUCTIONS, apply_reductions
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.compiler.verification import Verification, model_scores, verify
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.float64]


def compile_program(
    specification: ModelSpecification,
    angles: ArrayLike | None,
    readout: Readout,
    preparation: Preparation,
    target: Target,
    *,
    literal: bool = False,
    state: ArrayLike | None = None,
    collapse: bool = False,
    seed: int = 0,
) -> CompiledProgram:
    """Compile a readout of a model for a processor, and verify the result.

    Args:
        specification: the model.
        angles: shape (parameter_count,), radians; None leaves them symbols, to be given with each patch.
        readout: what to measure.
        preparation: how patches are prepared.
        target: the processor.
        literal: leave the paper's circuit as it is, but for the reset, which is a change of names.
        state: the patch state that the program is verified with, shape (2^n,); a generic one by default.
        collapse: compile for that patch alone, so that product, basis and uniform patches take what they need only.
        seed: of generic states and angles, and of numeric checks.

    Raises:
        InputError: a circuit that does not fit the target, and other wrong input.
        VerificationError: a step changed what is measured: a defect of the compiler.
    """
    check_size(specification, readout, target, literal=literal)
    numbers = None if angles is None else specification.ansatz.check_angles(angles)
    patch = generic_state(specification, seed) if state is None else _checked(specification, state)
    settled = preparation.settled(patch[None])
    source = _Source.of(settled, patch, collapse=collapse)

    values: Angles = symbols(specification.ansatz) if numbers is None else numbers.tolist()
    paper, log = apply_reductions(readout.program(specification, values), LITERAL, seed)
    logical, further = apply_reductions(paper, () if literal else REDUCTIONS, seed)
    whole = source.attach(logical)
    prepared = StageRecord.of(f"preparation {settled.name}", whole, Check("the preparation's gates, put in"))

    rules = LITERAL_RULES if literal else ALL_RULES
    held = [qubit for register in logical.inputs for qubit in register] if settled.assumes_state else []
    # Where the inverse preparation is left out, the measurement stands for one in the patch's own basis.
    any_basis = settled.assumes_state and bool(logical.outputs)
    simplified = simplify(whole, inputs=_present(held, whole), any_basis=any_basis, rules=rules, seed=seed)
    ready = _with_idle(simplified.circuit, held)
    placed = place(ready, target, inputs=held, seed=seed)
    put = StageRecord.of(f"place on {target.name}", placed.circuit, placed.check)
    mapped = [placed.placement.mapping[qubit] for qubit in held]
    rules = ROUTED_LITERAL_RULES if literal and placed.placement.swaps else rules
    lowered = lower(placed.circuit, target, inputs=mapped, any_basis=any_basis, rules=rules, seed=seed)

    names = [symbol.name for symbol in symbols(specification.ansatz)] if numbers is None else []
    circuit, parameters = flatten(lowered.circuit, [*names, *source.names])
    checked_angles = generic_angles(specification, seed) if numbers is None else numbers
    own_angles = checked_angles if numbers is None else np.empty(0)
    (resolver,) = parameters.resolvers(np.concatenate([own_angles, source.angles])[None])
    verification = _verify(
        cirq.resolve_parameters(circuit, resolver),
        specification,
        checked_angles,
        readout,
        target,
        logical,
        placed,
        source,
    )
    return CompiledProgram(
        specification=specification,
        angles=numbers,
        readout=readout,
        preparation=settled,
        target=target,
        literal=literal,
        collapsed=collapse,
        logical=logical,
        circuit=circuit,
        parameters=parameters,
        placement=placed.placement,
        log=(*log, *further[1:], prepared, *simplified.log[1:], put, *lowered.log[1:]),
        literal_counts=_literal_counts(paper, source),
        state=patch,
        prepared_state=source.prepared,
        preparation_fidelity=source.fidelity,
        verification=verification,
    )


@dataclass(frozen=True, eq=False)
class _Source:
    """The patch, and how it comes into the circuit.

    Args:
        preparation: settled.
        patch: the patch state, shape (2^n,).
        prepared: the state that the preparation makes of it, shape (2^n,).
        fidelity: |<patch|prepared>|^2.
        names: of the preparation's symbols; none when it stands in the circuit with numbers.
        angles: their values for this patch.
        collapse: whether the numbers of this patch stand in the circuit.
    """

    preparation: Preparation
    patch: FloatArray
    prepared: FloatArray
    fidelity: float
    names: tuple[str, ...]
    angles: FloatArray
    collapse: bool

    @classmethod
    def of(cls, preparation: Preparation, patch: FloatArray, *, collapse: bool) -> _Source:
        size = len(patch).bit_length() - 1
        if preparation.assumes_state:
            return cls(preparation, patch, patch, 1.0, (), np.empty(0), False)
        if collapse:
            single = prepare(preparation, patch, cirq.LineQubit.range(size))
            simulator = cirq.Simulator(dtype=np.complex128)
            final = simulator.simulate(single.circuit, qubit_order=cirq.LineQubit.range(size)).final_state_vector
            return cls(preparation, patch, final.real, single.fidelity, (), np.empty(0), True)
        template, fit = preparation.template(size), preparation.fit(patch[None])
        names = tuple(symbol.name for symbol in template.symbols)
        made = template.states(fit.angles)[0]
        return cls(preparation, patch, made, float(fit.fidelity[0]), names, fit.angles[0], False)

    def attach(self, program: LogicalProgram) -> cirq.Circuit:
        """The whole circuit in RY and CZ: preparations, program, inverse preparations, measurement."""
        return cirq.Circuit(
            (self._circuit(register) for register in program.inputs),
            to_real_gates(program).circuit,
            (tagged(cirq.inverse(self._circuit(register)), Stage.PREPARATION) for register in program.outputs),
            cirq.measure(*program.measured, key=MEASUREMENT_KEY),
        )

    def _circuit(self, register: Register) -> cirq.Circuit:
        if self.preparation.assumes_state:
            return cirq.Circuit()
        if self.collapse:
            return prepare(self.preparation, self.patch, register).circuit
        return self.preparation.template(len(register)).circuit(register)


def _verify(
    circuit: cirq.Circuit,
    specification: ModelSpecification,
    angles: FloatArray,
    readout: Readout,
    target: Target,
    logical: LogicalProgram,
    placed: Placed,
    source: _Source,
) -> Verification:
    """Verify the circuit for one patch; registers that are taken to hold it get it as their state."""
    inputs: tuple[Boundary, ...] = ()
    outputs: tuple[Boundary, ...] = ()
    if source.preparation.assumes_state:
        start = placed.placement.mapping
        (measurement,) = (op for op in circuit.all_operations() if cirq.is_measurement(op))
        end = dict(zip(logical.measured, measurement.qubits, strict=True))
        inputs = tuple(Boundary(tuple(start[qubit] for qubit in register), source.patch) for register in logical.inputs)
        outputs = tuple(Boundary(tuple(end[qubit] for qubit in register), source.patch) for register in logical.outputs)
    states = np.stack([source.prepared, source.patch])
    expected, for_patch = model_scores(specification, angles, states, readout.quantity)
    return verify(
        circuit,
        target,
        logical.estimator,
        readout.quantity,
        expected=float(expected),
        for_patch=float(for_patch),
        inputs=inputs,
        outputs=outputs,
    )


def _literal_counts(literal: LogicalProgram, source: _Source) -> Counts:
    """Counts of the paper's circuit with the same preparation, one-qubit gates merged."""
    program = RealProgram.from_circuit(source.attach(literal))
    for rule in LITERAL_RULES:
        program = rule.apply(program)
    return count(scheduled(program), qubits=len(literal.qubits))


def _present(qubits: Sequence[cirq.Qid], circuit: cirq.Circuit) -> list[cirq.Qid]:
    everything = circuit.all_qubits()
    return [qubit for qubit in qubits if qubit in everything]


def _with_idle(circuit: cirq.Circuit, qubits: Sequence[cirq.Qid]) -> cirq.Circuit:
    """The circuit with these qubits in it even where nothing acts on them, so that they are placed too."""
    missing = sorted(set(qubits) - circuit.all_qubits())
    return cirq.Circuit(cirq.Moment(cirq.I(qubit) for qubit in missing), circuit) if missing else circuit


def _checked(specification: ModelSpecification, state: ArrayLike) -> FloatArray:
    patch = np.asarray(state, dtype=np.float64)
    if patch.shape != (specification.pixel_count,) or not np.isclose(np.linalg.norm(patch), 1.0, atol=1e-9):
        raise InputError(
            f"a state of shape {patch.shape}",
            where="state",
            remedy=f"give a unit vector of {specification.pixel_count} numbers",
        )
    return patch
