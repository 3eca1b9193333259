"""The parts of the study against independent routes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qpbae_tn.analysis.scaling.circuits import describe_circuits
from qpbae_tn.analysis.scaling.engines import patches_of, random_mps, require_room, time_engine, timings
from qpbae_tn.analysis.scaling.tables import fit_power_law
from qpbae_tn.analysis.scaling.trainability import LocalCost, landscape, texture
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.ceilings import effective_parameters
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.model.ansatz import apply_block
from qpbae_tn.model.conversion import states_to_mps
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.study.grid import Point, point_work
from qpbae_tn.study.limited import LimitedError, Limits, run_limited

Array = np.ndarray


def zero_probabilities_by_statevector(specification: ModelSpecification, angles: Array, states: Array) -> Array:
    for block, own in specification.ansatz.split(angles):
        states = apply_block(states, block.kind.matrix(own), block.first, block.second)
    weights = states.reshape(len(states), *[2] * specification.qubit_count) ** 2
    axes = range(1, specification.qubit_count + 1)
    return np.stack(
        [weights.sum(axis=tuple(a for a in axes if a != qubit + 1))[:, 0] for qubit in specification.trash_qubits],
        axis=1,
    )


@pytest.mark.parametrize(("size", "bottleneck"), [(2, 1), (4, 1), (4, 3), (8, 2), (16, 2)])
def test_local_cost_is_that_of_the_statevector(size: int, bottleneck: int, rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(size, 1, bottleneck)
    angles = rng.normal(size=specification.ansatz.parameter_count)
    states = rng.normal(size=(3, size**2))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    found = LocalCost(specification, states_to_mps(states)).zero_probabilities(angles)
    expected = zero_probabilities_by_statevector(specification, angles, states)
    np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)


def test_landscape_agrees_with_the_gradient_of_the_engine() -> None:
    specification = ModelSpecification.build(8, 1, 2, image_size=8)
    found = landscape(specification, texture(8), "dc", 3)
    draws = []
    for draw in range(16):
        loss = MpsEngine().prepare_mps_loss(specification, texture(8), np.ones(1))
        value, gradient = loss.value_and_gradient(initial_angles(specification.ansatz, "dc", 3 + draw))
        draws.append((1 - value, np.sqrt(np.mean(gradient[[0, 2, 4, 6]] ** 2))))
    expected = np.median(draws, axis=0)
    assert found["global"]["value"] == pytest.approx(expected[0], abs=1e-12)
    assert found["global"]["gradient"] == pytest.approx(expected[1], abs=1e-12)
    assert found["local"]["value"] > found["global"]["value"]
    assert all(found[cost]["shots"] > 0 for cost in found)


def test_the_global_gradient_vanishes_with_the_patch_and_the_local_one_does_not() -> None:
    small, large = (
        landscape(ModelSpecification.build(size, 1, 2, image_size=size), texture(size), "normal", 0)
        for size in (8, 128)
    )
    assert large["global"]["gradient"] < small["global"]["gradient"] / 50
    assert large["local"]["gradient"] > small["local"]["gradient"] / 10


@pytest.mark.parametrize(("size", "bottleneck"), [(2, 1), (4, 1), (8, 2), (16, 2), (16, 3)])
def test_closed_formulas_are_what_the_circuits_count(size: int, bottleneck: int) -> None:
    found = describe_circuits(size, bottleneck)
    assert found["effective_parameters"] == effective_parameters(ModelSpecification.build(size, 1, bottleneck))
    for name, expected in found["formula"].items():
        readout, _, form = name.partition("_")
        counts = found["readouts"][readout][form]
        assert {key: counts[key] for key in expected} == expected, name


def test_several_layers_have_no_formula_and_are_counted() -> None:
    one, two = (describe_circuits(8, 2, layers=layers) for layers in (1, 2))
    assert two["formula"] is None
    assert two["parameters"] == 2 * one["parameters"]
    latent = [found["readouts"]["latent"]["reduced"]["two_qubit_gates"] for found in (one, two)]
    assert latent[0] < latent[1]


def test_the_interval_of_an_exponent_is_the_one_computed_by_hand() -> None:
    """Four points at log2 x = 0, 1, 2, 3 with log2 y = 0, 1, 1, 2.

    By hand: the mean of log2 x is 1.5 and the sum of its squared deviations 5; the slope is 3/5; the line misses the
    points by -0.1, 0.3, -0.3 and 0.1, squares 0.2 in all; with 4 - 2 = 2 degrees of freedom the standard error is
    sqrt(0.2 / 2 / 5) = sqrt(0.02), and the 97.5% quantile of Student's t with 2 degrees of freedom 4.302653.
    """
    law = fit_power_law([1, 2, 4, 8], [1, 2, 2, 4])
    assert law is not None
    half = 4.302653 * 0.02**0.5
    assert law.exponent.value == pytest.approx(0.6, abs=1e-12)
    assert law.exponent.low == pytest.approx(0.6 - half, abs=1e-6)
    assert law.exponent.high == pytest.approx(0.6 + half, abs=1e-6)
    assert (law.points, law.smallest, law.largest) == (4, 1, 8)


def test_power_law_is_found_with_its_interval(rng: np.random.Generator) -> None:
    x = 2.0 ** np.arange(1, 9)
    exact = fit_power_law(x.tolist(), (3 * x**1.5).tolist())
    assert exact is not None
    assert exact.exponent.value == pytest.approx(1.5)
    assert exact.exponent.high - exact.exponent.low < 1e-6
    inside = 0
    for _ in range(200):
        law = fit_power_law(x.tolist(), (x**2 * np.exp(0.3 * rng.normal(size=x.size))).tolist())
        assert law is not None
        inside += law.exponent.low <= 2 <= law.exponent.high
    assert 180 <= inside <= 199
    assert fit_power_law([1, 2], [1, 2]) is None
    assert fit_power_law([1, 2, 4, 8], [1, 0, 0, 8]) is None


def run(limits: Limits | None = None, **changes: object) -> dict[str, Any]:
    """A point measured in its own process."""
    inputs = {"work": "score", "engine": "exact", "patch_size": 4, "source": "pixels", "bond": None, "patches": 2}
    limits = limits or Limits(60, 2048)
    point = Point("engines", inputs | {"bottleneck": 2, "layers": 1, "seed": 0} | changes)
    work = point_work(point, time_engine, limits)
    (values,) = run_limited(work.function, (work.shared, work.cells), limits)
    return dict(values)


def test_a_point_is_measured_in_its_own_process() -> None:
    found = run(engine="mps", bond=4)
    assert 0 < found["seconds"]["best"] <= found["seconds"]["median"]
    assert found["conversion_seconds"] > 0
    assert found["peak_bytes"] > 0


def test_a_point_past_its_memory_or_its_time_says_so() -> None:
    with pytest.raises(LimitedError, match="memory limit of 1024 MiB"):
        run(Limits(60, 1024), patch_size=8192, patches=4)
    with pytest.raises(LimitedError, match="time limit of 1 s"):
        run(Limits(1), work="train", patch_size=1024, patches=4)


def test_an_engines_own_refusal_is_the_cause() -> None:
    with pytest.raises(LimitedError, match="wires open"):
        run(engine="mps", patch_size=256, layers=13)


def test_limits_that_nothing_fits_are_bad_input() -> None:
    with pytest.raises(InputError, match="not even a patch of 2 x 2"):
        require_room(Limits(memory_mib=8))


def test_random_states_have_their_bond_and_are_not_dark() -> None:
    stack = random_mps(12, 5, 3, np.random.default_rng(0))
    assert stack.bond == 5
    specification = ModelSpecification.build(64, 1, 2, image_size=64)
    angles = initial_angles(specification.ansatz, "dc", 0)
    assert MpsEngine().score(specification, angles, stack).trash_fidelity.min() > 0.2


def test_a_batch_is_that_of_four_images() -> None:
    assert patches_of("train", "exact", 64) == 4 * PatchGrid(256, 256, 64, 16).count
    assert patches_of("train", "exact", 512) == 4
    assert patches_of("score", "exact", 4096) == 1
    assert timings(lambda: None)["repeats"] >= 3
