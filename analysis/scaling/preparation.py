"""What preparing a real patch costs, and how good it is, against the bond dimension; entanglement by pixel order."""

from __future__ import annotations

from typing import Any

import numpy as np

from qpbae_tn.analysis.scaling.images import real_states
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Point, Series
from qpbae_tn.engines.mps.entanglement import entanglement_entropy
from qpbae_tn.model.mps import states_to_mps

PATCHES = 64
LARGEST = 128
CIRCUIT_LARGEST = 16
"""Up to this P the angles of the circuits are fitted too; past it the fit takes too long for a survey."""
CIRCUIT_BONDS = (1, 2, 4)
CIRCUIT_PATCHES = 16


def preparation_series(plan: ScalingPlan) -> list[Series]:
    """For each data set and pixel order one series over P."""
    return [
        [_point(plan, name, order, size) for size in plan.sizes(min(LARGEST, plan.image_size), smallest=4)]
        for name in plan.data
        for order in plan.orders
    ]


def _point(plan: ScalingPlan, name: str, order: str, size: int) -> Point:
    bonds = [bond for bond in plan.bonds if bond <= size]
    inputs = {"data": name, "order": order, "patch_size": size, "bonds": bonds, "seed": plan.seed}
    return Point("preparation", inputs, lambda: _measure(plan, name, order, size, bonds))


def _measure(plan: ScalingPlan, name: str, order: str, size: int, bonds: list[int]) -> dict[str, Any]:
    from qpbae_tn.compiler.preparation.mps import MpsPreparation

    states = real_states(plan, name, size, PATCHES, order)  # type: ignore[arg-type]
    qubits = 2 * (size.bit_length() - 1)
    truncated = []
    for bond in bonds:
        fidelity = 1.0 - states_to_mps(states, bond).discarded_weight
        truncated.append({"bond": bond, **_spread(fidelity)})
    circuits = []
    if size <= CIRCUIT_LARGEST and order == "row":
        for bond in CIRCUIT_BONDS:
            preparation = MpsPreparation(bond)
            found = preparation.fit(states[:CIRCUIT_PATCHES]).fidelity
            gates = preparation.layers(qubits) * max(2 * qubits - 3, 0)
            circuits.append({"bond": bond, "two_qubit_gates": gates, **_spread(found)})
    entropy = np.median(entanglement_entropy(states), axis=0)
    return {"truncated": truncated, "circuits": circuits, "entropy_bits": [float(value) for value in entropy]}


def _spread(fidelity: Any) -> dict[str, float]:
    """Median and lower decile over patches."""
    return {"median": float(np.median(fidelity)), "lowest_tenth": float(np.quantile(fidelity, 0.1))}
