import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qpbae_tn.analysis.noise.affine import AffineFit
from qpbae_tn.cli.main import app
from qpbae_tn.errors import InputError


def test_affine_fit_finds_and_undoes_a_line():
    exact = np.linspace(0.2, 1.0, 9)
    fit = AffineFit.of(exact, 0.1 + 0.4 * exact)
    assert (fit.slope, fit.intercept, fit.scatter) == pytest.approx((0.4, 0.1, 0.0), abs=1e-12)
    np.testing.assert_allclose(fit.undo(0.1 + 0.4 * exact), exact)


def test_command_writes_rows_and_a_correction_leaves_ranks(tmp_path):
    path = tmp_path / "noise.json"
    options = ["--patch-size", "4", "--p", "0.2", "--readout", "latent", "--patches", "20", "--test", "4"]
    result = CliRunner().invoke(app, ["noise", *options, "--json", str(path)])
    assert result.exit_code == 0, result.output
    document = json.loads(path.read_text())
    assert len(document["rows"]) == 2
    assert {row["source"] for row in document["stage_rows"]} >= {"preparation", "encoder", "measurement", "all"}
    for row in document["rows"]:
        assert row["corrected"]["auroc"]["value"] == pytest.approx(row["noisy"]["auroc"]["value"], abs=1e-6)
        assert row["method"].startswith("exact")
        assert 0 < row["response"]["slope"]["low"] <= row["response"]["slope"]["high"] < 1
    device = document["rows"][1]
    alarms = device["false_alarms_noisy"]
    assert alarms["low"] <= alarms["value"] <= alarms["high"]
    assert device["false_alarms_corrected"]["value"] <= alarms["value"]


@pytest.mark.parametrize(
    "options",
    [
        ["--p", "2"],
        ["--p", "x"],
        ["--target", "nowhere"],
        ["--readout", "none"],
        ["--preparation", "none"],
        ["--p", "none", "--target", "none"],
        ["--patch-size", "8", "--target", "none"],
    ],
)
def test_wrong_options_are_refused(options):
    result = CliRunner().invoke(app, ["noise", *options, "--dry-run"])
    assert isinstance(result.exception, InputError)
    assert len(str(result.exception).splitlines()) == 1
