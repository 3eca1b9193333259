"""Whether two programs give the same distribution of measured bits, decided numerically."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np
from numpy.typing import NDArray

EXACT_QUBITS = 16
"""Up to here every stage is compared, in double precision."""
SINGLE_QUBITS = 23
"""Up to here the last stage is compared, with qsim in single precision."""
_EXACT_TOLERANCE = 1e-9
_SINGLE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Check:
    """A statement about a stage, and how it was decided.

    Args:
        statement: what holds, or why nothing was computed.
        deviation: total variation distance of the two distributions; None when nothing was computed.
        tolerance: the largest deviation that passes.
    """

    statement: str
    deviation: float | None = None
    tolerance: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"statement": self.statement, "deviation": self.deviation, "tolerance": self.tolerance}


class VerificationError(RuntimeError):
    """A compiled program differs from what it was compiled from: a defect of the compiler, never of its input."""


class Reference:
    """The measured distribution of a program, for others to be compared with.

    Symbols get random angles by name, input qubits random pure states; products of those span all states, so that
    equality at one generic draw means equality for every input and, outside a set of measure zero, every angle.

    Args:
        circuit: with measurements at the end.
        inputs: qubits that start in an arbitrary state, by a name that the compared circuits share.
        seed: of the draw.
        any_basis: whether the measurements stand for measurements in an arbitrary basis: random ones here.
    """

    def __init__(
        self, circuit: cirq.AbstractCircuit, inputs: Mapping[str, cirq.Qid], seed: int, *, any_basis: bool = False
    ) -> None:
        random = np.random.default_rng(seed)
        names = sorted(cirq.parameter_names(circuit))
        self._circuit = circuit
        self._inputs = dict(inputs)
        self._angles: dict[str, float] = dict(
            zip(names, random.uniform(-np.pi, np.pi, len(names)).tolist(), strict=True)
        )
        self._states = dict(zip(sorted(inputs), random.uniform(-1, 1, (len(inputs), 3)).tolist(), strict=True))
        measured = sum(len(op.qubits) for op in circuit.all_operations() if cirq.is_measurement(op))
        self._bases = random.uniform(-1, 1, (measured if any_basis else 0, 3)).tolist()
        self._distribution: NDArray[np.float64] | None = None

    def compare(
        self, circuit: cirq.AbstractCircuit, inputs: Mapping[str, cirq.Qid] | None = None, *, last: bool = False
    ) -> Check:
        """Compare a circuit with the reference.

        Args:
            circuit: measures under the same keys; its qubits may be others.
            inputs: its input qubits; those of the reference by default.
            last: whether this is the last stage, which is compared in larger programs too.

        Raises:
            VerificationError: the distributions differ.
        """
        qubits = max(len(self._circuit.all_qubits()), len(circuit.all_qubits()))
        if qubits > SINGLE_QUBITS:
            return Check(f"not computed: more than {SINGLE_QUBITS} qubits")
        if qubits > EXACT_QUBITS and not last:
            return Check(f"computed at the last stage only: more than {EXACT_QUBITS} qubits")
        tolerance = _EXACT_TOLERANCE if qubits <= EXACT_QUBITS else _SINGLE_TOLERANCE
        if self._distribution is None:
            self._distribution = self._measured(self._circuit, self._inputs)
        other = self._measured(circuit, self._inputs if inputs is None else inputs)
        deviation = float(np.abs(self._distribution - other).sum() / 2)
        if not deviation <= tolerance:
            raise VerificationError(f"the distribution of the measured bits changed by {deviation:.3g}")
        return Check("same distribution of the measured bits at random angles and inputs", deviation, tolerance)

    def _measured(self, circuit: cirq.AbstractCircuit, inputs: Mapping[str, cirq.Qid]) -> NDArray[np.float64]:
        states = cirq.Circuit(
            cirq.PhasedXZGate(x_exponent=x, z_exponent=z, axis_phase_exponent=a).on(inputs[name])
            for name, (x, z, a) in self._states.items()
        )
        return measured_distribution(states + cirq.resolve_parameters(circuit, self._angles), self._bases)


def measured_distribution(
    circuit: cirq.AbstractCircuit, bases: Sequence[tuple[float, float, float]] = ()
) -> NDArray[np.float64]:
    """Probabilities (2^m,) of the m measured bits of a circuit without symbols, in the order of measurement keys.

    Args:
        circuit: with measurements at the end.
        bases: exponents x, z, a of PhasedXZ gates that go before the measurements of the first qubits.
    """
    measurements = sorted((op for op in circuit.all_operations() if cirq.is_measurement(op)), key=_key)
    measured = [qubit for operation in measurements for qubit in operation.qubits]
    body = cirq.Circuit(op for op in circuit.all_operations() if not cirq.is_measurement(op))
    body += cirq.Circuit(
        cirq.PhasedXZGate(x_exponent=x, z_exponent=z, axis_phase_exponent=a).on(qubit)
        for qubit, (x, z, a) in zip(measured, bases, strict=False)
    )
    order = measured + sorted(body.all_qubits() - set(measured))
    if len(order) <= EXACT_QUBITS:
        state = cirq.Simulator(dtype=np.complex128).simulate(body, qubit_order=order).final_state_vector
    else:
        import qsimcirq

        state = qsimcirq.QSimSimulator().simulate(body, qubit_order=order).final_state_vector
    weights = (state.real.astype(np.float64) ** 2 + state.imag.astype(np.float64) ** 2).reshape(2 ** len(measured), -1)
    return np.asarray(weights.sum(axis=1), dtype=np.float64)


def _key(operation: cirq.Operation) -> str:
    return str(cirq.measurement_key_name(operation))
