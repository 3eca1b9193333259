"""What a processor makes of a circuit: native and placed counts, time, and the fidelity's budget.

Three routes, each labelled: "formula" (median errors on formula counts), "counted"
(the native circuit before placement, at median errors) and "placed" (on the device's own qubits and errors).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from statistics import median
from typing import Any

import cirq

from qpbae_tn.analysis.resources.circuits import held_qubits, reduced_program, simplified, with_preparation
from qpbae_tn.analysis.resources.sizes import Size
from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.native import scheduled, to_native
from qpbae_tn.compiler.lowering.real_program import RealProgram
from qpbae_tn.compiler.placement import place
from qpbae_tn.compiler.placement.interactions import Costs, Interactions
from qpbae_tn.compiler.placement.search import find_embedding
from qpbae_tn.compiler.preparation.names import parse_preparation
from qpbae_tn.compiler.price.program import ProgramPrice, price_program
from qpbae_tn.compiler.targets.target import NativeGate, Target, check_program
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True)
class Hardware:
    """A circuit in native gates.

    Args:
        source: "formula", "counted" or "placed".
        native: the two-qubit gate.
        qubits: their number.
        one_qubit_gates: their number; by formula two a two-qubit gate and one a qubit, which bounds it for CZ (SYC and
            sqrt-iSWAP leave some next to open angles that do not merge).
        two_qubit_gates: their number; by formula an upper bound, as the compiler may find more to drop.
        swaps: added by routing; None before placement.
        two_qubit_depth: layers of two-qubit gates; by formula an upper bound.
        duration_ns: the measurement included; by formula an upper bound but for one-qubit layers that do not merge.
        stages: probability that no gate and no wait of a stage fails; by formula without waits.
        measurement: probability that no readout fails.
    """

    source: str
    native: str
    qubits: int
    one_qubit_gates: int
    two_qubit_gates: int
    swaps: int | None
    two_qubit_depth: int
    duration_ns: float
    stages: dict[Stage, float]
    measurement: float

    @property
    def fidelity(self) -> float:
        """Probability that nothing fails."""
        result = self.measurement
        for value in self.stages.values():
            result *= value
        return result

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "source": self.source,
            "gate": self.native,
            "qubits": self.qubits,
            "one_qubit_gates": self.one_qubit_gates,
            "two_qubit_gates": self.two_qubit_gates,
            "swaps": self.swaps,
            "two_qubit_depth": self.two_qubit_depth,
            "duration_ns": self.duration_ns,
            "fidelity": self.fidelity,
            "fidelity_budget": {stage.value: value for stage, value in self.stages.items()}
            | {"measurement": self.measurement},
        }


def from_formula(size: Size, target: Target) -> Hardware:
    """From the formulas of a reduced circuit and the target's medians."""
    uses, times = target.native.uses_per_cz, target.gate_times
    p_one, p_two = median(target.p_1q_pauli.values()), median(target.p_2q_pauli.values())
    layers = uses * (size.two_qubit_gates if size.two_qubit_depth is None else size.two_qubit_depth)
    around = (1 - p_two) * (1 - p_one) ** 2  # a two-qubit gate and at most one one-qubit gate on each of its qubits
    return Hardware(
        source="formula",
        native=target.native.value,
        qubits=size.qubits,
        one_qubit_gates=size.qubits + 2 * uses * size.two_qubit_gates,
        two_qubit_gates=uses * size.two_qubit_gates,
        swaps=None,
        two_qubit_depth=layers,
        duration_ns=(layers + 1) * times.one_qubit_ns + layers * times.two_qubit_ns + times.measurement_ns,
        stages={stage: around ** (uses * gates) for stage, gates in size.by_stage.items()},
        measurement=(1 - median(error.mean for error in target.readout.values())) ** size.measured,
    )


@cache
def counted(specification: ModelSpecification, readout: str, preparation: str, target: Target) -> Hardware:
    """The native circuit before placement, at the target's median errors; raises `InputError` as the preparation."""
    circuit = _native(specification, readout, preparation, target.native)
    return _hardware("counted", price_program(circuit, _median_target(target, circuit)), swaps=None)


