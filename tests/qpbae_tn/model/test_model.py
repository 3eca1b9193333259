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
    model = Model(specification, angles, {"trash": rng.random()}, provenance)
    path = tmp_path_factory.mktemp("model") / "model.json"
    model.save(path)
    again = Model.load(path)
    assert again.specification == specification
    np.testing.assert_array_equal(again.angles, angles)
    assert again.thresholds == model.thresholds
    assert again.provenance == provenance
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
