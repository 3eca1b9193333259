"""Weighted maps from shots: each patch's strings are drawn, weighed and folded, and the maps are evaluated.

Counts of outcomes are drawn from the multinomial distribution of the exact probabilities, so nothing is approximated.
The same counts serve all weights and folds, so that what they make of the same shots is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.shots.law import shot_variance, shots_for_spread
from qpbae_tn.analysis.shots.needed import crossing
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.experiment.scoring import LEAST_ANOMALY
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.ranked import Labels, rank_metrics
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import Fold, OutcomeKind, WeightRule
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.score import outcome_weights

Float64Array = NDArray[np.float64]

FOLDS: tuple[Fold, ...] = ("mean", "log")


@dataclass(frozen=True)
class WeightChoice:
    """One member of the family of weights."""

    rule: WeightRule
    epsilon: float


@dataclass(frozen=True, eq=False)
class OutcomeScores:
    """A model's exact outcome probabilities on the patches of a test set, with what is normal for it.

    Args:
        grid: where the patches lie.
        probabilities: of the test images, shape (images, N, K).
        normal: of normal images, shape (images, N, K), for what is chosen without labels.
        shares: lambda, shape (K,).
        sizes: strings of each outcome, shape (K,).
        labels: the masks, in the layout of `PatchGrid.fold_stack`.
    """

    grid: PatchGrid
    probabilities: Float64Array
    normal: Float64Array
    shares: Float64Array
    sizes: Float64Array
    labels: Labels

    @classmethod
    def of(
        cls,
        model: Model,
        engine: Engine,
        kind: OutcomeKind,
        test_images: NDArray[np.float64],
        masks: NDArray[np.bool_],
        normal_images: NDArray[np.float64],
    ) -> OutcomeScores:
        """Score all patches exactly.

        Args:
            model: with what it knows of normal patches.
            engine: computes outcome probabilities.
            kind: of the outcomes.
            test_images: shape (images, H, W).
            masks: shape (images, H, W).
            normal_images: shape (images, H, W).

        Raises:
            InputError: a model that knows nothing of normal patches.
        """
        specification, outcomes = model.specification, Outcomes(model.specification, kind)

        def scored(images: NDArray[np.float64]) -> Float64Array:
            patches = ImagePatches.of(images, specification)
            found = [engine.outcome_probabilities(specification, model.angles, states, kind) for states in patches]
            table = np.stack(found).astype(np.float64)
            return np.asarray(table / table.sum(axis=-1, keepdims=True))

        shares = model.known_normal.shares_of(kind)
        grid = PatchGrid.over(test_images, specification.patch_size, specification.stride)
        labels = Labels.of(masks, by_pixel=True)
        return cls(grid, scored(test_images), scored(normal_images), shares, outcomes.sizes, labels)

    @property
    def patches(self) -> Float64Array:
        """Of all normal images, shape (images * N, K)."""
        return self.normal.reshape(-1, self.normal.shape[-1])

    def weights(self, choice: WeightChoice) -> Float64Array:
        """The weights of a choice, shape (K,)."""
        return outcome_weights(choice.rule, self.shares, self.sizes, choice.epsilon)


FAMILY = (
    WeightChoice("step", 1e-5),
    WeightChoice("linear", 1e-5),
    WeightChoice("log", 1e-5),
    WeightChoice("inverse", 1e-2),
    WeightChoice("inverse", 1e-3),
    WeightChoice("inverse", 1e-4),
    WeightChoice("inverse", 1e-5),
)
"""From the paper's question to the rarest outcomes."""


@dataclass(frozen=True)
class OutcomeShotRow:
    """One choice of weights and fold with one number of shots a patch.

    Args:
        weights: the choice.
        fold: how patch scores make a map.
        shots: per patch.
        auroc: mean over repetitions, and where 95% of them lie.
        aupro: the same.
        exact_auroc: without shot noise.
        exact_aupro: without shot noise.
    """

    weights: WeightChoice
    fold: Fold
    shots: int
    auroc: Interval
    aupro: Interval
    exact_auroc: float
    exact_aupro: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "weights": self.weights.rule,
            "epsilon": self.weights.epsilon,
            "fold": self.fold,
            "shots_per_patch": self.shots,
            "auroc": self.auroc.to_json(),
            "aupro": self.aupro.to_json(),
            "exact_auroc": self.exact_auroc,
            "exact_aupro": self.exact_aupro,
        }


