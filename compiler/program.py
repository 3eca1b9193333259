"""A program on its way from a readout to a processor: the one value that every pass of the compiler takes and gives."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import cirq
import numpy as np
import sympy

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Counts, Register, Stage, count, real_gates, stage_of
from qpbae_tn.compiler.outcomes import OutcomeEstimator

if TYPE_CHECKING:
    from qpbae_tn.compiler.placement.place import Placement

MEASUREMENT_KEY = "readout"
"""Under this key all bits are measured, in the order of the estimator."""


@dataclass(frozen=True, eq=False)
class Program:
    """Gates in order of time with everything that a later step must know of them.

    All qubits start in |0>, except the registers of `inputs`, which start in the patch state. At the end the qubits of
    `measured` are measured. Once a preparation is put in, there are neither inputs nor outputs.

    Args:
        operations: gates in order of time, each tagged with its stage; no measurement.
        inputs: registers of n qubits, in data order, that start in the patch state.
        measured: the measured qubits, in the order of the estimator's bits.
        estimator: from bits to the value of a shot.
        outputs: registers of n qubits on which the inverse of the preparation stands at the end.
        zero_effect: qubits on which the readout (gates tagged so, and estimator) acts as the projector on |0>.
        swap_effect: pairs of qubits on which the readout acts as SWAP.
        schedule: the gates in moments, with the measurement in the last one, once a pass has put them there.
        placement: where the qubits stood before they were put on a processor, once they are.
    """

    operations: tuple[cirq.Operation, ...]
    inputs: tuple[Register, ...]
    measured: Register
    estimator: Estimator | OutcomeEstimator
    outputs: tuple[Register, ...] = ()
    zero_effect: frozenset[cirq.Qid] = frozenset()
    swap_effect: tuple[tuple[cirq.Qid, cirq.Qid], ...] = ()
    schedule: cirq.Circuit | None = None
    placement: Placement | None = None

    def __repr__(self) -> str:
        twos = sum(len(op.qubits) > 1 for op in self.operations)
        return f"Program({len(self.qubits)} qubits, {len(self.operations)} gates, {twos} on several qubits)"

    def _repr_svg_(self) -> str:
        from cirq.contrib.svg import circuit_to_svg

        circuit = self.circuit if self.schedule is None else self.schedule
        return str(circuit_to_svg(cirq.map_operations(circuit, lambda op, _: op.untagged)))

    @classmethod
    def from_circuit(
        cls, circuit: cirq.AbstractCircuit, inputs: Iterable[cirq.Qid] = (), *, any_basis: bool = False
    ) -> Program:
        """Of a circuit with tagged gates and measurements at the end; a shot's value is 1 where all bits are 0.

        Args:
            circuit: its gates may hold symbols.
            inputs: qubits that start in an arbitrary state.
            any_basis: whether the measurements stand for measurements in an arbitrary basis.

        Raises:
            ValueError: a gate after a measurement of its qubit, no measurement, or a gate without its stage.
        """
        operations: list[cirq.Operation] = []
        measured: list[cirq.Qid] = []
        for op in circuit.all_operations():
            if not set(measured).isdisjoint(op.qubits):
                raise ValueError(f"{op} comes after a measurement of its qubit")
            if cirq.is_measurement(op):
                measured += op.qubits
            else:
                stage_of(op)
                operations.append(op)
        if not measured:
            raise ValueError("the circuit measures nothing")
        bits = tuple(measured)
        estimator = Estimator(len(bits), zeros=tuple(range(len(bits))))
        return cls(tuple(operations), (tuple(inputs),), bits, estimator, outputs=(bits,) if any_basis else ())

    @cached_property
    def qubits(self) -> frozenset[cirq.Qid]:
        """Every qubit that the program needs."""
        touched = (qubit for op in self.operations for qubit in op.qubits)
        return frozenset(touched).union(self.measured, *self.inputs, *self.outputs)

    @cached_property
    def held(self) -> frozenset[cirq.Qid]:
        """The qubits that do not start in |0>."""
        return frozenset().union(*self.inputs)

    @cached_property
    def circuit(self) -> cirq.Circuit:
        """The gates packed to the left, without measurement."""
        return cirq.Circuit(self.operations)

    @property
    def moments(self) -> cirq.Circuit:
        """The schedule; raises ValueError before there is one."""
        if self.schedule is None:
            raise ValueError("the program is not scheduled yet")
        return self.schedule

    @property
    def measurement(self) -> cirq.Operation:
        """The operation that measures all bits."""
        return cirq.measure(*self.measured, key=MEASUREMENT_KEY)

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """The symbols left in the gates, by name."""
        names = set().union(*(cirq.parameter_names(op) for op in self.operations))
        return tuple(sympy.Symbol(name) for name in sorted(names))

    def of_stage(self, *stages: Stage) -> list[cirq.Operation]:
        """The operations of some stages in order of time."""
        return [op for op in self.operations if stage_of(op) in stages]

    def with_operations(self, operations: Iterable[cirq.Operation]) -> Program:
        """The same program with these operations instead; itself where they are equal to its own."""
        changed = tuple(operations)
        return self if changed == self.operations else replace(self, operations=changed, schedule=None)

    def with_schedule(self, schedule: cirq.Circuit) -> Program:
        """The same program with the gates of a circuit in moments, which ends in the measurement."""
        gates = (op for op in schedule.all_operations() if not cirq.is_measurement(op))
        return replace(self, operations=tuple(gates), schedule=schedule)

    def packed(self) -> Program:
        """The same program with its operations in the order of a circuit that is packed to the left."""
        return self.with_operations(self.circuit.all_operations())

    def on_qubits(
        self, start: Mapping[cirq.Qid, cirq.Qid], end: Mapping[cirq.Qid, cirq.Qid], operations: Iterable[cirq.Operation]
    ) -> Program:
        """The program on other qubits: where each of its qubits starts, where it ends, and the gates in between."""

        def moved(registers: Iterable[Register], to: Mapping[cirq.Qid, cirq.Qid]) -> tuple[Register, ...]:
            return tuple(tuple(to[qubit] for qubit in register) for register in registers)

        return replace(
            self,
            operations=tuple(operations),
            inputs=moved(self.inputs, start),
            outputs=moved(self.outputs, end),
            measured=moved([self.measured], end)[0],
            zero_effect=frozenset(end[qubit] for qubit in self.zero_effect),
            swap_effect=tuple((end[first], end[second]) for first, second in self.swap_effect),
            schedule=None,
        )

    def resolved(self, value: Callable[[str], float]) -> Program:
        """The same program with numbers for its symbols, by name."""
        resolver = cirq.ParamResolver({symbol.name: value(symbol.name) for symbol in self.symbols})
        if not resolver.param_dict:
            return self
        return self.with_operations(cirq.resolve_parameters(op, resolver) for op in self.operations)

    def counts(self) -> Counts:
        """Counts in RY and CZ (H and T of a literal SWAP test as they are), all qubits included."""
        return count((part for op in self.operations for part in real_gates(op)), qubits=len(self.qubits))


def generic_value(seed: int) -> Callable[[str], float]:
    """Angles for `Program.resolved`, near those that pass a uniform patch so that F does not vanish.

    An angle depends on its own name only, so that steps that drop some symbols leave the others where they were.
    """
    return lambda name: float(np.random.default_rng((seed, zlib.crc32(name.encode()))).uniform(-1.2, -0.2))
