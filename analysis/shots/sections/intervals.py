"""How often the interval of a shot estimate holds the exact value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.reports.page import Block, Heading, Table, Text


def section(coverage: Sequence[dict[str, Any]]) -> list[Block]:
    """Exact coverage at the ends and over all fidelities."""
    rows = [
        [
            row["readout"],
            str(row["shots"]),
            *(f"{row[key]:.4f}" for key in ("least_coverage", "coverage_at_0", "coverage_at_1")),
        ]
        for row in coverage
    ]
    least = min(row["least_coverage"] for row in coverage)
    return [
        Heading("Intervals of a shot estimate"),
        Text(
            "The interval of a score is Clopper-Pearson's for values of two kinds, and two of them with half of the "
            "error each for `latent`, whose shots take three values. Summed over every outcome, and over "
            "fidelities from "
            f"0 to 1 with both ends, the coverage of the nominal 95% interval is never below {least:.4f}."
        ),
        Table(
            ["readout", "shots", "least coverage", "at 0", "at 1"],
            rows,
            "Exact coverage of the nominal 95% interval; at 0 and 1: of the quantity estimated.",
        ),
    ]
