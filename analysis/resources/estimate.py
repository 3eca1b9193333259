"""Resource estimates of a grid of configurations, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources import hardware as h
from qpbae_tn.analysis.resources.configuration import Assumptions, Cell, Effort, Placing
from qpbae_tn.analysis.resources.parameters import Parameters, parameters
from qpbae_tn.analysis.resources.sizes import Size, counted_size, formula_size
from qpbae_tn.compiler.preparation.exact import MOST_QUBITS, ExactPreparation
from qpbae_tn.compiler.preparation.names import parse_preparation
from qpbae_tn.compiler.price.runs import (
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
"""Below this estimated fidelity the overhead of rescaling scores is not told."""


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
    sizes = {reduced: _size(specification, cell, reduced=reduced, counted=counted) for reduced in (False, True)}
    native = _native(specification, cell.readout, cell, target, counted)
    row |= {
        "n": specification.qubit_count,
        "parameters": parameters(specification).to_json(),
        "paper_gates": paper_gates(specification, cell.readout),
        "literal": sizes[False].to_json(),
        "reduced": sizes[True].to_json(),
        "native": native.to_json(),
    }
    fits, reason = _capacity(sizes[True], native, target)
    if fits is None and isinstance(preparation, ExactPreparation) and specification.qubit_count > MOST_QUBITS:
        reason = f"exact preparation is built up to {MOST_QUBITS} qubits; figures by formula alone"
    place, fits, reason = _place(specification, cell, target, effort, sizes[True], counted, fits, reason)
    best = place or native
    row |= {
        "placed": None if place is None else place.to_json(),
        "image": _image(specification, cell, target, best, assumptions),
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
    n = specification.qubit_count
    kind, layers = specification.ansatz.blocks[0].kind, len(specification.ansatz.blocks) // (n - 1)
    return {
        name: formulas[readout].value(n, specification.bottleneck, layers, kind)
        for name, formulas in f.PAPER_GATES.items()
    }


def _size(specification: ModelSpecification, cell: Cell, *, reduced: bool, counted: bool) -> Size:
    route = counted_size if counted else formula_size
    return route(specification, cell.readout, cell.preparation, reduced=reduced)


def _native(specification: ModelSpecification, readout: str, cell: Cell, target: Target, counted: bool) -> h.Hardware:
    if counted:
        return h.counted(specification, readout, cell.preparation, target)
    return h.from_formula(formula_size(specification, readout, cell.preparation, reduced=True), target)


def _capacity(size: Size, native: h.Hardware, target: Target) -> tuple[bool | None, str]:
    """Whether a circuit can fit at all: False with a reason, or None, which leaves the question to placement."""
    available = len(target.qubits)
    if native.qubits > available:
        return False, f"needs {native.qubits} qubits, {target.name} has {available}"
    if native.source == "counted" and native.duration_ns > target.max_program_duration_ns:
        limit = h.told_microseconds(target.max_program_duration_ns)
        return False, f"lasts {h.told_microseconds(native.duration_ns)}; {target.name} allows {limit}"
    long = h.too_long(size, target)
    return (None, "") if long is None else (False, long)


def _place(
    specification: ModelSpecification,
    cell: Cell,
    target: Target,
    effort: Effort,
    size: Size,
    counted: bool,
    fits: bool | None,
    reason: str,
) -> tuple[h.Hardware | None, bool | None, str]:
    if fits is False:
        return None, False, reason
    if effort.placing is Placing.NONE:
        return None, None, reason or "not placed (`placing` none)"
    if not counted:
        limit = f"more than {effort.count_limit} two-qubit gates: formulas alone (`count_limit`)"
        return None, None, reason or limit
    if effort.placing is Placing.SMALL and size.two_qubit_gates > effort.small:
        return None, None, reason or f"more than {effort.small} two-qubit gates: not placed (`placing` all does)"
    try:
        routed = effort.placing is Placing.ALL
        place = h.placed(specification, cell.readout, cell.preparation, target, routed=routed, seed=effort.seed)
    except InputError as error:
        return None, (False if effort.placing is Placing.ALL else None), error.what
    return place, True, ""


def _image(
    specification: ModelSpecification, cell: Cell, target: Target, best: h.Hardware, assumptions: Assumptions
) -> Row:
    shots = _shots(cell.readout, assumptions)
    period = _period(target, assumptions)
    grid = PatchGrid(cell.image_size, cell.image_size, specification.patch_size, specification.stride)
    price = price_image(
        patches=grid.count, shots_per_patch=shots, shot_period=period, duration_ns=best.duration_ns
    ).to_json()
    # Undoing the damping of a score by the estimated fidelity f multiplies its standard error by 1 / f. Where next to
    # nothing survives, no number of shots is worth naming.
    overhead = best.fidelity**-2 if best.fidelity >= LEAST_FIDELITY else None
    return price | {"shot_period": period.name, "rescaling_overhead": overhead}


def _training(
    specification: ModelSpecification, cell: Cell, target: Target, assumptions: Assumptions, effort: Effort
) -> Row:
    readout = TRAINING_READOUTS.get(cell.readout, "direct")
    own = replace(cell, readout=readout)
    native = _native(specification, readout, own, target, is_counted(own, effort))
    grid = PatchGrid(cell.image_size, cell.image_size, specification.patch_size, specification.stride)
    found: Parameters = parameters(specification)

    def price(angles: int) -> Row:
        result = price_training(
            epochs=assumptions.epochs,
            images=assumptions.training_images,
            patches_per_image=grid.count,
            parameters=angles,
            shots_per_circuit=_shots(readout, assumptions),
            shot_period=_period(target, assumptions),
            duration_ns=native.duration_ns,
        )
        circuits = result.shots // result.shots_per_circuit
        return {"circuits": circuits, "shots": result.shots, "wall_time_s": result.wall_time_s}

    return {
        "readout": readout,
        "source": native.source,
        "duration_ns": native.duration_ns,
        "shots_per_circuit": _shots(readout, assumptions),
        "nominal": price(found.nominal),
        "effective": None if found.effective is None else price(found.effective),
    }


def _shots(readout: str, assumptions: Assumptions) -> int:
    variance = one_shot_variance(get_readout(readout), assumptions.trash_fidelity, assumptions.fidelity)
    return shots_for(assumptions.standard_error, float(variance))


def _period(target: Target, assumptions: Assumptions) -> ShotPeriod:
    return default_shot_period(target) if assumptions.shot_period is None else shot_period(assumptions.shot_period)
