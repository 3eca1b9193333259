"""Numbers as short text, for tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def seconds(value: float) -> str:
    """A time with the unit that suits it."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def size_of_bytes(value: float) -> str:
    """Bytes in MiB or GiB."""
    return f"{value / 2**30:.3g} GiB" if value >= 2**30 else f"{value / 2**20:.3g} MiB"


def patch(size: int) -> str:
    """P as a number up to 4096, as a power of two past it."""
    return str(size) if size <= 4096 else f"2^{size.bit_length() - 1}"


def interval(value: Mapping[str, Any], digits: int = 2) -> str:
    """A value with its interval."""
    return f"{value['value']:.{digits}f} ({value['low']:.{digits}f} to {value['high']:.{digits}f})"


def power(value: float) -> str:
    """A number of any size, short."""
    if 1e3 <= abs(value) < 1e5:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.1e}"
