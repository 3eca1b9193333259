"""The boundary for JSON and TOML from outside: everything wrong gives one InputError that names file and field."""

from __future__ import annotations

import json
import os
import threading
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.documents import parse_json, parse_toml, read_json, read_toml, shaped
from qpbae_tn.errors import InputError


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    patch_size: int
    rate: float = 0.5


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    grid: list[Block] = []
    named: dict[str, Block] = {}


def refusal(text: bytes | str, shape: Any = object, *, toml: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        (parse_toml if toml else parse_json)(text, shape, where="file", remedy="mend it")
    assert str(caught.value).startswith("file: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_document_becomes_its_shape() -> None:
    found = parse_json('{"name": "a", "grid": [{"patch_size": 4, "rate": 1}]}', Document, where="file")
    assert found == Document("a", [Block(4, 1.0)])
    assert isinstance(found.grid[0].rate, float)
    assert parse_toml('name = "a"\n[[grid]]\npatch_size = 4\nrate = 1.0', Document, where="file") == found


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_what_json_writes_is_read_back(document: Any) -> None:
    assert parse_json(json.dumps(document), object, where="file") == document
    assert parse_json(json.dumps(document, ensure_ascii=False).encode(), object, where="file") == document


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not whole JSON"),
        ('{"a": 1', "not whole JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ('{"a": 1, "a": 2}', "holds 'a' twice"),
        ('{"b": {"a": 1, "a": 1}}', "holds 'a' twice"),
        ("[NaN]", "holds NaN where a finite number should be"),
        ("[-Infinity]", "-Infinity"),
        ("[1e999]", "1e999"),
        ("[" * 200 + "]" * 200, "levels deep"),
        ("[" * 200_000, "nested too deeply"),
        ("[" + "9" * 5000 + "]", "5000 digits"),
    ],
)
def test_what_is_no_sound_document_is_refused(text: bytes | str, words: str) -> None:
    assert words in refusal(text)
    assert refusal(text).endswith("; mend it")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = ", "not whole TOML"),
        ("a = 1\na = 2", "not whole TOML"),
        ("a = nan", "nan"),
        ("a = -inf", "-inf"),
        ("a = 1e999", "1e999"),
        ("a = " + "[" * 50_000, "nested too deeply"),
        (b"a = '\xff'", "not UTF-8"),
    ],
)
def test_unsound_toml_is_refused(text: bytes | str, words: str) -> None:
    assert words in refusal(text, toml=True)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"name": 1}, "name = 1: expected str, got int"),
        ({}, "object missing required field name"),
        ({"name": "a", "grid": [{"patch_size": "4"}]}, "grid[0].patch_size = '4': expected int, got str"),
        ({"name": "a", "grid": [{"patch_size": True}]}, "grid[0].patch_size = True: expected int, got bool"),
        ({"name": "a", "grid": [{"patch_size": 4.5}]}, "grid[0].patch_size = 4.5: expected int, got float"),
        ({"name": "a", "grid": [{"patchsize": 4}]}, "grid[0]: unknown key 'patchsize'; did you mean patch_size?"),
        ({"name": "a", "named": {"x.y": {"rates": 4}}}, "unknown key 'rates'; did you mean rate?"),
        ({"name": "a", "gird": []}, "file: unknown key 'gird'; did you mean grid?"),
        ([], "expected object, got array"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named_by_its_path(document: Any, words: str) -> None:
    assert words in refusal(json.dumps(document), Document)
    with pytest.raises(InputError):
        shaped(document, Document, where="file")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_text("[" + " " * 2000 + "]")
    for path, words in (
        (tmp_path / "missing", "no such file"),
        (tmp_path, "is a folder"),
        (Path(os.devnull), "neither a file nor a pipe"),
        (large, "larger than"),
        (tmp_path / "nul\0", "cannot be read"),
    ):
        for read in (read_json, read_toml):
            with pytest.raises(InputError, match=words) as caught:
                read(path, object, limit=1000)  # type: ignore[operator]
            assert caught.value.where == path


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=('{"a": 1}',))
    writer.start()
    assert read_json(pipe, dict[str, int]) == {"a": 1}
    writer.join()


def test_a_byte_order_mark_is_no_part_of_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(path, dict[str, int]) == {"a": 1}


def test_toml_agrees_with_the_standard_library() -> None:
    text = 'a = 1.5\nb = 2024-01-01\n[c]\nd = "x"'
    assert parse_toml(text, object, where="file") == tomllib.loads(text)
