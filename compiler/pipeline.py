"""The pipeline: from a model's specification to a verified program for a processor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles, generic_angles, generic_state, symbols
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.expectation import VerifyBy
from qpbae_tn.compiler.gates import Counts, Register, Stage, count, real_gates, tagged
from qpbae_tn.compiler.lowering.native import lower_to
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES, WRITE_REAL
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.parameters import flatten
from qpbae_tn.compiler.passes import Check, Checks, Keeps, Pass, Record, Steps, UntilStable, run, transformed
from qpbae_tn.compiler.placement.place import place_on
from qpbae_tn.compiler.preparation.protocol import Preparation, prepare
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import READOUTS, ReadoutCircuit
from qpbae_tn.compiler.reductions import LITERAL, REDUCTIONS
from qpbae_tn.compiler.targets.devices import known_targets, load_target
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.compiler.verification import model_scores, verify
from qpbae_tn.errors import InputError
from qpbae_tn.model.fidelity import outcome_probabilities
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.float64]


def compile_program(
    specification: ModelSpecification,
    angles: ArrayLike | None,
    readout: ReadoutCircuit,
    preparation: Preparation,
    target: Target,
    *,
    literal: bool = False,
    state: ArrayLike | None = None,
    collapse: bool = False,
    verify_by: VerifyBy = "auto",
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
        verify_by: how the result's expectation is found: "quimb" contracts every gate of it as a tensor.
        seed: of generic states and angles, and of numeric checks.

    Raises:
        InputError: a circuit that does not fit the target, and other wrong input.
        VerificationError: a step changed what is measured: a defect of the compiler.

    Example:
        >>> from qpbae_tn.compiler import get_readout, load_target, parse_preparation
        >>> model = ModelSpecification.build(4, bottleneck=1)
        >>> program = compile_program(
        ...     model, [-0.5] * 6, get_readout("echo"), parse_preparation("none"), load_target("willow_pink"))
        >>> [record.name for record in program.log][:3]
        ["the paper's circuit", 'reset_as_relabelling', 'zero_controls']
        >>> program.counts.two_qubit_gates, program.verification.difference < 1e-6
        (3, True)
    """
    check_size(specification, readout, target, literal=literal)
    numbers = None if angles is None else specification.ansatz.check_angles(angles)
    patch = generic_state(specification, seed) if state is None else _checked(specification, state)
    settled = preparation.settled(patch[None])
    source = _Source.of(settled, patch, collapse=collapse)
    passes = Passes.of(settled, literal=literal, patch=patch if collapse else None)
    compiling = (*passes.prepare, *passes.simplify, *passes.place(target, seed=seed), *passes.lower(target))

    checks = Checks(seed)
    values: Angles = symbols(specification.ansatz) if numbers is None else numbers.tolist()
    drawn = readout.program(specification, values)
    logical, reduced = run(drawn, passes.reduce, checks)
    native, lowered = run(logical, compiling, checks)

    names = [symbol.name for symbol in symbols(specification.ansatz)] if numbers is None else []
    circuit, parameters = flatten(native.moments, [*names, *source.names])
    checked_angles = generic_angles(specification, seed) if numbers is None else numbers
    own_angles = checked_angles if numbers is None else np.empty(0)
    (resolver,) = parameters.resolvers(np.concatenate([own_angles, source.angles])[None])
    states = np.stack([source.prepared, patch])
    estimator = logical.estimator
    expected, for_patch = model_scores(specification, checked_angles, states, readout.quantity, estimator)
    probabilities = None
    if isinstance(estimator, OutcomeEstimator):
        probabilities = outcome_probabilities(specification, checked_angles, states[:1], estimator.outcomes.kind)[0]
    verification = verify(
        native.with_schedule(cirq.resolve_parameters(circuit, resolver)),
        target,
        readout.quantity,
        patch=patch,
        expected=float(expected),
        for_patch=float(for_patch),
        outcomes=probabilities,
        by=verify_by,
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
        native=native.with_schedule(circuit),
        parameters=parameters,
        log=(Record.of(DRAWN, drawn, Check(DRAWN.why)), *reduced, *lowered),
        literal_counts=_literal_counts(drawn, passes.prepare),
        state=patch,
        prepared_state=source.prepared,
        preparation_fidelity=source.fidelity,
        verification=verification,
    )


