"""All embeddings of one connected interaction graph that may be better than a ceiling, by breadth-first search.

Logical qubits are placed one after another, each next to one that is placed already. All partial embeddings of a level
stand in one array; those whose cost plus the least that the rest can add reaches the ceiling are dropped, and where
more than a limit are left, the costliest of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from qpbae_tn.compiler.placement.interactions import Costs


@dataclass(frozen=True)
class Step:
    """Place a logical qubit next to those placed before.

    Args:
        vertex: index of the logical qubit.
        anchors: levels at which its neighbours were placed.
        gates: two-qubit gates to each of them.
        pending: neighbours that are still to be placed.
    """

    vertex: int
    anchors: tuple[int, ...]
    gates: tuple[int, ...]
    pending: int


@dataclass(frozen=True)
class Embeddings:
    """Complete embeddings of a part.

    Args:
        places: physical qubits (M, S) in the order of the steps.
        cost: expected numbers of errors (M,), ascending.
        looked_at: partial embeddings looked at.
        complete: whether only the ceiling dropped any.
    """

    places: NDArray[np.int16]
    cost: NDArray[np.float64]
    looked_at: int
    complete: bool


def plan(costs: Costs, part: Collection[int]) -> tuple[Step, ...]:
    """An order of placement for a connected part that closes cycles early.

    Next is who has the most placed neighbours, then whose neighbour was placed first, then who has the most gates.
    """
    graph: nx.Graph[int] = nx.from_numpy_array((costs.weight > 0).astype(int))
    strength = costs.weight.sum(axis=1)
    waiting = set(part)
    level: dict[int, int] = {}
    steps: list[Step] = []

    def urgency(vertex: int) -> tuple[int, int, int, int, int]:
        placed = [level[neighbour] for neighbour in graph[vertex] if neighbour in level]
        return len(placed), -min(placed, default=0), graph.degree[vertex], int(strength[vertex]), -vertex

    while waiting:
        vertex = max(waiting, key=urgency)
        waiting.discard(vertex)
        placed = sorted((neighbour for neighbour in graph[vertex] if neighbour in level), key=level.__getitem__)
        steps.append(
            Step(
                vertex=vertex,
                anchors=tuple(level[neighbour] for neighbour in placed),
                gates=tuple(int(costs.weight[vertex, neighbour]) for neighbour in placed),
                pending=sum(neighbour in waiting for neighbour in graph[vertex]),
            )
        )
        level[vertex] = len(level)
    return tuple(steps)


def least_remaining(costs: Costs, steps: tuple[Step, ...]) -> NDArray[np.float64]:
    """The least (S + 1,) that is still to be added after the first i steps; infinite where the rest cannot fit.

    Qubits: the cheapest places for those that remain, each taken once. Gates: the busiest remaining pair on the best
    pair of the device, and so on down.
    """
    pairs = np.sort(costs.edge[np.triu(np.isfinite(costs.edge))])
    bounds = np.full(len(steps) + 1, np.inf)
    for index in range(len(steps) + 1):
        rest = steps[index:]
        gates = np.sort([count for step in rest for count in step.gates])[::-1]
        if len(gates) <= len(pairs) and len(rest) <= len(costs.physical):
            bounds[index] = least_assignment(costs, [step.vertex for step in rest]) + gates @ pairs[: len(gates)]
    return bounds


def least_assignment(costs: Costs, vertices: list[int]) -> float:
    """The least cost of places for these qubits, two-qubit gates left out."""
    nodes = costs.node[vertices]
    return float(nodes[linear_sum_assignment(nodes)].sum())


def embed(
    costs: Costs, steps: tuple[Step, ...], *, ceiling: float, limit: int, blocked: Collection[int] = ()
) -> Embeddings:
    """Embeddings that cost less than the ceiling.

    Args:
        costs: interactions and target.
        steps: the order of placement of a connected part.
        ceiling: embeddings that cost as much or more are dropped.
        limit: partial embeddings kept at each level.
        blocked: physical qubits that are taken.
    """
    bounds = least_remaining(costs, steps)
    neighbours = _neighbours(costs.edge, blocked)
    free = np.setdiff1d(np.arange(len(costs.physical), dtype=np.int16), np.array(sorted(blocked), dtype=np.int16))
    states = np.zeros((1, 0), dtype=np.int16)
    cost = np.zeros(1)
    looked_at, complete = 0, True
    for index, step in enumerate(steps):
        if step.anchors:
            candidates = neighbours[states[:, step.anchors[0]]]
        else:
            candidates = np.broadcast_to(free, (len(states), len(free)))
        rows, columns = np.nonzero(candidates >= 0)
        places = candidates[rows, columns]
        looked_at += len(rows)
        total = cost[rows] + costs.node[step.vertex, places]
        for anchor, gates in zip(step.anchors, step.gates, strict=True):
            total += gates * costs.edge[states[rows, anchor], places]
        keep = total + bounds[index + 1] < ceiling
        rows, places, total = rows[keep], places[keep], total[keep]
        before = states[rows]
        keep = (before != places[:, None]).all(axis=1) & np.isfinite(total)
        if step.pending:
            around = neighbours[places]
            open_ = (around >= 0) & (around[:, :, None] != before[:, None, :]).all(axis=2)
            keep &= open_.sum(axis=1) >= step.pending
        chosen = np.flatnonzero(keep)
        if len(chosen) > limit:
            complete = False
            chosen = chosen[np.argsort(total[chosen], kind="stable")[:limit]]
        states = np.concatenate([before[chosen], places[chosen, None]], axis=1)
        cost = total[chosen]
    order = np.argsort(cost, kind="stable")
    return Embeddings(states[order], cost[order], looked_at, complete)


def _neighbours(edge: NDArray[np.float64], blocked: Collection[int]) -> NDArray[np.int16]:
    """Free neighbours (D, degree) of each physical qubit, filled up with -1."""
    adjacent = [[place for place in np.flatnonzero(np.isfinite(row)).tolist() if place not in blocked] for row in edge]
    table = np.full((len(edge), max(map(len, adjacent), default=0) or 1), -1, dtype=np.int16)
    for place, row in enumerate(adjacent):
        table[place, : len(row)] = row
    return table
