"""Passes: named steps of the compiler, what each of them did, and how that is checked.

A pass takes a program and gives one whose readout has the same mean. Steps that know what the readout asks (reductions)
keep the mean only; steps that rewrite gates keep the whole distribution of the measured bits. Both are compared at
generic values: a generic patch state and angles, or random angles and random product states on the input registers.
Products span all states, so that equality at one generic draw means equality for every input and, outside a set of
measure zero, every angle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.expectation import mean, outcomes
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.program import Program, generic_value
from qpbae_tn.documents import as_json

MEAN_TOLERANCE = 1e-10
"""The most by which a step may move the mean of the readout: rounding of double precision."""
EXACT_QUBITS = 16
"""Up to here distributions are compared after every pass, in double precision."""
SINGLE_QUBITS = 23
"""Up to here they are compared after the last pass, with qsim in single precision."""
_EXACT_TOLERANCE, _SINGLE_TOLERANCE = 1e-9, 1e-4


class Keeps(Enum):
    """What a pass leaves as it is, and so what is compared."""

    MEAN = "the mean of the readout's value, for every patch state and all angles"
    DISTRIBUTION = "the distribution of the measured bits, for every input and all angles"
    NOTHING = "gates are put in: what that gives is compared with the model in the end"


@dataclass(frozen=True)
class Pass:
    """A named step.

    Args:
        name: what a log calls it.
        why: the identity that it rests on, in a sentence; the proof stands beside its function.
        apply: the step; gives the very same program back where it finds nothing to do.
        keeps: what it leaves as it is.
    """

    name: str
    why: str
    apply: Callable[[Program], Program]
    keeps: Keeps = Keeps.DISTRIBUTION


@dataclass(frozen=True)
class UntilStable:
    """Passes that are applied in turn until none of them changes the program."""

    passes: tuple[Pass, ...]


Steps = Sequence[Pass | UntilStable]


@dataclass(frozen=True)
class Check:
    """A statement about a pass, and how it was decided.

    Args:
        statement: what holds, or why nothing was computed.
        deviation: of the means, or total variation distance of the distributions; None when nothing was computed.
        tolerance: the largest deviation that passes.
    """

    statement: str
    deviation: float | None = None
    tolerance: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self)


@dataclass(frozen=True)
class Record:
    """A program after one pass.

    Args:
        name: of the pass.
        one_qubit_gates: number of one-qubit gates, measurements not counted.
        two_qubit_gates: number of two-qubit gates.
        two_qubit_depth: moments with two-qubit gates.
        depth: all moments; where the circuit holds its measurements, that of them included.
        check: what was verified.
    """

    name: str
    one_qubit_gates: int
    two_qubit_gates: int
    two_qubit_depth: int
    depth: int
    check: Check

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self)

    @classmethod
    def of(cls, step: Pass, program: Program, check: Check) -> Record:
        """Count what a pass made: with each gate as early as it can be, or once it is rewritten, by its moments."""
        if step.keeps is Keeps.MEAN:
            counts = program.counts()
            sizes = (counts.one_qubit_gates, counts.two_qubit_gates, counts.two_qubit_depth, counts.depth)
            return cls(step.name, *sizes, check)
        circuit = program.schedule or scheduled(program)
        gates = [[len(op.qubits) for op in moment if not cirq.is_measurement(op)] for moment in circuit]
        ones, twos = (sum(moment.count(width) for moment in gates) for width in (1, 2))
        return cls(step.name, ones, twos, sum(2 in moment for moment in gates), len(gates), check)


class VerificationError(RuntimeError):
    """A compiled program differs from what it was compiled from: a defect of the compiler, never of its input."""


def changes(program: Program, steps: Steps) -> Iterator[tuple[Pass, Program]]:
    """Each pass that changes the program, in order, with what it makes of it."""
    for step in steps:
        again = True
        while again:
            again = False
            for part in step.passes if isinstance(step, UntilStable) else (step,):
                after = part.apply(program)
                if after is not program:
                    program, again = after, isinstance(step, UntilStable)
                    yield part, program


def transformed(program: Program, steps: Steps) -> Program:
    """The program after all passes; nothing is recorded or checked."""
    result = program
    for _, after in changes(program, steps):
        result = after
    return result


def run(program: Program, steps: Steps, checks: Checks) -> tuple[Program, tuple[Record, ...]]:
    """Apply passes in order, and check each of them.

    Args:
        program: to start from.
        steps: the passes; those that find nothing to do leave no record.
        checks: compares; it may have seen earlier passes of the same program.

    Returns:
        The program after all passes, and a record for each that changed it.

    Raises:
        VerificationError: a pass changed what it keeps; its claim or its code is wrong.
    """
    log: list[Record] = []
    last = steps[-1] if steps else None
    for step, after in changes(program, steps):
        check = checks.compare(step, program, after, last=step is last)
        log.append(Record.of(step, after, check))
        program = after
    return program, tuple(log)


class Checks:
    """Compares programs at generic values; what a program has to agree with is computed once.

    Args:
        seed: of states, angles and inputs.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._mean: NDArray[np.float64] | None = None
        self._reference: _Reference | None = None

    def compare(self, step: Pass, before: Program, after: Program, *, last: bool = False) -> Check:
        """Compare what a pass made with what it was given, or with what the first pass of its kind was given.

        Args:
            step: the pass.
            before: the program that it was given.
            after: what it made of it.
            last: whether no pass follows; large programs are compared then only.

        Raises:
            VerificationError: they differ.
        """
        if step.keeps is Keeps.NOTHING:
            return Check(step.why)
        if step.keeps is Keeps.MEAN:
            if self._mean is None:
                self._mean = generic_values(before, self._seed)
            deviation = float(np.abs(generic_values(after, self._seed) - self._mean).max())
            if not deviation <= MEAN_TOLERANCE:
                raise VerificationError(f"{step.name} moved the mean of the readout by {deviation:.3g}")
            return Check(step.why, deviation, MEAN_TOLERANCE)
        if self._reference is None:
            self._reference = _Reference(before, self._seed)
        moved = after.placement is not before.placement
        if moved and after.placement is not None and not after.placement.swaps:
            return Check(step.why)
        found = self._reference.compare(after, last=last)
        why = "" if moved else step.why
        return Check("; ".join(filter(None, (why, found.statement))), found.deviation, found.tolerance)


