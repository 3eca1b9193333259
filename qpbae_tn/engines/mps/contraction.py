"""The value of a literal circuit by contraction of its network: priced first, refused past a memory budget."""

from __future__ import annotations

from dataclasses import dataclass

import cotengra as ctg
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.literal import (
    LiteralCircuit,
    literal_reconstruction_circuit,
    literal_training_circuit,
)
from qpbae_tn.engines.mps.network import AncillaPath, ancilla_paths, literal_network
from qpbae_tn.engines.mps.trees import ContractionCost, TreeStore, combined, tree_cost
from qpbae_tn.errors import InputError
from qpbae_tn.model.mps import MpsStack
from qpbae_tn.model.specification import ModelSpecification

MEMORY_BYTES = 100_000_000
"""Tensors that may live together while a literal circuit is contracted."""


@dataclass(frozen=True)
class LiteralContraction:
    """A literal circuit ready to be contracted.

    Args:
        qubit_count: qubits of the circuit.
        paths: the network's terms, one for each value of the ancilla on both sides that contributes.
        trees: the contraction tree of each term.
        memory_bytes: budget of the tensors that live together.
    """

    qubit_count: int
    paths: tuple[AncillaPath, ...]
    trees: tuple[ctg.ContractionTree, ...]
    memory_bytes: int

    @property
    def cost(self) -> ContractionCost:
        """The cost of all terms, from the network as built; nothing is contracted for it."""
        return combined([tree_cost(tree) for tree in self.trees])

    def value(self) -> float:
        """<Z> of the ancilla.

        Raises:
            InputError: the cost is past the memory budget.
        """
        cost = self.cost
        if cost.peak_bytes > self.memory_bytes:
            raise InputError(
                f"contracting the circuit of {self.qubit_count} qubits takes {cost} "
                f"(budget {self.memory_bytes / 1e6:.3g} MB)",
                where="literal circuit",
                remedy="raise the memory budget, or lower the bond or the number of layers",
            )
        terms = zip(self.paths, self.trees, strict=True)
        return sum(
            path.coefficient * float(path.network.contract(output_inds=(), optimize=tree)) for path, tree in terms
        )


def literal_reconstruction(
    specification: ModelSpecification,
    angles: NDArray[np.floating],
    patch: MpsStack,
    *,
    trees: TreeStore | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> LiteralContraction:
    """The paper's test circuit (Fig. 2) with ancilla and CSWAPs, 2n + n_t + 1 qubits; its value is F.

    Args:
        specification: the model; any ansatz.
        angles: shape (parameter_count,), radians.
        patch: a stack of one state.
        trees: where contraction trees are kept; None searches anew.
        memory_bytes: budget of the tensors that live together.
    """
    angles = specification.ansatz.check_angles(angles)
    return _prepare(literal_reconstruction_circuit(specification, angles), patch, trees, memory_bytes)


def literal_training(
    specification: ModelSpecification,
    angles: NDArray[np.floating],
    patch: MpsStack,
    *,
    trees: TreeStore | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> LiteralContraction:
    """The paper's training circuit (Fig. 3), n + n_t + 1 qubits; its value is F_trash. Arguments as above."""
    angles = specification.ansatz.check_angles(angles)
    return _prepare(literal_training_circuit(specification, angles), patch, trees, memory_bytes)


def _prepare(
    circuit: LiteralCircuit, patch: MpsStack, trees: TreeStore | None, memory_bytes: int
) -> LiteralContraction:
    store = trees if trees is not None else TreeStore()
    paths = tuple(ancilla_paths(literal_network(circuit, patch)))
    found = tuple(store.tree(path.network) for path in paths)
    return LiteralContraction(circuit.qubit_count, paths, found, memory_bytes)
