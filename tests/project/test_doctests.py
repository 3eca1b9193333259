"""The examples in docstrings run, each module's in an empty folder."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import qpbae_tn

ROOT = Path(__file__).parents[2]
FOLDERS = {"qpbae_tn": "qpbae_tn", "compiler": "qpbae_tn.compiler", "analysis": "qpbae_tn.analysis"}
# Collected here rather than by --doctest-modules, which would import compiler/ and analysis/ under their bare names.
WITH_EXAMPLES = sorted(
    ".".join([package, *path.relative_to(ROOT / folder).with_suffix("").parts]).removesuffix(".__init__")
    for folder, package in FOLDERS.items()
    for path in (ROOT / folder).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.attempted
    assert not found.failed
    assert not list(tmp_path.iterdir()), "an example leaves files behind"


@pytest.mark.parametrize("name", [name for name in qpbae_tn.__all__ if name not in ("__version__", "InputError")])
def test_every_name_of_the_face_has_an_example(name: str) -> None:
    module = import_module(getattr(qpbae_tn, name).__module__)
    tests = doctest.DocTestFinder().find(module)
    assert any(test.name == f"{module.__name__}.{name}" and test.examples for test in tests)