def generic_mean(program: Program, seed: int = 0) -> float:
    """The mean of the readout for a generic patch state, at generic angles where there are symbols."""
    return mean(program.resolved(generic_value(seed)), _generic_state(program, seed)).value


def generic_values(program: Program, seed: int = 0) -> NDArray[np.float64]:
    """What a reduction has to keep: the mean, shape (1,), or for weighted outcomes the probability of each, (K,)."""
    if not isinstance(program.estimator, OutcomeEstimator):
        return np.array([generic_mean(program, seed)])
    return outcomes(program.resolved(generic_value(seed)), _generic_state(program, seed))


def _generic_state(program: Program, seed: int) -> NDArray[np.float64]:
    state = np.random.default_rng(seed).uniform(size=2 ** len(program.inputs[0]))
    return np.asarray(state / np.linalg.norm(state))


class _Reference:
    """The distribution of a program's measured bits, for others to be compared with."""

    def __init__(self, program: Program, seed: int) -> None:
        random = np.random.default_rng(seed)
        names = [symbol.name for symbol in program.symbols]
        self._angles = dict(zip(names, random.uniform(-np.pi, np.pi, len(names)).tolist(), strict=True))
        self._inputs = random.uniform(-1, 1, (sum(map(len, program.inputs)), 3)).tolist()
        # Where the inverse preparation is left out the measurement stands for one in the patch's basis: in any basis.
        self._bases = random.uniform(-1, 1, (len(program.measured) if program.outputs else 0, 3)).tolist()
        self._program = program
        self._distribution: NDArray[np.float64] | None = None

    def compare(self, program: Program, *, last: bool) -> Check:
        qubits = max(len(self._program.qubits), len(program.qubits))
        if qubits > SINGLE_QUBITS:
            return Check(f"not computed: more than {SINGLE_QUBITS} qubits")
        if qubits > EXACT_QUBITS and not last:
            return Check(f"computed at the last stage only: more than {EXACT_QUBITS} qubits")
        if self._distribution is None:
            self._distribution = self._measured(self._program)
        deviation = float(np.abs(self._distribution - self._measured(program)).sum() / 2)
        tolerance = _EXACT_TOLERANCE if qubits <= EXACT_QUBITS else _SINGLE_TOLERANCE
        if not deviation <= tolerance:
            raise VerificationError(f"the distribution of the measured bits changed by {deviation:.3g}")
        return Check("same distribution of the measured bits at random angles and inputs", deviation, tolerance)

    def _measured(self, program: Program) -> NDArray[np.float64]:
        inputs = _turned([qubit for register in program.inputs for qubit in register], self._inputs)
        bases = _turned(program.measured, self._bases)
        operations = program.resolved(self._angles.__getitem__).operations
        return measured_distribution([*inputs, *operations, *bases], program.measured)


def measured_distribution(operations: Sequence[cirq.Operation], measured: Sequence[cirq.Qid]) -> NDArray[np.float64]:
    """Probabilities (2^m,) of m bits, the first most significant, after gates without symbols on qubits in |0>."""
    body = cirq.Circuit(operations)
    order = [*measured, *sorted(body.all_qubits().difference(measured))]
    if len(order) <= EXACT_QUBITS:
        state = cirq.Simulator(dtype=np.complex128).simulate(body, qubit_order=order).final_state_vector
    else:
        import qsimcirq

        state = qsimcirq.QSimSimulator().simulate(body, qubit_order=order).final_state_vector
    weights = (state.real.astype(np.float64) ** 2 + state.imag.astype(np.float64) ** 2).reshape(2 ** len(measured), -1)
    return np.asarray(weights.sum(axis=1), dtype=np.float64)


def _turned(qubits: Sequence[cirq.Qid], turns: Sequence[Sequence[float]]) -> Iterator[cirq.Operation]:
    """Arbitrary one-qubit gates, by three exponents each; none where there are no exponents."""
    for qubit, (x, z, axis) in zip(qubits, turns, strict=False):
        yield cirq.PhasedXZGate(x_exponent=x, z_exponent=z, axis_phase_exponent=axis).on(qubit)
