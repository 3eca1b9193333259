"""Resource estimates of a grid of configurations, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources.configuration import Assumptions, Cell, Effort, Placing
from qpbae_tn.analysis.resources.sizes import (
    Priced,
    Size,
    counted_price,
    counted_size,
    formula_price,
    formula_size,
    in_microseconds,
    placed_price,
    too_long,
)
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.preparation.exact import MOST_QUBITS, ExactPreparation
from qpbae_tn.compiler.quote import (
    ShotPeriod,
    default_shot_period,
    price_image,
    price_training,
    shot_period,
    shots_for,
)
from qpbae_tn.compiler.readouts import get_readout, one_shot_variance
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import block_kind
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

Row = dict[str, Any]

TRAINING_READOUTS = {"ancilla": "ancilla_training", "ancilla_training": "ancilla_training"}
"""The readout that trains a model which is scored by this one; `direct` for all others."""


LEAST_FIDELITY = 1e-4
"""Below this estimated fidelity the overhead of rescaling scores is left out."""


def estimate(
    cells: Iterable[Cell], assumptions: Assumptions, effort: Effort, on_row: Callable[[], None] = lambda: None
) -> list[Row]:
    """A row for each cell.

    Args:
        cells: the configurations; names in them must be known.
        assumptions: of shots and training.
        effort: what is counted and placed.
        on_row: called after each row.

    Returns:
        JSON values. A cell that no device or circuit can hold says so in `fits` and `reason` (fits is None where it
        was not found out); it never raises.

    Raises:
        InputError: unknown names, or a preparation whose length depends on the data.
    """
    rows = []
    for cell in cells:
        rows.append(estimate_cell(cell, assumptions, effort))
        on_row()
    return rows


def estimate_cell(cell: Cell, assumptions: Assumptions, effort: Effort) -> Row:
    """The row of one cell; as `estimate`."""
    target, preparation = load_target(cell.target), parse_preparation(cell.preparation)
    block_kind(cell.block)
    readout = get_readout(cell.readout)
    row: Row = {"configuration": cell.to_json(), "quantity": readout.quantity.value}
    try:
        specification = cell.specification()
    except InputError as error:
        return row | {"fits": False, "reason": str(error)}
    counted = is_counted(cell, effort)
    route = counted_size if counted else formula_size
    literal, reduced = (route(specification, cell.readout, cell.preparation, reduced=which) for which in (False, True))
    native = _native(specification, cell, target, counted)
    row |= {
        "n": specification.qubit_count,
        "parameters": parameters(specification).to_json(),
        "paper_gates": paper_gates(specification, cell.readout),
        "literal": literal.to_json(),
        "reduced": reduced.to_json(),
        "native": native.to_json(),
    }
    fits, reason = _capacity(reduced, native, target)
    if fits is None and isinstance(preparation, ExactPreparation) and specification.qubit_count > MOST_QUBITS:
        reason = f"exact preparation is built up to {MOST_QUBITS} qubits; figures by formula alone"
    place = None
    if fits is None:
        reason = reason or _left_out(effort, reduced, counted)
        if not reason:
            place, fits, reason = _placed(specification, cell, target, effort)
    row |= {
        "placed": None if place is None else place.to_json(),
        "image": _image(specification, cell, target, place or native, assumptions),
        "training": _training(specification, cell, target, assumptions, effort),
        "fits": fits,
        "reason": reason,
    }
    return row


def is_counted(cell: Cell, effort: Effort) -> bool:
    """Whether a cell's circuits are built and counted; raises `InputError` for a cell without a model."""
    specification = cell.specification()
    size = formula_size(specification, cell.readout, cell.preparation, reduced=True)
    buildable = cell.preparation != "exact" or specification.qubit_count <= MOST_QUBITS
    return buildable and size.two_qubit_gates <= effort.count_limit


def paper_gates(specification: ModelSpecification, readout: str) -> dict[str, int]:
    """Gates by kind as the paper draws the circuit, by formula."""
    sizes = f.sizes_of(specification)
    return {name: formulas[readout].value(*sizes) for name, formulas in f.PAPER_GATES.items()}


def _native(specification: ModelSpecification, cell: Cell, target: Target, counted: bool) -> Priced:
    if counted:
        return counted_price(specification, cell.readout, cell.preparation, target)
    return formula_price(formula_size(specification, cell.readout, cell.preparation, reduced=True), target)


def _capacity(size: Size, native: Priced, target: Target) -> tuple[bool | None, str]:
    """Whether a circuit can fit at all: False with a reason, or None, which leaves the question to placement."""
    available, price = len(target.qubits), native.price
    if price.qubits > available:
        return False, f"needs {price.qubits} qubits, {target.name} has {available}"
    if native.source == "counted" and price.duration_ns > target.max_program_duration_ns:
        limit = in_microseconds(target.max_program_duration_ns)
        return False, f"lasts {in_microseconds(price.duration_ns)}; {target.name} allows {limit}"
    long = too_long(size, target)
    return (None, "") if long is None else (False, long)


