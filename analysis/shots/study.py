"""Metrics and operating thresholds against shots per patch, for every readout, over repetitions."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from qpbae_tn.analysis.shots.exact import QUANTILE, ExactScores, exact_maps
from qpbae_tn.analysis.shots.noisy_maps import sampled_maps
from qpbae_tn.analysis.shots.sampling import law_of
from qpbae_tn.compiler.readouts import READOUTS, Quantity, Readout
from qpbae_tn.errors import InputError
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.overlap import decision_metrics
from qpbae_tn.metrics.ranked import Scores, rank_metrics
from qpbae_tn.metrics.table import decide, operating_threshold
from qpbae_tn.platform import processor_count

TOGETHER = 5
"""Repetitions that one task draws: enough to prepare distributions once for several draws, few enough for memory."""

Values = dict[str, float]


@dataclass(frozen=True)
class ShotCost:
    """What one shot of a readout takes, as the circuit stands before any reduction.

    Args:
        qubits: of the circuit.
        preparations: patch states prepared, or unprepared (`echo`).
    """

    qubits: int
    preparations: int


@dataclass(frozen=True)
class ShotRow:
    """One readout with one number of shots per patch.

    Args:
        readout: its name.
        quantity: what it estimates.
        shots: per patch.
        cost: of one shot.
        patches_per_image: N.
        metrics: over the repetitions, see `measure`.
        auroc: of each repetition.
    """

    readout: str
    quantity: Quantity
    shots: int
    cost: ShotCost
    patches_per_image: int
    metrics: Mapping[str, Interval]
    auroc: tuple[float, ...]

    @property
    def preparations_per_image(self) -> int:
        """Patch states prepared for one map."""
        return self.shots * self.cost.preparations * self.patches_per_image

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "readout": self.readout,
            "quantity": self.quantity.value,
            "shots_per_patch": self.shots,
            "repetitions": len(self.auroc),
            "qubits": self.cost.qubits,
            "shots_per_image": self.shots * self.patches_per_image,
            "preparations_per_image": self.preparations_per_image,
            **{name: spread.to_json() for name, spread in self.metrics.items()},
        }


@dataclass(frozen=True)
class ShotStudy:
    """A study's rows, and what they tend to.

    Args:
        exact: the metrics without shot noise, by quantity.
        rows: readout by readout, shots rising.
    """

    exact: Mapping[Quantity, Values]
    rows: tuple[ShotRow, ...]

    def of(self, readout: str) -> list[ShotRow]:
        """One readout's rows, shots rising."""
        return [row for row in self.rows if row.readout == readout]


