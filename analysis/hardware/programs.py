"""The programs that the hardware page shows, and their figures as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True, eq=False)
class Shown:
    """A compiled program and what it is of.

    Args:
        patch_size: P.
        readout: its name.
        literal: whether the paper's circuit was left as it is.
        program: compiled.
    """

    patch_size: int
    readout: str
    literal: bool
    program: CompiledProgram

    @property
    def name(self) -> str:
        """For files."""
        return f"{self.readout}_p{self.patch_size}" + ("_literal" if self.literal else "")

    @property
    def title(self) -> str:
        """For readers."""
        kind = "literal" if self.literal else "reduced"
        return f"{self.readout}, P = {self.patch_size}, {kind}"

    def to_json(self) -> dict[str, Any]:
        """Its figures and its stage log as JSON values."""
        program, price = self.program, self.program.price
        logical = next(r for r in reversed(program.log[: _placed_at(program)]))
        return {
            "patch_size": self.patch_size,
            "bottleneck": program.specification.bottleneck,
            "readout": self.readout,
            "literal_circuit": self.literal,
            "preparation": program.preparation.name,
            "target": program.target.name,
            "qubits": price.qubits,
            "two_qubit_gates": {
                "literal": program.literal_counts.two_qubit_gates,
                "before_placement": logical.two_qubit_gates,
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


def compile_shown(
    sizes: Sequence[tuple[int, int]],
    readouts: Sequence[str],
    preparation: Preparation,
    target: Target,
    seed: int = 0,
    on_program: Callable[[str], None] = lambda _: None,
) -> list[Shown]:
    """Compile each readout, reduced and literal.

    Args:
        sizes: (P, BD).
        readouts: names.
        preparation: of patches.
        target: the processor.
        seed: of initial angles and checks.
        on_program: called with words on what is compiled.
    """
    shown = []
    for size, bottleneck in sizes:
        specification = ModelSpecification.build(size, 1, bottleneck)
        angles = initial_angles(specification.ansatz, "dc", seed)
        for name, literal in product(readouts, (False, True)):
            on_program(f"hardware: {name}, P={size}{', literal' if literal else ''}")
            program = compile_program(
                specification, angles, get_readout(name), preparation, target, literal=literal, seed=seed
            )
            shown.append(Shown(size, name, literal, program))
    return shown


def _placed_at(program: CompiledProgram) -> int:
    return next(index for index, record in enumerate(program.log) if record.name.startswith("place on"))
