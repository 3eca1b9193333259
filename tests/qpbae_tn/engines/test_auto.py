from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.engines import make_engine
from qpbae_tn.engines.auto import MEASURED_WIRES, SCORING, SCORING_WITH_BOND, TRAINING, AutoEngine
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.model.ansatz import Ansatz, Block
from qpbae_tn.model.blocks import RY
from qpbae_tn.model.specification import ModelSpecification


def of_qubits(qubits: int, layers: int = 1) -> ModelSpecification:
    size = 1 << qubits // 2
    return ModelSpecification.build(size, 1, 2, layers=layers, image_size=size)


@pytest.mark.parametrize("qubits", [4, 10, 12, 14, 16, 18, 40])
def test_it_follows_the_measured_ranges(qubits: int) -> None:
    specification = of_qubits(qubits)
    for engine, range_ in ((AutoEngine(), SCORING), (AutoEngine(bond=16), SCORING_WITH_BOND)):
        choice = engine.scoring(specification)
        assert choice.engine.name == ("mps" if qubits in range_ else "exact")
        assert f"{qubits} qubits" in choice.reason
        assert engine.training(specification).engine.name == ("mps" if qubits in TRAINING else "exact")


def test_it_gives_the_limits_to_mps_and_says_so() -> None:
    engine = AutoEngine(bond=5, cutoff=1e-3)
    choice = engine.scoring(of_qubits(SCORING_WITH_BOND.first))
    assert choice.engine == MpsEngine(5, 1e-3)
    assert "bond 5" in choice.reason
    assert "bond" not in AutoEngine().scoring(of_qubits(SCORING.first)).reason


def test_it_stays_with_exact_where_a_sweep_is_wide_or_impossible() -> None:
    wide = AutoEngine().scoring(of_qubits(12, MEASURED_WIRES + 1))
    assert wide.engine.name == "exact"
    assert "wires" in wide.reason
    far = ModelSpecification(64, 1, 2, Ansatz(12, (Block(RY, 0, 11),), "far"), image_size=64)
    assert AutoEngine().training(far).engine.name == "exact"


def test_both_choices_give_the_same_numbers(rng: np.random.Generator) -> None:
    specification = of_qubits(TRAINING.first)
    assert AutoEngine().scoring(specification).engine.name == AutoEngine().training(specification).engine.name == "mps"
    angles = initial_angles(specification.ansatz, "dc", 1)
    states = 1 + 0.2 * rng.normal(size=(4, specification.pixel_count))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    weights = rng.dirichlet(np.ones(4))
    results = []
    for engine in (AutoEngine(), ExactEngine()):
        loss, gradient = engine.prepare_loss(specification, [states], weights).value_and_gradient(angles)
        trash = engine.trash_fidelity(specification, angles, states)
        full = engine.reconstruction_fidelity(specification, angles, states)
        results.append(np.concatenate([[loss], gradient, trash, full]))
    np.testing.assert_allclose(*results, atol=1e-12, rtol=0)
    assert results[0][-1] > 0.5


def test_an_experiment_chooses_its_engine_and_says_why() -> None:
    assert Experiment(engine="mps", bond=8, cutoff=1e-4).make_engine() == MpsEngine(8, 1e-4)
    assert Experiment(engine="auto").make_engine() == make_engine("auto")
    (notice,) = Experiment(engine="auto", patch_size=64, image_size=64).engine_notices()
    assert "scores with mps" in notice
    assert Experiment().engine_notices() == []


@pytest.mark.parametrize(
    ("name", "bond", "cutoff"),
    [
        ("mps", 0, 0.0),
        ("mps", -3, 0.0),
        ("auto", "many", 0.0),
        ("auto", 1.5, 0.0),
        ("mps", None, 1.0),
        ("exact", 4, 0.0),
        ("qsim", None, 0.1),
        ("magic", None, 0.0),
    ],
)
def test_senseless_limits_are_refused(name: str, bond: object, cutoff: float) -> None:
    with pytest.raises(InputError, match=r"bond|cut-off|engine"):
        Experiment(engine=name, bond=bond, cutoff=cutoff).make_engine()  # type: ignore[arg-type]