@dataclass(frozen=True)
class Passes:
    """The compiler's passes, in order; an estimate runs the same ones, unchecked, as far as it wants.

    Args:
        reduce: what the compiler knows of the readout, on the paper's circuit.
        prepare: the preparation's gates are put in.
        simplify: gates are rewritten until no rule changes anything.

    Example:
        >>> from qpbae_tn.compiler import get_readout, parse_preparation, transformed
        >>> passes = Passes.of(parse_preparation("mps:2"))
        >>> program = get_readout("latent").program(ModelSpecification.build(8, bottleneck=2), [0.1] * 10)
        >>> transformed(program, passes.reduce).counts().two_qubit_gates
        6
        >>> transformed(program, (*passes.reduce, *passes.prepare, *passes.simplify)).counts().two_qubit_gates
        24
    """

    reduce: Steps
    prepare: Steps
    simplify: Steps

    @classmethod
    def of(cls, preparation: Preparation, *, literal: bool = False, patch: FloatArray | None = None) -> Passes:
        """The passes for a preparation.

        Args:
            preparation: how patches are prepared, settled.
            literal: leave the paper's circuit as it is, but for the reset.
            patch: shape (2^n,), whose numbers to put in instead of symbols, so that it takes what it needs only.
        """
        return cls(
            reduce=LITERAL if literal else (*LITERAL, *REDUCTIONS),
            prepare=(put_in(preparation, patch),),
            simplify=(WRITE_REAL, UntilStable(LITERAL_RULES if literal else ALL_RULES)),
        )

    def place(self, target: Target, *, seed: int = 0, route: bool = True) -> Steps:
        """Qubits get their places on a processor, and gates are rewritten again, as SWAPs may have come in.

        Args:
            target: the processor.
            seed: of the router.
            route: whether to route what has no place without SWAPs; `InputError` otherwise.
        """
        return (place_on(target, seed=seed, route=route), self.simplify[-1])

    def lower(self, target: Target) -> Steps:
        """Native gates, in moments."""
        return (lower_to(target),)


DRAWN = Pass(
    "the paper's circuit",
    "the readout's circuit, reset and SWAP tests as gates",
    lambda program: program,
    Keeps.MEAN,
)
"""What a log begins with."""


def put_in(preparation: Preparation, patch: FloatArray | None = None) -> Pass:
    """The pass that writes a program in RY and CZ and puts preparations and inverse preparations around it.

    Args:
        preparation: settled; where it assumes the state, inputs and outputs stay as they are.
        patch: shape (2^n,), whose numbers to put in; symbols that serve all patches by default.
    """

    def prepared(register: Register) -> cirq.Circuit:
        if patch is not None:
            return prepare(preparation, patch, register).circuit
        return preparation.template(len(register)).circuit(register)

    def apply(program: Program) -> Program:
        model = cirq.Circuit(part for op in program.operations for part in real_gates(op))
        if preparation.assumes_state:
            return program.with_schedule(cirq.Circuit(model, program.measurement))
        before = [prepared(register) for register in program.inputs]
        after = [tagged(cirq.inverse(prepared(register)), Stage.PREPARATION) for register in program.outputs]
        whole = cirq.Circuit(before, model, after, program.measurement)
        return replace(program, inputs=(), outputs=()).with_schedule(whole)

    return Pass(f"preparation {preparation.name}", "the preparation's gates, put in", apply, Keeps.NOTHING)


