"""The installed program as a process: interruptions, streams, and what importing it costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("qpbae")
PATIENCE_S = 300
HEAVY = ("numpy", "scipy", "cirq", "quimb", "numba", "cotengra", "qsimcirq", "matplotlib", "sklearn", "skimage", "PIL")


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def send(pipe: Path, text: str, reader: subprocess.Popen[str]) -> None:
    """Write to a named pipe as soon as the process reads from it."""
    while True:
        assert reader.poll() is None, reader.communicate()
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # no reader yet
            time.sleep(0.005)
            continue
        os.write(descriptor, text.encode())
        os.close(descriptor)
        return


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_training_leaves_nothing(name: str, normal_folder: Path, here: Path, tmp_path: Path) -> None:
    # The program waits for the split until this test writes it; then it has millions of epochs before it.
    split = tmp_path / "split.json"
    os.mkfifo(split)
    options = ("--split", split, "--epochs", 10**7, "--output", "deep/out", "--json", "result.json")
    process = start("train", "--data", normal_folder, *options, folder=here)
    send(split, json.dumps({"train": [0, 1], "val": [2]}), process)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "")
    assert err == "qpbae: interrupted; nothing was left half-written\n"
    assert list(here.iterdir()) == []


def test_an_interruption_while_writing_leaves_nothing(run_folder: Path, normal_folder: Path, here: Path) -> None:
    images = [normal_folder / "0.png"]
    for index in range(300):
        images.append(normal_folder / f"copy{index}.png")
        os.link(images[0], images[-1])
    process = start("segment", run_folder, *images, "--output", "deep/out", folder=here)
    while not list(here.glob("deep/.qpbae-*/*_map.tiff")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err == "qpbae: interrupted; nothing was left half-written\n"
    assert list(here.iterdir()) == []


def test_standard_output_carries_json_only(data_folder: Path, here: Path) -> None:
    options = ("--image-size", 16, "--bottleneck", 1, "--epochs", 2, "--baselines", "none", "--target", "none")
    process = start("run", "--data", data_folder, *options, "--json", "-", folder=here)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert {"train", "evaluate"} <= set(json.loads(out))
    assert "Evaluation on 6 test images" in err


def test_bad_input_is_one_line_of_a_process_too(normal_folder: Path, here: Path) -> None:
    (normal_folder / "a.png").write_bytes((normal_folder / "0.png").read_bytes()[:100])
    process = start("train", "--data", normal_folder, "--output", "out", folder=here)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (2, "")
    assert err.startswith(f"qpbae: {normal_folder / 'a.png'}: truncated")
    assert err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_a_reader_that_leaves_early_gets_no_traceback(normal_folder: Path, here: Path) -> None:
    process = start("train", "--data", normal_folder, "--epochs", 1, "--json", "-", "--dry-run", folder=here)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE_S) in (0, 1)


@pytest.mark.parametrize(
    "code",
    [
        "import qpbae_tn",
        "import qpbae_tn.cli.main, typer; typer.main.get_command(qpbae_tn.cli.main.app)",
        "import qpbae_tn.cli.main, contextlib, sys; sys.argv = ['qpbae', '--help']\n"
        "with contextlib.suppress(SystemExit): qpbae_tn.cli.main.main()",
    ],
    ids=["package", "program", "help"],
)
def test_it_imports_nothing_heavy(code: str, here: Path) -> None:
    code += f"\nimport sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=here)
    assert result.stdout.splitlines()[-1] == "[]"
