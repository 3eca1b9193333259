"""`qpbae estimate` on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qpbae_tn.cli.main import app
from qpbae_tn.errors import InputError

SMALL = ["estimate", "--patch-size", "2,4", "--readout", "latent,direct", "--target", "all"]


def test_json_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    files = {name: tmp_path / f"rows.{name}" for name in ("json", "csv")}
    result = CliRunner().invoke(app, [*SMALL, "--json", str(files["json"]), "--csv", str(files["csv"])])
    assert result.exit_code == 0, result.output
    document = json.loads(files["json"].read_text())
    with files["csv"].open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(document["rows"]) == 2 * 2 * 3
    for line, row in zip(lines, document["rows"], strict=True):
        assert line["configuration.readout"] == row["configuration"]["readout"]
        assert int(line["reduced.two_qubit_gates"]) == row["reduced"]["two_qubit_gates"]
    assert document["assumptions"]["standard_error"] == 0.01


def test_formulas_are_printed_as_text_and_latex() -> None:
    result = CliRunner().invoke(app, ["estimate", "--formulas"])
    assert result.exit_code == 0
    assert "-BD + 4*n" in result.output
    assert "$- B_D + 4 n$" in result.output


def test_dry_run_counts_rows() -> None:
    result = CliRunner().invoke(app, [*SMALL, "--dry-run", "--json", "-"])
    assert json.loads(result.stdout)["dry_run"]["rows"] == 12


@pytest.mark.parametrize(
    "options",
    [
        ["--patch-size", "3"],
        ["--patch-size", "four"],
        ["--patch-size", ","],
        ["--readout", "guess"],
        ["--preparation", "mps:0.99"],
        ["--target", "nowhere"],
        ["--bottleneck", "0"],
        ["--place", "maybe"],
        ["--fidelity", "0.99"],
        ["--standard-error", "0"],
        ["--shot-period", "tomorrow"],
    ],
)
def test_wrong_options_name_themselves(options: list[str]) -> None:
    result = CliRunner().invoke(app, ["estimate", *options], standalone_mode=False)
    assert isinstance(result.exception, InputError)
    assert options[0] in str(result.exception)


def test_a_setting_out_of_range_names_its_option() -> None:
    result = CliRunner().invoke(app, ["estimate", "--stride", "0"])
    assert result.exit_code == 2
    assert "--stride" in result.output
