"""A page is not replaced by one that shows less, and a mistyped data set is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qpbae_tn.analysis.pages import MODULES, NEEDS, OPTIONAL, Report, ReportOptions, check_data, data_held, make_reports
from qpbae_tn.cli.main import app
from qpbae_tn.errors import InputError
from qpbae_tn.report.page import Foot, Page


def make(options: ReportOptions) -> Page:
    foot = Foot(options.command("noise"), 0, "none", {})
    return Page("noise", "Noise", "Lead.", [], {"rows": [{"data": list(options.data)}]}, foot)


REPORT = Report("noise", "Noise", make, ("no-such-file",))


def test_a_page_does_not_lose_its_data_unasked(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    make_reports([REPORT], folder, {"busi_32": tmp_path}, 0)
    assert data_held(folder, "noise") == ["busi_32"]
    with pytest.raises(InputError, match=r"made with busi_32.*`data` busi_32=DIR, or `without_data`"):
        make_reports([REPORT], folder, {}, 0)
    make_reports([REPORT], folder, {"busi_32": tmp_path}, 0)
    make_reports([REPORT], folder, {}, 0, without_data=True)
    assert data_held(folder, "noise") == []
    make_reports([REPORT], folder, {}, 0)


def test_unknown_data_sets_are_refused_with_the_known_ones() -> None:
    check_data(["busi_32"], ["noise"])
    check_data(["busi_256", "busi_32"], list(MODULES))
    with pytest.raises(InputError, match=r"unknown data set 'busi32'; choose from busi_32$"):
        check_data(["busi32"], ["noise"])
    with pytest.raises(InputError, match="take none"):
        check_data(["busi_32"], ["resources"])


def test_dry_run_tells_data_and_time_of_every_page(tmp_path: Path) -> None:
    assert list(NEEDS) == list(MODULES)
    result = CliRunner().invoke(app, ["report", "--dry-run", "--output", str(tmp_path), "--json", "-"])
    assert result.exit_code == 0, result.output
    told = {row["name"]: row for row in json.loads(result.stdout)["dry_run"]["reports"]}
    assert list(told) == list(MODULES)
    assert told["scaling"]["data"] == ["busi_256", "mvtec_grid_256"]
    assert all(row["minutes"] > 0 for row in told.values())


def test_a_page_does_not_lose_the_figures_of_an_extra_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(options: ReportOptions) -> Page:
        return Page("noise", "Noise", "Lead.", [], {"rows": []}, Foot(options.command("noise"), 0, "none", extras))

    report, extras = Report("noise", "Noise", made, ("no-such-file",)), {"numpy": "2.0", "no_such_package": "1.2"}
    monkeypatch.setitem(OPTIONAL, "no_such_package", "an-extra")
    make_reports([report], tmp_path, {}, 0)
    with pytest.raises(InputError, match=r"made with no_such_package, which is not installed; .*\[an-extra\]"):
        make_reports([report], tmp_path, {}, 0)
    extras.clear()
    make_reports([report], tmp_path, {}, 0, without_data=True)
    make_reports([report], tmp_path, {}, 0)
