"""An order of contraction as a program of pairwise products: run with any array library, forwards and backwards.

The copies of a circuit in a network are the same tensors under other names of their indices, and what an order does to
one copy it mostly does to its mirror image too. A product that was made once is not made again: a program is not a
tree but a graph, in which equal parts are one. Its gradient is reverse accumulation over that graph.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import cotengra as ctg
from autoray import do
from cotengra.contract import einsum

Array = Any
"""An array of any library that autoray knows."""

SMALL = 256
"""Up to so many terms a library's own einsum is quicker than cotengra's, which makes matrix products of products."""
CALL_SECONDS, FLOP_SECONDS, WRITE_SECONDS = 6e-6, 1e-10, 1e-9
"""What a product costs by itself, for each addition or multiplication, and for each entry of its result, about."""


class Step(NamedTuple):
    """A product: the values of two earlier ones by an einsum equation.

    Args:
        left: number of the first factor: inputs come first, then results in order.
        right: number of the second.
        forward: the equation.
        back_left: the equation from the derivative by the product, and the right factor, to that by the left one.
        back_right: the same for the right factor.
        shape: of the product.
        terms: number of products of numbers.
    """

    left: int
    right: int
    forward: str
    back_left: str
    back_right: str
    shape: tuple[int, ...]
    terms: int


@dataclass(frozen=True)
class Program:
    """Pairwise products that end in the value of a network.

    Args:
        inputs: for each input of the program a tensor of the network that holds it; equal tensors share one.
        shapes: of the inputs.
        steps: in order.
        result: number of the value that is the result.
        final: equation that brings the result to the order of the open indices, "" where it is in order.
    """

    inputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]
    result: int
    final: str = ""

    def run(self, arrays: Sequence[Array]) -> Array:
        """The value of the network, given one array for each input."""
        values: list[Array] = list(arrays)
        for number, step in enumerate(self.steps):
            values.append(_product(step.forward, values[step.left], values[step.right], step.terms))
            for used in self._last_uses[number]:
                values[used] = None
        value = values[self.result]
        return do("einsum", self.final, value) if self.final else value

    def run_with_gradient(self, arrays: Sequence[Array], wanted: Iterable[int]) -> tuple[Array, dict[int, Array]]:
        """The value of a network without open indices, and its derivative by some inputs.

        Args:
            arrays: one for each input.
            wanted: numbers of inputs.

        Returns:
            The value, and for each of `wanted` that it depends on the derivative.
        """
        values: list[Array] = list(arrays)
        for step in self.steps:
            values.append(_product(step.forward, values[step.left], values[step.right], step.terms))
        result, first = values[self.result], len(self.inputs)
        needed = set(wanted)
        for number, step in enumerate(self.steps):
            if step.left in needed or step.right in needed:
                needed.add(first + number)
        adjoints: dict[int, Array] = {self.result: do("ones_like", result)}
        for number in reversed(range(len(self.steps))):
            step, adjoint = self.steps[number], adjoints.pop(first + number, None)
            if adjoint is None:
                continue
            sides = ((step.left, step.right, step.back_left), (step.right, step.left, step.back_right))
            for target, other, equation in sides:
                if target in needed:
                    part = _product(equation, adjoint, values[other], step.terms)
                    adjoints[target] = adjoints[target] + part if target in adjoints else part
            values[first + number] = None
        return result, {number: adjoints[number] for number in wanted if number in adjoints}

    @property
    def flops(self) -> int:
        """Additions and multiplications."""
        return sum(2 * step.terms for step in self.steps)

    @property
    def largest(self) -> int:
        """Entries of the largest tensor."""
        return max((math.prod(shape) for shape in (*self.shapes, *(step.shape for step in self.steps))), default=1)

    @cached_property
    def seconds(self) -> float:
        """About how long it runs; good for comparing orders of one network."""
        written = sum(math.prod(step.shape) for step in self.steps)
        return CALL_SECONDS * len(self.steps) + FLOP_SECONDS * self.flops + WRITE_SECONDS * written

    @cached_property
    def peak(self) -> int:
        """Entries of the tensors that live together at the worst moment, inputs included."""
        alive = peak = sum(math.prod(shape) for shape in self.shapes)
        sizes = [math.prod(shape) for shape in (*self.shapes, *(step.shape for step in self.steps))]
        for number, step in enumerate(self.steps):
            alive += math.prod(step.shape)
            peak = max(peak, alive)
            alive -= sum(sizes[used] for used in self._last_uses[number])
        return peak

    @cached_property
    def total(self) -> int:
        """Entries of all tensors together, which a gradient keeps."""
        return sum(math.prod(shape) for shape in (*self.shapes, *(step.shape for step in self.steps)))

    @cached_property
    def _last_uses(self) -> list[list[int]]:
        last: dict[int, int] = {}
        for number, step in enumerate(self.steps):
            last[step.left] = last[step.right] = number
        uses: list[list[int]] = [[] for _ in self.steps]
        for used, number in last.items():
            if used != self.result:
                uses[number].append(used)
        return uses


def compile_program(
    terms: Sequence[Sequence[int]],
    output: Sequence[int],
    sizes: Sequence[int],
    classes: Sequence[int],
    path: Sequence[tuple[int, int]],
    fixed: Sequence[int] = (),
) -> Program:
    """The program of an order of contraction.

    Args:
        terms: for each tensor its indices; an index that occurs in one tensor alone is open.
        output: the open indices.
        sizes: of each index.
        classes: for each tensor a number that is equal where the values are.
        path: pairs of tensors in single static assignment form.
        fixed: indices that have one value in a run of the program: the arrays come without them.
    """
    uses: dict[int, int] = {}
    for term in (*terms, output):
        for index in set(term):
            uses[index] = uses.get(index, 0) + 1
    known: dict[Hashable, int] = {}
    inputs: list[int] = []
    shapes: list[tuple[int, ...]] = []
    nodes: list[tuple[int, tuple[int, ...]]] = []
    for number, (term, kind) in enumerate(zip(terms, classes, strict=True)):
        # Equal tensors of which different indices are fixed are no longer equal.
        key = (kind, tuple((axis, index) for axis, index in enumerate(term) if index in fixed))
        left = tuple(index for index in term if index not in fixed)
        if key not in known:
            known[key] = len(inputs)
            inputs.append(number)
            shapes.append(tuple(sizes[index] for index in left))
        nodes.append((known[key], left))
    steps: list[Step] = []
    for first, second in path:
        (one, a), (other, b) = sorted((nodes[first], nodes[second]), key=lambda node: node[0])
        for index in set(a) & set(b):
            uses[index] -= 1
        # The order of a batched matrix product: what both keep, then what is left of the one and of the other.
        shared = [index for index in a if index in b]
        kept = (
            *(index for index in shared if uses[index] > 1),
            *(index for index in a if index not in b),
            *(index for index in b if index not in a),
        )
        letter = {index: ctg.get_symbol(place) for place, index in enumerate(dict.fromkeys((*a, *b)))}
        lefts, rights, outs = ("".join(letter[index] for index in inds) for inds in (a, b, kept))
        pair = (one, other, lefts, rights, outs)
        if pair not in known:
            known[pair] = len(inputs) + len(steps)
            equations = (f"{lefts},{rights}->{outs}", f"{outs},{rights}->{lefts}", f"{outs},{lefts}->{rights}")
            shape = tuple(sizes[index] for index in kept)
            steps.append(Step(one, other, *equations, shape, math.prod(sizes[index] for index in letter)))
        nodes.append((known[pair], kept))
    result, inds = nodes[-1]
    wanted = tuple(index for index in output if index not in fixed)
    letter = {index: ctg.get_symbol(place) for place, index in enumerate(inds)}
    final = "" if inds == wanted else "".join(letter[i] for i in inds) + "->" + "".join(letter[i] for i in wanted)
    return Program(tuple(inputs), tuple(shapes), tuple(steps), result, final)


def _product(equation: str, left: Array, right: Array, terms: int) -> Array:
    return do("einsum", equation, left, right) if terms <= SMALL else einsum(equation, left, right)
