"""From the string of a shot of the encoder to its weight: the estimator of the readout `outcomes`.

Gates at the end of the circuit that only rename strings are no gates at all: X and CNOT within the measured register.
The estimator keeps what they did, as a parity of measured bits for each bit of the string.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from qpbae_tn.errors import InputError
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

BitArray = NDArray[np.integer] | NDArray[np.bool_]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightedEstimate:
    """The mean weight of many shots.

    Args:
        counts: how often each outcome was found, shape (K,).
        weights: of the outcomes, shape (K,).
        shares: of the outcomes among normal patches, shape (K,); one shot spread like this is added where a variance is
            taken, so that it does not vanish when all shots agree.
    """

    counts: NDArray[np.intp]
    weights: Float64Array
    shares: Float64Array

    @property
    def shots(self) -> int:
        """Number of shots."""
        return int(self.counts.sum())

    @property
    def value(self) -> float:
        """The mean: an unbiased estimate of the weighted score."""
        return float(self.counts @ self.weights) / self.shots

    @property
    def standard_error(self) -> float:
        """Standard error of `value`, with one shot of a normal patch added to the variance."""
        found = (self.counts + self.shares) / (self.shots + 1)
        mean = float(found @ self.weights)
        return float(np.sqrt(max(float(found @ self.weights**2) - mean**2, 0.0) / self.shots))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The value with a normal quantile of standard errors on each side, within what weights allow.

        Weights of rare outcomes are large and found seldom, so that few shots cover less than they claim.

        Args:
            confidence: nominal coverage, between 0 and 1.
        """
        half = float(ndtri((1 + confidence) / 2)) * self.standard_error
        low, high = float(self.weights.min()), float(self.weights.max())
        return max(low, self.value - half), min(high, self.value + half)


