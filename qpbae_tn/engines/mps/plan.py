"""How a sweep walks over an ansatz: which blocks act when a site arrives, and which wires stay open in between.

A sweep takes the sites of a matrix product state from left to right. When site q arrives, every block acts whose
causal past lies on the qubits 0..q; a qubit with no block left leaves. What stays open is a short run of wires next to
the cut: L wires for a staircase of L layers, whatever its blocks are. The cost of a sweep is linear in n and
exponential in the number of open wires only, so an ansatz that runs the other way is swept from right to left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import Ansatz, Block
from qpbae_tn.model.specification import ModelSpecification

MAXIMUM_WIRES = 12
"""Open wires past which a sweep is refused: its tensors hold 2^wires times the bond, squared for F."""


@dataclass(frozen=True)
class Step:
    """What happens between two cuts of the sweep.

    Args:
        site: the site that arrives as the last wire of the window, None if none does.
        blocks: index of each block that acts, in order of time.
        places: position in the window of each block's left qubit.
        wires_in: open wires before the step.
        emitted: number of wires that leave, from the left, after the blocks.
        trash: whether the wires that leave are trash qubits; else they are latent ones.
    """

    site: int | None
    blocks: tuple[int, ...]
    places: tuple[int, ...]
    wires_in: int
    emitted: int
    trash: bool

    @property
    def window(self) -> int:
        """Wires that the step's matrix acts on."""
        return self.wires_in + (self.site is not None)

    @property
    def wires_out(self) -> int:
        """Open wires after the step."""
        return self.window - self.emitted


@dataclass(frozen=True, eq=False)
class WindowGroup:
    """Steps whose blocks act at the same places of windows of the same width; their matrices are made together.

    Args:
        steps: index of each step, shape (S,).
        blocks: index of each step's blocks, shape (S, J).
        places: the J places.
        window: number of wires.
    """

    steps: NDArray[np.intp]
    blocks: NDArray[np.intp]
    places: tuple[int, ...]
    window: int


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """The steps of a sweep.

    Args:
        qubit_count: n.
        steps: from left to right; in the mirrored numbering of qubits if `mirrored`.
        cut: number of steps before the boundary between the trash and the latent register.
        trash_first: whether the trash register lies to the left of the cut, in the plan's numbering.
        mirrored: whether site q of the plan is site n - 1 - q of the state.
        swapped: for each block whether its first qubit lies to the right of its second in the plan's numbering,
            shape (blocks,).
    """

    qubit_count: int
    steps: tuple[Step, ...]
    cut: int
    trash_first: bool
    mirrored: bool
    swapped: NDArray[np.bool_]

    @property
    def widest(self) -> int:
        """Largest number of wires open at a cut."""
        return max(step.wires_out for step in self.steps)

    @cached_property
    def groups(self) -> tuple[WindowGroup, ...]:
        """The steps that have blocks, by structure."""
        classes: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for index, step in enumerate(self.steps):
            if step.blocks:
                classes.setdefault((step.window, step.places), []).append(index)
        return tuple(
            WindowGroup(
                np.asarray(members, dtype=np.intp),
                np.asarray([self.steps[index].blocks for index in members], dtype=np.intp),
                places,
                window,
            )
            for (window, places), members in classes.items()
        )


def plan_sweep(specification: ModelSpecification) -> SweepPlan:
    """The plan for a model, in the direction with fewer open wires; the same object for the same model.

    Raises:
        InputError: a block on qubits that are not neighbours, or more than `MAXIMUM_WIRES` open wires.
    """
    return _plan(specification.ansatz, specification.bottleneck, specification.trash == "first")


@lru_cache(maxsize=64)
def _plan(ansatz: Ansatz, bottleneck: int, trash_first: bool) -> SweepPlan:
    if not ansatz.nearest_neighbour:
        index, block = next((i, b) for i, b in enumerate(ansatz.blocks) if abs(b.first - b.second) != 1)
        raise InputError(
            f"block {index} acts on qubits ({block.first}, {block.second}), which are not neighbours",
            where="engine mps",
            remedy="use the exact engine, or blocks on neighbours",
        )
    plans = [_directed(ansatz, bottleneck, trash_first, mirrored) for mirrored in (False, True)]
    best = min(plans, key=lambda plan: sum(4**step.window for step in plan.steps))
    if best.widest > MAXIMUM_WIRES:
        raise InputError(
            f"the ansatz keeps {best.widest} wires open at once (at most {MAXIMUM_WIRES})",
            where="engine mps",
            remedy="use fewer layers, or the exact engine",
        )
    return best


def _directed(ansatz: Ansatz, bottleneck: int, trash_first: bool, mirrored: bool) -> SweepPlan:
    qubits = ansatz.qubit_count
    last = qubits - 1
    blocks = [Block(b.kind, last - b.first, last - b.second) if mirrored else b for b in ansatz.blocks]
    left_is_trash = trash_first != mirrored
    boundary = qubits - bottleneck if left_is_trash else bottleneck
    waiting = list(enumerate(blocks))
    pending = np.zeros(qubits, dtype=int)
    for block in blocks:
        pending[[block.first, block.second]] += 1
    steps: list[Step] = []
    cut, first_open = 0, 0
    for site in range(qubits):
        acting, waiting = _ready(waiting, site)
        for _, block in acting:
            pending[[block.first, block.second]] -= 1
        done = first_open
        while done <= site and pending[done] == 0:
            done += 1
        places = tuple(min(block.first, block.second) - first_open for _, block in acting)
        # Wires of one step all belong to one register: a step that empties both is divided at the boundary.
        before = max(first_open, min(done, boundary))
        is_left = first_open < boundary
        first_part = before - first_open if is_left else done - first_open
        steps.append(
            Step(site, tuple(i for i, _ in acting), places, site - first_open, first_part, is_left == left_is_trash)
        )
        if is_left and before == boundary:
            cut = len(steps)
            if done > boundary:
                steps.append(Step(None, (), (), site + 1 - boundary, done - boundary, not left_is_trash))
        first_open = done
    swapped = np.array([block.first > block.second for block in blocks], dtype=bool)
    return SweepPlan(qubits, tuple(steps), cut, left_is_trash, mirrored, swapped)


def _ready(waiting: list[tuple[int, Block]], site: int) -> tuple[list[tuple[int, Block]], list[tuple[int, Block]]]:
    """Those of the waiting blocks that can act once sites 0..site are there, and the others."""
    acting, left = [], []
    held: set[int] = set()
    for index, block in waiting:
        pair = {block.first, block.second}
        if max(pair) <= site and not pair & held:
            acting.append((index, block))
        else:
            held |= pair
            left.append((index, block))
    return acting, left
