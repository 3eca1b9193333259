"""`walsh` and `mahalanobis` by their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import hadamard

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.outcome_baselines import Mahalanobis, Walsh, walsh_model
from qpbae_tn.experiment.scoring import PatchBatch


def loaded(**settings: object) -> LoadedExperiment:
    given = {"train": 10, "validation": 3, "stride": 4, "bottleneck": 1, **settings}
    return LoadedExperiment(Experiment(**given))  # type: ignore[arg-type]


def test_walsh_is_the_leverage_in_the_basis_of_walsh_functions() -> None:
    data = loaded(score="weighted", outcomes="all", epsilon=1e-4)
    fitted, patches = Walsh().fit(data), data.train_patches
    rows = hadamard(16) / 4.0
    seen = [np.square(states @ rows.T) for states in patches]
    lam = np.mean([patches.grid.weights @ found for found in seen], axis=0)
    expected = seen[3] @ (1 / (lam + 1e-4)) / (lam / (lam + 1e-4)).sum()
    batch = PatchBatch(patches.pixels(3), patches[3], np.arange(patches.grid.count))
    np.testing.assert_allclose((1 - fitted.similarity(batch)) / 2, expected, atol=1e-8)
    assert fitted.parameter_count == 16


def test_walsh_takes_weights_fold_and_places_of_the_experiment() -> None:
    for settings, outcomes in (
        ({}, "all"),
        ({"score": "weighted"}, "all"),
        ({"score": "weighted", "outcomes": "classes", "weights": "log", "positions": True, "fold": "log"}, "classes"),
    ):
        data = loaded(**settings)
        model = walsh_model(data)
        assert model.score.outcomes == outcomes
        own = data.experiment.scoring
        assert (model.score.fold, model.score.positions) == (own.fold, own.positions)
        assert Walsh().fit(data).knows_places == own.positions
    large = loaded(patch_size=128, image_size=128)
    assert walsh_model(large).score.outcomes == "classes"


def test_mahalanobis_is_the_centred_distance(rng: np.random.Generator) -> None:
    data = loaded()
    fitted, patches = Mahalanobis().fit(data), data.train_patches
    states = np.concatenate(list(patches))
    inverse = np.linalg.inv(np.cov(states.T, bias=True))
    centred = patches[0] - states.mean(axis=0)
    expected = np.einsum("pi,ij,pj->p", centred, inverse, centred)
    batch = PatchBatch(patches.pixels(0), patches[0])
    np.testing.assert_allclose((1 - fitted.similarity(batch)) / 2 * fitted.mean, expected, rtol=1e-5)
    assert fitted.mean == pytest.approx(16, rel=1e-6)
    assert fitted.parameter_count == 16 + 136


def test_many_patches_are_thinned_and_large_ones_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = loaded(stride=1)
    whole = Mahalanobis().fit(data)
    monkeypatch.setattr("qpbae_tn.experiment.outcome_baselines.FIT_AMPLITUDES", 16 * 2000)
    thinned = Mahalanobis().fit(data)
    assert thinned.mean == pytest.approx(whole.mean, rel=0.1)
    assert (thinned.covariance.location_ != whole.covariance.location_).any()
    with pytest.raises(InputError, match="4,096 x 4,096"):
        Mahalanobis().fit(loaded(patch_size=64, image_size=64))
