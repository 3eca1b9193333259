"""Model files: what is written comes back, and the bytes depend on the model alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import BLOCK_KINDS
from qpbae_tn.model.model import SCHEMA, SCHEMA_VERSION, Model
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification


@given(
    st.sampled_from([2, 4, 8, 16]),
    st.integers(1, 9),
    st.integers(1, 7),
    st.sampled_from(["staircase", "brick"]),
    st.sampled_from(list(BLOCK_KINDS)),
    st.integers(1, 3),
    st.sampled_from(["first", "last"]),
    st.sampled_from(["row", "column", "morton"]),
    st.integers(0, 2**31),
)
def test_what_is_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    size: int,
    stride: int,
    bottleneck: int,
    pattern: str,
    kind: str,
    layers: int,
    trash: str,
    order: str,
    seed: int,
) -> None:
    bottleneck = min(bottleneck, 2 * (size.bit_length() - 1) - 1)
    specification = ModelSpecification.build(
        size, stride, bottleneck, pattern=pattern, kind=BLOCK_KINDS[kind], layers=layers, trash=trash, pixel_order=order
    )
    rng = np.random.default_rng(seed)
    angles = rng.normal(size=specification.ansatz.parameter_count) * 10.0 ** rng.integers(-300, 300)
    provenance = {"seed": seed, "data": {"data_set": "é ☃ \udcff"}, "initial_angles": angles.tolist()}
    score = Score("weighted", "log", positions=bool(seed % 2), outcomes="classes", epsilon=0.05 + 0.9 * rng.random())
    classes, grid = Outcomes(specification, "classes").count, PatchGrid(32, 32, size, stride)
    normal = NormalRecord(
        1 + seed, 32, 32, {"classes": rng.dirichlet(np.ones(classes))}, {"classes": rng.random((grid.count, classes))}
    )
    model = Model(specification, angles, {"trash": rng.random(), score.label: 1.5}, provenance, score, normal)
    path = tmp_path_factory.mktemp("model") / "model.json"
    model.save(path)
    again = Model.load(path)
    assert again.specification == specification
    np.testing.assert_array_equal(again.angles, angles)
    assert again.thresholds == model.thresholds
    assert again.provenance == provenance
    assert again.score == score
    assert again.normal is not None
    assert again.normal.to_json() == normal.to_json()
    again.save(path.with_name("again.json"))
    assert path.with_name("again.json").read_bytes() == path.read_bytes()


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    specification = ModelSpecification.build(2, 1, 1)
    Model(specification, [0.5, 1], {}, {}).save(tmp_path / "model.json")  # type: ignore[arg-type]
    document = json.loads((tmp_path / "model.json").read_text())
    assert document["schema"] == SCHEMA
    assert document["schema_version"] == SCHEMA_VERSION
    assert document["angles"] == [0.5, 1.0]
    assert Model.load(tmp_path).specification == specification


@pytest.mark.parametrize("angles", [[0.1], [0.1, 0.2, 0.3], [0.1, float("nan")], [0.1, float("inf")], ["a", "b"]])
def test_a_model_needs_its_angles(angles: list[object]) -> None:
    with pytest.raises(InputError, match="angle"):
        Model(ModelSpecification.build(2, 1, 1), angles)  # type: ignore[arg-type]


def test_files_of_the_first_version_load(tmp_path: Path) -> None:
    """They had neither a score nor a record of normal patches."""
    specification = ModelSpecification.build(4, 1, 1)
    angles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    document = {
        "schema": "qpbae_tn/model",
        "schema_version": 1,
        "qpbae_tn_version": "0.1.0",
        "specification": specification.to_json(),
        "angles": angles,
        "thresholds": {"reconstruction": 0.125, "trash": 0.0625},
        "provenance": {"seed": 3},
    }
    (tmp_path / "model.json").write_text(json.dumps(document))
    model = Model.load(tmp_path)
    assert (model.score, model.normal) == (Score(), None)
    assert model.thresholds == document["thresholds"]
    assert model.angles.tolist() == angles


def test_a_file_of_this_schema_is_read_and_written_back(tmp_path: Path) -> None:
    """Trained with `score="weighted", outcomes="all", positions=True, fold="log"`; golden/0.1.0 has one of schema 1."""
    golden = Path(__file__).parents[2] / "golden" / "schema-2" / "model.json"
    model = Model.load(golden)
    assert model.score == Score("weighted", "log", positions=True, outcomes="all")
    assert model.known_normal.place_shares["all"].shape == (9, 4)
    model.save(tmp_path / "model.json")
    old, new = (json.loads(path.read_text()) for path in (golden, tmp_path / "model.json"))
    del old["qpbae_tn_version"], new["qpbae_tn_version"]
    assert new == old


def record(**change: object) -> dict[str, object]:
    return {"images": 1, "height": 32, "width": 32, "shares": {}, "place_shares": {}, "place_means": {}, **change}


@pytest.mark.parametrize(
    "change",
    [
        {"score": {}},
        {"score": {**Score().to_json(), "epsilon": -1}},
        {"normal": []},
        {"normal": record(images=0)},
        {"normal": record(shares={"all": [1.0]})},
        {"normal": record(shares={"trash": [True] * 8})},
        {"normal": record(shares={"some": [1.0]})},
        {"normal": record(shares={"trash": [-1.0] * 8})},
        {"normal": record(place_means={"trash": [0.5] * 8})},
    ],
)
def test_malformed_scores_and_records_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    Model(ModelSpecification.build(4, 1, 1), [0.0] * 6).save(tmp_path / "model.json")  # type: ignore[arg-type]
    document = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**document, **change}))
    with pytest.raises(InputError, match=r"model\.json"):
        Model.load(tmp_path)
