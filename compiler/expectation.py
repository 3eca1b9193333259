"""The tensors of an expectation value: state vectors or single gates on both sides of the pulled-back operators."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import cirq
import cotengra
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Register
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.pullback import ComplexArray, Factor, GateStep, observable, pull_back
from qpbae_tn.errors import InputError

LARGEST_LOG2 = 26
"""The largest tensor of a contraction has 2^26 entries: 1 GiB."""


_EASY_LOG2 = 18
"""An order of contraction this good is taken without a search for a better one."""


class TooLarge(InputError):
    """A circuit whose contraction needs a tensor past `LARGEST_LOG2`."""


@dataclass(frozen=True)
class Boundary:
    """A register in a given state, at the start or (as a projector) at the end.

    Args:
        qubits: the register, most significant first.
        state: its amplitudes, shape (2^n,).
    """

    qubits: Register
    state: ComplexArray | NDArray[np.floating]

    @property
    def tensor(self) -> ComplexArray:
        """The amplitudes, an axis of size 2 a qubit."""
        return self.state.astype(complex).reshape((2,) * len(self.qubits))


@dataclass
class Network:
    """Tensors and their legs, to be contracted to a number; a leg that occurs once more is summed over."""

    read: frozenset[cirq.Qid]
    arrays: list[ComplexArray] = field(default_factory=list)
    legs: list[list[Hashable]] = field(default_factory=list)

    def add_operators(self, factors: Sequence[Factor], outputs: Sequence[Boundary]) -> None:
        """The operators between the two sides; an output is the projector on its state."""
        for factor in factors:
            self._add(factor.operator, [*((1, q) for q in factor.wires), *((0, q) for q in factor.wires)])
        for boundary in outputs:
            self._add(boundary.tensor.conj(), [(0, q) for q in boundary.qubits])
            self._add(boundary.tensor, [(1, q) for q in boundary.qubits])

    def add_states(self, states: Sequence[tuple[Register, ComplexArray]]) -> None:
        """State vectors, once as they are and once conjugated."""
        for qubits, state in states:
            for side in (0, 1):
                self._add(state.conj() if side else state, [self._end(side, qubit) for qubit in qubits])

    def add_gates(
        self, operations: Sequence[cirq.Operation], qubits: frozenset[cirq.Qid], inputs: Sequence[Boundary]
    ) -> None:
        """Gate by gate: starting states, unitaries, on both sides."""
        started = {qubit for boundary in inputs for qubit in boundary.qubits}
        uses = {qubit: sum(qubit in op.qubits for op in operations) for qubit in qubits}
        zero = np.array([1, 0], dtype=complex)
        unitaries = [cirq.unitary(op).reshape((2,) * (2 * len(op.qubits))) for op in operations]
        for side in (0, 1):
            level = dict.fromkeys(qubits, 0)

            def leg(qubit: cirq.Qid, side: int = side, level: dict[cirq.Qid, int] = level) -> Hashable:
                here = level[qubit]
                return self._end(side, qubit) if here == uses[qubit] else (side, qubit, here)

            for boundary in inputs:
                self._add(boundary.tensor.conj() if side else boundary.tensor, [leg(q) for q in boundary.qubits])
            for qubit in qubits - started:
                self._add(zero, [leg(qubit)])
            for op, unitary in zip(operations, unitaries, strict=True):
                before = [leg(q) for q in op.qubits]
                for qubit in op.qubits:
                    level[qubit] += 1
                self._add(unitary.conj() if side else unitary, [*(leg(q) for q in op.qubits), *before])

    def contract(self) -> float:
        """The value; raises `TooLarge` where no order of contraction that was found keeps to `LARGEST_LOG2`."""
        if not self.arrays:
            return 1.0
        sizes = {leg: 2 for legs in self.legs for leg in legs}
        thorough = cotengra.RandomGreedyOptimizer(max_repeats=16, seed=0, accel=False, parallel=False)
        for search, largest in (("greedy", _EASY_LOG2), (thorough, LARGEST_LOG2)):
            tree = cotengra.array_contract_tree(self.legs, (), sizes, optimize=search)
            if tree.contraction_width() <= largest:
                return float(np.real(tree.contract(self.arrays)))
        raise TooLarge(
            f"the circuit cannot be verified here: its expectation needs a tensor of "
            f"2^{tree.contraction_width():.0f} entries, past 2^{LARGEST_LOG2}",
            where="readout",
            remedy="choose latent, echo or direct, smaller patches, or mps preparation of a smaller bond",
        )

    def _end(self, side: int, qubit: cirq.Qid) -> Hashable:
        """The leg after the last gate; a qubit that nothing reads is traced out: both sides share it."""
        return (side if qubit in self.read else 0, qubit)

    def _add(self, array: ComplexArray, legs: list[Hashable]) -> None:
        self.arrays.append(array)
        self.legs.append(legs)


def connected(
    operations: Sequence[cirq.Operation], inputs: Sequence[Boundary], read: frozenset[cirq.Qid]
) -> list[frozenset[cirq.Qid]]:
    """The sets of qubits that gates and inputs connect."""
    group: dict[cirq.Qid, frozenset[cirq.Qid]] = {}
    for qubits in (*(op.qubits for op in operations), *(b.qubits for b in inputs), *((qubit,) for qubit in read)):
        joined = frozenset(qubits).union(*(group[q] for q in qubits if q in group))
        group.update(dict.fromkeys(joined, joined))
    return list(dict.fromkeys(group.values()))


def state_vector(
    operations: Sequence[cirq.Operation], qubits: frozenset[cirq.Qid], inputs: Sequence[Boundary]
) -> tuple[Register, ComplexArray]:
    """The state of these qubits after the gates on them: the order of its axes, and one axis a qubit."""
    starts = [boundary for boundary in inputs if qubits.issuperset(boundary.qubits)]
    order = tuple(q for boundary in starts for q in boundary.qubits)
    rest = tuple(sorted(qubits.difference(order)))
    tensor: ComplexArray = np.ones((), dtype=complex)
    for boundary in starts:
        tensor = np.multiply.outer(tensor, boundary.tensor)
    for _ in rest:
        tensor = np.multiply.outer(tensor, np.array([1, 0], dtype=complex))
    axis = {qubit: index for index, qubit in enumerate((*order, *rest))}
    for op in operations:
        if op.qubits[0] in qubits:
            tensor = apply_gate(tensor, cirq.unitary(op), [axis[q] for q in op.qubits])
    return (*order, *rest), tensor


def apply_gate(tensor: ComplexArray, matrix: ComplexArray, axes: Sequence[int]) -> ComplexArray:
    """Act with a matrix on some axes of a tensor, each of size 2."""
    order = [*axes, *(axis for axis in range(tensor.ndim) if axis not in axes)]
    moved = tensor.transpose(order).reshape(len(matrix), -1)
    back = sorted(range(tensor.ndim), key=order.__getitem__)
    return np.asarray((matrix @ moved).reshape((2,) * tensor.ndim).transpose(back))


# The exact expectation of an estimator on a circuit's outcome, in double precision.
#
# Circuits of this model have a dozen to thirty qubits, but their readouts are products of small operators. Those are
# first pulled back through the circuit as long as they stay small, which ends many qubits at their |0> and leaves out
# whatever no bit depends on. What is left acts on state vectors, one for each set of qubits that gates connect; where
# one of those would be large, the whole is contracted as a tensor network, gate by gate. Nothing is approximated.


STATE_QUBITS = 16
"""Up to here a state vector is quicker than a search for an order of contraction."""


@dataclass(frozen=True)
class Expectation:
    """An expectation, and how it was found.

    Args:
        value: the mean of a shot's value.
        method: "the observable pulled back to |0...0>", "state vectors of up to N qubits" or "tensor network".
    """

    value: float
    method: str


def mean(program: Program, state: NDArray[np.floating]) -> Expectation:
    """The mean value of a shot of an ideal machine, for a program without symbols and a patch state, shape (2^n,).

    Registers that start in the patch state do so; those that are to be undone by the inverse preparation are projected.
    """
    if isinstance(program.estimator, OutcomeEstimator):
        value = float(outcomes(program, state) @ np.array(program.estimator.weights))
        return Expectation(value, f"state vectors of up to {len(program.qubits)} qubits")
    inputs = [Boundary(register, state) for register in program.inputs]
    outputs = [Boundary(register, state) for register in program.outputs]
    return expectation(program.operations, program.measured, program.estimator, inputs, outputs)


def outcomes(program: Program, state: NDArray[np.floating]) -> NDArray[np.float64]:
    """The probability of each outcome of an `OutcomeEstimator`, shape (K,); arguments as for `mean`.

    Raises:
        TooLarge: more than `STATE_QUBITS` qubits.
    """
    if not isinstance(program.estimator, OutcomeEstimator):
        raise ValueError("the program's shots have values, not outcomes")
    if len(program.qubits) > STATE_QUBITS:
        raise TooLarge(
            f"the outcomes of {len(program.qubits)} qubits cannot be verified here, at most {STATE_QUBITS}",
            where="readout",
            remedy="choose smaller patches",
        )
    inputs = [Boundary(register, state) for register in program.inputs]
    order, tensor = state_vector(program.operations, program.qubits, inputs)
    first = [order.index(qubit) for qubit in program.measured]
    rest = [axis for axis in range(tensor.ndim) if axis not in first]
    amplitudes = tensor.transpose([*first, *rest]).reshape(1 << len(first), -1)
    return program.estimator.gathered(np.asarray(np.square(np.abs(amplitudes)).sum(axis=1), dtype=np.float64))


def expectation(
    operations: Sequence[cirq.Operation],
    measured: Register,
    estimator: Estimator,
    inputs: Sequence[Boundary] = (),
    outputs: Sequence[Boundary] = (),
    *,
    state_qubits: int = STATE_QUBITS,
) -> Expectation:
    """The mean value of a shot of an ideal machine.

    Args:
        operations: unitary gates without symbols, in order of time.
        measured: the measured qubits, in the order of the estimator's bits.
        estimator: from bits to the value of a shot.
        inputs: registers that start in a given state; all other qubits start in |0>.
        outputs: registers that are projected on a state at the end instead of being measured; the estimator then has to
            ask all of their bits to be 0, as an inverse preparation before the measurement would make them.
        state_qubits: the largest state vector; past it the circuit is contracted gate by gate.

    Raises:
        TooLarge: neither way fits in memory.
    """
    started = {qubit for boundary in inputs for qubit in boundary.qubits}
    projected = {qubit for boundary in outputs for qubit in boundary.qubits}
    observed = [factor for factor in observable(estimator, measured) if projected.isdisjoint(factor.wires)]
    steps = [GateStep(op) for op in operations]
    places, factors = pull_back(steps, observed, started=started, blocked=projected)
    kept = [operations[place] for place in places]

    read = frozenset(projected.union(*(factor.wires for factor in factors)))
    network = Network(read)
    network.add_operators(factors, outputs)
    parts = connected(kept, inputs, read)
    largest = max((len(part) for part in parts), default=0)
    if not parts:
        return Expectation(network.contract(), "the observable pulled back to |0...0>")
    if largest <= state_qubits:
        network.add_states([state_vector(kept, part, inputs) for part in parts])
        return Expectation(network.contract(), f"state vectors of up to {largest} qubits")
    network.add_gates(kept, frozenset().union(*parts), inputs)
    return Expectation(network.contract(), "tensor network")