@dataclass(frozen=True, eq=False)
class _Source:
    """The patch that a program is verified with, and what the preparation makes of it.

    Args:
        prepared: the state that is prepared, shape (2^n,).
        fidelity: |<patch|prepared>|^2.
        names: of the preparation's symbols; none where it stands in the circuit with numbers.
        angles: their values for this patch.
    """

    prepared: FloatArray
    fidelity: float
    names: tuple[str, ...] = ()
    angles: FloatArray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, preparation: Preparation, patch: FloatArray, *, collapse: bool) -> _Source:
        size = len(patch).bit_length() - 1
        if preparation.assumes_state:
            return cls(patch, 1.0)
        if collapse:
            single = prepare(preparation, patch, cirq.LineQubit.range(size))
            return cls(single.state, single.fidelity)
        template, fit = preparation.template(size), preparation.fit(patch[None])
        names = tuple(symbol.name for symbol in template.symbols)
        return cls(template.states(fit.angles)[0], float(fit.fidelity[0]), names, fit.angles[0])


def _literal_counts(drawn: Program, preparation: Steps) -> Counts:
    """Counts of the paper's circuit with the same preparation, one-qubit gates merged, before placement."""
    literal = transformed(drawn, (*LITERAL, *preparation, WRITE_REAL, *LITERAL_RULES))
    return count(scheduled(literal), qubits=len(literal.qubits))


def _checked(specification: ModelSpecification, state: ArrayLike) -> FloatArray:
    patch = np.asarray(state, dtype=np.float64)
    if patch.shape != (specification.pixel_count,) or not np.isclose(np.linalg.norm(patch), 1.0, atol=1e-9):
        raise InputError(
            f"a state of shape {patch.shape}",
            where="state",
            remedy=f"give a unit vector of {specification.pixel_count} numbers",
        )
    return patch


# What fits on a processor, found before any work.


def check_size(
    specification: ModelSpecification, readout: ReadoutCircuit, target: Target, *, literal: bool = False
) -> None:
    """Refuse, before any work, a readout that has more qubits than the processor; says what would fit.

    Args:
        specification: the model.
        readout: what to measure.
        target: the processor.
        literal: whether the remedy should speak of circuits without reductions.

    Raises:
        InputError: the paper's circuit of the readout alone is too large.
    """
    needs, room = readout.needs(specification), len(target.qubits)
    least = needs.copies * specification.qubit_count + needs.fresh + needs.ancillas
    if least > room:
        raise InputError(
            f"readout {readout.name} at P = {specification.patch_size} takes {least} qubits, {target.name} has {room}",
            where="target",
            remedy=_remedy(specification, readout, target, least, literal),
        )


def qubits_needed(specification: ModelSpecification, readout: ReadoutCircuit, *, literal: bool = False) -> int:
    """Qubits of the circuit that is compiled, preparation apart, which needs none of its own."""
    drawn = readout.program(specification, generic_angles(specification, 0).tolist())
    return len(transformed(drawn, LITERAL if literal else (*LITERAL, *REDUCTIONS)).qubits)


def _remedy(
    specification: ModelSpecification, readout: ReadoutCircuit, target: Target, least: int, literal: bool
) -> str:
    """Names only what has room; readouts of the same quantity, smaller patches, other processors."""
    room = len(target.qubits)
    same = [other for other in READOUTS.values() if other.quantity is readout.quantity and other.name != readout.name]
    fitting = [other.name for other in same if qubits_needed(specification, other, literal=literal) <= room]
    choices = [f"the {' or '.join(fitting)} readout"] if fitting else []
    size = specification.patch_size // 2
    while size >= 2:
        smaller = ModelSpecification.build(
            size,
            bottleneck=min(specification.bottleneck, 2 * (size.bit_length() - 1) - 1),
            trash=specification.trash,
            image_size=specification.image_size,
        )
        if qubits_needed(smaller, readout, literal=literal) <= room:
            choices.append(f"patches of {size} px or less")
            break
        size //= 2
    own = max(least, qubits_needed(specification, readout, literal=literal))
    larger = [name for name in known_targets() if name != target.name and len(load_target(name).qubits) >= own]
    choices += [f"`target` {' or '.join(larger)}"] if larger else []
    if not choices:
        return "no processor that is known here holds it: use smaller patches and another readout"
    return f"use {', or '.join(choices)}"
