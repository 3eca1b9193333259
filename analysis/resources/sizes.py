"""What a circuit takes, by closed formula and counted: the compiler's own passes, unchecked and stopped on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil
from statistics import median
from typing import Any

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.compiler.circuits import generic_angles
from qpbae_tn.compiler.gates import Stage, count, two_qubit_gates_by_stage
from qpbae_tn.compiler.lowering.native import to_native
from qpbae_tn.compiler.passes import transformed
from qpbae_tn.compiler.pipeline import Passes
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.price import ProgramPrice, StagePrice, price_program, typical
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.reductions import LITERAL
from qpbae_tn.compiler.targets.target import NativeGate, Target
from qpbae_tn.model.specification import ModelSpecification

# Before placement: literal and reduced circuits in RY and CZ, preparation included.


@dataclass(frozen=True)
class Size:
    """The size of a circuit in RY and CZ, before placement.

    Args:
        source: "formula" or "counted"; where a circuit is counted, the formulas are held against it.
        qubits: their number.
        measured: how many of them are measured.
        by_stage: two-qubit gates of each stage.
        two_qubit_depth: layers of two-qubit gates; None where it is not counted and no formula is known.
    """

    source: str
    qubits: int
    measured: int
    by_stage: dict[Stage, int]
    two_qubit_depth: int | None

    @property
    def two_qubit_gates(self) -> int:
        """All of them."""
        return sum(self.by_stage.values())

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "source": self.source,
            "qubits": self.qubits,
            "measured": self.measured,
            "two_qubit_gates": self.two_qubit_gates,
            "two_qubit_depth": self.two_qubit_depth,
            "by_stage": {stage.value: gates for stage, gates in self.by_stage.items()},
        }


class FormulaError(AssertionError):
    """A closed formula does not agree with the counted circuit: a defect of this package."""


def formula_size(specification: ModelSpecification, readout: str, preparation: str, *, reduced: bool) -> Size:
    """The size by closed formula; raises `InputError` for a preparation without one."""
    sizes = f.sizes_of(specification)
    stages = f.REDUCED_BY_STAGE if reduced else f.LITERAL_BY_STAGE
    depths = f.REDUCED_DEPTH_ONE_LAYER if reduced else f.LITERAL_DEPTH_ONE_LAYER
    prepared = f.PREPARATIONS[readout] * f.preparation_gates(parse_preparation(preparation), sizes.qubits)
    known = f.has_depth_formula(sizes.layers, sizes.kind) and prepared == 0
    return Size(
        source="formula",
        qubits=(f.REDUCED_QUBITS if reduced else f.LITERAL_QUBITS)[readout].value(*sizes),
        measured=(f.REDUCED_MEASURED if reduced else f.LITERAL_MEASURED)[readout].value(*sizes),
        by_stage={Stage.PREPARATION: prepared} | {stage: of[readout].value(*sizes) for stage, of in stages.items()},
        two_qubit_depth=depths[readout].value(*sizes) if known else None,
    )


@cache
def counted_size(specification: ModelSpecification, readout: str, preparation: str, *, reduced: bool) -> Size:
    """The size of the circuit itself.

    Raises:
        InputError: a preparation that cannot be built, or has no closed formula.
        FormulaError: the formula gives something else.
    """
    logical = logical_program(specification, readout, reduced=reduced)
    whole = transformed(logical, Passes.of(parse_preparation(preparation)).prepare)
    counts, by_stage = count(whole.operations), two_qubit_gates_by_stage(whole.operations)
    size = Size("counted", len(logical.qubits), len(whole.measured), by_stage, counts.two_qubit_depth)
    expected = formula_size(specification, readout, preparation, reduced=reduced)
    if (size.qubits, size.measured, size.by_stage) != (expected.qubits, expected.measured, expected.by_stage):
        raise FormulaError(f"{readout}, {preparation}: formula {expected}, counted {size}")
    return size


@cache
def drawn_program(specification: ModelSpecification, readout: str) -> Program:
    """A readout's circuit as the paper draws it, at generic angles; the reset is made of SWAPs."""
    return get_readout(readout).program(specification, generic_angles(specification, 0).tolist())


@cache
def logical_program(specification: ModelSpecification, readout: str, *, reduced: bool) -> Program:
    """The same after all reductions, or only with the reset as a change of names, as hardware runs it."""
    passes = Passes.of(parse_preparation("none"), literal=not reduced)
    return transformed(drawn_program(specification, readout), passes.reduce if reduced else LITERAL)


@cache
def simplified_program(specification: ModelSpecification, readout: str, preparation: str) -> Program:
    """The reduced circuit with its preparation, rewritten by the compiler's rules."""
    passes = Passes.of(parse_preparation(preparation))
    return transformed(logical_program(specification, readout, reduced=True), (*passes.prepare, *passes.simplify))


