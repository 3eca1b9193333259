"""From measured bits to a score: the value of a shot, and the estimate that many shots give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from qpbae_tn.errors import InputError

BitArray = NDArray[np.integer] | NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """The mean of the values of many shots.

    Args:
        minus: number of shots whose value was -1.
        zero: number of shots whose value was 0.
        plus: number of shots whose value was +1.
        lowest: the least value that a shot of this readout can have, -1 or 0.
    """

    minus: int
    zero: int
    plus: int
    lowest: int

    @property
    def shots(self) -> int:
        """Number of shots."""
        return self.minus + self.zero + self.plus

    @property
    def value(self) -> float:
        """The mean: an unbiased estimate of the quantity that the readout measures."""
        return (self.plus - self.minus) / self.shots

    @property
    def standard_error(self) -> float:
        """Standard error of `value`.

        The variance is taken with one shot of the least and one of the largest value added, so that it does not vanish
        when all shots agree (as they mostly do near F = 1), where the plain formula would claim certainty.
        """
        count, plus = self.shots + 2, self.plus + 1
        minus = self.minus + (self.lowest == -1)
        mean = (plus - minus) / count
        return float(np.sqrt(((plus + minus) / count - mean**2) / self.shots))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """An interval that covers the expectation at least at this rate, from exact (Clopper-Pearson) bounds.

        A readout whose shots take three values needs bounds for the shares of +1 and of -1 at once; each then has half
        of the allowed error (Bonferroni).

        Args:
            confidence: nominal coverage, between 0 and 1.
        """
        error = 1.0 - confidence
        if self.lowest == 0:
            return _share(self.plus, self.shots, error)
        if self.zero == 0:
            low, high = _share(self.plus, self.shots, error)
            return 2 * low - 1, 2 * high - 1
        plus_low, plus_high = _share(self.plus, self.shots, error / 2)
        minus_low, minus_high = _share(self.minus, self.shots, error / 2)
        return max(-1.0, plus_low - minus_high), min(1.0, plus_high - minus_low)


@dataclass(frozen=True)
class Estimator:
    """How the bits of a shot become its value.

    The value is 0 unless every bit of `zeros` is 0; otherwise it is -1 to the power of the sum of `signs` and of the
    products of `pairs`: the sign that a pair of qubits has under SWAP, once they are measured in the Bell basis.

    Args:
        bit_count: m, number of measured bits.
        zeros: positions of bits that have to be 0.
        pairs: positions of pairs of bits whose product counts.
        signs: positions of bits that count as they are.
    """

    bit_count: int
    zeros: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    signs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        used = [*self.zeros, *(bit for pair in self.pairs for bit in pair), *self.signs]
        if sorted(used) != list(range(self.bit_count)):
            raise ValueError(f"an estimator of {self.bit_count} bits must use each of them exactly once")

    @property
    def lowest(self) -> int:
        """The least value of a shot."""
        return -1 if self.pairs or self.signs else 0

    @property
    def uniform_mean(self) -> float:
        """The mean value of a shot whose bits are all random: what is left when noise has erased everything."""
        return 0.0 if self.signs else 0.5 ** (len(self.zeros) + len(self.pairs))

    def values(self, bits: BitArray) -> NDArray[np.int8]:
        """The value of each shot.

        Args:
            bits: shape (shots, m), zeros and ones.

        Returns:
            Shape (shots,), each -1, 0 or 1.
        """
        if bits.ndim != 2 or bits.shape[1] != self.bit_count:
            raise InputError(
                f"measured bits of shape {bits.shape}",
                where="bits",
                remedy=f"give an array of shape (shots, {self.bit_count})",
            )
        ones = bits.astype(bool)
        odd = np.zeros(bits.shape[0], dtype=bool)
        for first, second in self.pairs:
            odd ^= ones[:, first] & ones[:, second]
        for position in self.signs:
            odd ^= ones[:, position]
        kept = ~ones[:, list(self.zeros)].any(axis=1)
        return np.where(kept, np.where(odd, -1, 1), 0).astype(np.int8)

    def estimate(self, bits: BitArray) -> Estimate:
        """The estimate from the bits of all shots, shape (shots, m); raises `InputError` for no shots."""
        values = self.values(bits)
        if values.size == 0:
            raise InputError("no shots", where="shots", remedy="give at least 1")
        minus, zero, plus = (int((values == value).sum()) for value in (-1, 0, 1))
        return Estimate(minus, zero, plus, self.lowest)

    def expectation(self, probabilities: NDArray[np.floating]) -> float:
        """The expectation under a distribution over all 2^m outcomes, the first bit most significant."""
        outcomes = np.arange(2**self.bit_count)[:, None] >> np.arange(self.bit_count - 1, -1, -1) & 1
        return float(np.dot(probabilities, self.values(outcomes)))

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` is the inverse."""
        return {
            "bit_count": self.bit_count,
            "zeros": list(self.zeros),
            "pairs": [list(pair) for pair in self.pairs],
            "signs": list(self.signs),
            "rule": "value = [all bits of zeros are 0] * (-1)^(sum of signs + sum of the products of pairs)",
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Estimator:
        """From what `to_json` gave."""
        pairs = tuple((int(first), int(second)) for first, second in document["pairs"])
        return cls(int(document["bit_count"]), tuple(document["zeros"]), pairs, tuple(document["signs"]))


def _share(count: int, shots: int, error: float) -> tuple[float, float]:
    """The Clopper-Pearson interval of a share, with half of the error on each side."""
    low = 0.0 if count == 0 else float(betaincinv(count, shots - count + 1, error / 2))
    high = 1.0 if count == shots else float(betaincinv(count + 1, shots - count, 1 - error / 2))
    return low, high


def of_parities(estimator: object) -> Estimator:
    """The estimator, for what takes parities of bits only; raises `InputError` for weighted outcomes."""
    if not isinstance(estimator, Estimator):
        raise InputError(
            "noise is not followed for weighted outcomes", where="readout", remedy="choose latent, echo or direct"
        )
    return estimator
