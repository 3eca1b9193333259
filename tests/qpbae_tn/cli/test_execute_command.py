"""`qpbae execute`: patches and whole images scored from shots, and what it refuses."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy.stats import norm

from qpbae_tn.data.images import read_image
from qpbae_tn.engines import make_engine
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.model.model import Model
from qpbae_tn.model.patches import PatchGrid

Program = Callable[..., Any]
SIDE, SHOTS = 16, 2000
FOUR_SIGMA = float(norm.ppf(1 - 1e-6))
"""Standard errors within which each of a few dozen estimates must lie."""


@pytest.fixture
def image(normal_folder: Path) -> Path:
    """An image that the model has not seen."""
    return normal_folder / "7.png"


@pytest.mark.parametrize("sampler", ["ideal", "mps", "noisy", "virtual"])
def test_patches_are_scored_beside_their_exact_values(
    qpbae: Program, run_folder: Path, image: Path, sampler: str
) -> None:
    model = Model.load(run_folder)
    pixels = read_image(image).resized(SIDE)
    grid = PatchGrid.over(pixels, 4, 4)
    result = qpbae(
        *("execute", run_folder, image, "--patch", 5, "--patch", 2, "--shots", SHOTS, "--sampler", sampler),
        *("--preparation", "exact", "--json", "-"),
    )
    assert result.status == 0, result.err
    document = result.document
    assert [row["patch"] for row in document["patches"]] == [5, 2]
    assert (document["target"], document["sampler"], document["readout"]) == ("willow_pink", sampler, "latent")
    states = grid.cut(pixels).reshape(grid.count, -1)[[5, 2]]
    states = states / np.linalg.norm(states, axis=1, keepdims=True)
    exact = make_engine("exact").reconstruction_fidelity(model.specification, model.angles, states)
    for row, value in zip(document["patches"], exact, strict=True):
        assert row["exact"] == pytest.approx(value, abs=1e-9)
        assert row["shots"] == SHOTS
        noise = row["exact"] - row["fidelity"]
        if sampler in ("ideal", "mps"):
            assert abs(noise) < FOUR_SIGMA * max(row["standard_error"], 1 / SHOTS)
        else:
            # 14 CZ on Willow lose a few percent of a fidelity near 1.
            assert FOUR_SIGMA * row["standard_error"] < noise < 0.3


def test_a_whole_image_becomes_two_maps(qpbae: Program, run_folder: Path, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps"
    result = qpbae(
        *("execute", run_folder, image, "--all", "--shots", SHOTS, "--sampler", "ideal", "--preparation", "exact"),
        *("--readout", "echo", "--output", out, "--json", "-"),
    )
    assert result.status == 0, result.err
    model, count = Model.load(run_folder), (SIDE // 4) ** 2
    assert len(result.document["patches"]) == count
    specification = replace(model.specification, stride=4)
    scorer = model_scorer(specification, model.angles, make_engine("exact"), "reconstruction")
    maps, _ = anomaly_maps(specification, read_image(image).resized(SIDE)[None], {"F": scorer})
    exact, measured = (tifffile.imread(out / f"map_{name}.tiff") for name in ("exact", "from_shots"))
    np.testing.assert_allclose(exact, maps["F"][0], atol=1e-6)
    assert measured.shape == (SIDE, SIDE)
    with (out / "patches.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["fidelity"]) for row in rows] == [row["fidelity"] for row in result.document["patches"]]
    with Image.open(out / "maps.png") as picture:
        assert picture.size == (3 * 256 + 2 * 8, 256)
    largest = max(row["standard_error"] for row in result.document["patches"])
    assert np.abs(measured - exact).max() < FOUR_SIGMA * largest / 2 + 1 / SHOTS


def test_dry_run_tells_the_shots_and_runs_none(qpbae: Program, run_folder: Path, image: Path, tmp_path: Path) -> None:
    result = qpbae("execute", run_folder, image, "--all", "--output", tmp_path / "maps", "--dry-run", "--json", "-")
    assert result.status == 0
    assert result.document["dry_run"] == {"patches": 16, "shots": 16_000}
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--patch", 0, "--shots", 0], ("0 shots", "give at least 1")),
        (["--patch", 0, "--shots", -3], ("-3 shots", "give at least 1")),
        (["--patch", 16], ("patch 16", "give 0 to 15")),
        (["--patch", -1], ("patch -1", "give 0 to 15")),
        ([], ("--patch I", "--all")),
        (["--patch", 0, "--all"], ("--patch I", "--all")),
        (["--patch", 0, "--output", "maps"], "--all"),
        (["--patch", 0, "--sampler", "real"], ("ideal", "mps", "noisy", "virtual")),
        (["--patch", 0, "--readout", "guess"], "latent"),
        (["--patch", 0, "--preparation", "none"], ("exact", "mps")),
        (["--patch", 0, "--bond", 0], "at least 1"),
        (["--patch", 0, "--target", "nowhere"], "willow_pink"),
        (["--patch", 0, "--target", "weber:cz"], ("weber", "cz")),
    ],
)
def test_bad_options_are_refused(
    refused: Callable[..., str], run_folder: Path, image: Path, arguments: list[object], words: object
) -> None:
    refused("execute", run_folder, image, *arguments, words=words)


def test_bad_files_are_refused(refused: Callable[..., str], run_folder: Path, image: Path, tmp_path: Path) -> None:
    refused("execute", tmp_path / "nothing", image, "--patch", 0, words="nothing")
    refused("execute", run_folder, tmp_path / "nothing.png", "--patch", 0, words="nothing.png")
    image.write_bytes(image.read_bytes()[:40])
    refused("execute", run_folder, image, "--patch", 0, words=image.name)
