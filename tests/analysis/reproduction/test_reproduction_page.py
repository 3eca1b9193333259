"""The page on a folder made here in the layout of MVTec-AD, and what it says of the authors' files."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qpbae_tn.analysis.pages import differences, fill_page, load_page, read_committed
from qpbae_tn.analysis.reproduction.authors import image_count, read_losses, read_metrics
from qpbae_tn.analysis.reproduction.departures import CHANGES
from qpbae_tn.analysis.reproduction.measurements import measurements
from qpbae_tn.analysis.reproduction.report import PAGE, result, run_or_read
from qpbae_tn.errors import InputError
from qpbae_tn.report.content import Made
from qpbae_tn.report.template import Filled
from qpbae_tn.study.sources import open_sources
from qpbae_tn.study.specification import Study, read_study
from qpbae_tn.study.tables import StudyResults
from qpbae_tn.study.work import run_study
from qpbae_tn.study.workers import InProcess


@pytest.fixture(scope="module")
def leather(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many training images as MVTec-AD's leather has, so that the authors' index lists fit; 32 px, made here."""
    root = tmp_path_factory.mktemp("mvtec") / "leather"
    rng = np.random.default_rng(3)
    for folder, count in (("train/good", 245), ("test/good", 3), ("test/cut", 6)):
        (root / folder).mkdir(parents=True)
        for number in range(count):
            pixels = 120 + 25 * np.sin(np.arange(32) / 2 + rng.uniform(0, 6))[:, None] + rng.normal(0, 8, (32, 32))
            if folder == "test/cut":
                mask = np.zeros((32, 32), dtype=np.uint8)
                y, x = rng.integers(2, 20, 2)
                mask[y : y + 3, x : x + 10] = 255
                pixels[mask > 0] *= 0.2
                (root / "ground_truth/cut").mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask).save(root / f"ground_truth/cut/{number:03d}_mask.png")
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(root / folder / f"{number:03d}.png")
    return root


def reduced(name: str, **changes: object) -> Study:
    """A preset with a smaller grid."""
    return Study.from_document({**read_study(name).document, **changes}, name)


