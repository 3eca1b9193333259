"""The ceilings: three routes to the one of PCA, and where the product ceiling stands between it and training."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from qpbae_tn.data.textures import Textures
from qpbae_tn.engines.exact import ExactEngine, MeanState, MeanStateLoss
from qpbae_tn.experiment import ceilings
from qpbae_tn.experiment.ceilings import pca_ceiling, product_ceiling
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import combine, fit, prepare_problem
from qpbae_tn.experiment.initial_angles import dc_angles, initial_angles
from qpbae_tn.model.blocks import SO4
from qpbae_tn.model.specification import ModelSpecification

ENGINE = ExactEngine()


def random_factor(rng: np.random.Generator, rows: int, size: int) -> NDArray[np.float64]:
    """R of a mean state Sigma = R^T R with trace one and a spectrum that falls off."""
    factor = rng.normal(size=(rows, size)) / np.arange(1, size + 1)
    return factor / np.linalg.norm(factor)


@pytest.mark.parametrize("bottleneck", [1, 3])
@pytest.mark.parametrize("rows", [5, 40, 300])
def test_dense_iterative_and_factored_routes_agree(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator, rows: int, bottleneck: int
) -> None:
    specification = ModelSpecification.build(8, 1, bottleneck)
    factor = random_factor(rng, rows, 64)
    sigma = factor.T @ factor
    wanted = np.sort(np.linalg.eigvalsh(sigma))[-(1 << bottleneck) :].sum()
    assert pca_ceiling(specification, MeanState(sigma, factored=False)) == pytest.approx(wanted, abs=1e-12)
    assert pca_ceiling(specification, MeanState(factor, factored=True)) == pytest.approx(wanted, abs=1e-12)
    monkeypatch.setattr(ceilings, "DENSE_SIZE", 4)
    assert pca_ceiling(specification, MeanState(sigma, factored=False)) == pytest.approx(wanted, abs=1e-10)
    assert pca_ceiling(specification, MeanState(factor, factored=True)) == pytest.approx(wanted, abs=1e-10)


def test_a_factor_of_few_rows_is_kept_whole(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 3)
    factor = random_factor(rng, 6, 64)
    assert pca_ceiling(specification, MeanState(factor, factored=True)) == pytest.approx(1.0)


def test_combined_mean_states_are_the_mean_of_all(rng: np.random.Generator) -> None:
    factors = [random_factor(rng, rows, 16) for rows in (3, 4, 5, 6)]
    shares = [0.1, 0.2, 0.3, 0.4]
    wanted = sum(share * factor.T @ factor for share, factor in zip(shares, factors, strict=True))
    few = combine([MeanState(factor, factored=True) for factor in factors[:3]], shares[:3])
    assert few.factored
    all_of_them = combine([MeanState(factor, factored=True) for factor in factors], shares)
    mixed = combine(
        [MeanState(f, True) for f in factors[:2]] + [MeanState(f.T @ f, False) for f in factors[2:]], shares
    )
    for found in (all_of_them, mixed):
        assert not found.factored
        np.testing.assert_allclose(found.array, wanted, atol=1e-14)
    np.testing.assert_allclose(few.array.T @ few.array, wanted - 0.4 * factors[3].T @ factors[3], atol=1e-14)


@pytest.mark.parametrize("bottleneck", [1, 2, 3])
def test_training_one_layer_ends_between_the_product_ceiling_and_its_own_start(bottleneck: int) -> None:
    specification = ModelSpecification.build(4, 2, bottleneck)
    images = Textures("grass").train(16).images[:24]
    problem = prepare_problem(specification, ENGINE, images, images[:0], batch_size=24)
    sigma = problem.train_mean.array
    product = 1 - product_ceiling(specification, sigma)
    best = 1 - pca_ceiling(specification, problem.train_mean)
    assert best <= product
    start = dc_angles(specification.ansatz)
    # The uniform filter is a product: the DC solution cannot beat the ceiling.
    assert product <= problem.batches[0].value(start) + 1e-12
    trained = minimize(problem.batches[0].value_and_gradient, start, jac=True, method="L-BFGS-B").fun
    assert trained == pytest.approx(product, abs=1e-6)
    by_adam, _ = fit(problem, initial_angles(specification.ansatz, "dc", 0), Experiment(epochs=200, learning_rate=0.02))
    assert product - 1e-12 <= problem.batches[0].value(by_adam) < product + 1e-3


def test_richer_blocks_come_below_the_product_ceiling_but_not_below_pca(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(4, 1, 1, kind=SO4, layers=2)
    factor = random_factor(rng, 40, 16)
    state = MeanState(factor.T @ factor, factored=False)
    loss = MeanStateLoss(specification, state)
    start, limit = dc_angles(specification.ansatz) + 0.1 * rng.normal(size=36), {"maxiter": 100}
    found = minimize(loss.value_and_gradient, start, jac=True, method="L-BFGS-B", options=limit).fun
    assert 1 - pca_ceiling(specification, state) - 1e-12 <= found < 1 - product_ceiling(specification, state.array)


@pytest.mark.parametrize("trash", ["first", "last"])
def test_the_product_ceiling_of_a_product_state_is_one(rng: np.random.Generator, trash: str) -> None:
    specification = ModelSpecification.build(4, 1, 2, trash=trash)
    filters = rng.normal(size=(2, 2))
    filters /= np.linalg.norm(filters, axis=1, keepdims=True)
    latent = rng.normal(size=(5, 4))
    latent /= np.linalg.norm(latent)
    order = (lambda v, a: np.kron(v, a)) if trash == "first" else (lambda v, a: np.kron(a, v))
    factor = np.stack([order(np.kron(filters[0], filters[1]), row) for row in latent])
    assert product_ceiling(specification, factor.T @ factor) == pytest.approx(1.0, abs=1e-12)
    # With another register thrown away it is no product any more.
    other = ModelSpecification.build(4, 1, 2, trash="last" if trash == "first" else "first")
    assert product_ceiling(other, factor.T @ factor) < 0.99
