"""A network and its order of contraction: its cost first, then its value, cut into slices where memory asks for it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import cotengra as ctg
import numpy as np
from autoray import infer_backend

from qpbae_tn.compiler.networks.build import PATCH, CircuitNetwork
from qpbae_tn.compiler.networks.program import Program
from qpbae_tn.compiler.networks.trees import SEED, SsaPath, Structure, TreeStore, cache_folder
from qpbae_tn.errors import InputError

MEMORY_BYTES = 1 << 31
"""What the tensors of a contraction may take together by default."""
MOST_SLICES = 1 << 12
"""A contraction is cut into no more parts than this."""


class TooLarge(InputError):
    """A network whose contraction does not fit in memory."""


@dataclass(frozen=True)
class ContractionCost:
    """What a contraction takes, known before anything is contracted.

    Args:
        flops: additions and multiplications, all slices together.
        largest: entries of the largest tensor.
        width: its log2.
        peak_bytes: bytes of the tensors that live together at the worst moment, inputs included.
        slices: parts that are contracted one after the other.
    """

    flops: int
    largest: int
    width: float
    peak_bytes: int
    slices: int

    def __str__(self) -> str:
        slices = f" in each of {self.slices} slices" if self.slices > 1 else ""
        return f"{self.flops:.2g} flops, {self.peak_bytes / 1e6:.3g} MB at a time{slices}"


@dataclass(frozen=True)
class Slicing:
    """Indices that are summed over one value at a time, and the program of one part."""

    fixed: tuple[int, ...]
    program: Program

    def run(self, arrays: Sequence[Any]) -> Any:
        """`Program.run`, compiled where the array library does that."""
        return (self._compiled[0] if _is_jax(arrays) else self.program.run)(arrays)

    def run_with_gradient(self, arrays: Sequence[Any], wanted: tuple[int, ...]) -> tuple[Any, dict[int, Any]]:
        """`Program.run_with_gradient`, the same."""
        if _is_jax(arrays):
            return self._compiled[1](arrays, wanted)  # type: ignore[no-any-return]
        return self.program.run_with_gradient(arrays, wanted)

    @cached_property
    def _compiled(self) -> tuple[Any, Any]:
        import jax

        return jax.jit(self.program.run), jax.jit(self.program.run_with_gradient, static_argnums=1)


@dataclass(frozen=True, eq=False)
class Contraction:
    """A network ready to be contracted.

    Args:
        network: the network; where its values come later, `arrays` of `value` has them by name.
        path: the order.
        memory_bytes: what its tensors may take together.
        itemsize: bytes of a number.
    """

    network: CircuitNetwork
    structure: Structure
    path: SsaPath
    memory_bytes: int = MEMORY_BYTES
    itemsize: int = 8
    _slicings: dict[tuple[int, bool], Slicing] = field(default_factory=dict, repr=False)

    def cost(self, patches: int = 1, *, gradient: bool = False) -> ContractionCost:
        """The cost for a stack of patches that are contracted together.

        Raises:
            TooLarge: it is past the budget and cannot be cut into slices that are not.
        """
        slicing = self._slicing(patches, gradient)
        program, slices = slicing.program, self._count(slicing)
        flops = program.flops * slices * (3 if gradient else 1)
        return ContractionCost(
            flops, program.largest, math.log2(program.largest), self._bytes(program, gradient), slices
        )

    def patches_at_once(self, memory_bytes: int, *, gradient: bool = False) -> int:
        """How many patches fit this memory together, at least one."""
        one, two = (self._bytes(self._program(count), gradient) for count in (1, 2))
        return int(max((memory_bytes - one) // max(two - one, 1) + 1, 1))

    def value(self, values: Mapping[str, Any] | None = None) -> Any:
        """The value of the network, an array over its open indices.

        Args:
            values: the arrays that the network lacks, by name.
        """
        arrays = self.network.arrays(values or {})
        slicing = self._slicing(self._patches(arrays), False)
        inputs = slicing.program.inputs
        parts = (slicing.run([part[number] for number in inputs]) for part, _ in self._parts(arrays, slicing))
        return sum(parts, start=next(parts))

    def value_and_gradient(self, values: Mapping[str, Any], wanted: Sequence[str]) -> tuple[Any, dict[str, Any]]:
        """The value of a network without open indices, and its derivative by some of the arrays that it lacks.

        Args:
            values: the arrays that the network lacks, by name.
            wanted: names of arrays.

        Returns:
            The value, and by name the derivative, of the shape of the array.
        """
        pieces, arrays = self.network.pieces, self.network.arrays(values)
        slicing = self._slicing(self._patches(arrays), True)
        program, names = slicing.program, set(wanted)
        numbers = tuple(place for place, number in enumerate(program.inputs) if pieces[number].source in names)
        total, gradient = 0.0, {name: values[name] * 0.0 for name in wanted}
        for part, point in self._parts(arrays, slicing):
            value, slopes = slicing.run_with_gradient([part[number] for number in program.inputs], numbers)
            total = total + value
            for place, slope in slopes.items():
                number = program.inputs[place]
                piece = pieces[number]
                chosen = iter(point.get(index, slice(None)) for index in self.structure.terms[number])
                where = tuple(0 if taken else next(chosen) for taken in piece.taken)
                gradient[piece.source] = _added(gradient[piece.source], where, slope)
        return total, gradient

    def _patches(self, arrays: Sequence[Any]) -> int:
        for piece, array in zip(self.network.pieces, arrays, strict=True):
            if PATCH in piece.inds:
                return int(array.shape[piece.inds.index(PATCH)])
        return 1

    def _parts(self, arrays: Sequence[Any], slicing: Slicing) -> Iterator[tuple[Sequence[Any], dict[int, int]]]:
        """The arrays of each slice, and the values that its fixed indices have."""
        if not slicing.fixed:
            yield arrays, {}
            return
        terms = self.structure.terms
        for values in itertools.product(*(range(self.structure.sizes[index]) for index in slicing.fixed)):
            point = dict(zip(slicing.fixed, values, strict=True))
            yield (
                [
                    array[tuple(point.get(index, slice(None)) for index in term)] if set(term) & set(point) else array
                    for array, term in zip(arrays, terms, strict=True)
                ],
                point,
            )

    @cached_property
    def _batch(self) -> int | None:
        """The number of the index `PATCH`."""
        for piece, term in zip(self.network.pieces, self.structure.terms, strict=True):
            if PATCH in piece.inds:
                return term[piece.inds.index(PATCH)]
        return None

    def _program(self, patches: int, fixed: Sequence[int] = ()) -> Program:
        sizes = list(self.structure.sizes)
        if self._batch is not None:
            sizes[self._batch] = patches
        return Structure(
            self.structure.terms, tuple(sizes), self.structure.output, self.structure.classes, self.structure.places
        ).program(self.path, fixed)

    def _bytes(self, program: Program, gradient: bool) -> int:
        return self.itemsize * (2 * program.total if gradient else program.peak)

    def _count(self, slicing: Slicing) -> int:
        return math.prod(self.structure.sizes[index] for index in slicing.fixed)

    def _slicing(self, patches: int, gradient: bool) -> Slicing:
        key = (patches, gradient)
        if key not in self._slicings:
            self._slicings[key] = self._sliced(patches, gradient)
        return self._slicings[key]

    def _sliced(self, patches: int, gradient: bool) -> Slicing:
        program = self._program(patches)
        needed = self._bytes(program, gradient)
        if needed <= self.memory_bytes:
            return Slicing((), program)
        named = [tuple(ctg.get_symbol(index) for index in term) for term in self.structure.terms]
        sizes = {ctg.get_symbol(index): size for index, size in enumerate(self.structure.sizes)}
        if self._batch is not None:
            sizes[ctg.get_symbol(self._batch)] = patches
        output = tuple(ctg.get_symbol(index) for index in self.structure.output)
        numbers = {ctg.get_symbol(index): index for index in range(len(self.structure.sizes))}
        tree = ctg.ContractionTree.from_path(named, output, sizes, ssa_path=self.path)
        # Among the tensors of a batch the patches' index stays whole: it is what stacks are divided by first.
        least, largest = needed, int(tree.max_size())
        while (largest := largest // 2) >= 2:
            try:
                cut = tree.slice(target_size=largest, allow_outer=False, seed=SEED)
            except RuntimeError:
                break  # no index is left that would make it smaller
            fixed = tuple(numbers[index] for index in cut.sliced_inds if numbers[index] != self._batch)
            found = Slicing(fixed, self._program(patches, fixed))
            if self._count(found) > MOST_SLICES:
                break
            least = min(least, self._bytes(found.program, gradient))
            if least <= self.memory_bytes:
                return found
        raise TooLarge(
            f"the contraction takes {needed / 2**30:.3g} GiB at a time, and {least / 2**30:.3g} GiB in each of the "
            f"at most {MOST_SLICES} slices that it may be cut into, past {self.memory_bytes / 2**30:.3g} GiB",
            where="memory_bytes",
            remedy="allow more memory, or a smaller bond, fewer layers or a smaller patch",
        )


def prepare(
    network: CircuitNetwork,
    store: TreeStore | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Contraction:
    """A network with its order of contraction, found, or known from before.

    Args:
        network: the network.
        store: where orders are kept; None for the cache folder.
        memory_bytes: what its tensors may take together.
    """
    store = default_store(cache_folder()) if store is None else store
    structure = structure_of(network)
    itemsize = 16 if any(np.iscomplexobj(piece.array) for piece in network.pieces) else 8
    return Contraction(network, structure, store.path(structure), memory_bytes, itemsize)


def structure_of(network: CircuitNetwork) -> Structure:
    """The structure of a network, its indices numbered by first appearance."""
    numbers: dict[str, int] = {}
    kinds: dict[Any, int] = {}
    terms = tuple(tuple(numbers.setdefault(i, len(numbers)) for i in piece.inds) for piece in network.pieces)
    classes = tuple(kinds.setdefault(piece.key, len(kinds)) for piece in network.pieces)
    sizes = network.sizes
    return Structure(
        terms,
        tuple(int(sizes[index]) for index in numbers),
        tuple(numbers[index] for index in network.output),
        classes,
        tuple(piece.place for piece in network.pieces),
    )


@lru_cache(maxsize=4)
def default_store(folder: Path) -> TreeStore:
    """The orders of this process, kept in a folder."""
    return TreeStore(folder)


def _is_jax(arrays: Sequence[Any]) -> bool:
    return any(infer_backend(array) == "jax" for array in arrays)


def _added(array: Any, where: tuple[Any, ...], part: Any) -> Any:
    """The array with a part of it added to; arrays that cannot be changed give a new one."""
    if hasattr(array, "at"):
        return array.at[where].add(part)
    array[where] += part
    return array