def run_study(
    scored: ExactScores,
    readouts: Sequence[Readout],
    shots: Sequence[int],
    repetitions: int = 20,
    seed: int = 0,
    *,
    workers: int | None = None,
    on_task: Callable[[], None] = lambda: None,
) -> ShotStudy:
    """Sample maps and evaluate them.

    Readouts whose shots follow the same law (`law_of`) share their samples. Results do not depend on the number of
    workers, nor on which other readouts or numbers of shots are asked for.

    Args:
        scored: exact fidelities, masks and thresholds.
        readouts: which.
        shots: per patch, each at least 1.
        repetitions: independent stacks of maps for each readout and number of shots.
        seed: of everything random.
        workers: threads; by default as many as there are cores to use.
        on_task: called `task_count(...)` times.

    Raises:
        InputError: no shots or repetitions, or a number below 1.
    """
    counts = check_counts(shots, "shots")
    if repetitions < 1:
        raise InputError(f"{repetitions} repetitions", where="repetitions", remedy="give at least 1")
    laws = dict.fromkeys(law_of(readout) for readout in readouts)
    tasks = [(law, count, part) for law in laws for count in counts for part in range(-(-repetitions // TOGETHER))]
    found: dict[tuple[str, int], list[Values]] = {(law, count): [] for law in laws for count in counts}
    with ThreadPoolExecutor(workers or processor_count()) as pool:

        def work(task: tuple[str, int, int]) -> list[Values]:
            law, count, part = task
            together = min(TOGETHER, repetitions - part * TOGETHER)
            generator = np.random.default_rng([seed, zlib.crc32(law.encode()), count, part])
            return _draw(scored, READOUTS[law], count, together, generator)

        for task, values in zip(tasks, pool.map(work, tasks), strict=True):
            found[task[:2]] += values
            on_task()
    rows = [_row(readout, scored, count, found[law_of(readout), count]) for readout in readouts for count in counts]
    quantities = dict.fromkeys(readout.quantity for readout in readouts)
    return ShotStudy({quantity: exact_values(scored, quantity) for quantity in quantities}, tuple(rows))


def task_count(readouts: Sequence[Readout], shots: Sequence[int], repetitions: int) -> int:
    """How often `run_study` calls `on_task`."""
    return len({law_of(readout) for readout in readouts}) * len(set(shots)) * -(-repetitions // TOGETHER)


def measure(scored: ExactScores, quantity: Quantity, maps: Scores, validation_maps: Scores | None) -> Values:
    """All values of one stack of test maps and one of validation maps, each of shape (H * W, images).

    `dice_*` and `fpr` use the threshold that these validation maps give; `*_exact_threshold` keep the threshold that
    exact maps give; `validation_fpr_exact_threshold` would be 0.01 without shot noise.
    """
    labels, exact = scored.labels, scored.thresholds[quantity]
    ranks, kept = rank_metrics(maps, labels), decision_metrics(maps, labels, exact)
    values = {
        "auroc": ranks.auroc,
        "aupro": ranks.aupro,
        "best_f1": ranks.best_f1,
        "dice_paper_exact_threshold": kept.dice_paper,
        "dice_defective_exact_threshold": kept.dice_defective,
        "fpr_exact_threshold": kept.fpr,
    }
    if validation_maps is None:
        return values
    threshold = operating_threshold(validation_maps, QUANTILE)
    own = decision_metrics(maps, labels, threshold)
    return values | {
        "validation_fpr_exact_threshold": float(decide(validation_maps, exact).mean()),
        "threshold": threshold,
        "dice_paper": own.dice_paper,
        "dice_defective": own.dice_defective,
        "fpr": own.fpr,
    }


def exact_values(scored: ExactScores, quantity: Quantity) -> Values:
    """The values without shot noise."""
    validation = None
    if scored.validation is not None:
        validation = exact_maps(scored.grid, scored.validation.of(quantity))
    return measure(scored, quantity, exact_maps(scored.grid, scored.test.of(quantity)), validation)


def check_counts(counts: Sequence[int], where: str) -> list[int]:
    """Numbers of shots, rising and without repetition; raises `InputError` for none or for one below 1."""
    if not counts:
        raise InputError("no numbers of shots", where=where, remedy="give e.g. 10,100,1000")
    if min(counts) < 1:
        raise InputError(f"{min(counts)} shots", where=where, remedy="give at least 1")
    return sorted(set(counts))


def _draw(
    scored: ExactScores, readout: Readout, shots: int, repetitions: int, generator: np.random.Generator
) -> list[Values]:
    maps = sampled_maps(scored.grid, readout, scored.test, shots, repetitions, generator)
    normal: Sequence[Scores | None] = [None] * repetitions
    if scored.validation is not None:
        normal = list(sampled_maps(scored.grid, readout, scored.validation, shots, repetitions, generator))
    return [measure(scored, readout.quantity, *pair) for pair in zip(maps, normal, strict=True)]


def _row(readout: Readout, scored: ExactScores, shots: int, values: Sequence[Values]) -> ShotRow:
    needs, specification = readout.needs(scored.specification), scored.specification
    cost = ShotCost(
        needs.copies * specification.qubit_count + needs.fresh + needs.ancillas,
        needs.copies + needs.inverse_preparations,
    )
    metrics = {name: Interval.of_repetitions(value[name] for value in values) for name in values[0]}
    auroc = tuple(value["auroc"] for value in values)
    return ShotRow(readout.name, readout.quantity, shots, cost, scored.grid.count, metrics, auroc)