@pytest.fixture(scope="module")
def runs(leather: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two studies, each with a few of its configurations."""
    folder = tmp_path_factory.mktemp("runs")
    record = {"resamples": 5, "curves": True, "subset_images": 6, "subset_draws": 10}
    sizes = [{"patch_size": 2, "stride": 2, "bottleneck": 1}, {"patch_size": 4, "stride": [2, 4], "bottleneck": 1}]
    paper = reduced("paper", grid=[*sizes, {"patch_size": 8, "stride": 8, "detector": "classical"}], record=record)
    document = dict(read_study("departures").document)
    documents = {"departures": {**document, "data": {"leather": {"title": "Leather"}}, "seeds": [123]}}
    documents["departures"]["record"] = {"resamples": 0, "legacy_aupro": True}
    documents["departures"]["defaults"] = {**document["defaults"], "epochs": 1, "test": 8}
    for study in (paper, Study.from_document(documents["departures"], "departures")):
        sources = open_sources(study, {"leather": str(leather)})
        progress = run_study(study, sources, folder / study.name / "results.jsonl", InProcess())
        assert not progress.failed
    return folder


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files in the form of the authors'."""
    folder = tmp_path_factory.mktemp("authors")
    losses = "".join(f"{epoch},{0.3 / (epoch + 1)},tensor({0.31 / (epoch + 1):.4f})\n" for epoch in range(20))
    (folder / "leather_KS4_ST2_BD1_s456_losses.csv").write_text(f",train_loss,val_loss\n{losses}")
    header = ",threshold,mean_acc,std_acc,mean_dice,std_dice,mean_iou,std_iou,mean_aupro,std_aupro,mean_auroc,std_auroc"
    row = "0,0.97,0.8,0.1,0.3,0.1,0.2,0.1,0.9,0.01,0.95,0.01"
    (folder / "leather_KS4_ST2_BD1_metrics.csv").write_text(f"{header}\n{row}\n")
    share = 1234 / (7 * 32 * 32)
    row = f"0,0.999,{share},0,0.2,0,{share + 1e-10},0,0.7,0.01,0.7,0.01"
    (folder / "CLASSICAL_busi_KS8_ST2_metrics.csv").write_text(f"{header}\n{row}\n")
    return folder


def page_of(runs: Path, authors: Path | None) -> tuple[dict[str, Any], Filled]:
    """The page's document, as it is read back, and its text."""
    paper = StudyResults.read(runs / "paper")
    found = result(paper, StudyResults.read(runs / "departures"), measurements(paper, {}, authors))
    document = json.loads(json.dumps(found.document, allow_nan=False))
    filled, _, _ = fill_page(PAGE, replace(found, document=document))
    return document, filled


def test_the_page_stands_beside_the_papers_tables(runs: Path, authors: Path) -> None:
    document, filled = page_of(runs, authors)
    text = filled.markdown(Made("qpbae report reproduction", 0, {}, {}))
    for heading in ("What was run", "Tables I to III", "Fig. 5", "Fig. 6", "Fig. 4", "The authors' loss curves"):
        assert f"## {heading}" in text
    # Table II, leather, S = 2, BD = 1, as the paper prints it.
    assert "| 0.951 | 0.004 |" in text
    assert "| carpet |  |  |  |  | 0 |" in text
    assert "Not run: carpet, wood, busi, grid." in text
    pairs = [row for row in document["comparison"] if row["metric"] == "auroc"]
    assert [(row["patch_size"], row["stride"]) for row in pairs] == [(2, 2), (4, 2), (4, 4)]
    for row in pairs:
        combined = np.hypot(row["ours_std"], row["paper_std"])
        assert row["sigmas"] == pytest.approx((row["ours"] - row["paper"]) / combined)
        assert abs(row["sigmas_with_subsets"]) < abs(row["sigmas"])
    changes = document["departures"]["changes"]
    assert {row["change"] for row in changes} == {*CHANGES, "classical 64-4-4-64 instead of 64-4-64"}
    assert all(abs(row["auroc"]) < 1 and row["data"] == "leather" for row in changes)
    assert document["measured"]["losses"][0]["seed"] == 456
    assert document["measured"]["test_images"] == [7, 1234]
    assert "whole numbers of pixels (1,234) of 7 images" in " ".join(filled.prose.split())
    assert not list(differences(*map(list, zip(*PAGE.recompute(document), strict=True))))


def test_a_changed_number_of_the_paper_is_found(runs: Path) -> None:
    document, filled = page_of(runs, None)
    assert "result files were not given" in filled.prose
    document["comparison"][0]["paper"] += 0.01
    assert list(differences(*map(list, zip(*PAGE.recompute(document), strict=True))))


def test_baselines_stand_beside_the_model_of_their_sizes(runs: Path) -> None:
    document, _ = page_of(runs, None)
    table = PAGE.content(document).tables["baselines_leather"]
    rows = {(row["detector"], row["patch_size"], row["stride"]): row for row in document["rows"]}
    assert table[["P", "S"]].values.tolist() == [[2, 2], [4, 2], [4, 4]]
    assert table["quantum AUPRO"].tolist() == [
        rows["quantum", p, s]["aupro"]["mean"] for p, s in ((2, 2), (4, 2), (4, 4))
    ]
    assert table["classical AUPRO"].isna().all()


def test_the_losses_are_halved(runs: Path, authors: Path) -> None:
    from qpbae_tn.analysis.reproduction.authors import loss_rows

    paper = StudyResults.read(runs / "paper")
    (row,) = loss_rows(read_losses(authors), paper)
    one = paper.one(detector="quantum", patch_size=4, stride=2)
    assert one is not None
    assert row["train_ours"] == [loss / 2 for loss in one.results[1]["values"]["losses"]]
    assert row["train_theirs"][0] == 0.3
    assert row["validation_theirs"][0] == 0.31
    differences = np.abs(np.subtract(row["train_ours"], row["train_theirs"]))
    assert row["largest_train_difference"] == differences.max()


def test_the_authors_files_are_read(authors: Path, tmp_path: Path) -> None:
    (one,) = read_metrics(authors)
    sizes = {"data": "leather", "patch_size": 4, "stride": 2, "bottleneck": 1}
    assert one == {**sizes, "aupro": 0.9, "auroc": 0.95, "dice": {0.97: 0.3}}
    assert image_count(authors) == (7, 1234)
    assert image_count(tmp_path) is None
    (tmp_path / "leather_KS4_ST2_BD1_s456_losses.csv").write_text(",train_loss,val_loss\n0,abc,tensor(0.1)\n")
    with pytest.raises(InputError, match="'abc' is not a number"):
        read_losses(tmp_path)


def test_the_report_is_registered_and_asks_for_data(tmp_path: Path) -> None:
    assert load_page("reproduction") is PAGE
    with pytest.raises(InputError, match="`data` carpet=DIR"):
        run_or_read("paper", {"elsewhere": tmp_path}, tmp_path / "runs")


@pytest.mark.skipif("QPBAE_TEST_DATA" not in os.environ, reason="no real images")
def test_a_row_of_the_committed_page_is_what_busi_gives_now(tmp_path: Path) -> None:
    """P = 8, S = 8, BD = 1, the fastest configuration, over all three seeds."""
    folder = Path(os.environ["QPBAE_TEST_DATA"]) / "busi_32"
    sizes = {"patch_size": 8, "stride": 8, "bottleneck": 1}
    study = reduced("paper", grid=[sizes], record={"resamples": 0})
    sources = open_sources(study, {"busi": str(folder)})
    assert not run_study(study, sources, tmp_path / "results.jsonl", InProcess()).failed
    now = StudyResults.read(tmp_path / "results.jsonl").one(detector="quantum", **sizes)
    root = Path(__file__).parents[3] / "reports"
    rows = read_committed(PAGE, root)[0].document["rows"]
    (row,) = (one for one in rows if {"data": "busi", "detector": "quantum", **sizes}.items() <= one.items())
    assert now is not None
    for metric in ("auroc", "aupro"):
        spread = now.metric(metric)
        assert spread is not None
        assert (spread.mean, spread.std) == pytest.approx((row[metric]["mean"], row[metric]["std"]), rel=1e-6)
