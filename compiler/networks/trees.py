"""Contraction orders: found by cotengra once for a structure, kept as JSON, used again.

The search works on a network after rank simplification, for which greedy orders are good ones. Greedy and random
greedy orders are put in their best order piece by piece; sweeps are offered beside them, from both ends of the register
to each place where they may meet. What is taken is what runs fastest by the model of `Program.seconds`, parts that
occur twice counted once. All of it is one thread and seeded: one structure, one order, the same in every process.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cotengra as ctg
import msgspec
from platformdirs import user_cache_path

from qpbae_tn.compiler.networks.program import Program, compile_program
from qpbae_tn.documents import read_json
from qpbae_tn.errors import InputError
from qpbae_tn.output import write_atomically

FORMAT = 1
SEED = 0
GROUPS, TRIES = 4, 8
"""Random greedy orders: the best of `TRIES`, `GROUPS` times."""
REORDERED = 32
"""Pieces of an order that are put in their best order; on these chain-like networks more gain nothing."""
EASY_SECONDS = 1e-3
"""A network that runs in so little is searched no further than the sweeps and the greedy order."""
SECONDS = 20.0
"""A search that has taken this long offers nothing more; it takes tenths of a second for the model's networks."""

SsaPath = tuple[tuple[int, int], ...]
"""Pairs of tensors to contract, in single static assignment form: results count on from the given tensors."""


