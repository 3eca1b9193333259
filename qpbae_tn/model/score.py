"""Scores: what is asked of the measured register, how outcomes are weighed, and how patch scores make a map.

The weighted score of a patch is s(phi) = sum_k w_k p_k(phi), p_k the probability of outcome k after the encoder and w_k
a number that grows as the outcome becomes rare among normal patches, lambda_k being its mean probability there:

    inverse   1 / (lambda_k + eps)            with an encoder that diagonalises Sigma, phi^T (Sigma + eps)^-1 phi:
                                              the Mahalanobis distance of an uncentred Gaussian, a patch's leverage
    log       -log((lambda_k + eps)/(1 + eps))
    linear    1 - lambda_k
    step      0 for the string of zeros, 1 for all others: over the trash register 1 - F_trash, the paper's question

Rarer outcomes weigh more from bottom to top, and need more shots. Outcomes that gather several strings (classes) are
weighed by their share a string, lambda_k / size_k.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.documents import shaped
from qpbae_tn.errors import InputError
from qpbae_tn.model.names import Fold, OutcomeKind, ScoreKind, WeightRule, check_choice

DEFAULT_EPSILON = 1e-5
PLACE_SHARE = 0.9
"""How much of lambda at a place counts where weights are kept for each place; the rest is the mean over all places."""

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How a model scores a patch, and how patch scores are folded to a map.

    Args:
        kind: "reconstruction" (F, the paper's test circuit), "trash" (F_trash), or "weighted" (outcomes of the encoder
            alone, weighed by their rarity).
        fold: "mean" (Eq. 2: a pixel takes the mean over the patches that cover it), or "log" (the mean of logarithms).
        positions: whether what is normal is learned for each place of the image by itself; for images that are aligned.
        outcomes: of a weighted score: "trash", "all" or "classes".
        weights: of a weighted score: "inverse", "log", "linear" or "step".
        epsilon: of a weighted score, added to lambda; above 0.

    Raises:
        InputError: a value that is not one of these.
    """

    kind: ScoreKind = "reconstruction"
    fold: Fold = "mean"
    positions: bool = False
    outcomes: OutcomeKind = "trash"
    weights: WeightRule = "inverse"
    epsilon: float = DEFAULT_EPSILON

    def __post_init__(self) -> None:
        for where, value, allowed in (
            ("score", self.kind, get_args(ScoreKind)),
            ("fold", self.fold, get_args(Fold)),
            ("outcomes", self.outcomes, get_args(OutcomeKind)),
            ("weights", self.weights, get_args(WeightRule)),
        ):
            check_choice(where, value, allowed)
        if not (np.isfinite(self.epsilon) and 0 < self.epsilon <= 1):
            raise InputError(f"epsilon {self.epsilon}", where="epsilon", remedy="give a number above 0, up to 1")

    @property
    def learned(self) -> bool:
        """Whether it needs to know what is normal: weights of outcomes, or means at each place."""
        return self.kind == "weighted" or self.positions

    @property
    def label(self) -> str:
        """A name that tells apart scores with different values; the paper's scores have the names they always had."""
        parts: list[str] = [self.kind]
        if self.kind == "weighted":
            parts += [self.outcomes, self.weights, f"{self.epsilon:g}"]
        if self.positions:
            parts.append("positions")
        if self.fold == "log":
            parts.append("log fold")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Any) -> Score:
        """From what `to_json` gave; raises `InputError` for anything else."""
        return cls(**msgspec.structs.asdict(shaped(document, _Shape, where="score")))


class _Shape(msgspec.Struct):
    """What `to_json` writes."""

    kind: ScoreKind
    fold: Fold
    positions: bool
    outcomes: OutcomeKind
    weights: WeightRule
    epsilon: float


def outcome_weights(
    rule: WeightRule, shares: Array, sizes: Array | float = 1.0, epsilon: float = DEFAULT_EPSILON
) -> Float64Array:
    """w_k of the module's table.

    Args:
        rule: which row of the table.
        shares: lambda, shape (..., K), the mean probability of each outcome over normal patches.
        sizes: bit strings that each outcome gathers, shape (K,).
        epsilon: added to lambda.

    Returns:
        Shape (..., K), none below 0.
    """
    lam = np.asarray(shares, dtype=np.float64) / sizes
    if rule == "inverse":
        return np.asarray(1.0 / (lam + epsilon))
    if rule == "log":
        return np.asarray(np.maximum(-np.log((lam + epsilon) / (1.0 + epsilon)), 0.0))
    if rule == "linear":
        return np.asarray(1.0 - lam)
    step = np.ones_like(lam)
    step[..., 0] = 0.0
    return step
