"""What a general compiler makes of the paper's test circuit: Qiskit's transpiler at level 3 (extra `test`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from qpbae_tn.compiler.circuits import generic_angles, generic_state, reconstruction_circuit, reconstruction_registers
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.model.specification import ModelSpecification

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

SEEDS = 10
"""Runs of Qiskit's transpiler, which is random; the one with the fewest CZ counts."""
OURS = (
    ("ancilla", "none", True),
    ("ancilla", "none", False),
    ("latent", "none", False),
    ("ancilla", "exact", True),
    ("ancilla", "exact", False),
    ("latent", "exact", False),
    ("latent", "mps:2", False),
)
"""Readout, preparation, and whether the paper's circuit is left as it is."""
_PREPARATIONS: dict[str, Preparation] = {
    "none": NoPreparation(),
    "exact": ExactPreparation(),
    "mps:2": MpsPreparation(2),
}


def compare(
    sizes: Sequence[tuple[int, int]],
    target: Target,
    seed: int = 0,
    ours: Sequence[tuple[str, str, bool]] = OURS,
    *,
    general: bool = True,
    on_circuit: Callable[[str], None] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """The paper's circuit by Qiskit, and ours, for generic angles and a generic patch: a row a compiled circuit.

    Args:
        sizes: (P, BD).
        target: a processor with CZ gates.
        seed: of angles, patch and compilation.
        ours: readout, preparation, and whether the paper's circuit is left as it is.
        general: whether Qiskit compiles too, where it is installed.
        on_circuit: called with words on what is compiled.

    Returns:
        Rows of JSON values: sizes, `compiler` ("qiskit" or "qpbae_tn"), readout and preparation, whether the circuit
        that was given is the paper's as it is (`literal`), and CZ gates on coupled pairs with their layers.
    """
    for size, bottleneck in sizes:
        where = {"patch_size": size, "bottleneck": bottleneck}
        specification = ModelSpecification.build(size, 1, bottleneck)
        for preparation in ("none", "exact") if general and find_spec("qiskit") is not None else ():
            on_circuit(f"hardware: Qiskit, P={size}, preparation {preparation}")
            counts = qiskit_counts(specification, target, prepare=preparation == "exact", seed=seed)
            yield where | _row("qiskit", "ancilla", True, preparation, counts)
        angles, state = generic_angles(specification, seed), generic_state(specification, seed)
        for readout, preparation, literal in ours:
            on_circuit(f"hardware: {readout}, P={size}, preparation {preparation}")
            price = compile_program(
                specification,
                angles,
                get_readout(readout),
                _PREPARATIONS[preparation],
                target,
                literal=literal,
                state=state,
                seed=seed,
            ).price
            counts = (price.two_qubit_gates, price.two_qubit_depth)
            yield where | _row("qpbae_tn", readout, literal, preparation, counts)


def _row(compiler: str, readout: str, literal: bool, preparation: str, counts: tuple[int, int]) -> dict[str, Any]:
    gates = {"two_qubit_gates": counts[0], "two_qubit_depth": counts[1]}
    return {"compiler": compiler, "readout": readout, "literal": literal, "preparation": preparation, **gates}


def qiskit_counts(
    specification: ModelSpecification, target: Target, *, prepare: bool, seed: int = 0, runs: int = SEEDS
) -> tuple[int, int]:
    """CZ gates and layers of the paper's test circuit (Fig. 2) after Qiskit's transpiler at level 3.

    Args:
        specification: the model.
        target: gives the coupled pairs; the basis is CZ and any rotation.
        prepare: whether Qiskit's `StatePreparation` prepares a generic patch on data and copy.
        seed: of angles and patch; the transpiler gets `runs` seeds from here on.
        runs: of which the one with the fewest CZ counts.
    """
    from qiskit import transpile
    from qiskit.transpiler import CouplingMap

    number = {qubit: index for index, qubit in enumerate(sorted(target.graph.nodes))}
    coupled = [(number[first], number[second]) for first, second in target.graph.edges]
    coupling = CouplingMap([list(pair) for first, second in coupled for pair in ((first, second), (second, first))])
    circuit = _paper_circuit(specification, prepare=prepare, seed=seed)
    found = []
    for run in range(runs):
        made = transpile(
            circuit,
            coupling_map=coupling,
            basis_gates=["cz", "rz", "ry", "sx", "x"],
            optimization_level=3,
            seed_transpiler=seed + run,
        )
        layers = made.depth(lambda instruction: len(instruction.qubits) == 2)
        found.append((int(made.count_ops().get("cz", 0)), int(layers)))
    return min(found)


def _paper_circuit(specification: ModelSpecification, *, prepare: bool, seed: int) -> QuantumCircuit:
    from qiskit import QuantumCircuit, qasm2
    from qiskit.circuit.library import StatePreparation

    registers = reconstruction_registers(specification)
    place = {qubit: index for index, qubit in enumerate(registers.order)}
    cirq_circuit = reconstruction_circuit(specification, generic_angles(specification, seed), registers)
    body = qasm2.loads(
        cirq_circuit.to_qasm(qubit_order=registers.order), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS
    )
    circuit = QuantumCircuit(len(place), 1)
    if prepare:
        state = StatePreparation(generic_state(specification, seed))
        for register in (registers.data, registers.copy):
            # Qiskit counts qubits from the least significant bit.
            circuit.append(state, [place[qubit] for qubit in reversed(register)])
    circuit.compose(body, inplace=True)
    circuit.measure(place[registers.ancilla], 0)
    return circuit
