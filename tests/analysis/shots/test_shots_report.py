from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qpbae_tn.analysis.pages import ReportOptions, load_report
from qpbae_tn.analysis.shots.cases import CasePlan, Trainings, run_case
from qpbae_tn.analysis.shots.coverage import coverage_rows
from qpbae_tn.analysis.shots.report import REPORT, page, plans
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.report.page import Figure, Heading, Page
from qpbae_tn.report.render import to_html, to_markdown


@pytest.fixture(scope="module")
def small_page() -> Page:
    """The page of studies of 12 images of 16 pixels a side."""
    trainings = Trainings({Scheme.DRAWN_PATCHES: (1, 100), Scheme.EVERY_PATCH: (1,)}, ("direct",), 2)
    main = CasePlan(
        Experiment(stride=2, image_size=16, epochs=2, test=12),
        tuple(READOUTS),
        (1, 10, 100, 1000),
        3,
        trainings,
    )
    other = replace(
        main,
        experiment=replace(main.experiment, stride=4),
        readouts=("latent", "echo"),
        shots=(10, 1000),
        repetitions=2,
        trainings=None,
    )
    told: list[str] = []
    cases = [run_case(plan, 0, told.append) for plan in (main, other)]
    assert told
    return page(cases, coverage_rows((1, 4)), ReportOptions())


def test_the_document_holds_every_row(small_page) -> None:
    document = json.loads(json.dumps(small_page.document, allow_nan=False))
    assert len(document["rows"]) == 6 * 4 + 2 * 2
    assert len(document["needed_shots"]) == (6 + 2) * 2
    assert [row["shots"] for row in document["training_rows"]] == [None, 1, 100, 1]
    for row in document["rows"]:
        assert {"data_set", "patch_size", "stride", "readout", "shots_per_patch"} <= row.keys()
        assert row["auroc"].keys() == {"value", "low", "high"}
    assert len(small_page.tables["rows"][1]) == len(document["rows"])


def test_the_page_has_its_sections_and_charts(small_page) -> None:
    figures = [block.name for block in small_page.blocks if isinstance(block, Figure)]
    assert len(figures) == len(set(figures)) == 7
    headings = [block.title for block in small_page.blocks if isinstance(block, Heading)]
    assert len(headings) == 8
    for text in (to_html(small_page), to_markdown(small_page)):
        assert "nan" not in text.lower().replace("nanosecond", "")
        assert all(heading in text for heading in headings)
    assert small_page.title == REPORT.title == "Shots"


def test_the_report_is_known_and_its_inputs_exist() -> None:
    assert load_report("shots") is REPORT
    root = Path(__file__).parents[3]
    assert all((root / name).exists() for name in REPORT.inputs)


def test_each_data_set_starts_with_a_study_of_all_readouts() -> None:
    found = plans(ReportOptions())
    assert {plan.data_set.name for plan in found} == {"textures:brick"}
    assert tuple(found[0].readouts) == tuple(READOUTS)
    assert found[0].shots[0] == 1
    assert found[0].shots[-1] == 10**6
