"""The words of the page `resources` say what its figures show."""

from __future__ import annotations

import pytest

from qpbae_tn.analysis.fault_tolerance.study import fault_tolerance
from qpbae_tn.analysis.resources.fault_tolerance_blocks import fault_tolerance_blocks
from qpbae_tn.analysis.resources.hardware import told_microseconds
from qpbae_tn.report.page import Text

PHYSICAL = {"qubits": 123_456, "duration_us": 3.5e5, "failure": 0.001, "distance": 13}


@pytest.mark.parametrize("physical", [None, PHYSICAL])
def test_physical_figures_are_described_only_where_there_are_some(physical: dict[str, float] | None) -> None:
    document = fault_tolerance()
    for row in document["rows"]:
        row["physical"] = physical
    told = " ".join(block.markdown for block in fault_tolerance_blocks(document) if isinstance(block, Text))
    assert ("Physical figures:" in told) == (physical is not None)
    assert ("Qualtran was not installed" in told) == (physical is None)


@pytest.mark.parametrize(
    ("duration_ns", "told"), [(98_912, "98.9 us"), (1_223_400, "1,220 us"), (4.4e6, "4,400 us"), (40_000, "40 us")]
)
def test_durations_need_no_powers_of_ten(duration_ns: float, told: str) -> None:
    assert told_microseconds(duration_ns) == told
