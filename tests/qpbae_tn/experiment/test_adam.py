"""Adam against the published algorithm, written out number by number."""

from __future__ import annotations

import math

import numpy as np

from qpbae_tn.experiment.fit import Adam


def textbook(gradients: list[list[float]], rate: float) -> list[list[float]]:
    """Algorithm 1 of Kingma and Ba (2015) for one parameter after another, starting at zero."""
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    columns = []
    for column in zip(*gradients, strict=True):
        theta = m = v = 0.0
        path = []
        for t, g in enumerate(column, start=1):
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g * g
            alpha_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            theta -= rate * alpha_hat / (math.sqrt(v_hat) + epsilon)
            path.append(theta)
        columns.append(path)
    return [list(row) for row in zip(*columns, strict=True)]


def test_it_is_the_published_algorithm(rng: np.random.Generator) -> None:
    gradients = rng.normal(size=(50, 4)) * [1.0, 1e-6, 1e3, 0.0]
    optimiser, parameters = Adam(0.02), np.zeros(4)
    for gradient, wanted in zip(gradients, textbook(gradients.tolist(), 0.02), strict=True):
        parameters = optimiser.update(parameters, gradient)
        np.testing.assert_allclose(parameters, wanted, rtol=1e-12, atol=1e-15)


def test_the_first_step_is_the_learning_rate_whatever_the_gradient(rng: np.random.Generator) -> None:
    gradient = rng.choice([-1, 1], size=6) * 10.0 ** rng.integers(-3, 4, size=6)
    step = Adam(0.005).update(np.zeros(6), gradient)
    np.testing.assert_allclose(step, -0.005 * np.sign(gradient), rtol=1e-4)


def test_it_finds_the_minimum_of_a_bowl() -> None:
    optimiser, place = Adam(0.05), np.array([3.0, -2.0])
    for _ in range(2000):
        place = optimiser.update(place, 2 * (place - [1.0, 0.5]) * [10.0, 0.1])
    np.testing.assert_allclose(place, [1.0, 0.5], atol=1e-3)
