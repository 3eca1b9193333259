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


LAYERS = ("cli", "analysis", "study", "experiment", "engines", "compiler", "model")
"""From top to bottom: each may import those below it."""
BESIDE = ("data", "metrics", "report")
"""They need no more than the model."""


def edges() -> set[tuple[str, str]]:
    """Every import of one module of the project by another, wherever it stands in the file."""
    known = modules()
    return {(name, other) for name, path in known.items() for other in imports(path, top_level_only=False) & set(known)}


def part(module: str) -> str:
    """The folder of the layout that a module lies in, or the module itself where it lies in none."""
    return [*module.split("."), ""][1]


def test_layers() -> None:
    """The order of CONTRIBUTING; modules in no folder (errors, documents, tables, ...) stand below all of them."""
    for name, other in edges():
        above, below = part(name), part(other)
        if above in LAYERS and below in LAYERS:
            assert LAYERS.index(above) <= LAYERS.index(below), f"{name} imports {other}"
        elif above in BESIDE or (above == "model" and below in BESIDE):
            assert below not in LAYERS[:-1], f"{name} imports {other}"
            assert above != "model", f"{name} imports {other}"
        elif above not in (*LAYERS, "", "face"):
            assert below not in (*LAYERS, *BESIDE, "face"), f"{name} imports {other}"


def test_no_two_folders_import_each_other() -> None:
    """Of two folders side by side at most one imports the other; a folder and one within it are one."""
    known = modules()
    folders = {name: name if path.name == "__init__.py" else name.rpartition(".")[0] for name, path in known.items()}
    pairs = {(folders[name], folders[other]) for name, other in edges()}
    apart = {(a, b) for a, b in pairs if not f"{a}.".startswith(f"{b}.") and not f"{b}.".startswith(f"{a}.")}
    assert not {(a, b) for a, b in apart if (b, a) in apart}


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
