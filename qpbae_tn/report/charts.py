"""Line charts as SVG text, all in one style."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B7280", "#111827")
"""Okabe and Ito's colours, which colour-blind readers can tell apart, and two greys."""

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "qpbae_tn",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "text.color": "#111827",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E7EB",
    "grid.linewidth": 0.8,
    "axes.edgecolor": "#6B7280",
    "axes.labelcolor": "#374151",
    "xtick.color": "#6B7280",
    "ytick.color": "#6B7280",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
}


_THEMED = {
    "#111827": "ink",
    "#374151": "soft",
    "#6b7280": "faint",
    "#d1d5db": "line",
    "#e5e7eb": "line",
    "#0072b2": "blue",
    "#009e73": "green",
    "#cc79a7": "pink",
    "#d55e00": "red",
}


def follow_theme(svg: str) -> str:
    """An SVG element whose greys and dark colours are those of the page around it, light or dark."""

    def themed(found: re.Match[str]) -> str:
        name = _THEMED.get(found[0])
        return f"var(--{name}, {found[0]})" if name else found[0]

    return re.sub(r"(?<=: )#[0-9a-f]{6}\b", themed, svg)


class Chart:
    """One chart while it is drawn; `svg` holds its text afterwards.

    Args:
        figure: matplotlib's figure.
        axes: its axes.
    """

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self.figure, self.axes = figure, axes
        self.svg = ""


@contextmanager
def chart(x_label: str, y_label: str, *, title: str, size_inches: tuple[float, float] = (5.4, 3.4)) -> Iterator[Chart]:
    """A chart to draw on; on leaving, its SVG text is made, the same bytes for the same data."""
    with rc_context(STYLE):
        figure = Figure(figsize=size_inches, layout="constrained")
        axes = figure.add_subplot()
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
        result = Chart(figure, axes)
        yield result
        result.svg = to_svg(figure)


def to_svg(figure: Figure) -> str:
    """A figure as an SVG element without XML prologue, date or program name, which scales to its container."""
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def line_chart(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x_label: str,
    y_label: str,
    *,
    title: str,
    levels: Mapping[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """Named curves in one chart.

    Args:
        curves: name to x and y values.
        x_label: with the unit.
        y_label: with the unit.
        title: what it shows, in a few words.
        levels: names of dashed horizontal lines and where they lie.
        marks: names of dotted vertical lines and where they lie.
        log_x: logarithmic x axis.
        log_y: logarithmic y axis.

    Returns:
        SVG text.
    """
    with chart(x_label, y_label, title=title) as drawn:
        drawn.axes.set_xscale("log" if log_x else "linear")
        drawn.axes.set_yscale("log" if log_y else "linear")
        for index, (name, (x, y)) in enumerate(curves.items()):
            marker = "o" if len(np.asarray(x)) == 1 else None
            drawn.axes.plot(x, y, label=name, color=PALETTE[index % len(PALETTE)], marker=marker)
        used = len(curves)
        for offset, (name, level) in enumerate((levels or {}).items()):
            drawn.axes.axhline(level, label=name, color=PALETTE[(used + offset) % len(PALETTE)], linestyle="--")
        for name, place in (marks or {}).items():
            drawn.axes.axvline(place, label=name, color="#111827", linestyle=":")
        if used + len(levels or {}) + len(marks or {}) > 1:
            drawn.axes.legend()
    return drawn.svg
