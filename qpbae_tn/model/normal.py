"""What a model remembers of normal patches: how often each outcome is seen on them, everywhere and place by place.

A weighted score is relative to lambda, the mean probability of each outcome over the normal patches that a model was
trained on, each patch with its share w_p in the mean of a folded map (Eq. 8). For images that are aligned the same is
kept for each place of a patch, and, for the scores that are no weighted ones, their mean there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.documents import shaped
from qpbae_tn.errors import InputError
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.score import PLACE_SHARE, Score, outcome_weights
from qpbae_tn.model.specification import ModelSpecification

Float64Array = NDArray[np.float64]

MAX_PLACE_NUMBERS = 1 << 20
"""Numbers that are kept for the places of an image; more would make a model file of tens of megabytes."""
LEAST_MEAN = 1e-12
"""A mean anomaly below this is rounding; nothing is divided by less."""


@dataclass(frozen=True, eq=False)
class NormalRecord:
    """Statistics of a model's normal patches.

    Args:
        images: number of images that they come from.
        height: of these images, pixels.
        width: of these images, pixels.
        shares: lambda by kind of outcome, each of shape (K,), adding up to one.
        place_shares: the same at each place, shape (N, K), where it was asked for.
        place_means: for "reconstruction" and "trash" the mean of (1 - F) / 2 at each place, shape (N,), where it was
            asked for.
    """

    images: int
    height: int
    width: int
    shares: Mapping[OutcomeKind, Float64Array]
    place_shares: Mapping[OutcomeKind, Float64Array] = field(default_factory=dict)
    place_means: Mapping[str, Float64Array] = field(default_factory=dict)

    def weights(self, specification: ModelSpecification, score: Score) -> tuple[Float64Array, float]:
        """The weights of a weighted score, and its mean over the normal patches, by which it is divided.

        Args:
            specification: the model.
            score: a weighted one.

        Returns:
            w, shape (K,) or with positions (N, K), and sum_k lambda_k w_k, at the places weighed by w_p.

        Raises:
            InputError: the record lacks what the score needs.
        """
        outcomes = Outcomes(specification, score.outcomes)
        shares = self.shares_of(score.outcomes)
        if not score.positions:
            weights = outcome_weights(score.weights, shares, outcomes.sizes, score.epsilon)
            return weights, max(float(shares @ weights), LEAST_MEAN)
        at_places = self.place_shares_of(score.outcomes)
        mixed = PLACE_SHARE * at_places + (1.0 - PLACE_SHARE) * shares
        weights = outcome_weights(score.weights, mixed, outcomes.sizes, score.epsilon)
        grid = self.grid(specification)
        return weights, max(float(grid.weights @ (at_places * weights).sum(axis=1)), LEAST_MEAN)

    def place_references(self, specification: ModelSpecification, kind: str) -> Float64Array:
        """What the score of a fidelity is divided by at each place, shape (N,); raises `InputError` without it."""
        if kind not in self.place_means:
            raise InputError(
                f"the model does not know the mean {kind} score at each place",
                where="positions",
                remedy="train it with `positions`",
            )
        return place_references(self.place_means[kind], self.grid(specification).weights)

    def grid(self, specification: ModelSpecification) -> PatchGrid:
        """Where the patches of the images lay."""
        return PatchGrid(self.height, self.width, specification.patch_size, specification.stride)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` is the inverse."""
        return {
            "images": self.images,
            "height": self.height,
            "width": self.width,
            "shares": {kind: values.tolist() for kind, values in self.shares.items()},
            "place_shares": {kind: values.tolist() for kind, values in self.place_shares.items()},
            "place_means": {kind: values.tolist() for kind, values in self.place_means.items()},
        }

    @classmethod
    def from_json(cls, document: Any, specification: ModelSpecification) -> NormalRecord:
        """From what `to_json` gave, for this model; raises `InputError` for anything else."""
        held = shaped(document, _Shape, where="normal")
        places = PatchGrid(held.height, held.width, specification.patch_size, specification.stride).count
        return cls(
            held.images,
            held.height,
            held.width,
            {kind: _array(row, (_count(specification, kind),)) for kind, row in held.shares.items()},
            {kind: _array(rows, (places, _count(specification, kind))) for kind, rows in held.place_shares.items()},
            {kind: _array(row, (places,)) for kind, row in held.place_means.items()},
        )

    def shares_of(self, kind: OutcomeKind) -> Float64Array:
        """lambda, shape (K,); raises `InputError` where it was not learned for this kind."""
        return _known(self.shares, kind, "", where="outcomes", remedy=f"choose one of {', '.join(self.shares)}")

    def place_shares_of(self, kind: OutcomeKind) -> Float64Array:
        """lambda at each place, shape (N, K); raises `InputError` where it was not learned."""
        return _known(self.place_shares, kind, " at each place", where="positions", remedy="train with `positions`")


def _known(
    held: Mapping[OutcomeKind, Float64Array], kind: OutcomeKind, place: str, *, where: str, remedy: str
) -> Float64Array:
    if kind not in held:
        raise InputError(
            f"the model does not know how often normal patches give outcomes {kind}{place}", where=where, remedy=remedy
        )
    return held[kind]


def place_references(means: Float64Array, weights: Float64Array) -> Float64Array:
    """The mean score at each place, mixed with that of all places as lambda is; shape (N,), above 0.

    Args:
        means: the mean score of normal patches at each place, shape (N,).
        weights: w_p, shape (N,).
    """
    mixed = PLACE_SHARE * means + (1.0 - PLACE_SHARE) * (weights @ means)
    return np.asarray(np.maximum(mixed, LEAST_MEAN))


def require_place_numbers(places: int, count: int) -> None:
    """Raises `InputError` where statistics at each place would be too many to keep."""
    if places * count > MAX_PLACE_NUMBERS:
        raise InputError(
            f"{places:,} places with {count:,} outcomes each are {places * count:,} numbers, "
            f"at most {MAX_PLACE_NUMBERS:,} are kept",
            where="positions",
            remedy="choose classes as `outcomes`, or a larger `stride`",
        )


def _count(specification: ModelSpecification, kind: OutcomeKind) -> int:
    return Outcomes(specification, kind).count


_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Share = Annotated[float, msgspec.Meta(ge=0)]


class _Shape(msgspec.Struct):
    """What `to_json` writes."""

    images: _Positive
    height: _Positive
    width: _Positive
    shares: dict[OutcomeKind, list[_Share]]
    place_shares: dict[OutcomeKind, list[list[_Share]]]
    place_means: dict[str, list[_Share]]


def _array(values: list[Any], shape: tuple[int, ...]) -> Float64Array:
    rows = {len(row) for row in values} if len(shape) == 2 else set()
    if len(values) != shape[0] or rows - {shape[-1]}:
        raise InputError(f"numbers that are not of shape {shape}", where="normal", remedy="write the file again")
    return np.asarray(values, dtype=np.float64).reshape(shape)
