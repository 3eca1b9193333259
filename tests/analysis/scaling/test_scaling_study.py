"""The study as a whole: points, resuming, page, command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qpbae_tn.analysis.scaling.engines import engine_series
from qpbae_tn.analysis.scaling.isolation import PointFailed
from qpbae_tn.analysis.scaling.limits import Limits
from qpbae_tn.analysis.scaling.plan import ScalingPlan
from qpbae_tn.analysis.scaling.points import Point, read_rows, run_series
from qpbae_tn.analysis.scaling.report import page
from qpbae_tn.analysis.scaling.study import document_of, planned, run_scaling
from qpbae_tn.analysis.scaling.tables import law_table
from qpbae_tn.cli.scaling import scaling
from qpbae_tn.errors import InputError
from qpbae_tn.report.render import to_html, to_markdown


def quiet(_: object) -> None:
    pass


def test_a_series_ends_where_a_point_fails_and_known_points_are_not_measured_again() -> None:
    measured: list[int] = []

    def point(size: int) -> Point:
        def measure() -> dict[str, int]:
            measured.append(size)
            if size == 4:
                raise PointFailed("would need 9 GiB")
            return {"value": size}

        return Point("engines", {"patch_size": size}, measure)

    series = [[point(size) for size in (2, 4, 8)], [point(16)]]
    rows = run_series(series, [], quiet, quiet)
    assert measured == [2, 4, 16]
    assert rows[1] == {"part": "engines", "point": {"patch_size": 4}, "failed": "would need 9 GiB"}
    assert run_series(series, json.loads(json.dumps(rows)), quiet, quiet) == rows
    assert measured == [2, 4, 16]


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
    with pytest.raises(InputError, match=r"`data` NAME=DIR"):
        planned(ScalingPlan(parts=("detection",)))


def test_study_and_page_on_textures() -> None:
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
    documents = []
    document = run_scaling(plan, on_rows=lambda found: documents.append(len(found["rows"])))
    rows = document["rows"]
    assert documents == list(range(1, len(rows) + 1))
    assert {row["part"] for row in rows} == set(plan.parts)
    for row in (row for row in rows if row["part"] == "preparation"):
        fidelities = [entry["median"] for entry in row["result"]["truncated"]]
        assert fidelities == sorted(fidelities)
        assert all(0 <= bits <= row["point"]["patch_size"] for bits in row["result"]["entropy_bits"])
    for row in (row for row in rows if row["part"] == "detection"):
        assert row["result"]["ceiling_loss"] <= row["result"]["loss"] + 1e-9
        assert all(0 <= found["aupro"]["value"] <= 1 for found in row["result"]["detectors"].values())
    known = json.loads(json.dumps(document, allow_nan=False))
    assert run_scaling(plan, known["rows"]) == document
    made = page(document, plan, "qpbae scaling")
    assert "qpbae scaling" in to_markdown(made)
    assert "<svg" in to_html(made)


def test_engines_are_timed_and_told() -> None:
    plan = ScalingPlan(parts=("engines",), max_patch_size=2, limits=Limits(60))
    series = [points for points in engine_series(plan) if points]
    assert {points[0].inputs["engine"] for points in series} == {"exact", "qsim", "mps"}
    rows = run_series([points for points in series if points[0].inputs["engine"] != "qsim"], [], quiet, quiet)
    assert all("result" in row for row in rows)
    stopped = {**rows[0], "point": {**rows[0]["point"], "patch_size": 4}}
    del stopped["result"]
    rows.append({**stopped, "failed": "would need 9 GiB"})
    document = document_of(rows, plan.bond)
    assert set(document["mps_faster"]["score, no bond limit"]) <= {2}
    text = to_markdown(page(document, plan, "qpbae scaling"))
    assert "would need 9 GiB" in text


def test_the_command_writes_and_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, document = tmp_path / "out", tmp_path / "out.json"
    options = {"part": "circuits,trainability", "max_patch_size": 4, "output": output, "json": str(document)}
    scaling(**options)  # type: ignore[arg-type]
    rows = json.loads(document.read_text(encoding="utf-8"))["rows"]
    assert {row["part"] for row in rows} == {"circuits", "trainability"}
    drawn = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Points")]
    assert max(map(len, drawn)) <= 80
    assert (output / "scaling.html").is_file()
    before = (output / "points.json").read_text(encoding="utf-8")
    scaling(**options, resume=True)  # type: ignore[arg-type]
    assert (output / "points.json").read_text(encoding="utf-8") == before
    with pytest.raises(InputError, match="exists already"):
        scaling(**options)  # type: ignore[arg-type]


def test_the_command_refuses_bad_input(tmp_path: Path) -> None:
    for options in ({"bond": 0}, {"pixel_order": "spiral"}, {"part": "speed"}, {"memory_limit": 5, "part": "engines"}):
        with pytest.raises(InputError):
            scaling(**options, max_patch_size=4, output=tmp_path / "out")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="nothing to go on from"):
        scaling(resume=True, output=tmp_path / "out")


def test_a_dry_run_counts_points(capsys: pytest.CaptureFixture[str]) -> None:
    scaling(dry_run=True, json="-")
    told = json.loads(capsys.readouterr().out)["dry_run"]
    assert told["points"]["engines"] > 50


def test_refusals_name_the_option_given_and_the_range() -> None:
    with pytest.raises(InputError, match=r"^max_patch_size: patch size 5"):
        ScalingPlan(max_patch_size=5)
    with pytest.raises(InputError, match=r"^bottleneck: bottleneck 30; .* have 6 qubits; give 1 to 5$"):
        ScalingPlan(parts=("circuits",), max_patch_size=8, bottleneck=30)
    assert ScalingPlan(max_patch_size=2).sizes() == [2]


def test_exponents_through_few_points_are_marked() -> None:
    law = {"what": "w", "over": "P", "exponent": {"value": 1.0, "low": 0.5, "high": 1.5}}
    table = law_table([{**law, "points": 4}, {**law, "points": 5}])
    assert [row[-1] for row in table.rows] == ["4 (few)", "5"]
    assert "fewer than 5" in table.caption
