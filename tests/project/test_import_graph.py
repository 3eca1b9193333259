"""Imports point one way, and importing the package is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"qpbae_tn": "qpbae_tn", "compiler": "qpbae_tn.compiler", "analysis": "qpbae_tn.analysis"}


def modules() -> dict[str, Path]:
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join([package, *parts]).removesuffix(".__init__")
            found[name] = path
    return found


def imports(path: Path, *, top_level_only: bool) -> set[str]:
    """Names of the qpbae_tn modules that a file imports; type-checking blocks do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return {name for name in found if name.startswith("qpbae_tn")}


def test_no_module_imports_the_folders_by_their_bare_names() -> None:
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("compiler", "analysis")], path


def test_layers() -> None:
    """The model stands below the compiler, the compiler below the analysis, the command line above all."""
    for name, path in modules().items():
        used = imports(path, top_level_only=False)
        if name.startswith(("qpbae_tn.cli", "qpbae_tn.analysis")):
            continue
        assert not [other for other in used if other.startswith(("qpbae_tn.analysis", "qpbae_tn.cli"))], name
        if not name.startswith(("qpbae_tn.compiler", "qpbae_tn.engines.qsim", "qpbae_tn.engines.quimb")):
            assert not [other for other in used if other.startswith("qpbae_tn.compiler")], name
    for name, path in modules().items():
        if name.startswith("qpbae_tn.analysis"):
            assert not [other for other in imports(path, top_level_only=False) if other.startswith("qpbae_tn.cli")], (
                name
            )


def test_no_cycles_between_modules() -> None:
    known = modules()
    graph = {name: imports(path, top_level_only=True) & set(known) - {name} for name, path in known.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            pytest.fail(" -> ".join([*trail[trail.index(name) :], name]))
        if name not in done:
            for other in graph[name]:
                # A package's __init__ that imports its own modules is no cycle: they do not need its names.
                if not (known[name].name == "__init__.py" and other.startswith(f"{name}.")):
                    visit(other, (*trail, name))
            done.add(name)

    for name in known:
        visit(name, ())


def test_importing_the_package_and_the_program_is_light() -> None:
    heavy = [
        "numpy",
        "scipy",
        "sklearn",
        "skimage",
        "matplotlib",
        "cirq",
        "quimb",
        "numba",
        "cotengra",
        "qsimcirq",
        "PIL",
    ]
    code = f"import sys, qpbae_tn, qpbae_tn.cli.main; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
