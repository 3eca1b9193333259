"""The terminal's tables of a noise study keep to 80 columns, and keep every column."""

from __future__ import annotations

import pytest

from qpbae_tn.cli.noise import _describe
from qpbae_tn.cli.reporter import Reporter


def row(target: str | None, readout: str) -> dict[str, object]:
    interval = {"value": 0.9301, "low": 0.9021, "high": 0.9492}
    return {
        "patch_size": 4,
        "target": target,
        "p": None if target else 0.05,
        "readout": readout,
        "response": {"slope": interval},
        "scatter_of_f": 0.0123,
        "shots_factor": 79032.2,
        "noisy": {"auroc": interval, "aupro": interval},
        "exact": {"auroc": interval, "aupro": {"value": None, "low": None, "high": None}},
    }


def test_80_columns_are_enough(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = [row("willow_pink", "ancilla_training"), row(None, "latent")]
    _describe({"rows": rows, "stage_rows": [], "training_rows": []}, Reporter(None))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    for text in ("willow_pink", "ancilla_training", "x7.9e+04", ".930 .902-.949"):
        assert text in shown
