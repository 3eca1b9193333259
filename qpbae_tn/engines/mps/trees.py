"""Contraction trees: found once, priced before use, stored as JSON and used again."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cotengra as ctg
import quimb.tensor as qtn

from qpbae_tn.errors import InputError
from qpbae_tn.output import write_atomically

FORMAT = 1
SEED = 0
REORDERED_PIECES = 32
"""Pieces of a greedy tree that are put in their best order; on these chain-like networks more gain nothing."""


@dataclass(frozen=True)
class ContractionCost:
    """What a contraction along a tree takes.

    Args:
        flops: additions and multiplications.
        largest: elements of the largest tensor.
        peak_bytes: bytes of the tensors that live together at the worst moment, the inputs included.
    """

    flops: float
    largest: int
    peak_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.flops:.2g} flops, largest tensor {8 * self.largest / 1e6:.3g} MB, "
            f"{self.peak_bytes / 1e6:.3g} MB at a time"
        )


@dataclass(frozen=True)
class Equation:
    """The structure of a network without open indices: for each tensor its indices as numbers, and their sizes."""

    inputs: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, network: qtn.TensorNetwork) -> Equation:
        """The structure of a quimb network, indices numbered by first appearance."""
        numbers: dict[str, int] = {}
        inputs = tuple(
            tuple(numbers.setdefault(index, len(numbers)) for index in tensor.inds) for tensor in network.tensors
        )
        return cls(inputs, tuple(int(network.ind_size(index)) for index in numbers))

    @property
    def key(self) -> str:
        """A name for the structure, the same in every process."""
        text = json.dumps([FORMAT, self.inputs, self.sizes], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def terms(self) -> list[tuple[str, ...]]:
        """The indices of each tensor as cotengra's symbols."""
        return [tuple(ctg.get_symbol(index) for index in term) for term in self.inputs]

    @property
    def size_of(self) -> dict[str, int]:
        """The size of each symbol."""
        return {ctg.get_symbol(index): size for index, size in enumerate(self.sizes)}


@dataclass(frozen=True)
class TreeStore:
    """Trees by the structure of their network.

    Args:
        folder: where trees are kept as JSON files, one each; None keeps them for this object's life only.
    """

    folder: Path | None = None
    _known: dict[str, ctg.ContractionTree] = field(default_factory=dict, repr=False, compare=False)

    def tree(self, network: qtn.TensorNetwork) -> ctg.ContractionTree:
        """The tree for a network: remembered, read from the folder, or found and kept.

        Raises:
            InputError: a stored file that does not hold a tree for this structure.
        """
        equation = Equation.of(network)
        known = self._known.get(equation.key)
        if known is None:
            known = self._read(equation) or self._find(equation)
            self._known[equation.key] = known
        return known

    def _find(self, equation: Equation) -> ctg.ContractionTree:
        tree = search_tree(equation)
        if self.folder is not None:
            path = [[int(number) for number in pair] for pair in tree.get_ssa_path()]
            document = {"format": FORMAT, "inputs": equation.inputs, "sizes": equation.sizes, "ssa_path": path}
            write_atomically(self.folder / f"{equation.key}.json", json.dumps(document, separators=(",", ":")))
        return tree

    def _read(self, equation: Equation) -> ctg.ContractionTree | None:
        if self.folder is None:
            return None
        file = self.folder / f"{equation.key}.json"
        if not file.exists():
            return None
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            path = _checked_path(document, equation)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"not a contraction tree for this network ({error})", where=file, remedy="delete the file"
            ) from None
        return _tree_of(equation, path)


def search_tree(equation: Equation) -> ctg.ContractionTree:
    """A good tree: greedy, then pieces of it put in their best order; one thread, the same in every run."""
    tree = ctg.GreedyOptimizer(accel=False).search(equation.terms, (), equation.size_of)
    return tree.subtree_reconfigure(maxiter=REORDERED_PIECES, seed=SEED, minimize="flops")


def tree_cost(tree: ctg.ContractionTree) -> ContractionCost:
    """The cost of a contraction along a tree, before anything is contracted."""
    return ContractionCost(float(tree.total_flops(dtype="float64")), int(tree.max_size()), 8 * int(tree.peak_size()))


def _tree_of(equation: Equation, path: Sequence[Sequence[int]]) -> ctg.ContractionTree:
    return ctg.ContractionTree.from_path(equation.terms, (), equation.size_of, ssa_path=path)


def _checked_path(document: Mapping[str, Any], equation: Equation) -> list[tuple[int, int]]:
    same = document["format"] == FORMAT and document["inputs"] == [list(term) for term in equation.inputs]
    if not same or document["sizes"] != list(equation.sizes):
        raise ValueError("it belongs to another network")
    path = [(int(left), int(right)) for left, right in document["ssa_path"]]
    used = sorted(number for pair in path for number in pair)
    if len(path) != len(equation.inputs) - 1 or used != list(range(2 * len(path))):
        raise ValueError("its path does not contract every tensor once")
    if any(max(pair) >= len(equation.inputs) + step for step, pair in enumerate(path)):
        raise ValueError("its path uses a tensor before it exists")
    return path


def combined(costs: Sequence[ContractionCost]) -> ContractionCost:
    """The cost of several contractions one after the other."""
    return ContractionCost(
        math.fsum(cost.flops for cost in costs),
        max(cost.largest for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )
