"""Against the files that the authors published, on the real images: loss curves and their AUPRO."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qpbae_tn.analysis.reproduction.authors import image_count, loss_rows, read_losses, read_metrics
from qpbae_tn.study.presets import paper_cells
from qpbae_tn.study.sources import open_sources
from qpbae_tn.study.specification import Study
from qpbae_tn.study.tables import StudyResults
from qpbae_tn.study.work import run_study
from qpbae_tn.study.workers import InProcess

DOCUMENT = {
    "name": "files",
    "seeds": [123, 456],
    "data": {"busi": {"title": "BUSI"}},
    "defaults": {"init": "authors", "split": "authors", "test": 99, "bottleneck": 1},
    "grid": [{"patch_size": 8, "stride": 4}, {"patch_size": 4, "stride": 1, "seed": 123}],
    "record": {"resamples": 0, "curves": False, "legacy_aupro": True},
}


@pytest.fixture(scope="module")
def authors(reference: Path) -> Path:
    return reference / "authors_results"


@pytest.fixture(scope="session")
def ours(real_images: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    """A few runs with the authors' angles and index lists."""
    folder = tmp_path_factory.mktemp("files")
    study = Study.from_document(DOCUMENT, "files")
    sources = open_sources(study, {"busi": str(real_images / "busi_32")})
    progress = run_study(study, sources, folder / "results.jsonl", InProcess())
    assert (progress.done, progress.failed) == (3, {})
    return StudyResults.read(folder)


def test_half_of_our_loss_is_theirs(authors: Path, ours: StudyResults) -> None:
    """On their scale, half of Eq. 8, from their angles; the hundred images need not be the same, so within a tenth."""
    rows = loss_rows(read_losses(authors), ours)
    assert {row["seed"] for row in rows} == {123, 456}
    for row in rows:
        # The first epoch is of the angles more than of the images.
        assert row["train_ours"][0] == pytest.approx(row["train_theirs"][0], rel=0.01)
        np.testing.assert_allclose(row["train_ours"], row["train_theirs"], rtol=0.1)
        assert row["largest_train_difference"] < 0.004
        assert row["largest_validation_difference"] < 0.013


def test_their_files_are_of_99_images(authors: Path) -> None:
    assert image_count(authors) == (99, 8812)


def test_their_aupro_is_the_area_without_a_limit(authors: Path, ours: StudyResults) -> None:
    """Their AUPRO stands to their AUROC as ours without a limit does to ours; up to 0.3 it would be far smaller."""
    table = {(c.category, c.patch_size, c.stride, c.bottleneck): c.values["aupro"][0] for c in paper_cells()}
    read = read_metrics(authors)
    files = {(one["data"], one["patch_size"], one["stride"]): one for one in read if one["bottleneck"] == 1}
    for patch_size, stride in ((8, 4), (4, 1)):
        one = ours.one(patch_size=patch_size, stride=stride)
        theirs = files["busi", patch_size, stride]
        assert one is not None
        auroc, aupro = one.metric("auroc"), one.metric("aupro")
        limited, whole = (one.spread("legacy_aupro", key) for key in ("fpr_limit_0.3", "fpr_limit_1"))
        assert auroc is not None
        assert aupro is not None
        assert limited is not None
        assert whole is not None
        assert theirs["aupro"] - theirs["auroc"] == pytest.approx(whole.mean - auroc.mean, abs=0.03)
        assert limited.mean == pytest.approx(aupro.mean, abs=0.002)
        assert theirs["aupro"] > table["busi", patch_size, stride, 1] + 0.2
        assert whole.mean > limited.mean + 0.2
