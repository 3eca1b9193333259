"""A search for few SWAPs, after SABRE (Li, Ding and Xie 2019, doi:10.1145/3297858.3304023).

All CZ commute, so between two rotations of a qubit its CZ may come in any order: whatever is next to each other is done
first. Where nothing is, the SWAP is taken that brings the waiting pairs, and those soon to wait, closest together. A
SWAP on the pair of a CZ that was just done counts for less, because both together take two CZ instead of four.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from random import Random

import networkx as nx

from qpbae_tn.compiler.lowering import Cz, RealProgram, Ry


@dataclass(frozen=True)
class Swap:
    """A SWAP of two physical qubits, by number."""

    first: int
    second: int


Step = int | Swap
"""A CZ by its number in the program, or a SWAP."""


@dataclass(frozen=True)
class Meetings:
    """The CZ of a program and what orders them.

    Args:
        count: number of logical qubits.
        pairs: for each CZ its two qubits, by number.
        ranks: for each CZ, among the groups of CZ between rotations of each of its qubits, the number of its own.
    """

    count: int
    pairs: tuple[tuple[int, int], ...]
    ranks: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, program: RealProgram) -> Meetings:
        """The CZ of a program; qubits in its order."""
        number = {qubit: index for index, qubit in enumerate(program.qubits)}
        rotations = [0] * len(number)
        pairs: list[tuple[int, int]] = []
        groups: list[tuple[int, int]] = []
        for gate in program.gates:
            match gate:
                case Ry(qubit, _, _):
                    rotations[number[qubit]] += 1
                case Cz(first, second, _):
                    a, b = number[first], number[second]
                    pairs.append((a, b))
                    groups.append((rotations[a], rotations[b]))
        present: list[set[int]] = [set() for _ in number]
        for pair, group in zip(pairs, groups, strict=True):
            for qubit, own in zip(pair, group, strict=True):
                present[qubit].add(own)
        rank = [{group: index for index, group in enumerate(sorted(own))} for own in present]
        ranks = [(rank[a][i], rank[b][j]) for (a, b), (i, j) in zip(pairs, groups, strict=True)]
        return cls(len(number), tuple(pairs), tuple(ranks))

    @cached_property
    def groups(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """For each qubit its groups of CZ in order of time."""
        found: list[dict[int, list[int]]] = [defaultdict(list) for _ in range(self.count)]
        for index, (pair, ranks) in enumerate(zip(self.pairs, self.ranks, strict=True)):
            for qubit, rank in zip(pair, ranks, strict=True):
                found[qubit][rank].append(index)
        return tuple(tuple(tuple(own[rank]) for rank in sorted(own)) for own in found)

    @cached_property
    def reverse(self) -> Meetings:
        """The same in the opposite order of time; CZ number k becomes number -1 - k."""
        last = [len(own) - 1 for own in self.groups]
        ranks = [(last[a] - i, last[b] - j) for (a, b), (i, j) in zip(self.pairs, self.ranks, strict=True)]
        return Meetings(self.count, self.pairs[::-1], tuple(ranks[::-1]))


@dataclass(frozen=True)
class Field:
    """A connected device by numbers.

    Args:
        neighbours: of each physical qubit.
        distance: between two of them, in pairs.
    """

    neighbours: tuple[tuple[int, ...], ...]
    distance: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, graph: nx.Graph[object], order: Sequence[object]) -> Field:
        """From a connected graph; qubits are numbered in this order."""
        number = {qubit: index for index, qubit in enumerate(order)}
        neighbours = tuple(tuple(sorted(number[other] for other in graph[qubit])) for qubit in order)
        lengths = dict(nx.all_pairs_shortest_path_length(graph))
        return cls(neighbours, tuple(tuple(lengths[a][b] for b in order) for a in order))


@dataclass(frozen=True)
class Course:
    """CZ and SWAPs in order of time.

    Args:
        start: physical qubit of each logical one at the beginning.
        end: the same at the end.
        steps: CZ and SWAPs.
        cost: an estimate of the CZ that they take.
    """

    start: tuple[int, ...]
    end: tuple[int, ...]
    steps: tuple[Step, ...]
    cost: int


@dataclass(frozen=True)
class Taste:
    """What a walk prefers.

    Args:
        ahead: number of CZ looked at beyond those that wait.
        weight: of those, all together, beside those that wait.
        bonus: by how much a SWAP counts for less on the pair of a CZ that was just done.
    """

    ahead: int
    weight: float
    bonus: float


def greedy_start(meetings: Meetings, field: Field, random: Random) -> list[int]:
    """A place for each qubit: one after the other, those that meet the placed ones most, as near to them as can be."""
    weight: list[dict[int, float]] = [defaultdict(float) for _ in range(meetings.count)]
    for a, b in meetings.pairs:
        weight[a][b] += 1.0
        weight[b][a] += 1.0
    free = set(range(len(field.neighbours)))
    place: dict[int, int] = {}
    while len(place) < meetings.count:
        left = [qubit for qubit in range(meetings.count) if qubit not in place]
        noise = {qubit: random.random() for qubit in left}
        drawn = {qubit: sum(weight[qubit].get(other, 0.0) for other in place) for qubit in left}
        chosen = max(left, key=lambda q: (drawn[q] + 1.5 * noise[q], sum(weight[q].values())))
        anchors = [(place[other], own) for other, own in weight[chosen].items() if other in place]
        anchors = anchors or [(spot, 1e-3) for spot in place.values()]
        spot = min(
            sorted(free),
            key=lambda here: (
                sum(own * field.distance[here][there] for there, own in anchors) - 0.3 * len(field.neighbours[here]),
                random.random(),
            ),
        )
        place[chosen] = spot
        free.discard(spot)
    return [place[qubit] for qubit in range(meetings.count)]


def walk(meetings: Meetings, field: Field, start: Sequence[int], taste: Taste, random: Random) -> Course:
    """One course from a start: every CZ is done, SWAPs chosen greedily."""
    course = _Walk(meetings, field, start, taste, random).run(inf)
    assert course is not None
    return course


def walk_within(
    meetings: Meetings, field: Field, start: Sequence[int], taste: Taste, random: Random, limit: float
) -> Course | None:
    """As `walk`, but None as soon as it is sure to cost more than a limit."""
    return _Walk(meetings, field, start, taste, random).run(limit)


class _Walk:
    def __init__(self, meetings: Meetings, field: Field, start: Sequence[int], taste: Taste, random: Random) -> None:
        self._meetings, self._field, self._taste, self._random = meetings, field, taste, random
        self._start = tuple(start)
        self._place = list(start)
        self._guest = [-1] * len(field.neighbours)
        for qubit, spot in enumerate(start):
            self._guest[spot] = qubit
        self._group = [0] * meetings.count
        self._open = [len(own[0]) if own else 0 for own in meetings.groups]
        self._done = [False] * len(meetings.pairs)
        self._left = list(range(len(meetings.pairs)))
        # For each physical qubit, the others with which a CZ was done since its last rotation or SWAP.
        self._recent: list[set[int]] = [set() for _ in field.neighbours]
        # For each logical qubit, the group of its latest CZ.
        self._last = [0] * meetings.count
        self._steps: list[Step] = []
        self._cost = 0

    def run(self, limit: float) -> Course | None:
        waiting = self._advance(list(range(len(self._done))))
        idle = 0
        patience = 2 * len(self._field.neighbours)
        while waiting:
            if self._cost + len(self._left) > limit:
                return None
            swap = self._best(waiting) if idle < patience else self._towards(waiting)
            self._swap(swap)
            remaining = self._advance(waiting)
            idle = 0 if len(remaining) != len(waiting) or remaining != waiting else idle + 1
            waiting = remaining
        return Course(self._start, tuple(self._place), tuple(self._steps), self._cost)

    def _advance(self, candidates: Sequence[int]) -> list[int]:
        """Do all CZ that can be done; those that wait for SWAPs."""
        meetings, place = self._meetings, self._place
        queue, waiting = list(candidates), []
        while queue:
            index = queue.pop(0)
            (a, b), (i, j) = meetings.pairs[index], meetings.ranks[index]
            if self._done[index] or self._group[a] != i or self._group[b] != j:
                continue
            if self._field.distance[place[a]][place[b]] > 1:
                waiting.append(index)
                continue
            self._done[index] = True
            self._steps.append(index)
            self._cost += 1
            for qubit, rank in ((a, i), (b, j)):
                if self._last[qubit] != rank:
                    self._forget(place[qubit])
                    self._last[qubit] = rank
            self._recent[place[a]].add(place[b])
            self._recent[place[b]].add(place[a])
            for qubit in (a, b):
                self._open[qubit] -= 1
                while not self._open[qubit] and self._group[qubit] + 1 < len(meetings.groups[qubit]):
                    self._group[qubit] += 1
                    following = meetings.groups[qubit][self._group[qubit]]
                    self._open[qubit] = len(following)
                    queue += following
        self._left = [index for index in self._left if not self._done[index]]
        return waiting

    def _best(self, waiting: Sequence[int]) -> Swap:
        """The SWAP beside a waiting CZ that shortens most."""
        taste, distance, place, guest = self._taste, self._field.distance, self._place, self._guest
        own = set(waiting)
        pull: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for index in waiting:
            a, b = self._meetings.pairs[index]
            pull[a].append((b, 1.0))
            pull[b].append((a, 1.0))
        ahead = [index for index in self._left[: taste.ahead + len(own)] if index not in own][: taste.ahead]
        for rank, index in enumerate(ahead):
            a, b = self._meetings.pairs[index]
            weight = taste.weight * (1 - rank / (taste.ahead + 1))
            pull[a].append((b, weight))
            pull[b].append((a, weight))
        best: list[Swap] = []
        least = inf
        spots = {place[qubit] for index in waiting for qubit in self._meetings.pairs[index]}
        seen: set[tuple[int, int]] = set()
        for spot in sorted(spots):
            for other in self._field.neighbours[spot]:
                pair = (spot, other) if spot < other else (other, spot)
                if pair in seen:
                    continue
                seen.add(pair)
                change = -taste.bonus if self._merges(spot, other) else 0.0
                for here, there in (pair, pair[::-1]):
                    qubit = guest[here]
                    if qubit < 0:
                        continue
                    for partner, weight in pull[qubit]:
                        where = place[partner]
                        if where != there:
                            change += weight * (distance[there][where] - distance[here][where])
                if change < least - 1e-9:
                    least, best = change, [Swap(*pair)]
                elif change < least + 1e-9:
                    best.append(Swap(*pair))
        return best[0] if len(best) == 1 else self._random.choice(best)

    def _towards(self, waiting: Sequence[int]) -> Swap:
        """A step on a shortest way of the nearest waiting pair, which ends a walk in circles."""
        distance, place = self._field.distance, self._place
        a, b = min(
            (self._meetings.pairs[index] for index in waiting),
            key=lambda pair: distance[place[pair[0]]][place[pair[1]]],
        )
        here, goal = place[a], place[b]
        return Swap(here, min(self._field.neighbours[here], key=lambda other: distance[other][goal]))

    def _merges(self, first: int, second: int) -> bool:
        """Whether the last rotations of both lie before a CZ of the two."""
        return second in self._recent[first] and first in self._recent[second]

    def _swap(self, swap: Swap) -> None:
        first, second = swap.first, swap.second
        self._cost += 1 if self._merges(first, second) else 3
        for spot in (first, second):
            self._forget(spot)
        self._guest[first], self._guest[second] = self._guest[second], self._guest[first]
        for spot in (first, second):
            if self._guest[spot] >= 0:
                self._place[self._guest[spot]] = spot
        self._steps.append(swap)

    def _forget(self, spot: int) -> None:
        for partner in self._recent[spot]:
            self._recent[partner].discard(spot)
        self._recent[spot] = set()
