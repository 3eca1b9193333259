"""Splits are partitions, files of them are checked, and subsets keep the classes' shares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.data.splits import Split, random_split, read_split, stratified_subset
from qpbae_tn.errors import InputError


@given(st.integers(2, 300), st.integers(0, 2**32), st.integers(1, 120), st.integers(1, 40))
def test_a_random_split_has_disjoint_parts_of_the_size_asked_for(count: int, seed: int, train: int, val: int) -> None:
    split = random_split(count, seed, train, val)
    chosen = split.train + split.validation
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(range(count))
    assert split.train
    assert split.validation
    if count >= train + val:
        assert (len(split.train), len(split.validation), split.notice) == (train, val, None)
    else:
        assert len(chosen) == count
        assert abs(len(split.train) - 0.8 * count) < 0.61
        assert split.notice is not None
        assert f"{count} training images" in split.notice


def test_a_random_split_depends_on_its_seed_alone() -> None:
    assert random_split(133, 5) == random_split(133, 5)
    assert random_split(133, 5) != random_split(133, 6)


@pytest.mark.parametrize(("count", "train", "validation"), [(0, 100, 25), (1, 100, 25), (50, 0, 25), (50, 10, 0)])
def test_a_split_without_images_is_refused(count: int, train: int, validation: int) -> None:
    with pytest.raises(InputError):
        random_split(count, 0, train, validation)


def test_a_split_file_keeps_its_order(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text('{"train": [4, 0, 2], "val": [1]}')
    assert read_split(path, 5) == Split((4, 0, 2), (1,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not whole JSON"),
        ("[" * 100_000, "not whole JSON"),
        ("[0, 1]", "expected object, got array"),
        ('{"train": [0]}', "missing required field val"),
        ('{"train": [], "val": [1]}', "train: expected array of length >= 1"),
        ('{"train": [0, 5], "val": [1]}', "index 5"),
        ('{"train": [0, -1], "val": [1]}', "index -1"),
        ('{"train": [0, 0], "val": [1]}', 'twice in "train"'),
        ('{"train": [0, 1], "val": [1]}', "index 1 is both"),
        ('{"train": [0, 2.0], "val": [1]}', "2.0"),
        ('{"train": [0, true], "val": [1]}', "True"),
        ('{"train": ["0"], "val": [1]}', "'0'"),
    ],
)
def test_a_malformed_split_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_split(path, 5)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_a_split_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_split(tmp_path / "absent.json", 5)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not whole JSON"):
        read_split(tmp_path / "binary.json", 5)


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), st.integers(1, 70), st.integers(0, 99))
def test_a_subset_keeps_the_shares_of_the_classes(classes: list[str], limit: int, seed: int) -> None:
    chosen = stratified_subset(classes, limit, seed)
    assert chosen == tuple(sorted(set(chosen)))
    assert len(chosen) == min(limit, len(classes))
    assert chosen == stratified_subset(classes, limit, seed)
    taken = [classes[i] for i in chosen]
    kinds = set(classes)
    for kind in kinds:
        share = len(chosen) * classes.count(kind) / len(classes)
        assert abs(taken.count(kind) - share) < len(kinds)
        if limit >= len(kinds):
            assert kind in taken


def test_a_subset_of_none_is_refused_and_no_limit_takes_all() -> None:
    assert stratified_subset("aab", None) == (0, 1, 2)
    with pytest.raises(InputError, match=r"^test: "):
        stratified_subset("aab", 0)
    assert json.dumps(stratified_subset("aabbb", 2, 1)).startswith("[")  # plain integers, not NumPy's