def _left_out(effort: Effort, size: Size, counted: bool) -> str:
    """Why a circuit is not placed; empty where it is."""
    if effort.placing is Placing.NONE:
        return "not placed (`placing` none)"
    if not counted:
        return f"more than {effort.count_limit} two-qubit gates: formulas alone (`count_limit`)"
    if effort.placing is Placing.SMALL and size.two_qubit_gates > effort.small:
        return f"more than {effort.small} two-qubit gates: not placed (`placing` all does)"
    return ""


def _placed(
    specification: ModelSpecification, cell: Cell, target: Target, effort: Effort
) -> tuple[Priced | None, bool | None, str]:
    everything = effort.placing is Placing.ALL
    try:
        place = placed_price(specification, cell.readout, cell.preparation, target, route=everything, seed=effort.seed)
    except InputError as error:
        return None, (False if everything else None), error.what
    return place, True, ""


def _image(
    specification: ModelSpecification, cell: Cell, target: Target, best: Priced, assumptions: Assumptions
) -> Row:
    shots = _shots(cell.readout, assumptions)
    period = _period(target, assumptions)
    grid = PatchGrid(cell.image_size, cell.image_size, specification.patch_size, specification.stride)
    price = price_image(
        patches=grid.count, shots_per_patch=shots, shot_period=period, duration_ns=best.price.duration_ns
    ).to_json()
    # Undoing the damping of a score by the estimated fidelity f multiplies its standard error by 1 / f. Where next to
    # nothing survives, no number of shots is worth naming.
    fidelity = best.price.estimated_fidelity
    overhead = fidelity**-2 if fidelity >= LEAST_FIDELITY else None
    return price | {"shot_period": period.name, "rescaling_overhead": overhead}


def _training(
    specification: ModelSpecification, cell: Cell, target: Target, assumptions: Assumptions, effort: Effort
) -> Row:
    readout = TRAINING_READOUTS.get(cell.readout, "direct")
    own = replace(cell, readout=readout)
    native = _native(specification, own, target, is_counted(own, effort))
    grid = PatchGrid(cell.image_size, cell.image_size, specification.patch_size, specification.stride)
    found = parameters(specification)

    def price(angles: int) -> Row:
        result = price_training(
            epochs=assumptions.epochs,
            images=assumptions.training_images,
            patches_per_image=grid.count,
            parameters=angles,
            shots_per_circuit=_shots(readout, assumptions),
            shot_period=_period(target, assumptions),
            duration_ns=native.price.duration_ns,
        )
        circuits = result.shots // result.shots_per_circuit
        return {"circuits": circuits, "shots": result.shots, "wall_time_s": result.wall_time_s}

    return {
        "readout": readout,
        "source": native.source,
        "duration_ns": native.price.duration_ns,
        "shots_per_circuit": _shots(readout, assumptions),
        "nominal": price(found.nominal),
        "effective": None if found.effective is None else price(found.effective),
    }


def _shots(readout: str, assumptions: Assumptions) -> int:
    variance = one_shot_variance(get_readout(readout), assumptions.trash_fidelity, assumptions.fidelity)
    return shots_for(assumptions.standard_error, float(variance))


def _period(target: Target, assumptions: Assumptions) -> ShotPeriod:
    return default_shot_period(target) if assumptions.shot_period is None else shot_period(assumptions.shot_period)


# Nominal and effective parameters.

MOST_QUBITS_FOR_RANK = 6
"""Past this the rank of the Jacobian takes too long for a row of a table."""


@dataclass(frozen=True)
class Parameters:
    """How many angles a model has, and how many directions of them training sees.

    Args:
        nominal: angles.
        effective: rank of the Jacobian of F_trash; None where it is not known.
        source: "formula" (n - BD for one layer of the paper's blocks), "counted" (the rank) or "not computed".
    """

    nominal: int
    effective: int | None
    source: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"nominal": self.nominal, "effective": self.effective, "effective_source": self.source}


@cache
def parameters(specification: ModelSpecification) -> Parameters:
    """The parameters of a staircase."""
    nominal, sizes = specification.ansatz.parameter_count, f.sizes_of(specification)
    if f.has_depth_formula(sizes.layers, sizes.kind):
        return Parameters(nominal, specification.trash_count, "formula")
    if sizes.qubits > MOST_QUBITS_FOR_RANK:
        return Parameters(nominal, None, "not computed")
    from qpbae_tn.experiment.ceilings import effective_parameters

    return Parameters(nominal, effective_parameters(specification), "counted")
