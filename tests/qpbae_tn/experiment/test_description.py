"""The one description of an experiment: its names, checks and defaults, and those who are made from it."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import typer

from qpbae_tn.cli.main import app
from qpbae_tn.engines import ENGINES
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.experiment.description import BASELINE_NAMES, FIELD_NAMES, Experiment, choices, default, field_help, kind
from qpbae_tn.experiment.estimator import PatchAutoencoder
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train
from qpbae_tn.model.ansatz import PATTERNS, Ansatz, Block
from qpbae_tn.model.blocks import BLOCK_KINDS, RY
from qpbae_tn.model.model import Model


def test_names_are_those_of_the_registries() -> None:
    assert choices("ansatz") == tuple(PATTERNS)
    assert choices("block") == tuple(BLOCK_KINDS)
    assert choices("engine") == tuple(ENGINES)
    assert tuple(BASELINES) == BASELINE_NAMES
    for name, baseline in BASELINES.items():
        assert baseline.name == name
    ansatz = Experiment().specification.ansatz
    assert len({tuple(initial_angles(ansatz, init, 0)) for init in choices("init")}) == len(choices("init"))


@pytest.mark.parametrize("name", FIELD_NAMES)
def test_every_setting_is_documented_and_may_have_its_default(name: str) -> None:
    assert field_help(name).endswith(".")
    assert f"{name}: {field_help(name)}" in str(Experiment.__doc__)
    assert getattr(Experiment(), name) == default(name)
    assert kind(name) in (int, float, str, bool)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"patch_size": 3}, "patch_size: patch size 3 is not a power of two"),
        ({"patch_size": "4"}, "patch_size: patch_size '4'; give a whole number"),
        ({"stride": 0}, "stride: stride 0; give at least 1"),
        ({"stride": True}, "stride: stride True"),
        ({"stride": 1.5}, "stride: stride 1.5; give a whole number"),
        ({"stride": None}, "stride: stride None"),
        ({"bottleneck": 4}, "bottleneck: bottleneck 4"),
        ({"image_size": 2}, "image_size: an image of 2 px is smaller than a patch of 4 px"),
        ({"ansatz": "ladder"}, "ansatz: unknown ansatz 'ladder'"),
        ({"trash": "middle"}, "trash: unknown trash 'middle'; choose one of first, last"),
        ({"epochs": -1}, "epochs: epochs -1; give at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate: learning rate nan"),
        ({"learning_rate": "fast"}, "learning_rate: learning_rate 'fast'; give a number"),
        ({"threshold": float("inf")}, "threshold: threshold inf"),
        ({"threshold_quantile": 1.1}, "threshold_quantile"),
        ({"baselines": ("dc_overlap", "magic")}, "baselines: unknown baseline 'magic'"),
        ({"bond": 0}, "bond: bond 0"),
        ({"positions": "yes"}, "positions: positions 'yes'"),
        ({"seed": -1}, "seed: seed -1"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"^{words}"):
        Experiment(**settings)
    with pytest.raises(InputError, match=f"^{words}"):
        replace(Experiment(), **settings)


def test_equal_descriptions_are_equal_whatever_their_numbers_are_made_of() -> None:
    plain = Experiment(patch_size=8, learning_rate=0.5, test=3, positions=True, baselines=("patch_pca",))
    numpy = Experiment(
        patch_size=np.int64(8),  # type: ignore[arg-type]
        learning_rate=np.float32(0.5),  # type: ignore[arg-type]
        test=np.uint8(3),  # type: ignore[arg-type]
        positions=np.True_,  # type: ignore[arg-type]
        baselines=["patch_pca"],  # type: ignore[arg-type]
    )
    assert plain == numpy
    assert hash(plain) == hash(numpy)
    assert type(numpy.patch_size) is int
    assert type(numpy.learning_rate) is float


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ansatz": "brick", "block": "so4", "layers": 2, "trash": "last", "pixel_order": "morton"},
        {"ansatz": Ansatz(4, (Block(RY, 0, 3),), "far")},
    ],
)
def test_a_model_tells_the_experiment_that_made_it(settings: dict[str, Any], rng: np.random.Generator) -> None:
    experiment = Experiment(image_size=8, bottleneck=1, epochs=1, learning_rate=0.125, seed=3, **settings)
    images = rng.random((4, 8, 8))
    model = train(LoadedExperiment.of_arrays(experiment, images[:3], images[3:])).model
    again = Experiment.of_model(model)
    assert again.specification == experiment.specification
    named = ("ansatz", "block", "layers", "seed", "epochs", "learning_rate", "batch_size", "objective")
    assert [getattr(again, name) for name in named] == [getattr(experiment, name) for name in named]
    np.testing.assert_array_equal(again.initial_angles, initial_angles(model.specification.ansatz, "normal", 3))
    assert Experiment.of_model(model, seed=5, epochs=2).seed == 5
    bare = Model(model.specification, model.angles)
    assert Experiment.of_model(bare).epochs == default("epochs")


def test_the_estimator_has_the_same_parameters_and_defaults() -> None:
    shared = {
        name: parameter.default
        for name, parameter in inspect.signature(PatchAutoencoder).parameters.items()
        if name in FIELD_NAMES
    }
    assert len(shared) == 23
    assert shared == {name: default(name) for name in shared}
    assert f"stride: {field_help('stride')}" in str(PatchAutoencoder.__doc__)


@pytest.mark.parametrize("command", ["train", "run", "evaluate", "segment"])
def test_commands_have_an_option_for_a_setting(command: str) -> None:
    """With its name, help and default; what the command line writes as words of its own is 'all' and 'none'."""
    options = {option.name: option for option in typer.main.get_command(app).commands[command].params}  # type: ignore[attr-defined]
    found = [name for name in FIELD_NAMES if name in options]
    assert {"score", "engine", "seed"} <= set(found) or command == "train"
    for name in found:
        assert options[name].opts == [f"--{name.replace('_', '-')}"]
        assert options[name].help == field_help(name)
        assert options[name].default in (default(name), {"baselines": "all", "bond": "none"}.get(name))
