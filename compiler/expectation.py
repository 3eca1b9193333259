"""The exact expectation of an estimator on a circuit's outcome, in double precision.

Circuits of this model have a dozen to thirty qubits, but their readouts are products of small operators. Those are
first pulled back through the circuit as long as they stay small, which ends many qubits at their |0> and leaves out
whatever no bit depends on. What is left acts on state vectors, one for each set of qubits that gates connect; where one
of those would be large, the whole is contracted as a tensor network, gate by gate. Nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Register
from qpbae_tn.compiler.networks.build import CircuitNetwork, NetworkBuilder, dense_start
from qpbae_tn.compiler.networks.contraction import Contraction, TooLarge, prepare
from qpbae_tn.compiler.networks.trees import TreeStore
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.pullback import ComplexArray, Factor, GateStep, observable, pull_back

STATE_QUBITS = 16
"""Up to here a state vector is quicker than a search for an order of contraction."""
MOST_FLOPS = 1e12
"""A contraction that takes more, about a minute, is refused."""
VerifyBy = Literal["auto", "quimb"]
"""How an expectation is found: whichever way is quickest, or gate by gate as one quimb network."""
_SMALL_NETWORKS = TreeStore()
"""Orders for networks of state vectors, which take no time to find again in another process."""


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
    def tensor(self) -> ComplexArray | NDArray[np.floating]:
        """The amplitudes, an axis of size 2 a qubit."""
        return self.state.reshape((2,) * len(self.qubits))


@dataclass(frozen=True)
class Expectation:
    """An expectation, and how it was found.

    Args:
        value: the mean of a shot's value.
        method: "the observable pulled back to |0...0>", "state vectors of up to N qubits" or "tensor network of N
            tensors" with its cost.
    """

    value: float
    method: str


def mean(program: Program, state: NDArray[np.floating], *, by: VerifyBy = "auto") -> Expectation:
    """The mean value of a shot of an ideal machine, for a program without symbols and a patch state, shape (2^n,).

    Registers that start in the patch state do so; those that are to be undone by the inverse preparation are projected.
    """
    if isinstance(program.estimator, OutcomeEstimator):
        value = float(outcomes(program, state) @ np.array(program.estimator.weights))
        return Expectation(value, f"state vectors of up to {len(program.qubits)} qubits")
    inputs = [Boundary(register, state) for register in program.inputs]
    outputs = [Boundary(register, state) for register in program.outputs]
    return expectation(program.operations, program.measured, program.estimator, inputs, outputs, by=by)


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
    by: VerifyBy = "auto",
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
        by: "quimb" contracts every gate as a tensor, with nothing pulled back: a second route to the same number.
        state_qubits: the largest state vector; past it the circuit is contracted gate by gate.

    Raises:
        TooLarge: no way fits in memory and time.
    """
    started = {qubit for boundary in inputs for qubit in boundary.qubits}
    projected = {qubit for boundary in outputs for qubit in boundary.qubits}
    factors = [factor for factor in observable(estimator, measured) if projected.isdisjoint(factor.wires)]
    kept = list(operations)
    if by == "auto":
        steps = [GateStep(operation) for operation in operations]
        places, factors = pull_back(steps, factors, started=started, blocked=projected)
        kept = [operations[place] for place in places]
    read = frozenset(projected.union(*(factor.wires for factor in factors)))
    parts = connected(kept, inputs, read)
    largest = max((len(part) for part in parts), default=0)
    builder = NetworkBuilder()
    if by == "auto" and largest <= state_qubits:
        ket, bra = _add_states(builder, kept, parts, inputs)
        found = prepare(_closed(builder, ket, bra, factors, outputs), _SMALL_NETWORKS)
        method = f"state vectors of up to {largest} qubits" if parts else "the observable pulled back to |0...0>"
        return Expectation(_value(found), method)
    qubits = sorted(frozenset().union(*parts))
    line = {qubit: place for place, qubit in enumerate(qubits)}
    starts = [dense_start(boundary.qubits, np.asarray(boundary.state)) for boundary in inputs]
    ket = builder.add_copy(kept, starts, line, "ket")
    bra = builder.add_copy(kept, starts, line, "bra", conjugated=True)
    contraction = prepare(_closed(builder, ket, bra, factors, outputs))
    _require_affordable(contraction)
    method = f"tensor network of {len(contraction.network.pieces)} tensors, {contraction.cost()}"
    return Expectation(_value(contraction), method)


def _closed(
    builder: NetworkBuilder,
    ket: Mapping[cirq.Qid, str],
    bra: Mapping[cirq.Qid, str],
    factors: Sequence[Factor],
    outputs: Sequence[Boundary],
) -> CircuitNetwork:
    """The operators between the two sides; an output is the projector on its state, other qubits are traced out."""
    read = {qubit for boundary in outputs for qubit in boundary.qubits}.union(*(factor.wires for factor in factors))
    for qubit in ket:
        if qubit not in read:
            builder.join(bra[qubit], ket[qubit])
    for factor in factors:
        operator = factor.operator
        if operator.shape == (2, 2) and np.array_equal(operator, np.diag([1.0, 0.0])):
            # |0><0| does not join the two sides.
            builder.zeros.update((ket[factor.wires[0]], bra[factor.wires[0]]))
        else:
            builder.add(operator, [*(bra[q] for q in factor.wires), *(ket[q] for q in factor.wires)])
    for boundary in outputs:
        builder.add(boundary.tensor.conj(), [ket[q] for q in boundary.qubits])
        builder.add(boundary.tensor, [bra[q] for q in boundary.qubits])
    return builder.network()


def _add_states(
    builder: NetworkBuilder,
    operations: Sequence[cirq.Operation],
    parts: Sequence[frozenset[cirq.Qid]],
    inputs: Sequence[Boundary],
) -> tuple[dict[cirq.Qid, str], dict[cirq.Qid, str]]:
    """State vectors, once as they are and once conjugated; the index of each qubit on both sides."""
    ket: dict[cirq.Qid, str] = {}
    bra: dict[cirq.Qid, str] = {}
    for part in parts:
        qubits, state = state_vector(operations, part, inputs)
        ket |= {qubit: f"ket|{qubit}" for qubit in qubits}
        bra |= {qubit: f"bra|{qubit}" for qubit in qubits}
        builder.add(state, [ket[qubit] for qubit in qubits])
        builder.add(state.conj(), [bra[qubit] for qubit in qubits])
    return ket, bra


def _require_affordable(contraction: Contraction) -> None:
    try:
        cost = contraction.cost()
        if cost.flops <= MOST_FLOPS:
            return
        what = f"its expectation takes {cost}"
    except TooLarge as error:
        what = f"of its expectation {error.what}"
    raise TooLarge(
        f"the circuit cannot be verified here: {what}",
        where="readout",
        remedy="choose latent, echo or direct, smaller patches, or mps preparation of a smaller bond",
    )


def _value(contraction: Contraction) -> float:
    return float(np.real(contraction.value()))


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
