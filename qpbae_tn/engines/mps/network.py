"""The paper's literal circuits as quimb tensor networks: <Z> of the ancilla, every gate a tensor.

The network holds the circuit and its mirror image, joined by Z on the ancilla and directly on every other qubit. A
control shares one index before and after its gate, the gate being diagonal there; hence the ancilla has a single index
between its two Hadamards, and can be summed over path by path (`ancilla_paths`): with the ancilla known each CSWAP is
a SWAP or nothing, which only renames indices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import quimb.tensor as qtn
from numpy.typing import NDArray

from qpbae_tn.engines.mps.literal import ANCILLA, PAULI_Z, LiteralCircuit, LiteralGate
from qpbae_tn.errors import InputError
from qpbae_tn.model.mps import MpsStack

Float64Array = NDArray[np.float64]

SIDES = ("ket", "bra")


class AncillaPath(NamedTuple):
    """One term of the sum over the ancilla's values in circuit and mirror image: coefficient * value of the network."""

    coefficient: float
    network: qtn.TensorNetwork


def literal_network(circuit: LiteralCircuit, patch: MpsStack) -> qtn.TensorNetwork:
    """The network whose value is <Z> of the ancilla.

    Args:
        circuit: the circuit.
        patch: a stack of one state, which every patch register starts in.

    Returns:
        A network without open indices. Tensors carry the tags of their side ("ket", "bra") and gate name, those on the
        ancilla alone also "ANCILLA". The ancilla's index between its Hadamards is `ancilla_index(side)`.

    Raises:
        InputError: more than one state, or one of another size than the registers.
    """
    sizes = {len(register) for register in circuit.patches}
    if patch.count != 1 or sizes != {patch.qubit_count}:
        raise InputError(
            f"{patch.count} trains of {patch.qubit_count} tensors for a circuit with registers of {sorted(sizes)}",
            where="literal circuit",
            remedy="give one train of the registers' size",
        )
    tensors: list[qtn.Tensor] = []
    for side in SIDES:
        _place_side(circuit, patch, side, tensors)
    # Both sides end on the same indices, except that Z stands between the two ends of the ancilla.
    ket_end, bra_end = (_end(side, ANCILLA) for side in SIDES)
    tensors.append(qtn.Tensor(PAULI_Z, (ket_end, bra_end), tags=("Z", "ANCILLA")))
    return qtn.TensorNetwork(tensors)


def ancilla_index(side: str) -> str:
    """The index of the ancilla between its two Hadamards, on one side."""
    return f"{side}:{ANCILLA}:1"


def ancilla_paths(network: qtn.TensorNetwork) -> list[AncillaPath]:
    """The network as a sum over the ancilla's values, each path free of the ancilla and of all swaps.

    Exact and independent of the angles: the ancilla's own tensors become a coefficient, and paths whose coefficient is
    zero are left out (<Z> after a Hadamard joins only different values).
    """
    paths = []
    for ket in range(2):
        for bra in range(2):
            fixed = network.isel({ancilla_index("ket"): ket, ancilla_index("bra"): bra})
            rest, own = fixed.partition("ANCILLA")
            coefficient = float(own.contract(output_inds=(), optimize="greedy"))
            if abs(coefficient) > 1e-12:
                # Paths that are mirror images of each other list their tensors alike, and so share a contraction tree.
                paths.append(AncillaPath(coefficient, _without_swaps(rest, SIDES if ket <= bra else SIDES[::-1])))
    return paths


def _place_side(circuit: LiteralCircuit, patch: MpsStack, side: str, tensors: list[qtn.Tensor]) -> None:
    """Adds the tensors of the circuit, or of its mirror image, to the list."""
    uses: dict[str, int] = {}
    last_change = _changes(circuit)

    def index(wire: str) -> str:
        """The present index of a wire; the last one is common to both sides, but for the ancilla."""
        number = uses.get(wire, 0)
        return _end(side, wire) if number == last_change[wire] else f"{side}:{wire}:{number}"

    for register_number, register in enumerate(circuit.patches):
        for site, (wire, tensor) in enumerate(zip(register, patch.tensors, strict=True)):
            left, right = (f"{side}:bond{register_number}:{cut}" for cut in (site, site + 1))
            inds, data = [left, index(wire), right], tensor[0]
            if site == patch.qubit_count - 1:
                inds, data = inds[:-1], data[..., 0]
            if site == 0:
                inds, data = inds[1:], data[0]
            tensors.append(qtn.Tensor(data, inds, tags=(side, "PATCH")))
    for wire in circuit.zeros:
        tags = (side, "ZERO", "ANCILLA") if wire == ANCILLA else (side, "ZERO")
        tensors.append(qtn.Tensor(np.array([1.0, 0.0]), (index(wire),), tags=tags))
    for gate in circuit.gates:
        before = [index(wire) for wire in gate.wires]
        for wire in gate.wires[gate.controlled :]:
            uses[wire] = uses.get(wire, 0) + 1
        after = [index(wire) for wire in gate.wires]
        tags = (side, gate.name, "ANCILLA") if gate.wires == (ANCILLA,) else (side, gate.name)
        tensors.append(qtn.Tensor(_gate_tensor(gate), (*after, *before[gate.controlled :]), tags=tags))


def _end(side: str, wire: str) -> str:
    return f"{side}:{wire}:end" if wire == ANCILLA else f"{wire}:end"


def _changes(circuit: LiteralCircuit) -> dict[str, int]:
    """How often each wire takes a new index."""
    wires = [wire for register in circuit.patches for wire in register]
    changes = dict.fromkeys((*wires, *circuit.zeros), 0)
    for gate in circuit.gates:
        for wire in gate.wires[gate.controlled :]:
            changes[wire] += 1
    return changes


def _gate_tensor(gate: LiteralGate) -> Float64Array:
    """The gate with one axis for each index after it, then before it; a control has one axis, the first."""
    count = len(gate.wires)
    if not gate.controlled:
        return gate.matrix.reshape((2,) * (2 * count))
    targets = gate.matrix.shape[0] // 2
    blocks = np.diagonal(gate.matrix.reshape(2, targets, 2, targets), axis1=0, axis2=2)
    return np.moveaxis(blocks, -1, 0).reshape((2,) * (2 * count - 1))


def _without_swaps(network: qtn.TensorNetwork, sides: tuple[str, ...]) -> qtn.TensorNetwork:
    """The network with each SWAP, and each CSWAP whose control is known, replaced by joined indices.

    Its tensors are listed side by side in the order of `sides`.
    """
    swap = np.eye(4)[[0, 2, 1, 3]].reshape(2, 2, 2, 2)
    joined: dict[str, str] = {}

    def find(index: str) -> str:
        while index in joined:
            index = joined[index]
        return index

    kept = []
    for tensor in network.tensors:
        if not {"SWAP", "CSWAP"} & set(tensor.tags):
            kept.append(tensor)
            continue
        first, second, first_before, second_before = tensor.inds
        if np.array_equal(tensor.data, swap):
            first_before, second_before = second_before, first_before
        for left, right in ((first, first_before), (second, second_before)):
            left, right = find(left), find(right)
            if left != right:
                joined[left] = right
    kept.sort(key=lambda tensor: sides.index(next(side for side in SIDES if side in tensor.tags)))
    renamed = qtn.TensorNetwork(kept)
    return renamed.reindex({index: find(index) for index in renamed.ind_map})