@dataclass(frozen=True)
class OutcomeEstimator:
    """How the bits of a shot become its value: the weight of the outcome that its string belongs to.

    Args:
        outcomes: what the strings are of, and how they are gathered.
        weights: value of each outcome, K numbers.
        shares: of each outcome among normal patches, K numbers.
        parities: for each bit of the string, the positions of the measured bits whose parity it is.
        flips: bits of the string that are then inverted.
    """

    outcomes: Outcomes
    weights: tuple[float, ...]
    shares: tuple[float, ...]
    parities: tuple[tuple[int, ...], ...]
    flips: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.weights) == len(self.shares) == self.outcomes.count:
            raise ValueError(f"{len(self.weights)} weights and {len(self.shares)} shares for {self.outcomes.count}")
        if len(self.parities) != self.bit_count:
            raise ValueError(f"{len(self.parities)} parities for a string of {self.bit_count} bits")

    @classmethod
    def of(cls, specification: ModelSpecification, score: Score, normal: NormalRecord) -> OutcomeEstimator:
        """The weights of a score, divided by its mean over normal patches, each bit of the string as it is measured.

        Raises:
            InputError: weights that differ from place to place, or that the record does not have.
        """
        if score.positions:
            raise InputError(
                "a circuit has one list of weights, the score has one for each place",
                where="positions",
                remedy="leave it out; execution of an image weighs each patch at its place",
            )
        outcomes = Outcomes(specification, score.outcomes)
        weights, mean = normal.weights(specification, score)
        return cls(
            outcomes,
            tuple((weights / mean).tolist()),
            tuple(normal.shares_of(score.outcomes).tolist()),
            tuple((bit,) for bit in range(len(outcomes.measured))),
        )

    @property
    def bit_count(self) -> int:
        """m, number of measured bits."""
        return len(self.outcomes.measured)

    @property
    def lowest(self) -> float:
        """The least value of a shot."""
        return min(self.weights)

    @property
    def uniform_mean(self) -> float:
        """The mean value of a shot whose bits are all random: what is left when noise has erased everything."""
        sizes = self.outcomes.sizes
        return float(sizes @ np.array(self.weights) / sizes.sum())

    def without_cnot(self, control: int, target: int) -> OutcomeEstimator:
        """The estimator that gives the same once a CNOT before the measurement of these two bits is left out.

        Without it the target is read as it was before: the bit that it would have been is its parity with the control.
        """
        parities = tuple(tuple(sorted({*row} ^ {control})) if target in row else row for row in self.parities)
        return replace(self, parities=parities)

    def without_x(self, bit: int) -> OutcomeEstimator:
        """The same for an X before the measurement of this bit."""
        turned = {place for place, row in enumerate(self.parities) if bit in row}
        return replace(self, flips=tuple(sorted({*self.flips} ^ turned)))

    def found(self, bits: BitArray) -> NDArray[np.intp]:
        """The outcome of each shot; bits of shape (shots, m), zeros and ones, the result of shape (shots,)."""
        if bits.ndim != 2 or bits.shape[1] != self.bit_count:
            raise InputError(
                f"measured bits of shape {bits.shape}",
                where="bits",
                remedy=f"give an array of shape (shots, {self.bit_count})",
            )
        ones = bits.astype(np.intp)
        string = np.zeros(len(bits), dtype=np.intp)
        for place, row in enumerate(self.parities):
            bit = (ones[:, list(row)].sum(axis=1) + (place in self.flips)) & 1
            string = (string << 1) | bit
        return self.outcomes.of_strings(string)

    def values(self, bits: BitArray) -> Float64Array:
        """The value of each shot, shapes as for `found`."""
        return np.array(self.weights)[self.found(bits)]

    def estimate(self, bits: BitArray) -> WeightedEstimate:
        """The estimate from the bits of all shots, shape (shots, m); raises `InputError` for no shots."""
        if len(bits) == 0:
            raise InputError("no shots", where="shots", remedy="give at least 1")
        counts = np.bincount(self.found(bits), minlength=self.outcomes.count)
        return WeightedEstimate(counts, np.array(self.weights), np.array(self.shares))

    def gathered(self, probabilities: NDArray[np.floating]) -> Float64Array:
        """Probabilities of all 2^m measured bits, the first most significant, summed to those of the outcomes, (K,)."""
        found = np.bincount(self._outcome_of_bits, weights=probabilities, minlength=self.outcomes.count)
        return found.astype(np.float64)

    def expectation(self, probabilities: NDArray[np.floating]) -> float:
        """The expectation under a distribution over all 2^m measured bits, the first bit most significant."""
        return float(self.gathered(probabilities) @ np.array(self.weights))

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` is the inverse."""
        return {
            "bit_count": self.bit_count,
            "outcomes": self.outcomes.kind,
            "data_qubits": list(self.outcomes.measured),
            "parities": [list(row) for row in self.parities],
            "flips": list(self.flips),
            "weights": list(self.weights),
            "shares": list(self.shares),
            "rule": "bit i of the string, the first most significant, is the parity of the measured bits of parities[i]"
            ", inverted if i is in flips; it stands for data qubit data_qubits[i]; " + _RULES[self.outcomes.kind],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], specification: ModelSpecification) -> OutcomeEstimator:
        """From what `to_json` gave, for this model."""
        return cls(
            Outcomes(specification, document["outcomes"]),
            tuple(map(float, document["weights"])),
            tuple(map(float, document["shares"])),
            tuple(tuple(map(int, row)) for row in document["parities"]),
            tuple(map(int, document["flips"])),
        )

    @cached_property
    def _outcome_of_bits(self) -> NDArray[np.intp]:
        numbers = np.arange(1 << self.bit_count)
        return self.found((numbers[:, None] >> np.arange(self.bit_count - 1, -1, -1)) & 1)


_RULES = {
    "trash": "value = weights[string]",
    "all": "value = weights[string]",
    "classes": "value = weights[r * (n / 2 + 1) + c], r and c the places of the last ones among the string's row bits "
    "and column bits, counted from 1, or 0 without a one",
}
