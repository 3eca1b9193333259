"""The committed pages: none needs the network, all open in a browser without errors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from qpbae_tn.analysis.pages import MODULES, differences, fill_page, load_page, read_committed, read_made

ROOT = Path(__file__).parents[3]
REPORTS = ROOT / "reports"
MADE = ("example", "detection", "expressivity", "scaling", "hardware", "resources", "reproduction")
SENTENCES, WORDS = 5, 2000
PAGES = sorted(REPORTS.glob("*.html"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--log-level=0",
    "--virtual-time-budget=2000",
    "--dump-dom",
]


@pytest.mark.parametrize("name", MODULES)
def test_page_is_complete(name: str) -> None:
    document = json.loads((REPORTS / name / f"{name}.json").read_text(encoding="utf-8"))
    assert document["rows"]
    made = read_made(REPORTS, name)
    assert made is not None
    assert (REPORTS / name / made["picture"]).is_file()
    markdown = (REPORTS / f"{name}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", markdown):
        assert target.startswith("http") or (REPORTS / target).exists(), target
    assert f'href="{name}.html"' in (REPORTS / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"/(work|home|root|tmp|Users)/", markdown)


@pytest.mark.parametrize("name", MADE)
def test_numbers_are_what_the_inputs_give_now(name: str) -> None:
    """Parts of each page's numbers are computed again: a page whose inputs changed has to be made again."""
    page = load_page(name)
    compared = list(page.recompute(read_committed(page, REPORTS)[0].document))
    assert compared
    assert list(differences(*zip(*compared, strict=True))) == []


@pytest.mark.parametrize("name", MADE)
def test_text_is_what_the_template_gives_now(name: str) -> None:
    """`qpbae report NAME --words` fills a template again with the committed numbers."""
    page = load_page(name)
    result, made = read_committed(page, REPORTS)
    filled, _, _ = fill_page(page, result)
    assert filled.markdown(made) == (REPORTS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MADE)
def test_page_is_short_and_says_what_its_figures_show(name: str) -> None:
    page = load_page(name)
    filled, _, _ = fill_page(page, read_committed(page, REPORTS)[0])
    assert len(re.findall(r"[.!?](?:\s|$)", filled.summary_text)) <= SENTENCES
    assert len(filled.prose.split()) <= WORDS
    html = (REPORTS / f"{name}.html").read_text(encoding="utf-8")
    figures = re.findall(r"<figure>.{40}", html, re.DOTALL)
    assert len(figures) == len(
        re.findall(r'<figure>(?:<div role="img" aria-label|<img src="[^"]*" alt)="[^"]{20,}"', html)
    )


def test_a_number_that_changed_is_found() -> None:
    old = {"rows": [{"gates": 124, "loss": 0.25, "name": "a"}]}
    assert list(differences(old, {"rows": [{"gates": 124, "loss": 0.25 * (1 + 1e-9), "name": "a"}]})) == []
    assert list(differences(old, {"rows": [{"gates": 248, "loss": 0.25, "name": "a"}]})) == [
        ".rows[0].gates: 124 is 248 now"
    ]
    assert len(list(differences(old, {"rows": [{"gates": 124, "loss": 0.2501}]}))) == 2
    assert len(list(differences(old, {"rows": []}))) == 1


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_loads_nothing_from_elsewhere(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    assert not re.search(r'(src|xlink:href)="(?!data:|#)', html)
    assert not re.search(r"<link[^>]+href=\"(?!data:)", html)
    assert "<script" not in html
    assert "@import" not in html


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_opens_without_console_errors(path: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", path.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "<h1>" in result.stdout
    assert "CONSOLE" not in result.stderr, result.stderr
