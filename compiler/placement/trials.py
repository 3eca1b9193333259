"""Many walks, and the best of them: first from scattered starts, then from changes of the best so far."""

from __future__ import annotations

from itertools import product
from random import Random

from qpbae_tn.compiler.placement.swaps import Course, Field, Meetings, Taste, greedy_start, walk, walk_within

WORK = 9_000
"""Bound of the search: CZ times walks from scattered starts."""
MOST_STARTS = 80
CHANGES = 8
"""Changes tried a start."""
KEPT = 16
_TASTES = tuple(
    Taste(ahead, weight, bonus) for ahead, weight, bonus in product((6, 12, 24), (0.4, 0.8), (0.0, 0.6, 1.2))
)


def best_courses(meetings: Meetings, field: Field, seed: int) -> list[Course]:
    """A few courses of the least cost, best first; the same seed gives the same.

    From each scattered start a walk goes through the program, back through it and forward again, each time from where
    the walk before ended. Then one of the best courses so far is taken, and either two places of its start are changed
    or it is walked back and forward again.

    Args:
        meetings: the CZ of the program.
        field: a device with room for it.
        seed: of starts, changes and ties.
    """
    random = Random(seed)
    best: list[Course] = []

    def keep(course: Course) -> None:
        if all(course.steps != other.steps or course.start != other.start for other in best):
            best.append(course)
            best.sort(key=lambda one: one.cost)
            del best[KEPT:]

    starts = max(4, min(MOST_STARTS, WORK // (3 * len(meetings.pairs) + 1)))
    for trial in range(starts):
        taste = _TASTES[trial % len(_TASTES)]
        start = greedy_start(meetings, field, random)
        course = walk(meetings, field, start, taste, random)
        keep(course)
        keep(walk(meetings, field, _back(meetings, field, course, taste, random), taste, random))
    for trial in range(CHANGES * starts):
        taste, chosen = random.choice(_TASTES), random.choice(best)
        again = trial % 4 == 0
        start = _back(meetings, field, chosen, taste, random) if again else list(chosen.start)
        for _ in range(trial % 3 if again else 1 + trial % 2):
            _exchange(start, field, random)
        if (within := walk_within(meetings, field, start, taste, random, best[-1].cost)) is not None:
            keep(within)
    return best


def _back(meetings: Meetings, field: Field, course: Course, taste: Taste, random: Random) -> list[int]:
    """Where the qubits stand after a walk back from the end of a course."""
    return list(walk(meetings.reverse, field, course.end, taste, random).end)


def _exchange(places: list[int], field: Field, random: Random) -> None:
    """Let a qubit change places with a neighbour, or move where there is none."""
    index = random.randrange(len(places))
    spot = random.choice(field.neighbours[places[index]])
    if spot in places:
        places[places.index(spot)] = places[index]
    places[index] = spot
