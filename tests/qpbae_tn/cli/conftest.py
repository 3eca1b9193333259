"""The program run in this process, and small folders of images for it."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qpbae_tn.cli.main import main
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train

SIDE = 16


@dataclass(frozen=True)
class Result:
    """What a run of the program left: exit status, and the words on its two streams."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output, all of it, as JSON."""
        return json.loads(self.out)


Program = Callable[..., Result]


@pytest.fixture
def qpbae(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Program]:
    """The program in this process, in a working folder of its own; warnings are errors there as in every test."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COLUMNS", "80")
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["qpbae", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        streams = capfd.readouterr()
        return Result(int(left.value.code or 0), streams.out, streams.err)

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def refused(qpbae: Program, tmp_path: Path) -> Callable[..., str]:
    """Runs the program and wants a refusal: status 2, one plain line on standard error, and no file changed."""

    def run(*arguments: object, words: tuple[object, ...] | object = ()) -> str:
        before = listing(tmp_path)
        result = qpbae(*arguments)
        assert result.status == 2, result
        assert all(line.startswith("note: ") for line in result.out.splitlines())
        assert result.err.count("\n") == 1
        assert result.err.endswith("\n")
        assert result.err.startswith("qpbae: ")
        assert result.err[:-1].isprintable()
        assert ";" in result.err, "no remedy"
        for word in words if isinstance(words, tuple) else (words,):
            assert str(word) in result.err, (word, result.err)
        assert listing(tmp_path) == before
        return result.err

    return run


def listing(folder: Path) -> dict[Path, bytes | None]:
    """All that is in a folder, hidden or not: files with their contents."""
    paths = sorted(folder.rglob("*"))
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


def save(path: Path, pixels: np.ndarray) -> Path:
    """An image file of grey levels in [0, 1], or of a mask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)
    return path


def stripes(rng: np.random.Generator) -> np.ndarray:
    """A normal image: stripes with a little noise, in [0, 1]."""
    columns = 0.6 + 0.2 * np.sin(np.arange(SIDE) + rng.uniform(0, 6))
    return np.clip(columns + rng.normal(0, 0.03, (SIDE, SIDE)), 0, 1)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders `normal` and `data`, made once; tests work on copies."""
    root, rng = tmp_path_factory.mktemp("sources"), np.random.default_rng(7)
    for index in range(8):
        image = stripes(rng)
        save(root / "normal" / f"{index}.png", image)
        save(root / "data" / "train" / "good" / f"{index}.png", image)
    for index in range(6):
        image, mask = stripes(rng), np.zeros((SIDE, SIDE))
        if index < 2:
            save(root / "data" / "test" / "good" / f"{index}.png", image)
            continue
        mask[index : index + 5, 2 * index - 3 : 2 * index + 2] = 1
        image[mask > 0] = rng.random(25)
        save(root / "data" / "test" / "spot" / f"{index}.png", image)
        save(root / "data" / "ground_truth" / "spot" / f"{index}_mask.png", mask)
    return root


@pytest.fixture
def normal_folder(tmp_path: Path, sources: Path) -> Path:
    """A flat folder of eight normal images, normal/0.png to normal/7.png."""
    return Path(shutil.copytree(sources / "normal", tmp_path / "normal"))


@pytest.fixture
def data_folder(tmp_path: Path, sources: Path) -> Path:
    """A folder in MVTec-AD layout: eight normal images to train on, two good and four defective ones to test on."""
    return Path(shutil.copytree(sources / "data", tmp_path / "data"))


@pytest.fixture(scope="session")
def model_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a small model file, trained on eight images of 16 px: P=4, S=1, BD=1."""
    rng = np.random.default_rng(8)
    images = np.stack([stripes(rng) for _ in range(8)])
    experiment = Experiment(bottleneck=1, image_size=SIDE, init="dc", epochs=2)
    model = train(LoadedExperiment.of_arrays(experiment, images[:6], images[6:])).model
    path = tmp_path_factory.mktemp("model") / "model.json"
    model.save(path)
    return path.read_text()


@pytest.fixture
def run_folder(tmp_path: Path, model_text: str) -> Path:
    """A run folder that holds this model."""
    (tmp_path / "trained").mkdir()
    (tmp_path / "trained" / "model.json").write_text(model_text)
    return tmp_path / "trained"