# On a processor, by three routes: "formula" (median errors on formula counts), "counted" (the native circuit before
# placement, at median errors) and "placed" (on the device's own qubits and errors).


@dataclass(frozen=True)
class Priced:
    """The price of one run, and how it was found.

    Args:
        source: "formula", "counted" or "placed".
        price: of one run.
        swaps: added by routing; None before placement.
    """

    source: str
    price: ProgramPrice
    swaps: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        price = self.price
        return {
            "source": self.source,
            "gate": price.native,
            "qubits": price.qubits,
            "one_qubit_gates": price.one_qubit_gates,
            "two_qubit_gates": price.two_qubit_gates,
            "swaps": self.swaps,
            "two_qubit_depth": price.two_qubit_depth,
            "duration_ns": price.duration_ns,
            "fidelity": price.estimated_fidelity,
            "fidelity_budget": {stage.stage.value: stage.fidelity for stage in price.stages}
            | {"measurement": price.measurement_fidelity},
        }


def formula_price(size: Size, target: Target) -> Priced:
    """From the formulas of a reduced circuit and the target's medians, waits left out.

    Two one-qubit gates a two-qubit gate and one a qubit, which bounds them for CZ (SYC and square roots of iSWAP leave
    some next to open angles that do not merge). Two-qubit gates, depth and duration are upper bounds, as the compiler
    may find more to drop; of the duration but for one-qubit layers that do not merge.
    """
    uses, times = target.native.uses_per_cz, target.gate_times
    p_one, p_two = median(target.p_1q_pauli.values()), median(target.p_2q_pauli.values())
    layers = uses * (size.two_qubit_gates if size.two_qubit_depth is None else size.two_qubit_depth)
    around = (1 - p_two) * (1 - p_one) ** 2  # a two-qubit gate and at most one one-qubit gate on each of its qubits
    price = ProgramPrice(
        target=target.name,
        native=target.native.value,
        qubits=size.qubits,
        measured_qubits=size.measured,
        one_qubit_gates=size.qubits + 2 * uses * size.two_qubit_gates,
        two_qubit_gates=uses * size.two_qubit_gates,
        two_qubit_depth=layers,
        depth=2 * layers + 2,
        duration_ns=(layers + 1) * times.one_qubit_ns + layers * times.two_qubit_ns + times.measurement_ns,
        stages=tuple(
            StagePrice(stage, 2 * uses * gates, uses * gates, around ** (uses * gates), 1.0)
            for stage, gates in size.by_stage.items()
        ),
        measurement_fidelity=(1 - median(error.mean for error in target.readout.values())) ** size.measured,
    )
    return Priced("formula", price)


@cache
def counted_price(specification: ModelSpecification, readout: str, preparation: str, target: Target) -> Priced:
    """The native circuit before placement, at the target's median errors; raises `InputError` as the preparation."""
    native = _native(specification, readout, preparation, target.native)
    return Priced("counted", price_program(native.moments, typical(target, native)))


@cache
def placed_price(
    specification: ModelSpecification, readout: str, preparation: str, target: Target, *, route: bool, seed: int
) -> Priced:
    """The circuit on the device.

    Args:
        specification: the model.
        readout: name.
        preparation: name.
        target: the processor.
        route: whether to route where no place without SWAPs is found.
        seed: of the router.

    Raises:
        InputError: no place was found, or the device does not take the program.
    """
    passes = Passes.of(parse_preparation(preparation))
    simplified = simplified_program(specification, readout, preparation)
    placing = (*passes.place(target, seed=seed, route=route), *passes.lower(target))
    program = transformed(simplified, placing)
    assert program.placement is not None
    return Priced("placed", price_program(program.moments, target), program.placement.swaps)


@cache
def _native(specification: ModelSpecification, readout: str, preparation: str, native: NativeGate) -> Program:
    return to_native(simplified_program(specification, readout, preparation), native)


def too_long(size: Size, target: Target) -> str | None:
    """Why a circuit of this size cannot end in time, even with every qubit busy in every layer; None if it might."""
    layers = ceil(size.two_qubit_gates / max(1, size.qubits // 2))
    least = target.native.uses_per_cz * layers * target.gate_times.two_qubit_ns + target.gate_times.measurement_ns
    limit = target.max_program_duration_ns
    if least <= limit:
        return None
    return f"lasts at least {in_microseconds(least)}; {target.name} allows {in_microseconds(limit)}"


def in_microseconds(duration_ns: float) -> str:
    """A duration to three digits in microseconds, e.g. 1,220 us."""
    rounded = float(f"{duration_ns / 1000:.3g}")
    return f"{rounded:,.0f} us" if rounded >= 1000 else f"{rounded:g} us"
