"""A study file says what it means, or is refused in one line."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import ID_LENGTH
from qpbae_tn.study.presets import PRESETS, authors_angles, authors_split, paper_cells
from qpbae_tn.study.specification import Study, read_study

MINIMAL = '[data.a]\nfolder = "textures"\n'


def read(text: str, tmp_path: Path) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text)
    return read_study(str(path))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_read_and_written(name: str) -> None:
    study = read_study(name)
    digests = dict.fromkeys(study.data, "0" * 64)
    again = Study.from_document(study.document, "again")
    assert again.cells(digests) == study.cells(digests)
    assert all(count > 0 for count in study.counts().values())


def test_the_papers_grid_has_16_configurations_and_three_seeds() -> None:
    study = read_study("paper")
    cells = study.cells({"busi": "digest"})
    kinds = Counter(cell.settings.detector for cell in cells)
    assert kinds["quantum"] == 16 * 3
    assert kinds["classical"] == 4 * 3
    # What a baseline does not depend on does not multiply it.
    assert kinds["dc_overlap"] == 9
    assert kinds["patch_pca"] == 16
    named = {(c.category, c.patch_size, c.bottleneck, c.stride) for c in paper_cells()}
    ours = {
        (data, s.experiment.patch_size, s.experiment.bottleneck, s.experiment.stride)
        for data, s in study.blocks
        if s.detector == "quantum" and data != "grid"
    }
    assert named == ours
    assert len(paper_cells()) == 64


def test_ids_depend_on_everything_that_decides_the_values(tmp_path: Path) -> None:
    base = MINIMAL + "[[grid]]\npatch_size = 4\n"
    texts = [
        base,
        base + "stride = 2\n",
        base + "epochs = 19\n",
        base + 'init = "dc"\n',
        base + "split_seed = 1\n",
        base + "test = 10\n",
        base + "[record]\nresamples = 100\n",
        "seeds = 5\n" + base,
    ]
    identifiers = [read(text, tmp_path).cells({"a": "x"})[0].identifier for text in texts]
    identifiers.append(read(base, tmp_path).cells({"a": "y"})[0].identifier)
    assert len(set(identifiers)) == len(identifiers)
    assert {len(identifier) for identifier in identifiers} == {ID_LENGTH}


def test_settings_that_studies_did_not_have_from_the_first_leave_ids_alone(tmp_path: Path) -> None:
    """An experiment may get more settings: where a study does not use them, its ids stay those of version 0.1.0."""
    (plain,) = read(MINIMAL, tmp_path).cells({"a": "x"})
    assert plain.identifier == "108cb8b740268a97"
    same = read(MINIMAL + "[[grid]]\nobjective = 'fidelity'\nfold = 'mean'\n", tmp_path).cells({"a": "x"})
    assert same == (plain,)
    (other,) = read(MINIMAL + "[[grid]]\nobjective = 'log-volume'\n", tmp_path).cells({"a": "x"})
    assert other.to_json() == plain.to_json() | {"objective": "log-volume"}
    # What only the model is trained by makes no second cell of a baseline.
    text = MINIMAL + "[[grid]]\ndetector = 'dc_overlap'\nobjective = ['fidelity', 'log-volume']\n"
    assert len(read(text, tmp_path).cells({"a": "x"})) == 1


def test_ids_do_not_depend_on_where_the_data_lie_or_on_titles(tmp_path: Path) -> None:
    other = '[data.a]\nfolder = "textures:brick"\ntitle = "Other"\n'
    assert read(MINIMAL, tmp_path).cells({"a": "x"}) == read(other, tmp_path).cells({"a": "x"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sedes = [1]\n" + MINIMAL, "did you mean seeds"),
        (MINIMAL + "[[grid]]\npatchsize = 4\n", "did you mean patch_size"),
        (MINIMAL + "[defaults]\nbatchsize = 4\n", "did you mean batch_size"),
        (MINIMAL + "[record]\nresample = 4\n", "did you mean resamples"),
        ('[data.a]\nfolders = "x"\n', "did you mean folder"),
        ('baselines = ["patch_pcs"]\n' + MINIMAL, "did you mean patch_pca"),
        (MINIMAL + '[[grid]]\ndata = "b"\n', "no data set 'b'"),
        (MINIMAL + '[[grid]]\nstride = "1"\n', "grid[0].stride = '1': expected int | array"),
        (MINIMAL + "[[grid]]\nstride = true\n", "stride = True: expected int | array"),
        (MINIMAL + "[[grid]]\nstride = []\n", "empty list"),
        (MINIMAL + "[[grid]]\nstride = [1, 1]\n", "twice"),
        (MINIMAL + "[[grid]]\npatch_size = 3\n", "not a power of two"),
        (MINIMAL + "[[grid]]\nbottleneck = 4\n", "bottleneck 4"),
        (MINIMAL + '[[grid]]\nengine = "exakt"\n', "choose one of exact"),
        (MINIMAL + '[[grid]]\ndetector = "quantam"\n', "choose one of quantum"),
        (MINIMAL + "[[grid]]\nlearning_rate = 0\n", "learning rate 0"),
        (MINIMAL + "[[grid]]\nlayers = 0\n", "give at least 1"),
        (MINIMAL + '[[grid]]\ninit = "authors"\n', "no angles for seed 0"),
        ("seeds = 123\n" + MINIMAL + '[[grid]]\ninit = "authors"\nblock = "so4"\n', "one staircase of ry blocks"),
        (MINIMAL + '[[grid]]\nsplit = "missing.json"\n', "missing.json"),
        (MINIMAL + "[record]\nresamples = -1\n", "record.resamples = -1: expected int >= 0"),
        ("name = 'a/b'\n" + MINIMAL, "can be a folder"),
        ("name = 1\n" + MINIMAL, "name = 1: expected str"),
        ("", "names no data set"),
        ("grid = 1\n" + MINIMAL, "grid = 1: expected array"),
        ("grid = []\n" + MINIMAL, "[[grid]]"),
        ("[data.a\n", "is not whole TOML"),
    ],
)
def test_a_wrong_study_file_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(text, tmp_path)
    assert said in str(caught.value)
    assert "study.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean paper"):
        read_study("papr")
    with pytest.raises(InputError, match="no such file"):
        read_study("missing.toml")


def test_a_split_file_travels_with_the_study(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"train": [0, 2], "val": [1]}')
    study = read(MINIMAL + '[[grid]]\nsplit = "split.json"\n', tmp_path)
    (tmp_path / "split.json").unlink()
    cell = Study.from_document(study.document, "again").cells({"a": "x"})[0]
    assert cell == study.cells({"a": "x"})[0]
    assert cell.listed is not None
    assert (cell.listed.train, cell.listed.validation) == ((0, 2), (1,))
    assert cell.to_json()["listed_split"] == {"train": [0, 2], "val": [1]}


@pytest.mark.parametrize("text", ["[1]", '{"train": [0]}', '{"train": [0.5], "val": [1]}', "{"])
def test_a_malformed_split_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(InputError, match=r"split file split\.json"):
        read(MINIMAL + '[[grid]]\nsplit = "split.json"\n', tmp_path)


def test_the_authors_angles_and_splits() -> None:
    for seed in (123, 456, 789):
        for qubits in (2, 4, 6):
            assert authors_angles(seed, qubits).shape == (2 * (qubits - 1),)
    for count in (133, 245, 247, 264, 280):
        split = authors_split(count)
        assert len(split["train"]) == 100
        assert len(split["val"]) == 25
        assert not set(map(str, split["train"])) & set(map(str, split["val"]))
    with pytest.raises(InputError, match="100 training images"):
        authors_split(100)
    with pytest.raises(InputError, match="8 qubits"):
        authors_angles(123, 8)


def test_another_seed_takes_the_place_of_the_studys_own() -> None:
    study = read_study("textures").with_seed(7)
    seeds = {settings.to_json().get("seed") for _, settings in study.blocks}
    # What draws nothing has no seed.
    assert seeds == {7, None}
    assert study.folders


def test_every_cell_of_a_study_is_described_differently(tmp_path: Path) -> None:
    grid = "[[grid]]\nlearning_rate = [0.005, 0.01]\nepochs = [3, 20]\ntest = [4, 5]\ninit = ['normal', 'dc']\n"
    cells = read("baselines = ['classical', 'dc_overlap']\nseeds = [1, 2]\n" + MINIMAL + grid, tmp_path).cells(
        {"a": "x"}
    )
    said = [cell.describe() for cell in cells]
    assert len(set(said)) == len(said)
    assert "a quantum P=4 S=1 BD=1 seed 1 test=4" in " | ".join(said)
    assert "a quantum P=4 S=1 BD=1 seed 2 epochs=3 learning_rate=0.01 init=dc test=5" in said
    assert read(MINIMAL, tmp_path).cells({"a": "x"})[0].describe() == "a quantum P=4 S=1 BD=1 seed 0"


REGISTERED = """
from qpbae_tn.experiment.baselines import BASELINES
for name in ("one", "two", "three", "four"):
    BASELINES[name] = BASELINES["dc_overlap"]
from qpbae_tn.study.charts import COLOURS, MARKERS
from qpbae_tn.study.cells import DETECTORS
from qpbae_tn.study.specification import Study
assert set(DETECTORS) == set(MARKERS) == set(COLOURS) and len(DETECTORS) == 12
document = {"data": {"a": {}}, "seeds": [1, 2], "baselines": ["one", "dc_overlap"]}
cells = Study.from_document(document | {"grid": [{"learning_rate": [0.1, 0.2]}]}, "test").cells({"a": "x"})
kinds = [cell.settings.detector for cell in cells]
assert (kinds.count("quantum"), kinds.count("one"), kinds.count("dc_overlap")) == (4, 4, 1), kinds
"""


def test_a_baseline_that_is_registered_later_has_a_marker_and_depends_on_everything() -> None:
    """Nothing says what a new baseline depends on; to leave out a setting that matters would mix up results."""
    subprocess.run([sys.executable, "-c", REGISTERED], check=True)
