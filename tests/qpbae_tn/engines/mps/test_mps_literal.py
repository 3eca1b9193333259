"""The literal circuits as networks: the gates of the Cirq circuits, the values of the sweep, prices, stored trees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cirq
import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.circuits import reconstruction_circuit, training_circuit
from qpbae_tn.engines.mps.contraction import literal_reconstruction, literal_training
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.mps.literal import (
    LiteralCircuit,
    literal_reconstruction_circuit,
    literal_training_circuit,
)
from qpbae_tn.engines.mps.network import ancilla_paths, literal_network
from qpbae_tn.engines.mps.trains import constant, wave
from qpbae_tn.engines.mps.trees import Equation, TreeStore, search_tree, tree_cost
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.blocks import RY, SO4, BlockKind
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.mps import MpsStack, mps_stack
from qpbae_tn.model.names import Trash
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.float64]


def near_dc(specification: ModelSpecification, rng: np.random.Generator) -> Array:
    return np.asarray(dc_angles(specification.ansatz) + 0.1 * rng.normal(size=specification.ansatz.parameter_count))


def random_train(rng: np.random.Generator, qubits: int, bond: int) -> MpsStack:
    bonds = [min(bond, 1 << min(cut, qubits - cut, 20)) for cut in range(qubits + 1)]
    return mps_stack([1 + rng.normal(size=(bonds[site], 2, bonds[site + 1])) for site in range(qubits)])


def sinusoids(size: int, count: int) -> MpsStack:
    """A bright texture of bond 2 * count + 1."""
    texture = constant(size, float(count))
    for number in range(1, count + 1):
        texture = texture + wave(size, (1.7 * number, 2.3 * number), number)
    return texture.state()


@pytest.mark.parametrize("trash", ["first", "last"])
@pytest.mark.parametrize("kind", [RY, SO4], ids=lambda kind: kind.name)
def test_gates_are_those_of_the_cirq_circuits(kind: BlockKind, trash: Trash, rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2, kind=kind, layers=2, trash=trash)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    for literal, circuit in (
        (literal_training_circuit(specification, angles), training_circuit(specification, angles)),
        (literal_reconstruction_circuit(specification, angles), reconstruction_circuit(specification, angles)),
    ):
        wires = [wire for register in literal.patches for wire in register] + list(literal.zeros)
        assert literal.qubit_count == len(wires) == len(circuit.all_qubits())
        by_wire: dict[str, list[tuple[str, ...]]] = {wire: [] for wire in wires}
        matrices = []
        for gate in literal.gates:
            matrices.append((gate.wires, gate.matrix))
            for wire in gate.wires:
                by_wire[wire].append(gate.wires)
        operations = list(circuit.all_operations())
        assert len(operations) == len(literal.gates)
        # Moments may order gates on different qubits otherwise; on each qubit the order is what counts.
        cirq_by_wire: dict[str, list[tuple[str, ...]]] = {wire: [] for wire in wires}
        cirq_matrices: dict[tuple[str, ...], list[Array]] = {}
        for operation in operations:
            names = tuple(str(qubit) for qubit in operation.qubits)
            cirq_matrices.setdefault(names, []).append(cirq.unitary(operation).real)
            for name in names:
                cirq_by_wire[name].append(names)
        assert by_wire == cirq_by_wire
        for names, matrix in matrices:
            np.testing.assert_allclose(cirq_matrices[names].pop(0), matrix, atol=1e-7)


@pytest.mark.parametrize(
    ("size", "bottleneck", "kind", "layers", "pattern", "trash"),
    [
        (2, 1, RY, 1, "staircase", "first"),
        (4, 1, SO4, 1, "staircase", "first"),
        (4, 2, RY, 2, "brick", "last"),
        (4, 3, RY, 1, "staircase", "last"),
        (8, 2, RY, 1, "staircase", "first"),
    ],
)
def test_network_as_built_equals_the_sweep(
    size: int, bottleneck: int, kind: BlockKind, layers: int, pattern: str, trash: Trash, rng: np.random.Generator
) -> None:
    """The whole network with its ancilla and CSWAPs, and the sum over the ancilla's paths, along cotengra's trees."""
    specification = ModelSpecification.build(
        size, 1, bottleneck, kind=kind, layers=layers, pattern=pattern, trash=trash
    )
    angles = near_dc(specification, rng)
    patch = random_train(rng, specification.qubit_count, 4)
    scores = MpsEngine().score(specification, angles, patch)
    for circuit, expected in (
        (literal_training_circuit(specification, angles), scores.trash_fidelity[0]),
        (literal_reconstruction_circuit(specification, angles), scores.fidelity[0]),
    ):
        network = literal_network(circuit, patch)
        assert (
            len(network.tensors)
            == 2 * (len(circuit.gates) + len(circuit.zeros) + sum(len(register) for register in circuit.patches)) + 1
        )
        tree = search_tree(Equation.of(network))
        assert float(network.contract(output_inds=(), optimize=tree)) == pytest.approx(expected, rel=1e-10)
        paths = ancilla_paths(network)
        assert [path.coefficient for path in paths] == pytest.approx([0.5, 0.5])
        assert Equation.of(paths[0].network) == Equation.of(paths[1].network)
        for path in paths:
            value = path.network.contract(output_inds=(), optimize=search_tree(Equation.of(path.network)))
            assert float(value) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("size", "bond", "qubits"), [(64, 16, 35), (1024, 16, 59), (1 << 20, 65, 119), (1 << 30, 65, 179)]
)
def test_circuits_past_any_statevector(size: int, bond: int, qubits: int, rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(size, 1, 2, image_size=size)
    angles = near_dc(specification, rng)
    if size <= 64:
        pixels = 1 + 0.3 * rng.normal(size=(1, size, size))
        patch = MpsEngine(bond).convert(embed(pixels)[0])
    elif size <= 1024:
        patch = random_train(rng, specification.qubit_count, bond)
    else:
        patch = sinusoids(size, 32)
    assert patch.bond == bond
    scores = MpsEngine().score(specification, angles, patch)
    contraction = literal_reconstruction(specification, angles, patch)
    assert contraction.qubit_count == qubits
    assert contraction.cost.peak_bytes < 100e6
    assert contraction.value() == pytest.approx(scores.fidelity[0], rel=1e-10)
    training = literal_training(specification, angles, patch)
    assert training.value() == pytest.approx(scores.trash_fidelity[0], rel=1e-10)


def test_two_layers_of_general_blocks_past_any_statevector(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(64, 1, 3, kind=SO4, layers=2, trash="last", image_size=64)
    angles = near_dc(specification, rng)
    patch = random_train(rng, 12, 5)
    expected = MpsEngine().score(specification, angles, patch).fidelity[0]
    assert literal_reconstruction(specification, angles, patch).value() == pytest.approx(expected, rel=1e-10)


def test_cost_is_told_before_and_refused_past_the_budget(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(64, 1, 2, image_size=64)
    patch = random_train(rng, 12, 16)
    contraction = literal_reconstruction(specification, near_dc(specification, rng), patch, memory_bytes=10_000)
    cost = contraction.cost
    assert cost.flops > 1e5
    assert 8 * cost.largest <= cost.peak_bytes
    with pytest.raises(InputError, match=r"35 qubits takes .* flops, largest tensor .* MB") as caught:
        contraction.value()
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="train of the registers' size"):
        literal_reconstruction(specification, near_dc(specification, rng), random_train(rng, 8, 2))


def test_trees_are_found_once_and_stored(tmp_path: Path, rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2)
    patch = random_train(rng, 6, 4)
    angles = near_dc(specification, rng)
    store = TreeStore(tmp_path)
    first = literal_reconstruction(specification, angles, patch, trees=store)
    files = list(tmp_path.iterdir())
    assert len(files) == 1  # both paths of the ancilla have one structure
    document = json.loads(files[0].read_text())
    assert document["format"] == 1
    written = files[0].stat().st_mtime_ns
    # Other angles, the same structure: the tree is read, not found again, and gives the right value.
    again = literal_reconstruction(specification, angles + 0.1, patch, trees=TreeStore(tmp_path))
    assert files[0].stat().st_mtime_ns == written
    assert again.cost == first.cost
    expected = MpsEngine().score(specification, angles + 0.1, patch).fidelity[0]
    assert again.value() == pytest.approx(expected, rel=1e-10)
    remembered = literal_reconstruction(specification, angles, patch, trees=store)
    assert remembered.trees[0] is first.trees[0]


@pytest.mark.parametrize("damage", ["text", "other", "path", "order", "short"])
def test_damaged_trees_are_refused(damage: str, tmp_path: Path, rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(4, 1, 2)
    patch, angles = random_train(rng, 4, 2), near_dc(specification, rng)
    literal_training(specification, angles, patch, trees=TreeStore(tmp_path))
    (file,) = tmp_path.iterdir()
    document = json.loads(file.read_text())
    if damage == "other":
        document["sizes"][0] += 1
    elif damage == "path":
        document["ssa_path"][0] = document["ssa_path"][1]
    elif damage == "order":
        document["ssa_path"].reverse()
    elif damage == "short":
        document["ssa_path"].pop()
    file.write_text("{" if damage == "text" else json.dumps(document))
    with pytest.raises(InputError, match="not a contraction tree") as caught:
        literal_training(specification, angles, patch, trees=TreeStore(tmp_path))
    assert str(file) in str(caught.value)


SEARCH = """
import numpy as np
from qpbae_tn.engines.mps import mps_stack
from qpbae_tn.engines.mps.literal import literal_reconstruction_circuit
from qpbae_tn.engines.mps.network import ancilla_paths, literal_network
from qpbae_tn.engines.mps.trees import Equation, search_tree
from qpbae_tn.model.specification import ModelSpecification
specification = ModelSpecification.build(8, 1, 2, layers=2)
patch = mps_stack([np.ones(shape) for shape in [(1, 2, 2), *[(2, 2, 2)] * 4, (2, 2, 1)]])
network = literal_network(literal_reconstruction_circuit(specification, np.ones(20)), patch)
equation = Equation.of(ancilla_paths(network)[0].network)
found = f"{equation.key} {search_tree(equation).get_ssa_path()}"
"""


def test_the_same_tree_in_every_process() -> None:
    here: dict[str, str] = {}
    exec(SEARCH, here)
    environment = {**os.environ, "PYTHONHASHSEED": "1234"}
    command = [sys.executable, "-c", SEARCH + "print(found)"]
    there = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert there.strip() == here["found"]


def test_prices_hold_for_what_is_contracted(rng: np.random.Generator) -> None:
    """The price comes from the structure alone, and a better tree is never refused for a worse one's price."""
    specification = ModelSpecification.build(16, 1, 2)
    circuit: LiteralCircuit = literal_reconstruction_circuit(specification, near_dc(specification, rng))
    network = ancilla_paths(literal_network(circuit, random_train(rng, 8, 8)))[0].network
    equation = Equation.of(network)
    cost = tree_cost(search_tree(equation))
    shapes = [tuple(equation.sizes[index] for index in term) for term in equation.inputs]
    assert shapes == [tensor.shape for tensor in network.tensors]
    assert cost.largest >= max(int(np.prod(shape)) for shape in shapes)
