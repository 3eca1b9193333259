"""A compiled program: native circuit, where its qubits stand, how it came about, and how patches are bound to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.gates import Counts, count
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.parameters import ParameterMap
from qpbae_tn.compiler.passes import Record
from qpbae_tn.compiler.placement.place import Placement
from qpbae_tn.compiler.preparation.protocol import Preparation, PreparationFit
from qpbae_tn.compiler.price import ProgramPrice, price_program
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import ReadoutCircuit
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.compiler.verification import Verification
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.tables import facts_html

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoundProgram:
    """A compiled program with the numbers of one patch.

    Args:
        circuit: native, without symbols.
        resolver: the values that its symbols took.
        preparation_fidelity: |<phi|phi~>|^2 of the patch state and the state that is prepared.
    """

    circuit: cirq.Circuit
    resolver: cirq.ParamResolver
    preparation_fidelity: float


@dataclass(frozen=True, eq=False)
class CompiledProgram:
    """A readout of a model, compiled for a target and verified.

    Args:
        specification: the model.
        angles: of the model, shape (parameter_count,); None while they are symbols.
        readout: what is measured.
        preparation: how patches are prepared, settled.
        target: the processor.
        literal: whether the paper's circuit was left as it is.
        collapsed: whether the circuit holds the numbers of one patch, and so serves that patch alone.
        logical: the readout's circuit after the reductions, on named qubits, without preparation.
        native: the same placed, lowered and scheduled, with its preparation.
        parameters: from the angles of model (while symbols) and preparation to the circuit's symbols.
        log: a record of each stage, the paper's circuit first.
        literal_counts: counts before reductions, in RY and CZ with the same preparation, before placement.
        state: the patch state that the program was verified with, shape (2^n,).
        prepared_state: what the preparation makes of it, shape (2^n,).
        preparation_fidelity: |<phi|phi~>|^2 of the two.
        verification: what was found for that patch.
    """

    specification: ModelSpecification
    angles: FloatArray | None
    readout: ReadoutCircuit
    preparation: Preparation
    target: Target
    literal: bool
    collapsed: bool
    logical: Program
    native: Program
    parameters: ParameterMap
    log: tuple[Record, ...]
    literal_counts: Counts
    state: FloatArray
    prepared_state: FloatArray
    preparation_fidelity: float
    verification: Verification

    def __repr__(self) -> str:
        sizes = f"{len(self.qubit_map)} qubits, {self.counts.two_qubit_gates} two-qubit gates"
        return f"CompiledProgram({self.readout.name}, {self.preparation.name}, {self.target.name}: {sizes})"

    def _repr_html_(self) -> str:
        price = self.price
        facts = {
            "qubits": len(self.qubit_map),
            "two-qubit gates": f"{price.two_qubit_gates}, depth {price.two_qubit_depth}",
            "one-qubit gates": price.one_qubit_gates,
            "duration": f"{price.duration_ns:,.0f} ns",
            "estimated fidelity": f"{price.estimated_fidelity:.3f}",
            "steps": ", ".join(record.name for record in self.log),
        }
        return facts_html(f"{self.readout.name}, preparation {self.preparation.name}, on {self.target.name}", facts)

    @property
    def circuit(self) -> cirq.Circuit:
        """Native and placed; all bits are measured by one operation under `MEASUREMENT_KEY`."""
        return self.native.moments

    @property
    def placement(self) -> Placement:
        """Where the logical qubits stand."""
        assert self.native.placement is not None
        return self.native.placement

    @property
    def qubit_map(self) -> Mapping[cirq.Qid, cirq.GridQubit]:
        """The physical qubit of each logical one, at the beginning."""
        return self.placement.mapping

    @property
    def measured(self) -> tuple[cirq.Qid, ...]:
        """The measured physical qubits, in the order of the estimator's bits."""
        return self.native.measured

    @property
    def estimator(self) -> Estimator | OutcomeEstimator:
        """From measured bits to the value of a shot."""
        return self.native.estimator

    @cached_property
    def price(self) -> ProgramPrice:
        """Gates, time and estimated fidelity of one run."""
        return price_program(self.circuit, self.target)

    def with_noise(self, score: float) -> float:
        """The product-of-errors estimate of a score on the device: all of it if nothing fails, else random bits."""
        survives = self.price.estimated_fidelity
        return survives * score + (1 - survives) * self.estimator.uniform_mean

    @property
    def counts(self) -> Counts:
        """Counts of the native circuit, all placed qubits included."""
        return count(self.circuit, qubits=len(self.qubit_map))

    def model_angles(self, angles: FloatArray | None = None) -> FloatArray:
        """The model's angles: those that the program holds, or those given for a program whose angles are symbols.

        Raises:
            InputError: angles that are missing or not wanted.
        """
        if angles is None:
            if self.angles is None:
                raise InputError("the program's angles are symbols", where="angles", remedy="give the model's angles")
            return self.angles
        if self.angles is not None:
            raise InputError("the program holds its angles already", where="angles", remedy="leave them out")
        return self.specification.ansatz.check_angles(angles)

    def fit(self, states: FloatArray, angles: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """The values of `parameters.sources` for a stack of patches.

        Args:
            states: patch states, shape (N, 2^n), unit norm.
            angles: of the model, for a program whose angles are symbols, and only then.

        Returns:
            Angles of shape (N, K) in radians, and the fidelities of the preparation, shape (N,).

        Raises:
            InputError: another patch for a program that holds the numbers of one, or angles that are missing or not
                wanted.
        """
        model = self.model_angles(angles)
        if not self.collapsed:
            fit = self.preparation.fit(states)
        elif all(np.array_equal(state, self.state) for state in states):
            fit = PreparationFit(np.empty((len(states), 0)), np.full(len(states), self.preparation_fidelity))
        else:
            raise InputError(
                "the program holds the numbers of another patch", where="program", remedy="compile it for all patches"
            )
        if self.angles is not None:
            return fit.angles, fit.fidelity
        return np.hstack([np.tile(model, (len(states), 1)), fit.angles]), fit.fidelity

    def prepared_states(self, values: FloatArray) -> FloatArray:
        """The states that the circuit prepares, shape (N, 2^n), for `values` (N, K) as `fit` gives them."""
        if self.collapsed or self.preparation.assumes_state:
            return np.tile(self.prepared_state, (len(values), 1))
        template = self.preparation.template(self.specification.qubit_count)
        return template.states(values[:, values.shape[1] - template.parameter_count :])

    def sweep(self, states: FloatArray, angles: FloatArray | None = None) -> cirq.Sweep:
        """All patches as one sweep of the circuit's symbols; arguments as for `fit`."""
        return self.parameters.sweep(self.fit(states, angles)[0])

    def bind(self, state: FloatArray | None = None, angles: FloatArray | None = None) -> BoundProgram:
        """The program with the numbers of one patch, shape (2^n,), by default that which it was verified with."""
        values, fidelity = self.fit((self.state if state is None else np.asarray(state))[None], angles)
        (resolver,) = self.parameters.resolvers(values)
        return BoundProgram(cirq.resolve_parameters(self.circuit, resolver), resolver, float(fidelity[0]))

    def to_json(self) -> dict[str, Any]:
        """The record of `qpbae compile`, as JSON values."""
        counts, literal = self.counts, self.literal_counts
        return {
            "qubits": counts.qubits,
            "one_qubit_gates": counts.one_qubit_gates,
            "two_qubit_gates": counts.two_qubit_gates,
            "swaps": self.placement.swaps,
            "two_qubit_depth": counts.two_qubit_depth,
            "depth": len(self.circuit),
            "duration_ns": self.verification.duration_ns,
            "estimated_fidelity": self.price.estimated_fidelity,
            "preparation_fidelity": self.preparation_fidelity,
            "specification": self.specification.to_json(),
            "readout": self.readout.name,
            "quantity": self.readout.quantity.value,
            "preparation": self.preparation.name,
            "target": self.target.to_json(),
            "literal_circuit": self.literal,
            "stages": [record.to_json() for record in self.log],
            "verified": True,
            "verification": self.verification.to_json(),
            "placement": self.placement.to_json(),
            "price": self.price.to_json(),
            "literal": {**literal.to_json(), "placed": False},
        }
