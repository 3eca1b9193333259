"""What the commands write when all is well."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from qpbae_tn import __version__
from qpbae_tn.model.model import Model
from qpbae_tn.output import draft_folder

SMALL = ("--image-size", 16, "--epochs", 2, "--bottleneck", 1)
METRIC_NAMES = {
    *("auroc", "aupro", "average_precision", "best_f1", "image_auroc"),
    *(f"{overlap}_{how}" for overlap in ("dice", "iou") for how in ("paper", "defective", "pooled")),
}
BASELINES = {"dc_overlap", "patch_pca", "untrained", "classical", "walsh", "mahalanobis"}


def check_training(document: dict[str, Any], epochs: int = 2) -> None:
    assert [record["epoch"] for record in document["history"]] == list(range(1, epochs + 1))
    assert all(set(record) == {"epoch", "loss", "validation_loss"} for record in document["history"])
    assert 0 <= document["ceiling_loss"] <= document["history"][-1]["loss"] <= 1
    assert document["parameters"] == 6
    assert document["effective_parameters"] == 3


def check_evaluation(document: dict[str, Any]) -> None:
    assert set(document["baselines"]) >= BASELINES
    assert set(document["differences"]) == set(document["baselines"])
    for name, differences in document["differences"].items():
        for metric in METRIC_NAMES:
            own, other = document["metrics"][metric]["value"], document["baselines"][name][metric]["value"]
            assert differences[metric]["value"] == pytest.approx(own - other)
            assert differences[metric]["low"] <= differences[metric]["high"]
    for name, detector in {"model": document["metrics"], **document["baselines"]}.items():
        assert set(detector) >= METRIC_NAMES | {"threshold"}
        assert detector["threshold"] >= 0
        assert name in ("walsh", "mahalanobis") or detector["threshold"] <= 0.5
        for metric in METRIC_NAMES:
            assert set(detector[metric]) == {"value", "low", "high"}
            assert 0 <= detector[metric]["low"] <= detector[metric]["high"] <= 1


def test_train(qpbae, data_folder: Path) -> None:
    result = qpbae("train", "--data", data_folder, *SMALL, "--output", "out", "--json", "train.json")
    assert (result.status, result.err) == (0, "")
    assert "Model written to out" in result.out
    document = json.loads(Path("train.json").read_text())
    check_training(document)
    assert document.pop("qpbae_tn_version") == __version__
    assert document == {**json.loads(Path("out/train.json").read_text()), "output": "out"}
    assert sorted(path.name for path in Path("out").iterdir()) == [".qpbae", "model.json", "train.json"]
    model = Model.load(Path("out"))
    assert model.provenance["history"] == document["history"]
    assert model.provenance["data"]["data_set"] == "data"
    assert set(model.thresholds) == {"reconstruction", "trash"}
    assert str(data_folder) not in Path("out/model.json").read_text()


def test_evaluate(qpbae, run_folder: Path, data_folder: Path) -> None:
    result = qpbae("evaluate", run_folder, "--data", data_folder, "--output", "out", "--json", "-")
    assert result.status == 0
    check_evaluation(result.document)
    assert result.document["test_images"] == 6
    assert result.document["defective_images"] == 4
    rows = list(csv.DictReader(Path("out/scores.csv").read_text().splitlines()))
    assert [row["defective"] for row in rows] == ["0", "0", "1", "1", "1", "1"]
    assert len(list(Path("out/maps").glob("*.png"))) == 6
    some = qpbae("evaluate", run_folder, "--data", data_folder, "--test", 3, "--json", "-", "--baselines", "none")
    assert some.document["classes"] == {"good": 1, "spot": 2}
    assert some.document["baselines"] == {}


def test_evaluate_by_another_threshold_and_score(qpbae, run_folder: Path, data_folder: Path) -> None:
    start = ("evaluate", run_folder, "--data", data_folder, "--json", "-", "--baselines", "dc_overlap")
    given = qpbae(*start, "--threshold", 0.125).document
    assert given["metrics"]["threshold"] == 0.125
    assert given["baselines"]["dc_overlap"]["threshold"] != 0.125
    trash = qpbae(*start, "--score", "trash").document
    assert trash["metrics"]["threshold"] == Model.load(run_folder).thresholds["trash"]
    assert trash["score"] == "trash"


def test_evaluate_without_training_images(qpbae, run_folder: Path, data_folder: Path) -> None:
    shutil.rmtree(data_folder / "train")
    document = qpbae("evaluate", run_folder, "--data", data_folder, "--json", "-").document
    assert {"dc_overlap", "untrained"} <= set(document["baselines"])
    assert {"patch_pca", "classical"} <= set(document["baselines_left_out"])


def test_run_and_its_repetition(qpbae, data_folder: Path) -> None:
    first, second = (qpbae("run", "--data", data_folder, *SMALL, "--json", f"{n}.json") for n in "ab")
    assert (first.status, first.err) == (second.status, second.err) == (0, "")
    document = json.loads(Path("a.json").read_text())
    check_training(document["train"])
    check_evaluation(document["evaluate"])
    folder, twin = Path("runs/data-p4-s1-bd1"), Path("runs/data-p4-s1-bd1-2")
    assert Path(document["output"]) == folder
    names = {path.name for path in folder.iterdir()}
    assert names >= {".qpbae", "evaluate.json", "maps", "model.json", "report.html", "scores.csv", "train.json"}
    assert max(map(len, first.out.splitlines())) <= 80
    assert "…" not in first.out
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("train.json", "report.html"):
            assert path.read_bytes() == (twin / path.relative_to(folder)).read_bytes(), path
    # What differs is the command line and the time that training took.
    pages = [re.sub(r"\w\.json|\d+\.\d+ s", "", (place / "report.html").read_text()) for place in (folder, twin)]
    assert pages[0] == pages[1]


def test_segment_keeps_each_image_at_its_own_size(qpbae, run_folder: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, shape in (("wide", (20, 33)), ("tall", (40, 9))):
        Image.fromarray(rng.integers(0, 255, shape, dtype=np.uint8)).save(tmp_path / f"{name}.png")
    for native in ((), ("--native",)):
        result = qpbae(
            "segment", run_folder, tmp_path / "wide.png", tmp_path / "tall.png", *native, "--output", "out", "--force",
            "--json", "-",
        )  # fmt: skip
        assert result.status == 0
        rows = list(csv.DictReader(Path("out/scores.csv").read_text().splitlines()))
        assert [row["image"] for row in rows] == ["wide.png", "tall.png"]
        for row, told, shape in zip(rows, result.document["images"], [(20, 33), (40, 9)], strict=True):
            stem = row["image"].removesuffix(".png")
            found = tifffile.imread(f"out/{stem}_map.tiff")
            assert found.shape == shape
            assert found.dtype == np.float32
            assert np.isclose(float(row["score"]), found.max(), atol=1e-6)
            assert np.isclose(float(row["anomalous_fraction"]), (found > float(row["threshold"])).mean(), atol=2e-3)
            assert {key: str(value) for key, value in told.items()} == row
            with Image.open(f"out/{stem}_overlay.png") as overlay:
                assert (overlay.mode, overlay.size) == ("RGB", shape[::-1])


def test_the_same_seed_gives_the_same_bytes(qpbae, data_folder: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert qpbae("train", "--data", data_folder, *SMALL, "--seed", seed, "--output", name).status == 0
    assert Path("a/model.json").read_bytes() == Path("b/model.json").read_bytes()
    assert Path("a/model.json").read_bytes() != Path("c/model.json").read_bytes()


def test_angles_and_split_from_files(qpbae, data_folder: Path) -> None:
    angles = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    Path("angles.json").write_text(json.dumps(angles))
    Path("split.json").write_text(json.dumps({"train": [5, 1, 3], "val": [0, 7]}))
    result = qpbae(
        "train", "--data", data_folder, "--initial-angles", "angles.json", "--split", "split.json", "--epochs", 0,
        "--image-size", 16, "--bottleneck", 1, "--json", "-",
    )  # fmt: skip
    assert result.status == 0
    assert result.document["angles"] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert result.document["history"] == []
    assert result.document["provenance"]["split"] == {"train": [5, 1, 3], "val": [0, 7]}
    layers = qpbae(
        "train", "--data", data_folder, "--layers", 2, "--initial-angles", "two.json", "--image-size", 16, "--dry-run"
    )
    assert layers.status == 2
    Path("two.json").write_text(json.dumps([angles, angles]))
    layers = qpbae(
        "train", "--data", data_folder, "--layers", 2, "--initial-angles", "two.json", "--image-size", 16,
        "--epochs", 0, "--json", "-",
    )  # fmt: skip
    assert layers.document["angles"] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] * 2


@pytest.mark.parametrize("block", ["ry", "so4"])
@pytest.mark.parametrize("ansatz", ["staircase", "brick"])
def test_every_ansatz_trains(qpbae, normal_folder: Path, ansatz: str, block: str) -> None:
    document = qpbae(
        "train", "--data", normal_folder, "--ansatz", ansatz, "--block", block, "--layers", 2, "--trash", "last",
        "--pixel-order", "morton", "--init", "dc", "--image-size", 16, "--epochs", 3, "--json", "-",
    ).document  # fmt: skip
    assert document["specification"]["ansatz"]["name"] == ansatz
    assert document["history"][-1]["loss"] < document["history"][0]["loss"]


def test_the_engines_train_alike(qpbae, normal_folder: Path) -> None:
    start = (
        "train",
        "--data",
        normal_folder,
        "--image-size",
        8,
        "--stride",
        4,
        "--epochs",
        1,
        "--train",
        4,
        "--json",
        "-",
    )
    exact, qsim = (qpbae(*start, "--engine", engine).document for engine in ("exact", "qsim"))
    # Angles differ along directions that the loss does not see, where Adam blows up the rounding of single precision.
    for key in ("loss", "validation_loss"):
        found, wanted = ([record[key] for record in document["history"]] for document in (qsim, exact))
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert qsim["provenance"]["engine"] == "qsim"


def test_force_replaces_what_qpbae_wrote_and_nothing_else(qpbae, normal_folder: Path) -> None:
    start = ("train", "--data", normal_folder, *SMALL, "--output", "out")
    assert qpbae(*start).status == 0
    first = Path("out/model.json").read_bytes()
    assert qpbae(*start, "--seed", 1).status == 2
    assert Path("out/model.json").read_bytes() == first
    Path("out/surplus").write_text("x")
    assert qpbae(*start, "--seed", 1, "--force").status == 0
    assert Path("out/model.json").read_bytes() != first
    assert not Path("out/surplus").exists()
    Path("out/.qpbae").unlink()
    assert qpbae(*start, "--force").status == 2
    Path("bare").mkdir()
    os.symlink("bare", "link")
    assert qpbae(*start[:-1], "link", "--force").status == 0
    assert Path("link").is_symlink()
    assert Path("bare/model.json").exists()
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


def test_runs_without_a_name_are_numbered(qpbae, normal_folder: Path) -> None:
    outputs = [qpbae("train", "--data", normal_folder, *SMALL, "--json", "-").document["output"] for _ in range(3)]
    assert outputs == [f"runs/normal-p4-s1-bd1{suffix}" for suffix in ("", "-2", "-3")]


def test_a_name_that_is_taken_meanwhile(tmp_path: Path) -> None:
    with draft_folder(tmp_path / "out", numbered=True) as first:
        with draft_folder(tmp_path / "out", numbered=True) as second:
            pass
        assert second.folder == tmp_path / "out"
    assert first.folder == tmp_path / "out-2"


def test_dry_runs_write_nothing(qpbae, data_folder: Path, run_folder: Path) -> None:
    for start in (
        ("train", "--data", data_folder),
        ("train", "--data", data_folder, "--engine", "qsim"),
        ("run", "--data", data_folder),
        ("evaluate", run_folder, "--data", data_folder),
        ("segment", run_folder, data_folder / "train/good/0.png"),
    ):
        result = qpbae(*start, "--dry-run", "--json", "-")
        assert result.status == 0
        assert all(isinstance(value, int) and value > 0 for value in result.document["dry_run"].values())
    assert list(Path().iterdir()) == []
    assert qpbae("train", "--data", data_folder, "--dry-run", "--batch-size", 0).status == 2
    assert qpbae("train", "--data", data_folder, "--dry-run", "--epochs", -1).status == 2


def test_json_to_a_pipe_and_through_a_link(qpbae, normal_folder: Path) -> None:
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    start = ("train", "--data", normal_folder, *SMALL, "--dry-run", "--json")
    assert qpbae(*start, "pipe").status == 0
    reader.join()
    assert "dry_run" in json.loads(read[0])
    assert Path("pipe").is_fifo()
    os.symlink("target.json", "link.json")
    assert qpbae(*start, "link.json").status == 0
    assert Path("link.json").is_symlink()
    assert "dry_run" in json.loads(Path("target.json").read_text())
    assert qpbae(*start, "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()


def test_file_names_that_are_no_text(qpbae, normal_folder: Path, data_folder: Path, run_folder: Path) -> None:
    odd = os.fsdecode(b"\xff [red] \n.png")
    os.rename(normal_folder / "0.png", normal_folder / odd)
    assert qpbae("train", "--data", normal_folder, *SMALL).status == 0
    assert qpbae("segment", run_folder, normal_folder / odd, "--output", "out").status == 0
    assert b"\xff [red] \n.png" in Path("out/scores.csv").read_bytes()
    os.rename(data_folder / "test/good/0.png", data_folder / "test/good" / odd)
    evaluated = qpbae("evaluate", run_folder, "--data", data_folder, "--baselines", "none", "--output", "evaluated")
    assert evaluated.status == 0
    assert b"\xff [red] \n" in Path("evaluated/scores.csv").read_bytes()


def test_help_and_version(qpbae) -> None:
    assert qpbae("--version").out.startswith("qpbae ")
    for command in ((), ("train",), ("evaluate",), ("segment",), ("run",)):
        result = qpbae(*command, "--help")
        assert (result.status, result.err) == (0, "")
        assert "Usage: qpbae" in result.out


def test_a_weighted_model_keeps_its_score(qpbae, data_folder: Path) -> None:
    """Trained for the log-volume; `evaluate` and `segment` take the score from the file unless told otherwise."""
    weighted = ("--score", "weighted", "--outcomes", "all", "--positions", "--fold", "log", "--epsilon", "1e-4")
    result = qpbae("train", "--data", data_folder, *SMALL, *weighted, "--objective", "log-volume", "--steps", "20",
                   "--starts", "0", "--output", "out", "--json", "train.json")  # fmt: skip
    assert (result.status, result.err) == (0, "")
    assert "log det" in result.out
    optimum = json.loads(Path("train.json").read_text())["optimum"]
    assert optimum["gap"] == pytest.approx(optimum["value"] - optimum["bound"])
    assert optimum["gap"] >= 0
    model = Model.load(Path("out"))
    assert model.score.label == "weighted, all, inverse, 0.0001, positions, log fold"
    assert model.known_normal.shares_of("trash").shape == (8,)
    result = qpbae("evaluate", "out", "--data", data_folder, "--json", "own.json")
    assert "paired" in result.out
    own = json.loads(Path("own.json").read_text())
    assert own["score"] == model.score.label
    assert own["metrics"]["threshold"] == model.thresholds[model.score.label]
    result = qpbae("evaluate", "out", "--data", data_folder, "--score", "trash", "--no-positions", "--fold", "mean",
                   "--json", "other.json")  # fmt: skip
    assert result.status == 0
    assert json.loads(Path("other.json").read_text())["score"] == "trash"
    image = next((data_folder / "test").rglob("*.png"))
    assert qpbae("segment", "out", image, "--output", "maps", "--json", "-").status == 0
    result = qpbae("segment", "out", image, "--weights", "log", "--output", "more")
    assert result.status == 2
    assert "threshold" in result.err
