from __future__ import annotations

from pathlib import Path

from PIL import Image

from qpbae_tn.analysis.example.report import REPORT
from qpbae_tn.analysis.pages import ReportOptions
from qpbae_tn.report.render import write_page


def test_the_example_is_a_page_with_a_picture_that_opens(tmp_path: Path) -> None:
    page = REPORT.make(ReportOptions())
    written = write_page(page, tmp_path)
    assert {path.name for path in written} >= {"example.md", "example.html", "example.json", "maps.png"}
    with Image.open(tmp_path / "example" / "maps.png") as picture:
        assert picture.width > 600
    assert "data:image/png;base64," in (tmp_path / "example.html").read_text(encoding="utf-8")
    row = page.document["rows"][0]
    assert row["detector"] == "model"
    assert row["auroc"]["low"] <= row["auroc"]["value"] <= row["auroc"]["high"]
