"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qpbae_tn import output
from qpbae_tn.errors import InputError
from qpbae_tn.output import (
    check_output_file,
    check_output_folder,
    draft_folder,
    output_folder,
    unused_folder,
    write_atomically,
    write_json,
)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(tmp_path) == {"a.txt"}


def test_a_failed_write_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "first")

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a\.txt: the disk is full; "):
        write_atomically(path, "second")
    assert path.read_text() == "first"
    assert names(tmp_path) == {"a.txt"}


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert names(tmp_path) == set()


def test_a_device_is_written_to_and_not_replaced() -> None:
    check_output_file(Path("/dev/null"))
    write_atomically(Path("/dev/null"), "x")
    assert Path("/dev/null").is_char_device()


def test_checks_leave_nothing(tmp_path: Path) -> None:
    check_output_file(tmp_path / "a.json")
    check_output_folder(tmp_path / "deep" / "er" / "out")
    check_output_folder(tmp_path / "out", numbered=True)
    assert names(tmp_path) == set()


def test_a_folder_takes_its_name_when_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    with output_folder(folder) as place:
        (place / "a").write_text("x")
        assert not folder.exists()
    assert names(folder) == {".qpbae", "a"}
    assert names(tmp_path / "deep") == {"out"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def fail(place: Path) -> None:
        (place / "sub").mkdir()
        (place / "sub" / "a").write_text("x")
        raise error

    with pytest.raises(error), output_folder(tmp_path / "deep" / "er" / "out") as place:
        fail(place)
    assert names(tmp_path) == set()


def test_an_error_keeps_the_folder_that_would_have_been_replaced(tmp_path: Path) -> None:
    with output_folder(tmp_path / "out") as place:
        (place / "a").write_text("x")
    with pytest.raises(KeyboardInterrupt), output_folder(tmp_path / "out", force=True):
        raise KeyboardInterrupt
    assert names(tmp_path) == {"out"}
    assert (tmp_path / "out" / "a").read_text() == "x"


def test_a_replacement_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with output_folder(tmp_path / "out") as place:
        (place / "a").write_text("x")
    rename = os.rename

    def failing(source: Path, target: Path) -> None:
        if source.suffix == ".tmp":
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(KeyboardInterrupt), output_folder(tmp_path / "out", force=True):
        pass
    assert names(tmp_path) == {"out"}
    assert names(tmp_path / "out") == {".qpbae", "a"}


def test_a_folder_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def another_process(place: Path) -> None:
        (place / "a").write_text("mine")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "b").write_text("theirs")

    with pytest.raises(InputError, match="exists already"), output_folder(tmp_path / "out") as place:
        another_process(place)
    assert names(tmp_path) == {"out"}
    assert names(tmp_path / "out") == {"b"}


def test_numbers_go_on(tmp_path: Path) -> None:
    for wanted in ("out", "out-2", "out-3"):
        assert unused_folder(tmp_path / "out") == tmp_path / wanted
        with draft_folder(tmp_path / "out", numbered=True) as draft:
            pass
        assert draft.folder == tmp_path / wanted
    os.symlink("nowhere", tmp_path / "out-4")
    assert unused_folder(tmp_path / "out") == tmp_path / "out-5"


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the disk is full"), output_folder(tmp_path / "out"):
        raise OSError(28, os.strerror(28))
    with pytest.raises(OSError, match="elsewhere"), output_folder(tmp_path / "out"):
        raise OSError(5, "elsewhere")
    assert names(tmp_path) == set()


def test_a_folder_above_may_vanish_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when another process takes away the folder that it made for a look."""
    mkdir, calls = Path.mkdir, []

    def vanishing(self: Path, *args: object, **options: object) -> None:
        calls.append(self)
        if len(calls) == 2:
            (tmp_path / "runs").rmdir()
        mkdir(self, *args, **options)

    monkeypatch.setattr(Path, "mkdir", vanishing)
    with output_folder(tmp_path / "runs" / "out"):
        pass
    assert names(tmp_path / "runs") == {"out"}
    assert output.ATTEMPTS > 1
