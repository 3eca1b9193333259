"""Rotation angles that may hold symbols: a number and a symbolic rest, kept apart so that numbers cancel exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy

_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class Angle:
    """constant + rest, in radians.

    Args:
        constant: the number.
        rest: the part with symbols, without a constant term; None when there is none.
    """

    constant: float
    rest: sympy.Expr | None = None

    @classmethod
    def of(cls, value: float | sympy.Expr) -> Angle:
        """From a number or an expression in radians."""
        if not isinstance(value, sympy.Basic):
            return cls(float(value))
        if not value.free_symbols:
            return cls(float(value))
        constant, rest = value.as_coeff_Add()
        return cls(float(constant), rest)

    def __add__(self, other: Angle) -> Angle:
        if self.rest is None or other.rest is None:
            return Angle(self.constant + other.constant, self.rest if other.rest is None else other.rest)
        total = Angle.of(self.rest + other.rest)
        return Angle(self.constant + other.constant + total.constant, total.rest)

    def __neg__(self) -> Angle:
        return Angle(-self.constant, None if self.rest is None else -self.rest)

    def wrapped(self) -> Angle:
        """The angle with its number in (-pi, pi]: the same rotation, up to a global sign."""
        constant = math.remainder(self.constant, 2 * math.pi)
        if abs(constant) < _NEGLIGIBLE:
            constant = 0.0
        return Angle(math.pi if constant <= -math.pi + _NEGLIGIBLE else constant, self.rest)

    @property
    def is_zero(self) -> bool:
        """Whether the rotation is the identity up to a global sign, whatever the symbols are."""
        return self.rest is None and self.wrapped().constant == 0.0

    @property
    def is_half_turn(self) -> bool:
        """Whether the rotation is Y up to a global phase, whatever the symbols are."""
        return self.rest is None and abs(self.wrapped().constant - math.pi) < _NEGLIGIBLE

    @property
    def radians(self) -> float | sympy.Expr:
        """The angle as one number or expression."""
        if self.rest is None:
            return self.constant
        return self.rest + self.constant if self.constant else self.rest

    @property
    def half_turns(self) -> float | sympy.Expr:
        """The angle in units of pi, symbols with a floating-point factor (all that Google's serializer keeps)."""
        if self.rest is None:
            return self.constant / math.pi
        scaled = self.rest * (1 / math.pi)
        return scaled + self.constant / math.pi if self.constant else scaled
