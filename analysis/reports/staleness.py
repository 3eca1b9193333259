"""Whether a committed page is older than the code that decides its numbers: a hash of that code, kept beside the page.

The hash is taken over syntax trees without docstrings, so that comments, wording and layout do not count.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from qpbae_tn.analysis.reports.report import Report
from qpbae_tn.output import write_atomically

FILE = "inputs.json"


def input_hash(report: Report, root: Path) -> str:
    """SHA-256 over the code of the report's inputs.

    Args:
        report: the report.
        root: the repository's root.
    """
    digest = hashlib.sha256()
    for path in _files(report.inputs, root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(_essence(path))
    return digest.hexdigest()


def record(report: Report, root: Path, folder: Path) -> None:
    """Remember the hash of a page that was just written."""
    known = read(folder)
    known[report.name] = input_hash(report, root)
    write_atomically(folder / FILE, json.dumps(dict(sorted(known.items())), indent=2) + "\n")


def read(folder: Path) -> dict[str, str]:
    """Report name to recorded hash; empty where nothing is recorded."""
    path = folder / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _files(inputs: Iterable[str], root: Path) -> list[Path]:
    found: set[Path] = set()
    for name in inputs:
        path = root / name
        found |= set(path.rglob("*.py")) if path.is_dir() else {path}
    return sorted(found)


def _essence(path: Path) -> bytes:
    if path.suffix != ".py":
        return path.read_bytes()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(
            node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
        ):
            node.body = [
                item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ]
    return ast.dump(tree).encode()
