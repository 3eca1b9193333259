"""The page `shots`: its numbers from small studies, its template, and what is computed again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qpbae_tn.analysis.pages import Result, fill_page, load_page
from qpbae_tn.analysis.shots import report
from qpbae_tn.analysis.shots.cases import CasePlan, Trainings, run_case
from qpbae_tn.analysis.shots.coverage import coverage_rows
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.experiment.description import Experiment


@pytest.fixture(scope="module")
def small_document() -> dict[str, Any]:
    """The page's document from studies of 12 images of 16 pixels a side."""
    trainings = Trainings({Scheme.DRAWN_PATCHES: (1, 100), Scheme.EVERY_PATCH: (1,)}, ("direct",), 2)
    said: list[str] = []
    parts = []
    for size, stride in (report.MAIN_PATCHES, *report.OTHER_PATCHES):
        main = (size, stride) == report.MAIN_PATCHES
        plan = CasePlan(
            Experiment(patch_size=size, stride=stride, image_size=16, epochs=2, test=12),
            tuple(READOUTS) if main else ("latent", "echo"),
            report.SHOWN,
            3 if main else 2,
            trainings if main else None,
        )
        parts.append(run_case(plan, 0, said.append).document)
    assert said
    keys = ("exact", "rows", "readout_rows", "needed_shots", "training_rows")
    document = {key: [row for part in parts for row in part[key]] for key in keys}
    return {"seed": 0, "notes": parts[0]["notes"], **document, "coverage_rows": coverage_rows((1, 4))}


def test_the_document_holds_every_row(small_document) -> None:
    document = json.loads(json.dumps(small_document, allow_nan=False))
    assert len(document["rows"]) == 6 * 4 + 2 * 2 * 4
    assert len(document["needed_shots"]) == (6 + 2 + 2) * 2
    assert [row["shots"] for row in document["training_rows"]] == [None, 1, 100, 1]
    assert [row["readout"] for row in document["readout_rows"]] == list(READOUTS)
    for row in document["rows"]:
        assert {"data_set", "patch_size", "stride", "readout", "shots_per_patch"} <= row.keys()
        assert row["auroc"].keys() == {"value", "low", "high"}


def test_the_template_takes_what_a_study_gives(small_document) -> None:
    """Few repetitions, losses that no number of shots reaches, and a training without every readout."""
    page = load_page("shots")
    filled, figures, files = fill_page(page, Result(small_document))
    assert page.picture in figures
    assert len(files["rows"]) == len(small_document["rows"])
    assert filled.title == "How many shots a map needs"
