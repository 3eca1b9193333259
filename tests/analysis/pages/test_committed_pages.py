"""The committed pages: none needs the network, all open in a browser without errors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from qpbae_tn.analysis.pages import MODULES

ROOT = Path(__file__).parents[3]
REPORTS = ROOT / "reports"
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
    markdown = (REPORTS / f"{name}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", markdown):
        assert target.startswith("http") or (REPORTS / target).exists(), target
    assert f'href="{name}.html"' in (REPORTS / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"/(work|home|root|tmp|Users)/", markdown)


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
