"""The programs that the hardware page shows, and their figures as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.model.specification import ModelSpecification


def compile_programs(
    sizes: Sequence[tuple[int, int]],
    readouts: Sequence[str],
    preparation: Preparation,
    target: Target,
    seed: int = 0,
    on_program: Callable[[str], None] = lambda _: None,
) -> list[CompiledProgram]:
    """Each readout of one layer of the paper's blocks, reduced and literal.

    Args:
        sizes: (P, BD).
        readouts: names.
        preparation: of patches.
        target: the processor.
        seed: of initial angles and checks.
        on_program: called with words on what is compiled.
    """
    programs = []
    for size, bottleneck in sizes:
        specification = ModelSpecification.build(size, 1, bottleneck)
        angles = initial_angles(specification.ansatz, "dc", seed)
        for name, literal in product(readouts, (False, True)):
            on_program(f"hardware: {name}, P={size}{', literal' if literal else ''}")
            readout = get_readout(name)
            programs.append(
                compile_program(specification, angles, readout, preparation, target, literal=literal, seed=seed)
            )
    return programs


def program_row(program: CompiledProgram) -> dict[str, Any]:
    """A program's figures and the records of its passes as JSON values."""
    price = program.price
    placed_at = next(index for index, record in enumerate(program.log) if record.name.startswith("place on"))
    return {
        "patch_size": program.specification.patch_size,
        "bottleneck": program.specification.bottleneck,
        "readout": program.readout.name,
        "literal_circuit": program.literal,
        "preparation": program.preparation.name,
        "target": program.target.name,
        "qubits": price.qubits,
        "two_qubit_gates": {
            "literal": program.literal_counts.two_qubit_gates,
            "before_placement": program.log[placed_at - 1].two_qubit_gates,
            "native": price.two_qubit_gates,
        },
        "one_qubit_gates": price.one_qubit_gates,
        "two_qubit_depth": price.two_qubit_depth,
        "swaps": program.placement.swaps,
        "duration_ns": price.duration_ns,
        "estimated_fidelity": price.estimated_fidelity,
        "stages": [stage.to_json() for stage in price.stages],
        "measurement_fidelity": price.measurement_fidelity,
        "placement": program.placement.to_json(),
        "log": [record.to_json() for record in program.log],
    }
