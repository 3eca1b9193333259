"""The authors' setting on real images, through the command line, against figures of two independent implementations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_the_authors_setting_on_busi(qpbae, real_images: Path, reference: Path) -> None:
    angles = json.loads((reference / "initial_angles.json").read_text())["123"]["4"]
    split = json.loads((reference / "splits_seed123.json").read_text())["133"]
    Path("angles.json").write_text(json.dumps(angles))
    Path("split.json").write_text(json.dumps(split))
    options = ("--patch-size", 4, "--stride", 1, "--bottleneck", 1, "--epochs", 20, "--output", "run")
    files = ("--split", "split.json", "--initial-angles", "angles.json")
    trained = qpbae("train", "--data", real_images / "busi_32", *options, *files, "--json", "train.json")
    assert trained.status == 0
    document = json.loads(Path("train.json").read_text())
    history = document["history"]
    assert len(history) == 20
    assert history[0]["loss"] == pytest.approx(0.559, abs=0.0005)
    assert history[-1]["loss"] == pytest.approx(0.0483, abs=0.0005)
    assert history[-1]["validation_loss"] == pytest.approx(0.0593, abs=0.0005)
    assert document["ceiling_loss"] == pytest.approx(0.0294, abs=0.0001)
    assert (document["parameters"], document["effective_parameters"]) == (6, 3)
    assert document["ceiling_loss"] < document["product_ceiling_loss"] <= history[-1]["loss"]

    chosen = ("--baselines", "dc_overlap,patch_pca", "--json", "evaluate.json")
    evaluated = qpbae("evaluate", "run", "--data", real_images / "busi_32", *chosen)
    assert evaluated.status == 0
    document = json.loads(Path("evaluate.json").read_text())
    assert document["test_images"] == 647
    assert document["metrics"]["auroc"]["value"] == pytest.approx(0.7246, abs=0.002)
    assert document["metrics"]["aupro"]["value"] == pytest.approx(0.4033, abs=0.003)
    # A detector without any training comes close.
    assert document["baselines"]["dc_overlap"]["auroc"]["value"] == pytest.approx(0.72, abs=0.01)
    assert document["baselines"]["dc_overlap"]["aupro"]["value"] == pytest.approx(0.39, abs=0.01)
