"""Fields and options: only the command line knows options, and every option that is named anywhere exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer.main

from qpbae_tn.cli.fields import (
    OPTIONS,
    counts,
    error_in_options,
    in_options,
    integers,
    named_folders,
    named_places,
    names,
    numbers,
    option_of,
    words_of,
)
from qpbae_tn.cli.main import app
from qpbae_tn.errors import InputError

ROOT = Path(__file__).parents[3]
OPTION = re.compile(r"(?<![\w-])--(?!help\b)[a-z]+(?:-[a-z]+)*(?![\w-])")
PAGE_PROSE = ("analysis/pages.py", "analysis/reproduction/", "analysis/resources/report.py", "analysis/scaling/")
"""Pages say which commands make them."""


def commands(group: object, name: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every command of the program with its options and arguments."""
    if hasattr(group, "commands"):
        for child, command in group.commands.items():
            yield from commands(command, f"{name} {child}".strip())
    else:
        yield name, words_of(group.params)  # type: ignore[attr-defined]


COMMANDS = dict(commands(typer.main.get_command(app)))
ALL = {"--help", "--version"}.union(*COMMANDS.values())


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """All text of a source file that is not code: strings, those in f-strings and docstrings among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def input_errors(path: Path) -> Iterator[tuple[int, dict[str, list[str]]]]:
    """The literal texts of each argument of every InputError that a file raises."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "InputError":
            arguments = {keyword.arg or "": keyword.value for keyword in node.keywords}
            if node.args:
                arguments["what"] = node.args[0]
            yield (
                node.lineno,
                {
                    name: [c.value for c in ast.walk(value) if isinstance(c, ast.Constant) and isinstance(c.value, str)]
                    for name, value in arguments.items()
                },
            )


def test_no_option_is_named_outside_the_command_line() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sources("qpbae_tn", "compiler", "analysis")
        if "qpbae_tn/cli/" not in str(path) and not str(path.relative_to(ROOT)).startswith(PAGE_PROSE)
        for line, text in literals(path)
        if OPTION.search(text)
    ]
    assert not found, "\n".join(found)


def test_every_option_that_is_named_exists() -> None:
    own = re.compile(r"qpbae [^`\n]*")
    found = {
        (path.name, option)
        for path in sources("qpbae_tn/cli", "analysis")
        for _, text in literals(path)
        for option in OPTION.findall(text)
    }
    # In documents only what follows the program's name is an option of it.
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8").replace("\\\n", " ")
        found |= {(document, option) for line in own.findall(text) for option in OPTION.findall(line)}
    assert len(found) > 60
    assert not {(name, option) for name, option in found if option not in ALL}


def library_names() -> set[str]:
    """Every argument of a function and every field of a class in the library."""
    found: set[str] = set()
    for path in sources("qpbae_tn", "compiler", "analysis"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


def test_every_field_in_backquotes_exists() -> None:
    quoted = re.compile(r"`([a-z][a-z0-9_]*)`")
    fields = {
        field
        for path in sources("qpbae_tn", "compiler", "analysis")
        for _, arguments in input_errors(path)
        for name in ("what", "remedy")
        for text in arguments.get(name, ())
        for field in quoted.findall(text)
    }
    assert {"patch_size", "output", "force", "data"} <= fields
    known = library_names()
    assert not {field for field in fields if option_of(field, ALL) is None and field not in known}


def test_the_table_names_options_that_exist_under_other_names() -> None:
    for field, words in OPTIONS.items():
        for word in words:
            assert word in ALL, (field, word)
            assert word != f"--{field.replace('_', '-')}", f"{field} needs no entry"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("patch_size", "--patch-size"),
        ("time_s, memory_mib", "--time-limit, --memory-limit"),
        ("engine mps", "--engine mps"),
        ("states", "states"),
        (Path("patch_size"), "patch_size"),
        (None, None),
    ],
)
def test_an_error_speaks_of_options(where: object, said: str | None) -> None:
    known = {"--patch-size", "--time-limit", "--memory-limit", "--engine", "--output", "--force"}
    remedy = "another `output`, or `force`; `epochs` stays"
    error = error_in_options(InputError("no `patch_size`", where=where, remedy=remedy), known)
    start = f"{said}: " if said is not None else ""
    assert str(error) == f"{start}no --patch-size; another --output, or --force; `epochs` stays"


def test_a_field_that_the_command_does_not_have_keeps_its_name() -> None:
    assert in_options("a smaller `patch_size`", COMMANDS["evaluate"]) == "a smaller `patch_size`"
    assert in_options("a smaller `patch_size`", COMMANDS["train"]) == "a smaller --patch-size"
    assert option_of("placing", COMMANDS["estimate"]) == "--place"
    assert option_of("placing", COMMANDS["train"]) is None


def test_the_program_translates(refused: object) -> None:
    line = refused("train", "--patch-size", 5)  # type: ignore[operator]
    assert line.startswith("qpbae: --patch-size: ")


def test_lists_of_values() -> None:
    assert names("b, A,b", "readout", ("a", "b")) == ("b", "a")
    assert names("ALL", "readout", ("a", "b")) == ("a", "b")
    assert names("None", "target", ("a", "b"), none=True) == ()
    assert names("x,x", "anything") == ("x",)
    assert integers("8, 4,8", "patch_size") == (8, 4)
    assert numbers("0.5,1e-3", "p") == (0.5, 0.001)
    assert numbers("none", "p", none=True) == ()
    assert counts("1e3,10,1000", "shots") == (10, 1000)
    assert named_folders(["a=."]) == {"a": Path()}
    assert named_folders(None) == {}
    assert named_places(["busi=a=b"]) == {"busi": "a=b"}


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (lambda text: names(text, "f", ("a",)), "b", "choose one of a"),
        (lambda text: names(text, "f"), " ,", "no value"),
        (lambda text: integers(text, "f"), "4.5", "'4.5' is not a whole number"),
        (lambda text: numbers(text, "f"), "x", "'x' is not a number"),
        (lambda text: counts(text, "f"), "0", "'0' is not a count"),
        (lambda text: counts(text, "f"), "1.5", "'1.5' is not a count"),
        (lambda text: counts(text, "f"), "inf", "'inf' is not a count"),
        (lambda text: named_folders([text]), "a", "'a' is not NAME=DIR"),
        (lambda text: named_folders([text]), "a=nowhere-at-all", "no such folder"),
    ],
)
def test_what_is_no_list_of_values_is_refused(parse: Callable[[str], object], text: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        parse(text)
