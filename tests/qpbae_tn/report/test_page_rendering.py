from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from qpbae_tn.analysis.pages import MODULES, Report, ReportOptions, input_hash, load_report, parse_data
from qpbae_tn.errors import InputError
from qpbae_tn.report.charts import line_chart
from qpbae_tn.report.page import Figure, Foot, Heading, Page, Table, Text
from qpbae_tn.report.render import rows_as_csv, write_index, write_page


def page() -> Page:
    rows = [{"name": "a<b", "value": {"value": 1.5, "low": 1, "high": 2}}, {"name": "c|d"}]
    return Page(
        name="demo",
        title="A & B",
        lead="One **bold** lead.",
        blocks=[
            Heading("Numbers"),
            Text("- a list"),
            Table(["name", "value"], [["a<b", "1.5"], ["c|d", ""]], "What it shows."),
            Figure("line", line_chart({"x": ([1, 2], [3, 4])}, "x", "y"), "A line."),
        ],
        document={"rows": rows},
        foot=Foot("qpbae report demo", 7, "none", {"python": "3"}),
        tables={"rows": rows_as_csv(rows)},
    )


def test_one_source_gives_markdown_html_and_data(tmp_path: Path) -> None:
    written = write_page(page(), tmp_path)
    assert {path.name for path in written} == {"demo.md", "demo.html", "demo.json", "rows.csv", "line.svg"}
    markdown = (tmp_path / "demo.md").read_text(encoding="utf-8")
    html = (tmp_path / "demo.html").read_text(encoding="utf-8")
    assert "| c\\|d |" in markdown
    assert "![A line.](demo/line.svg)" in markdown
    assert "a&lt;b" in html
    assert "<strong>bold</strong>" in html
    assert "A &amp; B" in html
    for text in (markdown, html):
        assert "qpbae report demo" in text
        assert "Seed 7" in text
    assert json.loads((tmp_path / "demo" / "demo.json").read_text(encoding="utf-8"))["rows"][0]["name"] == "a<b"
    with open(tmp_path / "demo" / "rows.csv", encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["name", "value.value", "value.low", "value.high"],
            ["a<b", "1.5", "1", "2"],
            ["c|d", "", "", ""],
        ]


def test_the_same_page_gives_the_same_bytes_and_old_charts_go(tmp_path: Path) -> None:
    first = {path: path.read_bytes() for path in write_page(page(), tmp_path)}
    (tmp_path / "demo" / "old.svg").write_text("<svg/>", encoding="utf-8")
    assert {path: path.read_bytes() for path in write_page(page(), tmp_path)} == first
    assert not (tmp_path / "demo" / "old.svg").exists()


def test_index_links_every_page(tmp_path: Path) -> None:
    html = write_index(tmp_path, [("demo", "A & B", "Its *lead*.")]).read_text(encoding="utf-8")
    assert '<a href="demo.html">A &amp; B</a>' in html
    assert "<em>lead</em>" in html


def test_the_hash_sees_code_and_not_wording(tmp_path: Path) -> None:
    source = tmp_path / "code.py"
    report = Report("x", "X", lambda _: page(), ("code.py",))
    source.write_text('"""Doc."""\ndef f():\n    """Doc."""\n    return 1  # one\n', encoding="utf-8")
    before = input_hash(report, tmp_path)
    source.write_text('"""Other words."""\ndef f():\n    """Others."""\n\n    return 1\n', encoding="utf-8")
    assert input_hash(report, tmp_path) == before
    source.write_text("def f():\n    return 2\n", encoding="utf-8")
    assert input_hash(report, tmp_path) != before


def test_data_options() -> None:
    assert parse_data(["a=."]) == {"a": Path()}
    with pytest.raises(InputError, match="NAME=DIR"):
        parse_data(["a"])
    with pytest.raises(InputError, match="no such folder"):
        parse_data(["a=nowhere-at-all"])


def test_the_command_of_a_page_names_no_folder(tmp_path: Path) -> None:
    assert ReportOptions(data={"busi_32": tmp_path}).command("shots") == "qpbae report shots --data busi_32=DIR"


def test_every_report_loads_and_an_unknown_one_is_refused() -> None:
    assert [load_report(name).name for name in MODULES] == list(MODULES)
    with pytest.raises(InputError, match="unknown report"):
        load_report("nothing")
