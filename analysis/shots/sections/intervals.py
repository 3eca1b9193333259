"""How often the interval of a shot estimate holds the exact value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.report.page import Block, Heading, Table, Text


def section(coverage: Sequence[dict[str, Any]]) -> list[Block]:
    """Exact coverage at the ends and over all fidelities."""
    counts = list(dict.fromkeys(row["shots"] for row in coverage))
    rows = []
    for readout in dict.fromkeys(row["readout"] for row in coverage):
        own = [row for row in coverage if row["readout"] == readout]
        ends = [min(row[key] for row in own) for key in ("coverage_at_0", "coverage_at_1")]
        rows.append([readout, *(f"{row['least_coverage']:.4f}" for row in own), *(f"{end:.4f}" for end in ends)])
    least = min(row["least_coverage"] for row in coverage)
    return [
        Heading("Intervals of a shot estimate"),
        Text(
            "The interval of a score is Clopper and Pearson's where a shot has two values. The shots of `latent` have "
            "three, -1, 0 and +1: once one of them was 0, the interval comes from those of -1 and of +1 with half of "
            "the error each; as long as none was, it is that of two values. Summed over every outcome, and over "
            "fidelities from 0 to 1 with both ends, the coverage of the nominal 95% interval is never below "
            f"{least:.4f}."
        ),
        Table(
            ["readout", *(f"{count} shot{'s' if count > 1 else ''}" for count in counts), "at 0", "at 1"],
            rows,
            "Least exact coverage of the nominal 95% interval over all fidelities; with the quantity estimated at 0 "
            "and at 1, the least over the numbers of shots. `ancilla` has the row of `destructive`, as its shots "
            "follow the same law. For `latent`, F = 0 is taken with every F_trash: F below F_trash², which only a "
            "noisy device gives, counts too.",
        ),
    ]