@cache
def placed(
    specification: ModelSpecification, readout: str, preparation: str, target: Target, *, routed: bool, seed: int
) -> Hardware:
    """The circuit on the device.

    Args:
        specification: the model.
        readout: name.
        preparation: name.
        target: the processor.
        routed: whether to route where no place without SWAPs is found.
        seed: of the routed circuit's check.

    Raises:
        InputError: no place was found, or the device does not take the program.
    """
    program = reduced_program(specification, readout)
    real = _simplified(specification, readout, preparation)
    costs = Costs.of(Interactions.of(scheduled(real)), target)
    found = find_embedding(costs)[0] if len(costs.logical) <= len(target.qubits) else None
    swaps = 0
    if found is not None:
        mapping = {qubit: costs.physical[spot] for qubit, spot in zip(costs.logical, found.places, strict=True)}
        native = _native(specification, readout, preparation, target.native).transform_qubits(dict(mapping))
    elif routed:
        held = held_qubits(program, parse_preparation(preparation))
        put = place(scheduled(real), target, inputs=held, seed=seed)
        swaps = put.placement.swaps
        native = to_native(simplified(put.circuit, list(put.placement.there(held))), target.native)
    else:
        raise InputError(
            "no place without SWAPs was found", where="placing", remedy="place all, which routes such circuits"
        )
    check_program(native, target)
    return _hardware("placed", price_program(native, target), swaps)


def too_long(size: Size, target: Target) -> str | None:
    """Why a circuit of this size cannot end in time, even with every qubit busy in every layer; None if it might."""
    layers = ceil(size.two_qubit_gates / max(1, size.qubits // 2))
    least = target.native.uses_per_cz * layers * target.gate_times.two_qubit_ns + target.gate_times.measurement_ns
    if least <= target.max_program_duration_ns:
        return None
    limit = target.max_program_duration_ns
    return f"lasts at least {told_microseconds(least)}; {target.name} allows {told_microseconds(limit)}"


def told_microseconds(duration_ns: float) -> str:
    """A duration to three digits in microseconds, e.g. 1,220 us."""
    rounded = float(f"{duration_ns / 1000:.3g}")
    return f"{rounded:,.0f} us" if rounded >= 1000 else f"{rounded:g} us"


@cache
def _simplified(specification: ModelSpecification, readout: str, preparation: str) -> RealProgram:
    program, prepare = reduced_program(specification, readout), parse_preparation(preparation)
    return simplified(with_preparation(program, prepare), held_qubits(program, prepare))


@cache
def _native(specification: ModelSpecification, readout: str, preparation: str, native: NativeGate) -> cirq.Circuit:
    return to_native(_simplified(specification, readout, preparation), native)


def _median_target(target: Target, circuit: cirq.Circuit) -> Target:
    """The target with every qubit of a circuit, wherever it will stand, at the median of the calibration."""
    qubits = sorted(circuit.all_qubits())
    pairs = {frozenset(op.qubits) for op in circuit.all_operations() if len(op.qubits) == 2}
    errors = target.readout.values()
    typical = replace(
        next(iter(errors)),
        p_one_from_zero=median(error.p_one_from_zero for error in errors),
        p_zero_from_one=median(error.p_zero_from_one for error in errors),
    )
    return replace(
        target,
        p_1q_pauli=dict.fromkeys(qubits, median(target.p_1q_pauli.values())),
        p_2q_pauli=dict.fromkeys(pairs, median(target.p_2q_pauli.values())),
        readout=dict.fromkeys(qubits, typical),
        t1_ns=dict.fromkeys(qubits, median(target.t1_ns.values())),
        tphi_ns=dict.fromkeys(qubits, median(target.tphi_ns.values())),
    )


def _hardware(source: str, price: ProgramPrice, swaps: int | None) -> Hardware:
    return Hardware(
        source=source,
        native=price.native,
        qubits=price.qubits,
        one_qubit_gates=price.one_qubit_gates,
        two_qubit_gates=price.two_qubit_gates,
        swaps=swaps,
        two_qubit_depth=price.two_qubit_depth,
        duration_ns=price.duration_ns,
        stages={item.stage: item.fidelity for item in price.stages},
        measurement=price.measurement_fidelity,
    )
