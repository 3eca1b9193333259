"""The wheel holds every module and data file of the three folders."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = {"qpbae_tn": "qpbae_tn", "compiler": "qpbae_tn/compiler", "analysis": "qpbae_tn/analysis"}
TEMPLATES = "qpbae_tn/templates"


def test_wheel_holds_every_tracked_file(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS, "reports"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    source = tmp_path / "source"
    for name in [*tracked, "pyproject.toml", "README.md", "LICENSE"]:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    expected = set()
    for name in tracked:
        folder, _, rest = name.partition("/")
        if folder in FOLDERS:
            expected.add(f"{FOLDERS[folder]}/{rest}")
    assert expected <= packed, sorted(expected - packed)
    # Of the reports only the templates.
    templates = {f"{TEMPLATES}/{path.name}" for path in (ROOT / "reports").glob("*.md.j2")}
    assert {name for name in packed if name.startswith(TEMPLATES)} == {*templates, f"{TEMPLATES}/__init__.py"}
    # Nothing named compiler or analysis may land in a user's site-packages.
    assert {name.split("/")[0] for name in packed if ".dist-info" not in name} == {"qpbae_tn"}
