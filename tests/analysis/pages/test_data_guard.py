"""A page is not replaced by one that shows less, and a mistyped data set is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qpbae_tn.analysis import pages
from qpbae_tn.analysis.pages import (
    EXTRAS,
    MODULES,
    Page,
    PageOptions,
    Result,
    check_data,
    data_held,
    fill_pages,
    load_page,
    make_pages,
    read_committed,
)
from qpbae_tn.cli.main import app
from qpbae_tn.errors import InputError
from qpbae_tn.report.charts import line_chart
from qpbae_tn.report.content import Content, Figure

CHART = Figure(line_chart({"a": ([1, 2], [3, 4])}, "x", "y", title="A line"))


def run(options: PageOptions) -> Result:
    drawings = {"drawing": Figure(CHART.content, natural_size=True)}
    return Result({"rows": [{"data": list(options.data)}]}, drawings, dict.fromkeys(["textures", *options.data]))


PAGE = Page(
    "noise",
    run,
    lambda d: Content({"rows": d["rows"]}, figures={"chart": CHART}),
    lambda _: (),
    "chart",
    1,
    ("busi_32",),
)


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    text = ['# Title\n\nSummary.\n\n{{ figure("chart", "a line") }}\n\n{{ figure("drawing", "a drawing") }}\n']
    monkeypatch.setattr("qpbae_tn.report.template.read_template", lambda name: text[0])
    return text


def test_a_page_does_not_lose_its_data_unasked(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    given = PageOptions(data={"busi_32": tmp_path})
    make_pages([PAGE], folder, given)
    assert data_held(folder, PAGE) == ["busi_32"]
    with pytest.raises(InputError, match=r"made with busi_32.*`data` busi_32=DIR, or `without_data`"):
        make_pages([PAGE], folder, PageOptions())
    make_pages([PAGE], folder, given)
    make_pages([PAGE], folder, PageOptions(), without_data=True)
    assert data_held(folder, PAGE) == []
    make_pages([PAGE], folder, PageOptions())


def test_a_page_does_not_lose_the_figures_of_an_extra_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "markdown_it", "an-extra")
    monkeypatch.setattr(pages, "version", lambda name: "1.2")
    page = replace(PAGE, extras=("markdown_it",))
    make_pages([page], tmp_path, PageOptions())
    assert "markdown_it 1.2" in (tmp_path / "noise.md").read_text(encoding="utf-8")
    monkeypatch.setattr(pages, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"made with markdown_it, which is not installed; .*\[an-extra\]"):
        make_pages([page], tmp_path, PageOptions())
    make_pages([page], tmp_path, PageOptions(), without_data=True)
    make_pages([page], tmp_path, PageOptions())


def test_a_template_is_filled_again_without_computing(tmp_path: Path, template: list[str]) -> None:
    make_pages([PAGE], tmp_path, PageOptions(seed=3))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    page = replace(PAGE, run=lambda options: pytest.fail("computed"))
    fill_pages([page], tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert read_committed(page, tmp_path)[0].drawings["drawing"].natural_size
    template[0] += "\n## More\n\nOf {{ rows | length }} row.\n"
    fill_pages([page], tmp_path)
    assert "Of 1 row." in (tmp_path / "noise.md").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="was not made yet"):
        fill_pages([load_page("example")], tmp_path)


def test_old_figures_go(tmp_path: Path) -> None:
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "old.svg").write_text("<svg/>", encoding="utf-8")
    make_pages([PAGE], tmp_path, PageOptions())
    assert {path.name for path in (tmp_path / "noise").iterdir()} == {
        "chart.svg",
        "drawing.svg",
        "made.json",
        "noise.json",
    }
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<a href="noise.html">Title</a>' in index
    assert "data:image/svg+xml;base64," in index


def test_unknown_data_sets_are_refused_with_the_known_ones() -> None:
    check_data(["busi_32"], [PAGE])
    with pytest.raises(InputError, match=r"unknown data set 'busi32'; choose from busi_32$"):
        check_data(["busi32"], [PAGE])
    with pytest.raises(InputError, match="take none"):
        check_data(["busi_32"], [load_page("example")])


def test_dry_run_names_data_and_time_of_every_page(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--dry-run", "--output", str(tmp_path), "--json", "-"])
    assert result.exit_code == 0, result.output
    rows = {row["name"]: row for row in json.loads(result.stdout)["dry_run"]["reports"]}
    assert list(rows) == list(MODULES)
    assert rows["scaling"]["data"] == ["busi_256", "mvtec_grid_256"]
    assert all(row["minutes"] > 0 for row in rows.values())


def test_the_command_of_a_page_names_no_folder(tmp_path: Path) -> None:
    assert PageOptions(data={"busi_32": tmp_path}).command("shots") == "qpbae report shots --data busi_32=DIR"


def test_every_page_loads_and_an_unknown_one_is_refused() -> None:
    assert [load_page(name).name for name in MODULES] == list(MODULES)
    with pytest.raises(InputError, match="unknown report"):
        load_page("nothing")
