"""The study as a whole: points, resuming, page, command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from qpbae_tn.analysis.pages import fill_page
from qpbae_tn.analysis.scaling.engines import engine_series
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.report import PAGE, result_of
from qpbae_tn.analysis.scaling.study import KIND, planned, read_rows, read_scaling, run_scaling
from qpbae_tn.analysis.scaling.study import rows_of as rows_of_contents
from qpbae_tn.analysis.scaling.tables import document_of, law_table
from qpbae_tn.cli.scaling import scaling
from qpbae_tn.errors import InputError
from qpbae_tn.report.content import Made
from qpbae_tn.study.grid import PointGrid
from qpbae_tn.study.limited import Limits
from qpbae_tn.study.runner import run_points
from qpbae_tn.study.store import read_results

MADE = Made("qpbae scaling", 0, {}, {})


def rows_of(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["rows"]
    return rows


@pytest.mark.parametrize("document", [[], {}, {"rows": 3}, {"rows": [{"part": "circuits"}]}])
def test_foreign_documents_are_refused(document: object) -> None:
    with pytest.raises(InputError, match="no rows"):
        read_rows(document, "file")


@pytest.mark.parametrize(
    "changes",
    [
        {"bond": 0},
        {"bonds": (4, -1)},
        {"orders": ("row", "spiral")},
        {"parts": ("speed",)},
        {"parts": ()},
        {"max_patch_size": 12},
        {"max_patch_size": 1 << 40},
        {"bottleneck": 0},
        {"test_images": 1},
    ],
)
def test_senseless_plans_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ScalingPlan(**changes)  # type: ignore[arg-type]


def test_a_plan_without_images_has_no_detection() -> None:
    with pytest.raises(InputError, match="data` NAME=DIR"):
        planned(ScalingPlan(parts=("detection",)))


def test_study_and_page_on_textures(tmp_path: Path) -> None:
    plan = ScalingPlan(
        parts=("circuits", "preparation", "trainability", "detection"),
        max_patch_size=8,
        bonds=(1, 2, 4),
        orders=("row", "morton"),
        data={"textures": "textures:grass"},
        image_size=32,
        train_images=6,
        test_images=8,
    )
    counted: list[int] = []
    document, progress = run_scaling(plan, tmp_path / "results.jsonl", on_cells=counted.append)
    rows = document["rows"]
    assert sum(counted) == progress.done == len(rows)
    assert list(dict.fromkeys(row["part"] for row in rows)) == list(plan.parts)
    for row in (row for row in rows if row["part"] == "preparation"):
        fidelities = [entry["median"] for entry in row["result"]["truncated"]]
        assert fidelities == sorted(fidelities)
        assert all(0 <= bits <= row["point"]["patch_size"] for bits in row["result"]["entropy_bits"])
    for row in (row for row in rows if row["part"] == "detection"):
        assert row["result"]["ceiling_loss"] <= row["result"]["loss"] + 1e-9
        assert all(0 <= found["aupro"]["value"] <= 1 for found in row["result"]["detectors"].values())
    again, progress = run_scaling(plan, tmp_path / "results.jsonl")
    assert (again, progress.done, progress.done_before) == (document, 0, len(rows))
    # A document alone, as --json writes it, is as good as the file.
    known = json.loads(json.dumps(document, allow_nan=False))
    copied, progress = run_scaling(plan, tmp_path / "copied.jsonl", known=read_rows(known, "document"))
    assert (copied, progress.done) == (document, 0)
    filled, figures, _ = fill_page(PAGE, result_of(document))
    assert filled.sections == ["Circuits", "Preparation", "Trainability", "Detection"]
    assert {"circuits", "preparation_textures", "trainability_shots", "detection_textures"} == set(figures) - {
        "trainability_gradient"
    }
    assert "qpbae scaling" in filled.markdown(MADE)
    assert "<svg" in filled.html(MADE)
    assert [(old, new) for old, new in PAGE.recompute(known) if old != json.loads(json.dumps(new))] == []


def test_points_on_other_images_are_other_points(tmp_path: Path) -> None:
    """What a preparation point is given says nothing about how many images its patches are cut from; its id does."""
    made = []
    for count in (4, 6):
        plan = ScalingPlan(
            parts=("preparation",),
            max_patch_size=4,
            bonds=(1, 2),
            orders=("morton",),
            data={"grass": "textures:grass"},
            image_size=32,
            train_images=count,
        )
        document, progress = run_scaling(plan, tmp_path / "results.jsonl")
        assert progress.done == len(document["rows"]) == 1
        made.append(document["rows"][0])
    assert made[0]["point"] == made[1]["point"]
    assert made[0]["result"] != made[1]["result"]
    assert len(read_results(tmp_path / "results.jsonl", KIND).results) == 2
    # A page of one part, without the order that its first table is about.
    assert fill_page(PAGE, result_of(document))[0].sections == ["Preparation"]


def test_engines_are_timed_and_shown(tmp_path: Path) -> None:
    plan = ScalingPlan(parts=("engines",), max_patch_size=2, limits=Limits(60, 2048))
    points = [work.cells[0] for series in engine_series(plan) for work in series]
    assert {point.inputs["engine"] for point in points} == {"exact", "qsim", "mps"}
    two = [series for series in engine_series(plan) if series and series[0].cells[0].inputs["engine"] != "qsim"][:2]
    rows = rows_of_contents(run_points(PointGrid("scaling", two, KIND), tmp_path / "results.jsonl"))
    assert len(rows) == 2
    assert all("result" in row for row in rows)
    stopped = {"part": "engines", "point": {**rows[0]["point"], "patch_size": 4}, "failed": "would need 9 GiB"}
    document = document_of([*rows, stopped], plan)
    assert set(document["mps_faster"]["score, no bond limit"]) <= {2}
    filled, _, _ = fill_page(PAGE, result_of(document))
    assert re.search(r"\| exact \| score \| 4 \| would need 9 GiB \|", filled.markdown(MADE))


def test_the_command_goes_on_and_a_narrower_run_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, document = tmp_path / "out", tmp_path / "out.json"
    options = {"output": output, "json": str(document)}
    scaling(part="circuits,trainability", max_patch_size=8, **options)  # type: ignore[arg-type]
    rows = rows_of(document)
    assert {row["part"] for row in rows} == {"circuits", "trainability"}
    drawn = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Results")]
    assert max(map(len, drawn)) <= 80
    assert (output / "scaling.html").is_file()
    before = (output / "results.jsonl").read_bytes()
    scaling(part="circuits", max_patch_size=4, resume=True, **options)  # type: ignore[arg-type]
    assert sorted(map(str, rows_of(document))) == sorted(map(str, rows))
    assert (output / "results.jsonl").read_bytes().startswith(before)
    assert read_scaling(output / "results.jsonl") == rows
    with pytest.raises(InputError, match="exists already"):
        scaling(part="circuits", **options)  # type: ignore[arg-type]


def test_the_command_goes_on_from_points_of_an_earlier_version(tmp_path: Path) -> None:
    """From the folder's points.json, and from the document of --json alone."""
    options: dict[str, Any] = {"part": "circuits", "max_patch_size": 4}
    scaling(**options, output=tmp_path / "made", json=str(tmp_path / "made.json"))
    document = json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    # A mark that no measurement gives.
    document["rows"][0]["result"]["qubits"] = 1234
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "points.json").write_text(json.dumps(document), encoding="utf-8")
    scaling(**options, resume=True, output=tmp_path / "old")
    assert read_scaling(tmp_path / "old" / "results.jsonl")[0]["result"]["qubits"] == 1234
    (tmp_path / "alone.json").write_text(json.dumps(document), encoding="utf-8")
    scaling(**options, resume=True, output=tmp_path / "new", json=str(tmp_path / "alone.json"))
    assert rows_of(tmp_path / "alone.json")[0]["result"]["qubits"] == 1234


