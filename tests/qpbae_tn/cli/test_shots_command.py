"""`qpbae shots`: rows with ranges, files, price, and options that make no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qpbae_tn import __version__

METRICS = {"auroc", "aupro", "best_f1", "dice_paper", "dice_defective", "threshold", "fpr"}


@pytest.fixture
def model_file(tmp_path: Path, model_text: str) -> Path:
    path = tmp_path / "model.json"
    path.write_text(model_text)
    return path


def test_a_study_of_a_model(qpbae, data_folder: Path, model_file: Path) -> None:
    arguments = ("shots", model_file, "--data", data_folder, "--shots", "10,1e3", "--repetitions", 3, "--seed", 1)
    training = ("--readout", "echo,direct", "--train-shots", 5, "--train-repetitions", 1)
    result = qpbae(*arguments, *training, "--json", "shots.json", "--output", "out")
    assert (result.status, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= 80
    for heading in ("AUROC", "AUPRO", "loss 0.001", "exact gradients"):
        assert heading in result.out
    document = json.loads(Path("shots.json").read_text())
    assert [(row["readout"], row["shots_per_patch"]) for row in document["rows"]] == [
        ("echo", 10),
        ("echo", 1000),
        ("direct", 10),
        ("direct", 1000),
    ]
    for row in document["rows"]:
        assert (row["patch_size"], row["stride"], row["bottleneck"], row["repetitions"]) == (4, 1, 1, 3)
        assert row["data_set"] == "data"
        for metric in METRICS:
            assert row[metric]["low"] <= row[metric]["value"] <= row[metric]["high"]
    assert [row["scheme"] for row in document["training_rows"]] == [None, "every_patch", "drawn_patches"]
    assert {row["loss_of_auroc"] for row in document["needed_shots"]} == {0.01, 0.001}
    assert document.pop("qpbae_tn_version") == __version__
    assert document == {**json.loads(Path("out/shots.json").read_text()), "output": "out"}
    assert {"rows.csv", "shots.json", "auroc_f.svg", "auroc_f_trash.svg"} <= {
        path.name for path in Path("out").iterdir()
    }
    assert str(data_folder) not in json.dumps(document)

    again = qpbae(*arguments, "--readout", "direct", "--json", "-")
    assert again.status == 0
    assert again.document["rows"] == document["rows"][2:]


def test_without_normal_images_the_model_s_threshold_is_kept(qpbae, data_folder: Path, model_file: Path) -> None:
    for path in (data_folder / "train" / "good").iterdir():
        path.unlink()
    (data_folder / "train" / "good").rmdir()
    (data_folder / "train").rmdir()
    result = qpbae(
        *("shots", model_file, "--data", data_folder, "--shots", 10, "--repetitions", 2),
        *("--readout", "echo", "--json", "shots.json"),
    )
    assert result.status == 0, result
    assert "thresholds are the model's own" in " ".join(result.out.split())
    (row,) = json.loads(Path("shots.json").read_text())["rows"]
    assert "dice_paper_exact_threshold" in row
    assert "threshold" not in row


def test_dry_run_writes_nothing(qpbae, data_folder: Path, model_file: Path) -> None:
    arguments = ("shots", model_file, "--data", data_folder, "--shots", "10,100", "--train-shots", "1,2")
    result = qpbae(*arguments, "--dry-run", "--json", "-", "--output", "out")
    assert result.status == 0
    priced = result.document["dry_run"]
    assert priced["patches_per_image"] == 13**2
    # Five laws among six readouts, two numbers of shots, twenty repetitions.
    assert priced["stacks_of_maps"] == 5 * 2 * 20
    assert priced["most_shots_per_image"] == 100 * 13**2
    assert priced["trainings"] == 1 + 2 * 2 * 2 * 3
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--readout", "swap"), ("swap", "latent")),
        (("--shots", "10,0"), ("--shots", "not a count")),
        (("--shots", "many"), ("--shots", "many")),
        (("--shots", "2.5"), ("--shots", "2.5")),
        (("--shots", ""), ("--shots",)),
        (("--train-shots", "x"), ("--train-shots",)),
        (("--train-shots", "1", "--readout", "latent"), ("--train-shots", "direct")),
        (("--train-scheme", "some"), ("--train-scheme", "every_patch")),
        (("--data", "no_such_folder"), ("no_such_folder",)),
        (("--repetitions", "0"), ("--repetitions",)),
    ],
)
def test_senseless_options_are_refused(refused, options, words) -> None:
    refused("shots", *options, words=words)


def test_a_missing_model_is_refused(refused) -> None:
    refused("shots", "nowhere.json", words="nowhere.json")