def run_outcome_study(
    scored: OutcomeScores,
    shots: Sequence[int],
    family: Sequence[WeightChoice] = FAMILY,
    folds: Sequence[Fold] = FOLDS,
    *,
    repetitions: int = 5,
    seed: int = 0,
    on_task: Callable[[], None] = lambda: None,
) -> tuple[OutcomeShotRow, ...]:
    """Metrics against shots, for every choice of weights and fold.

    Args:
        scored: exact probabilities and masks.
        shots: per patch, rising.
        family: the weights.
        folds: the folds.
        repetitions: independent stacks of maps for each number of shots.
        seed: of all of them.
        on_task: called after each number of shots.
    """
    choices = [(choice, fold) for choice in family for fold in folds]
    weights = {choice: scored.weights(choice) for choice in family}
    exact = {(choice, fold): measure(scored, scored.probabilities, weights[choice], fold) for choice, fold in choices}
    rows = []
    for number in shots:
        generator = np.random.default_rng([seed, number])
        found: dict[tuple[WeightChoice, Fold], list[tuple[float, float]]] = {pair: [] for pair in choices}
        for _ in range(repetitions):
            seen = generator.multinomial(number, scored.probabilities) / number
            for choice, fold in choices:
                found[choice, fold].append(measure(scored, seen, weights[choice], fold))
        for choice, fold in choices:
            auroc, aupro = zip(*found[choice, fold], strict=True)
            rows.append(
                OutcomeShotRow(
                    choice,
                    fold,
                    number,
                    Interval.of_repetitions(auroc),
                    Interval.of_repetitions(aupro),
                    *exact[choice, fold],
                )
            )
        on_task()
    return tuple(rows)


def measure(scored: OutcomeScores, frequencies: Float64Array, weights: Float64Array, fold: Fold) -> tuple[float, float]:
    """AUROC and AUPRO of the maps that frequencies of outcomes, shape (images, N, K), give."""
    scores = (frequencies * weights).sum(axis=-1)
    if fold == "log":
        scores = np.log(np.maximum(scores, LEAST_ANOMALY))
    ranks = rank_metrics(scored.grid.fold_stack(scores.T), scored.labels)
    return ranks.auroc, ranks.aupro


def shots_within(rows: Sequence[OutcomeShotRow], loss: float) -> dict[tuple[WeightChoice, Fold], tuple[float, float]]:
    """For each choice and fold the shots a patch at which AUROC and AUPRO are this much below exact.

    Infinite where the largest number of shots is not enough; the fewest sampled where they are.
    """
    found = {}
    for pair in dict.fromkeys((row.weights, row.fold) for row in rows):
        own = [row for row in rows if (row.weights, row.fold) == pair]
        numbers = [row.shots for row in own]
        found[pair] = (
            crossing(numbers, [row.exact_auroc - row.auroc.value for row in own], loss),
            crossing(numbers, [row.exact_aupro - row.aupro.value for row in own], loss),
        )
    return found


def law_table(scored: OutcomeScores, family: Sequence[WeightChoice] = FAMILY) -> list[dict[str, Any]]:
    """For each choice of weights the law of a shot on normal patches: variance over mean squared, shots for spread."""
    rows = []
    for choice in family:
        weights = scored.weights(choice)
        mean = float(scored.shares @ weights)
        variance = float(np.median(shot_variance(scored.patches, weights)))
        rows.append(
            {
                "weights": choice.rule,
                "epsilon": choice.epsilon,
                "relative_variance": variance / mean**2 if mean > 0 else float("inf"),
                "shots_for_spread": shots_for_spread(scored.patches, weights),
            }
        )
    return rows