def test_random_states_of_earlier_documents_are_known() -> None:
    row = {"part": "engines", "point": {"engine": "mps", "source": "trains"}, "failed": "time limit of 1 s"}
    (found,) = read_rows({"rows": [row]}, "file")
    assert found["point"] == {"engine": "mps", "source": "random_mps"}


def test_the_command_refuses_bad_input(tmp_path: Path) -> None:
    for options in ({"bond": 0}, {"pixel_order": "spiral"}, {"part": "speed"}, {"memory_limit": 5, "part": "engines"}):
        with pytest.raises(InputError):
            scaling(**options, max_patch_size=4, output=tmp_path / "out", force=True)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="nothing to go on from"):
        scaling(resume=True, output=tmp_path / "none")


def test_a_dry_run_counts_points(capsys: pytest.CaptureFixture[str]) -> None:
    scaling(dry_run=True, json="-")
    priced = json.loads(capsys.readouterr().out)["dry_run"]
    assert priced["points"]["engines"] > 50


def test_refusals_name_the_field_and_the_range() -> None:
    with pytest.raises(InputError, match=r"^max_patch_size: patch size 5"):
        ScalingPlan(max_patch_size=5)
    with pytest.raises(InputError, match=r"^bottleneck: bottleneck 30; .* have 6 qubits; give 1 to 5$"):
        ScalingPlan(parts=("circuits",), max_patch_size=8, bottleneck=30)
    assert ScalingPlan(max_patch_size=2).sizes() == [2]


def test_exponents_through_few_points_are_marked() -> None:
    law = {"what": "w", "over": "P", "exponent": {"value": 1.0, "low": 0.5, "high": 1.5}}
    assert list(law_table([{**law, "points": 4}, {**law, "points": 5}])["points"]) == ["4 (few)", "5"]