@dataclass(frozen=True)
class Structure:
    """A network without its values.

    Args:
        terms: for each tensor its indices, as numbers.
        sizes: of each index.
        output: the open indices.
        classes: for each tensor a number that is equal where the values are.
        places: for each tensor the first and the last qubit that it belongs to.
    """

    terms: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    output: tuple[int, ...]
    classes: tuple[int, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def key(self) -> str:
        """A name for it and for how orders are searched, the same in every process."""
        how = [FORMAT, SEED, GROUPS, TRIES, REORDERED]
        text = json.dumps([how, self.terms, self.sizes, self.output, self.classes, self.places], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def program(self, path: SsaPath, fixed: Sequence[int] = ()) -> Program:
        """The program of an order, with some indices fixed."""
        return compile_program(self.terms, self.output, self.sizes, self.classes, path, fixed)


@dataclass(frozen=True)
class TreeStore:
    """Orders by structure: remembered, read from the cache folder, or searched and kept.

    Args:
        folder: where they are kept as JSON files, one each; None keeps them for this object's life only.
    """

    folder: Path | None = None
    _known: dict[str, SsaPath] = field(default_factory=dict, repr=False, compare=False)

    def path(self, structure: Structure) -> SsaPath:
        """The order for a structure. A file that holds no order for it is written again."""
        key = structure.key
        if key not in self._known:
            found = self._read(key, structure)
            if found is None:
                found = search(structure)
                self._write(key, structure, found)
            self._known[key] = found
        return self._known[key]

    def _read(self, key: str, structure: Structure) -> SsaPath | None:
        if self.folder is None:
            return None
        try:
            kept = read_json(self.folder / f"{key}.json", _Kept)
            return _checked(kept.path, len(structure.terms))
        except ValueError:  # an InputError too
            return None

    def _write(self, key: str, structure: Structure, path: SsaPath) -> None:
        if self.folder is None:
            return
        document = {"format": FORMAT, "terms": structure.terms, "sizes": structure.sizes, "path": path}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / f"{key}.json", json.dumps(document, separators=(",", ":")))
        except (OSError, InputError):
            return  # a cache that cannot be written to costs the next process a search, nothing else


class _Kept(msgspec.Struct):
    """What of a file in the cache is read back."""

    path: list[tuple[int, int]]


def cache_folder() -> Path:
    """Where orders are kept: the folder that `QPBAE_CACHE` names, else the platform's for caches."""
    named = os.environ.get("QPBAE_CACHE")
    return (Path(named) if named else user_cache_path("qpbae_tn")) / "trees"


def search(structure: Structure) -> SsaPath:
    """A good order of contraction."""
    started = time.monotonic()
    best, least = None, float("inf")
    # The sweeps, the greedy order and its improvement are always tried.
    sweeps = max((high for _, high in structure.places), default=0) + 4
    for number, path in enumerate(_candidates(structure), 1):
        seconds = structure.program(path).seconds
        if seconds < least:
            best, least = path, seconds
        if number >= sweeps and (least < EASY_SECONDS or time.monotonic() - started > SECONDS):
            break
    assert best is not None
    return best


def _candidates(structure: Structure) -> Iterator[SsaPath]:
    count = len(structure.terms)
    if count < 2:
        yield ()
        return
    prefix, numbers, terms = rank_simplification(structure)

    def whole(rest: Sequence[Sequence[int]]) -> SsaPath:
        """An order of the simplified network as one of the network."""
        ids = list(numbers)
        path = list(prefix)
        for first, second in rest:
            path.append((ids[first], ids[second]))
            ids.append(count + len(path) - 1)
        return tuple(path)

    if len(terms) == 1:
        yield whole([])
        return
    named = [tuple(ctg.get_symbol(index) for index in term) for term in terms]
    output = tuple(ctg.get_symbol(index) for index in structure.output)
    sizes = {ctg.get_symbol(index): size for index, size in enumerate(structure.sizes)}
    places = _places_after(structure, prefix, numbers)
    for meeting in range(max(high for _, high in places) + 2):
        yield whole(sweep(terms, structure.output, places, meeting))
    searches: list[Callable[..., ctg.ContractionTree]] = [ctg.GreedyOptimizer(accel=False).search]
    for group in range(GROUPS):
        seeded = ctg.RandomGreedyOptimizer(max_repeats=TRIES, seed=SEED + group, accel=False, parallel=False)
        searches.append(seeded.search)
    for find in searches:
        tree = find(named, output, sizes)
        yield whole(tree.get_ssa_path())
        yield whole(tree.subtree_reconfigure(maxiter=REORDERED, seed=SEED, minimize="flops").get_ssa_path())


def rank_simplification(structure: Structure) -> tuple[list[tuple[int, int]], list[int], list[tuple[int, ...]]]:
    """Contract, among the tensors without open indices, every pair whose product has no more indices than one of them.

    Returns:
        The pairs, and the tensors that are left: their numbers, and their indices.
    """
    output = set(structure.output)
    alive = dict(enumerate(structure.terms))
    uses = _uses(structure.terms, structure.output)
    path: list[tuple[int, int]] = []
    fresh = len(structure.terms)
    waiting = [number for number, term in alive.items() if output.isdisjoint(term)]
    while waiting:
        first = waiting.pop()
        if first not in alive:
            continue
        for second, term in alive.items():
            if second == first or not output.isdisjoint(term) or set(term).isdisjoint(alive[first]):
                continue
            kept = _product(alive[first], term, uses)
            if len(kept) <= max(len(alive[first]), len(term)):
                for index in set(alive[first]) & set(term):
                    uses[index] -= 1
                del alive[first], alive[second]
                alive[fresh] = kept
                path.append((first, second))
                waiting.append(fresh)
                fresh += 1
                break
    return path, list(alive), list(alive.values())


def sweep(
    terms: Sequence[Sequence[int]], output: Sequence[int], places: Sequence[tuple[int, int]], meeting: int
) -> list[tuple[int, int]]:
    """An order that sweeps from both ends of the register and meets in front of a qubit.

    A tensor is contracted, when its turn comes, with everything before it in the sweep that it shares an index with;
    what is left in the end is contracted pair by pair, the smallest product first.
    """
    path: list[tuple[int, int]] = []
    alive: dict[int, tuple[int, ...]] = {}
    fresh = len(terms)
    uses = _uses(terms, output)
    common = set(output)

    def contract(first: int, second: int) -> int:
        nonlocal fresh
        one, other = alive.pop(first), alive.pop(second)
        kept = _product(one, other, uses)
        for index in set(one) & set(other):
            uses[index] -= 1
        alive[fresh] = kept
        path.append((first, second))
        fresh += 1
        return fresh - 1

    left = sorted((n for n, (_, high) in enumerate(places) if high < meeting), key=lambda n: (places[n][1], n))
    right = sorted((n for n, (_, high) in enumerate(places) if high >= meeting), key=lambda n: (-places[n][0], n))
    for side in (left, right):
        before = set(alive)
        for number in side:
            alive[number] = tuple(terms[number])
            current = number
            for other in [n for n in alive if n != number and n not in before]:
                if not (set(alive[other]) & set(alive[current])) - common:
                    continue
                current = contract(other, current)
    while len(alive) > 1:
        pairs = [(a, b) for a in alive for b in alive if a < b]
        joined = [pair for pair in pairs if (set(alive[pair[0]]) & set(alive[pair[1]])) - common] or pairs
        contract(*min(joined, key=lambda pair: (len(_product(alive[pair[0]], alive[pair[1]], uses)), pair)))
    return path


def _uses(terms: Sequence[Sequence[int]], output: Sequence[int]) -> dict[int, int]:
    uses: dict[int, int] = {}
    for term in (*terms, output):
        for index in set(term):
            uses[index] = uses.get(index, 0) + 1
    return uses


def _product(first: Sequence[int], second: Sequence[int], uses: Mapping[int, int]) -> tuple[int, ...]:
    """The indices of a product: those that are open or occur elsewhere."""
    shared = set(first) & set(second)
    return tuple(i for i in dict.fromkeys((*first, *second)) if uses[i] > (2 if i in shared else 1))


def _places_after(
    structure: Structure, prefix: Sequence[tuple[int, int]], numbers: Sequence[int]
) -> list[tuple[int, int]]:
    places = list(structure.places)
    for first, second in prefix:
        low, high = zip(places[first], places[second], strict=True)
        places.append((min(low), max(high)))
    return [places[number] for number in numbers]


def _checked(path: Iterable[tuple[int, int]], count: int) -> SsaPath:
    pairs = tuple((int(first), int(second)) for first, second in path)
    used = sorted(number for pair in pairs for number in pair)
    if len(pairs) != max(count - 1, 0) or used != list(range(2 * len(pairs))):
        raise ValueError("a path that does not contract every tensor once")
    if any(max(pair) >= count + step for step, pair in enumerate(pairs)):
        raise ValueError("a path that uses a tensor before it exists")
    return pairs
