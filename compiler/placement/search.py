"""The embedding of an interaction graph into a device graph with the least error, by branch and bound.

Each connected part of the interaction graph is embedded by itself first (`beam.py`); the least cost of a part bounds
what the others may cost. Then one embedding of each part is chosen so that they do not overlap, and qubits without
two-qubit gates take the best places that are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy.optimize import linear_sum_assignment

from qpbae_tn.compiler.placement.beam import Embeddings, Step, embed, least_assignment, plan
from qpbae_tn.compiler.placement.interactions import Costs

BEAM = 1_000
"""Partial embeddings that the first, greedy pass keeps at each level."""
LIMIT = 30_000
"""Partial embeddings that the second pass keeps at each level."""
COMBINATIONS = 100_000
"""Combinations of embeddings of separate parts that are looked at."""


@dataclass(frozen=True)
class SearchExtent:
    """How much was searched.

    Args:
        looked_at: partial embeddings looked at.
        exhaustive: whether nothing was dropped but what cannot be better (or, where nothing was found, cannot fit).
    """

    looked_at: int
    exhaustive: bool


@dataclass(frozen=True)
class Embedding:
    """Places (L,) of the logical qubits as indices of physical qubits, and the expected number of errors."""

    places: tuple[int, ...]
    cost: float


def find_embedding(costs: Costs, *, beam: int = BEAM, limit: int = LIMIT) -> tuple[Embedding | None, SearchExtent]:
    """The embedding with the least error, None where there is none, and how much was searched.

    Args:
        costs: interactions and target.
        beam: partial embeddings that the first pass keeps at each level.
        limit: partial embeddings that the second pass keeps at each level.
    """
    graph: nx.Graph[int] = nx.from_numpy_array((costs.weight > 0).astype(int))
    components = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    parts = [plan(costs, part) for part in components if len(part) > 1]
    isolated = sorted(nx.isolates(graph))
    if len(costs.logical) > len(costs.physical):
        return None, SearchExtent(0, True)
    return _Search(costs, parts, isolated, beam, limit).run()


@dataclass(frozen=True)
class _Candidate:
    """An embedding of one part: its cost, the physical qubits that it takes (as bits), its places by step."""

    cost: float
    taken: int
    places: tuple[int, ...]


@dataclass(frozen=True)
class _Choices:
    """What each part can choose from.

    Args:
        candidates: of each part, cheapest first.
        is_twin: whether a part has the same candidates as the one before.
        twins_behind: how many twins follow a part; none of them costs less than its own choice.
        rest: the least that the parts from each level on cost, isolated qubits included.
    """

    candidates: list[list[_Candidate]]
    is_twin: list[bool]
    twins_behind: list[int]
    rest: list[float]

    @classmethod
    def of(cls, candidates: list[list[_Candidate]], floors: list[float]) -> _Choices:
        """Of the candidates of each part, and the least costs of the parts and of the isolated qubits."""
        footprints = [[(candidate.cost, candidate.taken) for candidate in choice] for choice in candidates]
        is_twin = [level > 0 and footprints[level] == footprints[level - 1] for level in range(len(footprints))]
        behind = [0] * len(footprints)
        for level in range(len(footprints) - 2, -1, -1):
            behind[level] = behind[level + 1] + 1 if is_twin[level + 1] else 0
        return cls(candidates, is_twin, behind, [sum(floors[level:]) for level in range(len(floors) + 1)])


class _Search:
    """One search: what was looked at, and the best embedding so far."""

    def __init__(
        self, costs: Costs, parts: Sequence[tuple[Step, ...]], isolated: list[int], beam: int, limit: int
    ) -> None:
        self._costs, self._parts, self._isolated = costs, parts, isolated
        self._beam, self._limit = beam, limit
        self._looked_at, self._exhaustive = 0, True
        self._combinations = 0
        self._best: Embedding | None = None

    def run(self) -> tuple[Embedding | None, SearchExtent]:
        alone = [self._alone(part) for part in self._parts]
        if all(len(found.cost) for found in alone):
            if len(alone) == 1 and not self._isolated:
                self._finish([_candidates(alone[0])[0]])
            else:
                self._together([float(found.cost[0]) for found in alone])
        return self._best, SearchExtent(self._looked_at, self._exhaustive)

    def _embed(self, part: tuple[Step, ...], ceiling: float, limit: int, blocked: Sequence[int] = ()) -> Embeddings:
        found = embed(self._costs, part, ceiling=ceiling, limit=limit, blocked=blocked)
        self._looked_at += found.looked_at
        return found

    def _alone(self, part: tuple[Step, ...]) -> Embeddings:
        """Embeddings of a part as if it were the only one, the best first."""
        found = self._embed(part, np.inf, self._beam)
        if not found.complete:
            first = found
            found = self._embed(part, _above(first.cost[0]) if len(first.cost) else np.inf, self._limit)
            self._exhaustive &= found.complete
            if not len(found.cost) or (len(first.cost) and first.cost[0] < found.cost[0]):
                found = first
        return found

    def _together(self, least: list[float]) -> None:
        """Combine the parts; `least` bounds what each costs."""
        floors = [*least, least_assignment(self._costs, self._isolated)]
        self._greedy()
        ceiling = np.inf if self._best is None else _above(self._best.cost)
        candidates: list[list[_Candidate]] = []
        for part, floor in zip(self._parts, least, strict=True):
            found = self._embed(part, ceiling - (sum(floors) - floor), self._limit)
            self._exhaustive &= found.complete
            candidates.append(_candidates(found))
        self._combine(_Choices.of(candidates, floors), [], 0, 0.0, -1)

    def _greedy(self) -> None:
        """A first combination: part after part, each as good as the ones before leave it."""
        chosen: list[_Candidate] = []
        for part in self._parts:
            blocked = [place for candidate in chosen for place in candidate.places]
            found = self._embed(part, np.inf, self._beam, blocked)
            if not len(found.cost):
                return
            chosen += _candidates(found)[:1]
        self._finish(chosen)

    def _combine(self, choices: _Choices, chosen: list[_Candidate], taken: int, cost: float, last: int) -> None:
        """Depth first over the candidates of each part, cheapest first; twins take theirs in order."""
        level = len(chosen)
        if level == len(choices.candidates):
            self._finish(chosen)
            return
        candidates = choices.candidates[level]
        twins = choices.twins_behind[level]
        for index in range(last + 1 if choices.is_twin[level] else 0, len(candidates)):
            candidate = candidates[index]
            floor = cost + (1 + twins) * candidate.cost + choices.rest[level + 1 + twins]
            if self._best is not None and floor >= self._best.cost:
                return
            if self._combinations >= COMBINATIONS:
                self._exhaustive = False
                return
            self._combinations += 1
            if not taken & candidate.taken:
                self._combine(choices, [*chosen, candidate], taken | candidate.taken, cost + candidate.cost, index)

    def _finish(self, chosen: Sequence[_Candidate]) -> None:
        """Place the isolated qubits, and keep the result if it is the best so far."""
        places = {
            step.vertex: place
            for part, candidate in zip(self._parts, chosen, strict=True)
            for step, place in zip(part, candidate.places, strict=True)
        }
        free = sorted(set(range(len(self._costs.physical))) - set(places.values()))
        rows, columns = linear_sum_assignment(self._costs.node[np.ix_(self._isolated, free)])
        places.update((self._isolated[row], free[column]) for row, column in zip(rows, columns, strict=True))
        single = sum(float(self._costs.node[vertex, places[vertex]]) for vertex in self._isolated)
        total = sum(candidate.cost for candidate in chosen) + single
        if self._best is None or total < self._best.cost:
            self._best = Embedding(tuple(places[vertex] for vertex in range(len(self._costs.logical))), total)


def _candidates(found: Embeddings) -> list[_Candidate]:
    """The embeddings, cheapest first; of those on the same physical qubits only the cheapest."""
    best: dict[int, _Candidate] = {}
    for row, cost in zip(found.places.tolist(), found.cost.tolist(), strict=True):
        taken = sum(1 << place for place in row)
        best.setdefault(taken, _Candidate(cost, taken, tuple(row)))
    return list(best.values())


def _above(cost: float) -> float:
    """A ceiling that lets embeddings of the same cost through."""
    return float(cost) * (1 + 1e-12) + 1e-15
