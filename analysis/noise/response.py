"""What a noisy machine answers for patch states: the mean and the spread of a readout's shots."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import cirq
import numpy as np

from qpbae_tn.analysis.noise.calibrated import CalibratedNoise, Source
from qpbae_tn.analysis.noise.depolarising import check_strength, depolarised, gate_count
from qpbae_tn.analysis.noise.expectation import PulledBack, pull_back
from qpbae_tn.analysis.noise.program import NoisyProgram, observable
from qpbae_tn.analysis.noise.transfer import FloatArray
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.estimator import Estimator, of_parities
from qpbae_tn.compiler.gates import Stage
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import Readout, get_readout
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification

EXACT_METHOD = "exact density operator in the Pauli basis, no sampling"
LARGEST_DEPOLARISED = 4
"""Largest P for depolarising noise: the reference circuit's observable holds 2n qubits, 4^(2n) numbers."""


class Response(Protocol):
    """A noisy readout of a model."""

    @property
    def readout(self) -> Readout:
        """What is measured."""

    @property
    def estimated_fidelity(self) -> float:
        """The product-of-errors estimate: the probability that no channel acts."""

    def configuration(self) -> dict[str, Any]:
        """As JSON values: the noise, the circuit, the method."""

    def means(self, states: FloatArray) -> FloatArray:
        """Mean value of a shot of each patch state (N, 2^n); shape (N,)."""

    def squares(self, states: FloatArray) -> FloatArray:
        """Mean squared value of a shot of each patch state; shape (N,)."""


@dataclass(frozen=True, eq=False)
class DepolarisedResponse:
    """The literal circuit, gates not decomposed, with depolarising noise on each wire after each gate.

    Args:
        specification: the model.
        angles: shape (parameter_count,), radians.
        readout: `ancilla` is the authors' test circuit.
        p: strength.
        noisy: stages with noise.

    Raises:
        InputError: a strength outside [0, 3/4], or a patch too large.
    """

    specification: ModelSpecification
    angles: FloatArray
    readout: Readout
    p: float
    noisy: tuple[Stage, ...] = tuple(Stage)

    def __post_init__(self) -> None:
        check_strength(self.p)
        if self.specification.patch_size > LARGEST_DEPOLARISED:
            raise InputError(
                f"depolarising noise at P = {self.specification.patch_size}",
                where="patch_size",
                remedy=f"give at most {LARGEST_DEPOLARISED}: the observable of the undecomposed circuit grows as P^8",
            )

    @cached_property
    def _pulled(self) -> PulledBack:
        return pull_back(depolarised(self._logical, self.p, self.noisy))

    @cached_property
    def _logical(self) -> Program:
        return self.readout.program(self.specification, self.angles)

    @property
    def estimated_fidelity(self) -> float:
        """(1 - p) to the number of channels."""
        return float((1.0 - self.p) ** gate_count(self._logical))

    def configuration(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "noise": "depolarising",
            "p": self.p,
            "target": None,
            "readout": self.readout.name,
            "quantity": self.readout.quantity.value,
            "preparation": "amplitude embedding without noise",
            "qubits": len(self._logical.qubits),
            "channels": gate_count(self._logical),
            "method": EXACT_METHOD,
            "statistical_error": 0.0,
        }

    def means(self, states: FloatArray) -> FloatArray:
        """Mean value of a shot."""
        return self._pulled.means(states)

    def squares(self, states: FloatArray) -> FloatArray:
        """Mean squared value of a shot."""
        if self._logical.outputs:
            return self.means(states)  # shots are 0 or 1
        whole = depolarised(self._logical, self.p, self.noisy)
        return _squares(whole, of_parities(self._logical.estimator), self._logical.measured, states, None, self.means)


@dataclass(frozen=True, eq=False)
class DeviceResponse:
    """A compiled program with the calibrated noise of its target.

    Args:
        noise: of a program that is compiled with the model's angles and a preparation.
        noisy: sources that are switched on.
    """

    noise: CalibratedNoise
    noisy: tuple[Source, ...] = tuple(Source)

    @property
    def program(self) -> CompiledProgram:
        """The circuit."""
        return self.noise.program

    @property
    def readout(self) -> Readout:
        """What is measured."""
        return get_readout(self.program.readout.name)

    def only(self, sources: Collection[Source]) -> DeviceResponse:
        """The same program with these sources of noise alone."""
        return replace(self, noisy=tuple(sources))

    @cached_property
    def _pulled(self) -> PulledBack:
        return pull_back(self.noise.noisy(self.noisy))

    @property
    def estimated_fidelity(self) -> float:
        """The product-of-errors estimate of `price_program`."""
        return self.program.price.estimated_fidelity

    def configuration(self) -> dict[str, Any]:
        """As JSON values."""
        price = self.program.price
        return {
            "noise": "calibrated",
            "p": None,
            "target": self.program.target.name,
            "readout": self.readout.name,
            "quantity": self.readout.quantity.value,
            "preparation": self.program.preparation.name,
            "qubits": price.qubits,
            "two_qubit_gates": price.two_qubit_gates,
            "duration_ns": price.duration_ns,
            "method": EXACT_METHOD,
            "statistical_error": 0.0,
        }

    def prepared(self, states: FloatArray) -> FloatArray:
        """The states that the circuit prepares without noise, shape (N, 2^n)."""
        return self.program.prepared_states(self.program.fit(states)[0])

    def means(self, states: FloatArray) -> FloatArray:
        """Mean value of a shot."""
        return self._pulled.means(exponents=self._exponents(states))

    def squares(self, states: FloatArray) -> FloatArray:
        """Mean squared value of a shot."""
        estimator, measured = of_parities(self.program.estimator), self.program.measured
        whole, exponents = self.noise.noisy(self.noisy), self._exponents(states)
        return _squares(whole, estimator, measured, states, exponents, self.means)

    def _exponents(self, states: FloatArray) -> FloatArray:
        return self.program.parameters.exponents(self.program.fit(states)[0])


def _squares(
    program: NoisyProgram,
    estimator: Estimator,
    measured: tuple[cirq.Qid, ...],
    states: FloatArray,
    exponents: FloatArray | None,
    means: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    if estimator.lowest == 0:
        return np.asarray(means(states))
    if not estimator.zeros:
        return np.ones(len(states))
    kept = tuple(measured[bit] for bit in estimator.zeros)
    squared = Estimator(len(kept), zeros=tuple(range(len(kept))))
    return pull_back(replace(program, factors=observable(squared, kept))).means(
        states if program.registers else None, exponents
    )
