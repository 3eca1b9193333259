"""Numbers as text, for tables on the terminal and on pages: the one place that decides how they look."""

from __future__ import annotations

import math

from qpbae_tn.interval import Interval

DASH = "-"
"""Stands for what is not defined."""


def fixed(value: float | None, digits: int = 3, *, sign: bool = False, kind: str = "f") -> str:
    """A number with so many digits after the point; no zero has a sign, and what is not finite is a dash.

    Args:
        value: None for what is not defined.
        digits: after the point.
        sign: whether a positive number has its sign too.
        kind: "f", or "%" for shares.

    Example:
        >>> fixed(-0.0001), fixed(0.25, 1, sign=True), fixed(0.257, 0, kind="%"), fixed(None)
        ('0.000', '+0.2', '26%', '-')
    """
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{value:{'+' if sign else ''}.{digits}{kind}}"
    return text.lstrip("+-") if not any(digit in text for digit in "123456789") else text


def bare(value: float | None, digits: int = 3) -> str:
    """A share without the zero before its point, for narrow columns: .930, and 1.000.

    Example:
        >>> bare(0.93), bare(1.0), bare(-0.25, 2)
        ('.930', '1.000', '-.25')
    """
    text = fixed(value, digits)
    sign, number = ("-", text[1:]) if text.startswith("-") and text != DASH else ("", text)
    return sign + (number[1:] if number.startswith("0.") else number)


def ranged(interval: Interval, digits: int = 3, ends: int | None = None, *, sign: bool = False, kind: str = "f") -> str:
    """A value with its interval; the value alone where no end is known.

    Args:
        interval: the value and its ends.
        digits: of the value, after the point.
        ends: digits of the ends; as many where left out.
        sign: as for `fixed`.
        kind: as for `fixed`.

    Example:
        >>> ranged(Interval(0.9451, 0.9414, 0.9478)), ranged(Interval(0.9451, 0.9414, 0.9478), ends=2)
        ('0.945 (0.941 to 0.948)', '0.945 (0.94 to 0.95)')
    """
    value = fixed(interval.value, digits, sign=sign, kind=kind)
    if not interval.bounded:
        return value
    places = digits if ends is None else ends
    low, high = (fixed(end, places, sign=sign, kind=kind) for end in (interval.low, interval.high))
    return f"{value} ({low} to {high})"


def bare_ranged(interval: Interval, digits: int = 3) -> str:
    """As `.945 .941-.948`, for narrow columns; the value alone where no end is known."""
    value = bare(interval.value, digits)
    return f"{value} {bare(interval.low, digits)}-{bare(interval.high, digits)}" if interval.bounded else value


def stacked(interval: Interval, *, sign: bool = False) -> str:
    """A value above its ends, which have two digits and no zero before the point; a dash where it is not defined.

    Example:
        >>> stacked(Interval(0.9451, 0.7114, 1.0)), stacked(Interval(0.031, -0.012, 0.06), sign=True)
        ('0.945\\n.71-1.0', '+0.031\\n-.01 +.06')
    """
    if not interval.defined:
        return DASH
    low, high = (f"{end:{'+' if sign else ''}.2f}" for end in (interval.low, interval.high))
    if sign:
        return f"{interval.value:+.3f}\n{low.replace('0.', '.')} {high.replace('0.', '.')}"
    low, high = (end.removeprefix("0").replace("1.00", "1.0") for end in (low, high))
    return f"{interval.value:.3f}\n{low}-{high}"


def two_digits(value: float) -> str:
    """A positive number to two significant digits, thousands set apart.

    Example:
        >>> two_digits(1234), two_digits(99.4), two_digits(2.345)
        ('1,200', '99', '2.3')
    """
    places = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -places):,.0f}" if value >= 10 else f"{value:.1f}"


def scientific(value: float) -> str:
    """Two digits and a power of ten; a dash for what is not finite."""
    return f"{value:.1e}" if math.isfinite(value) else DASH


def short(number: float) -> str:
    """A count as it is, a measure to two digits, and either with an exponent where it is long.

    Example:
        >>> short(30), short(1.234), short(123456), short(0.00012)
        ('30', '1.2', '1.2e5', '0.00012')
    """
    if isinstance(number, int) and number < 100_000:
        return str(number)
    text = f"{number:.2g}" if number < 1000 else f"{number:.1e}"
    return text.replace("e+0", "e")


def any_size(value: float) -> str:
    """A number of any size to three digits, thousands set apart, with an exponent where it is very long."""
    if 1e3 <= abs(value) < 1e5:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.1e}"


def duration(seconds: float) -> str:
    """A time in seconds or the longer unit that suits it: 0.5 s, 3.2 hours.

    Example:
        >>> duration(0.5), duration(11520)
        ('0.5 s', '3.2 hours')
    """
    for unit, size in (("years", 365.25 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.2g} s"


def short_time(seconds: float) -> str:
    """A time in seconds or the shorter unit that suits it: 1.5 s, 12 ms, 3 us.

    Example:
        >>> short_time(0.012)
        '12 ms'
    """
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def size_of_bytes(value: float) -> str:
    """Bytes in MiB or GiB."""
    return f"{value / 2**30:.3g} GiB" if value >= 2**30 else f"{value / 2**20:.3g} MiB"
