"""Parameters, qubits, gates and depth of the model's circuits against the patch size."""

from __future__ import annotations

from typing import Any

from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.experiment.ceilings import effective_parameters
from qpbae_tn.model.blocks import block_kind
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.study.grid import Point, Series, point_work

ANSATZES = (("ry", 1), ("ry", 2), ("so4", 1))
COUNTED_QUBITS = 24
RANK_QUBITS = 8
"""Up to this n the effective parameters are the rank of a Jacobian; the paper's layer has a formula for any n."""


def circuit_series(plan: ScalingPlan) -> list[Series]:
    """One series for each ansatz; past `COUNTED_QUBITS` only the paper's layer, which has formulas."""
    return [
        [
            point_work(
                Point(
                    "circuits",
                    {"patch_size": size, "bottleneck": plan.bottleneck_of(size), "block": block, "layers": layers},
                ),
                describe_circuits,
            )
            for size in plan.sizes()
            if (block, layers) == ANSATZES[0] or 2 * (size.bit_length() - 1) <= COUNTED_QUBITS
        ]
        for block, layers in ANSATZES
    ]


def describe_circuits(patch_size: int, bottleneck: int, block: str = "ry", layers: int = 1) -> dict[str, Any]:
    """Sizes of the model and of each readout, literal and reduced, preparation apart.

    Returns:
        `qubits`, `parameters`, `effective_parameters` (None where it is not known), `readouts` by name, each with
        `literal` and `reduced` counts (None past `COUNTED_QUBITS`), and for one layer of the paper's blocks `formula`.
    """
    specification = ModelSpecification.build(
        patch_size, 1, bottleneck, kind=block_kind(block), layers=layers, image_size=patch_size
    )
    paper = (block, layers) == ANSATZES[0]
    effective: int | None = specification.trash_count if paper else None
    if not paper and specification.qubit_count <= RANK_QUBITS:
        effective = effective_parameters(specification)
    return {
        "qubits": specification.qubit_count,
        "parameters": specification.ansatz.parameter_count,
        "effective_parameters": effective,
        "readouts": counted(specification) if specification.qubit_count <= COUNTED_QUBITS else None,
        "formula": closed_formulas(specification) if paper else None,
    }


def counted(specification: ModelSpecification) -> dict[str, dict[str, dict[str, int]]]:
    """Counts of each readout's circuit in RY and CZ: as the paper's circuit stands, and reduced."""
    from qpbae_tn.compiler.circuits import symbols
    from qpbae_tn.compiler.readouts import READOUTS
    from qpbae_tn.compiler.reductions import LITERAL, REDUCTIONS

    found = {}
    for name, readout in READOUTS.items():
        program = readout.program(specification, symbols(specification.ansatz))
        counts = {}
        # The second list goes on from where the first one left the program.
        for label, steps in (("literal", LITERAL), ("reduced", REDUCTIONS)):
            for step in steps:
                program = step.apply(program)
            counts[label] = program.counts().to_json()
        found[name] = counts
    return found


def closed_formulas(specification: ModelSpecification) -> dict[str, dict[str, int]]:
    """Qubits and two-qubit gates of one layer of the paper's blocks, for any n (design, table of readouts)."""
    n, trash, latent = specification.qubit_count, specification.trash_count, specification.bottleneck
    return {
        "destructive_literal": {"qubits": 2 * n + trash, "two_qubit_gates": 2 * (n - 1) + n},
        "destructive_reduced": {"qubits": 2 * n + trash, "two_qubit_gates": trash + n},
        "latent_reduced": {"qubits": 2 * n, "two_qubit_gates": trash + latent},
        "echo_reduced": {"qubits": n + trash, "two_qubit_gates": trash},
        "direct_reduced": {"qubits": n, "two_qubit_gates": 0},
    }
