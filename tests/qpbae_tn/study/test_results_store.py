"""The results file: written once, whole, by several at once, and repaired where a writer was killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import qpbae_tn.study.store as store_module
from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import Kind, PointGrid
from qpbae_tn.study.specification import EXPERIMENTS, Study
from qpbae_tn.study.store import ResultsFile, read_results

DOCUMENT = {
    "name": "store",
    "seeds": list(range(40)),
    "data": {"a": {"title": "a"}},
    "grid": [{"patch_size": [2, 4]}],
}
DIGESTS = {"a": "d" * 64}


def make(**changes: object) -> Study:
    return Study.from_document({**DOCUMENT, **changes}, "test")


def fill(path: Path, study: Study, count: int) -> None:
    with ResultsFile(path, study) as store:
        store.add_data("a", DIGESTS["a"], {"test_images": 3})
        for index, cell in enumerate(study.cells(DIGESTS)[:count]):
            assert store.add_result(cell, {"metrics": {"auroc": {"value": index / 7}}})


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    study = make()
    path = tmp_path / "new" / "results.jsonl"
    fill(path, study, 5)
    contents = read_results(path, EXPERIMENTS)
    cells = study.cells(DIGESTS)
    assert list(contents.results) == [cell.identifier for cell in cells[:5]]
    assert contents.results[cells[3].identifier]["values"] == {"metrics": {"auroc": {"value": 3 / 7}}}
    assert Study.from_document(contents.study, "again").cells(contents.digests) == cells


def test_a_result_is_never_written_twice(tmp_path: Path) -> None:
    study, path = make(), tmp_path / "results.jsonl"
    fill(path, study, 3)
    before = path.read_bytes()
    with ResultsFile(path, study) as store:
        assert not store.add_result(study.cells(DIGESTS)[1], {"other": 1})
    assert path.read_bytes() == before


def test_every_torn_end_is_cut_off_and_nothing_else(tmp_path: Path) -> None:
    study, path = make(), tmp_path / "results.jsonl"
    fill(path, study, 2)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in [*range(last, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:end])
        # A reader leaves the file alone and takes what is whole.
        assert len(read_results(path, EXPERIMENTS).results) == 1
        assert path.read_bytes() == whole[:end]
        with ResultsFile(path, study) as store:
            assert store.repaired_bytes == end - last
            assert store.add_result(study.cells(DIGESTS)[1], {"metrics": {"auroc": {"value": 1 / 7}}})
        assert path.read_bytes() == whole


def test_a_torn_header_is_begun_again(tmp_path: Path) -> None:
    study, path = make(), tmp_path / "results.jsonl"
    fill(path, study, 1)
    whole = path.read_bytes()
    for end in (0, 1, 20, 60, whole.find(b"\n")):
        path.write_bytes(whole[:end])
        fill(path, study, 1)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("text", [b"notes without a line end", b"{}\n", b'{"format":"other","x":1}\n', b"\x00\x01"])
def test_a_file_that_is_no_results_file_is_refused_and_left_alone(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(text)
    with pytest.raises(InputError, match="is not a results file"):
        ResultsFile(path, make())
    assert path.read_bytes() == text


def test_another_study_or_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.jsonl"
    fill(path, make(), 2)
    before = path.read_bytes()
    with pytest.raises(InputError, match="of the study 'store', not of 'other'"):
        ResultsFile(path, make(name="other"))
    with pytest.raises(InputError, match="80 of the 80 cells"):
        ResultsFile(path, make(defaults={"epochs": 3}))
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "__version__", "99.0")
        with pytest.raises(InputError, match="was written by qpbae_tn"):
            ResultsFile(path, make())
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "FORMAT_VERSION", 99)
        with pytest.raises(InputError, match="has format version 1, not 99"):
            read_results(path, EXPERIMENTS)
    assert path.read_bytes() == before


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    other = PointGrid("store", kind=Kind("points"))
    ResultsFile(path, other).close()
    with pytest.raises(InputError, match="holds points, not experiments"):
        read_results(path, EXPERIMENTS)
    with pytest.raises(InputError, match="holds points, not experiments"):
        ResultsFile(path, make())
    fill(tmp_path / "study.jsonl", make(), 1)
    with pytest.raises(InputError, match="holds experiments, not points"):
        ResultsFile(tmp_path / "study.jsonl", other)


def test_other_files_under_the_name_of_a_data_set_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    fill(path, make(), 1)
    with ResultsFile(path, make()) as store, pytest.raises(InputError, match="other files of the data set a"):
        store.add_data("a", "e" * 64, {})


def test_a_study_may_grow(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    fill(path, make(), 80)
    larger = make(seeds=list(range(41)))
    with ResultsFile(path, larger) as store:
        left = [cell for cell in larger.cells(DIGESTS) if cell.identifier not in store.contents.results]
    assert len(left) == 2
    contents = read_results(path, EXPERIMENTS)
    assert len(Study.from_document(contents.study, "again").cells(DIGESTS)) == 82
    with pytest.raises(InputError, match="2 of the 82 cells"):
        ResultsFile(path, make())


CELL = make().cells(DIGESTS)[7]
PARAMETERS = json.dumps(CELL.to_json())


@pytest.mark.parametrize(
    "text",
    [
        "}{",
        "[1]",
        '{"kind":"unknown"}',
        '{"kind":["result"]}',
        '{"no":"kind"}',
        '{"kind":"study"}',
        '{"kind":"data","data":"a"}',
        f'{{"kind":"failure","cell":"{CELL.identifier}"}}',
        f'{{"kind":"failure","cell":"{CELL.identifier}","parameters":{PARAMETERS}}}',
        f'{{"kind":"result","cell":"{CELL.identifier}"}}',
        f'{{"kind":"result","cell":"{CELL.identifier}","parameters":{PARAMETERS},"values":{{}}}}',
        f'{{"kind":"result","cell":"{CELL.identifier}","parameters":{{"data":"a"}},"values":{{"metrics":{{}}}}}}',
        f'{{"kind":"result","cell":"{CELL.identifier[::-1]}","parameters":{PARAMETERS},"values":{{"metrics":{{}}}}}}',
    ],
)
def test_a_damaged_or_incomplete_line_is_named(text: str, tmp_path: Path) -> None:
    path, line = tmp_path / "results.jsonl", f"{text}\n".encode()
    fill(path, make(), 2)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(InputError, match="line 3 is damaged"):
        read_results(path, EXPERIMENTS)
    with pytest.raises(InputError, match="line 3 is damaged"):
        ResultsFile(path, make())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda header: header[:-1], "the header (line 1) is damaged; restore the file"),
        (
            lambda header: header.replace('"study":{', '"study":[{').replace("}}", "}}]"),
            "the header (line 1) is damaged",
        ),
        (lambda header: header[: header.index('"study":{') + 9] + "}}", "its study cannot be used (names no data set)"),
        (lambda header: header.replace('"seeds"', '"sedes"'), "its study cannot be used (unknown key 'sedes')"),
    ],
)
def test_a_damaged_header_is_said_with_its_file(change: Callable[[str], str], said: str, tmp_path: Path) -> None:
    """Not as a line that may be removed: without its header a file says nothing."""
    path = tmp_path / "results.jsonl"
    fill(path, make(), 2)
    header, *rest = path.read_text().splitlines()
    path.write_text("\n".join([change(header), *rest, ""]))
    before = path.read_bytes()
    for read in (lambda path: read_results(path, EXPERIMENTS), lambda path: ResultsFile(path, make())):
        with pytest.raises(InputError) as caught:
            read(path)
        assert said in str(caught.value)
        assert str(path) in str(caught.value)
        assert "computed again" not in str(caught.value)
    assert path.read_bytes() == before


def test_a_failure_gives_way_to_a_result(tmp_path: Path) -> None:
    study, path = make(), tmp_path / "results.jsonl"
    cell = study.cells(DIGESTS)[0]
    with ResultsFile(path, study) as store:
        store.add_failure(cell, "out of luck")
        store.add_result(cell, {"metrics": {}})
    contents = read_results(path, EXPERIMENTS)
    assert contents.failures[cell.identifier]["cause"] == "out of luck"
    assert cell.identifier in contents.results


def write_all(path: Path, offset: int) -> None:
    study = make()
    with ResultsFile(path, study) as store:
        store.add_data("a", DIGESTS["a"], {})
        cells = study.cells(DIGESTS)
        for index in range(len(cells)):
            cell = cells[(index + offset) % len(cells)]
            store.add_result(cell, {"metrics": {}, "padding": cell.identifier * 500})


def test_several_writers_at_once(tmp_path: Path) -> None:
    # A lock belongs to an open file, so threads that open it themselves exclude each other as processes do.
    path = tmp_path / "results.jsonl"
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(write_all, [path] * 3, (0, 27, 54)))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    written = [line["cell"] for line in lines if line["kind"] == "result"]
    assert len(written) == len(set(written)) == 80
    assert [line["kind"] for line in lines].count("study") == [line["kind"] for line in lines].count("data") == 1
