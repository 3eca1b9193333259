"""The page `resources` says what its figures show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qpbae_tn.analysis.pages import load_page
from qpbae_tn.analysis.resources.report import claims, content
from qpbae_tn.analysis.resources.sizes import in_microseconds
from qpbae_tn.report.template import fill

DOCUMENT = Path(__file__).parents[3] / "reports" / "resources" / "resources.json"
PHYSICAL = {"qubits": 123_456, "duration_us": 3.5e5, "failure": 0.001, "distance": 13}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("physical", [None, PHYSICAL])
def test_physical_figures_are_described_only_where_there_are_some(
    document: dict[str, Any], physical: dict[str, float] | None
) -> None:
    rows = [row | {"physical": physical} for row in document["fault_tolerance"]["rows"]]
    found = content(document | {"fault_tolerance": document["fault_tolerance"] | {"rows": rows}})
    prose = fill("resources", found).prose
    assert ("Physical figures:" in prose) == (physical is not None)
    assert ("Qualtran was not installed" in prose) == (physical is None)
    assert ("physical qubits" in found.tables["fault_exact"]) == (physical is not None)


def test_tables_hold_the_rows_and_a_cell_without_a_place_its_reason(document: dict[str, Any]) -> None:
    rows = [row for row in document["placed_rows"] if row["configuration"]["target"] == "willow_pink"]
    lost = rows[3] | {"placed": None, "fits": False, "reason": "too long"}
    table = content(document | {"placed_rows": [row for row in rows if row is not rows[3]] + [lost]}).tables[
        "placed_willow_pink"
    ]
    assert table["placed"].tolist()[:3] == [row["placed"]["two_qubit_gates"] for row in rows[:3]]
    last = table.iloc[-1]
    assert last["why not"] == "too long"
    assert last[["placed", "us", "image, s", "training, h"]].isna().all()


def test_claims_of_the_paper() -> None:
    found = claims()
    assert (found["nominal"], found["effective"]) == (10, 4)
    assert found["classical"] == {"paper": 580, "program": 600}
    assert found["exact"][4] == 7


def test_the_page_is_made_of_its_document(document: dict[str, Any]) -> None:
    page = load_page("resources")
    assert page.picture in page.content(document).figures


@pytest.mark.parametrize(
    ("duration_ns", "told"), [(98_912, "98.9 us"), (1_223_400, "1,220 us"), (4.4e6, "4,400 us"), (40_000, "40 us")]
)
def test_durations_need_no_powers_of_ten(duration_ns: float, told: str) -> None:
    assert in_microseconds(duration_ns) == told
