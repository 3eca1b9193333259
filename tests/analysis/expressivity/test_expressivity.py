from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.analysis.expressivity.landscape import TIE, flat_directions, moved_along, train_to_convergence
from qpbae_tn.analysis.expressivity.report import content
from qpbae_tn.analysis.expressivity.study import ExpressivityPlan, run_study
from qpbae_tn.engines.exact import ExactEngine, MeanState
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.ceilings import pca_ceiling, product_ceiling
from qpbae_tn.model.blocks import RY, SO4
from qpbae_tn.model.specification import ModelSpecification


def smooth_sigma(size: int, rng: np.random.Generator) -> np.ndarray:
    states = 1 + 0.4 * rng.normal(size=(200, size)).cumsum(axis=1) / np.sqrt(size)
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    return states.T @ states / 200


@pytest.mark.parametrize("bottleneck", [1, 2, 3])
def test_one_layer_converges_to_the_product_ceiling_and_so4_comes_closer_to_pca(
    bottleneck: int, rng: np.random.Generator
) -> None:
    mean = MeanState(smooth_sigma(16, rng), factored=False)
    paper = ModelSpecification.build(4, 1, bottleneck)
    so4 = ModelSpecification.build(4, 1, bottleneck, kind=SO4)
    product = 1 - product_ceiling(paper, mean.array)
    pca = 1 - pca_ceiling(paper, mean)
    reached = train_to_convergence(paper, mean)
    assert reached.loss == pytest.approx(product, abs=1e-6)
    assert reached.gradient_norm < 1e-4
    assert pca - 1e-12 <= train_to_convergence(so4, mean).loss <= product + 1e-6


def test_flat_directions_leave_f_trash_and_move_f(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2)
    angles = rng.normal(size=10)
    assert flat_directions(specification).shape == (10 - 4, 10)
    states = 1 + 0.3 * rng.normal(size=(5, 64))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    engine = ExactEngine()
    for moved in moved_along(specification, angles, 3, 0):
        trash = engine.trash_fidelity(specification, moved, states)
        np.testing.assert_allclose(trash, engine.trash_fidelity(specification, angles, states), atol=1e-12)
        full = engine.reconstruction_fidelity(specification, moved, states)
        assert np.abs(full - engine.reconstruction_fidelity(specification, angles, states)).max() > 1e-4
    with pytest.raises(InputError, match="paper's ansatz"):
        flat_directions(ModelSpecification.build(8, 1, 2, layers=2))


def test_study_and_page() -> None:
    document = run_study(ExpressivityPlan({"textures": "textures"}, (4,), (1, 2), stride=4))
    assert len(document["rows"]) == 3 * 2 * 2
    assert len(document["reference_rows"]) == 3 * 3
    for row in document["rows"]:
        keys = ("data", "patch_size", "bottleneck")
        same = [r for r in document["reference_rows"] if all(r[key] == row[key] for key in keys)]
        losses = {r["detector"]: r["loss"] for r in same}
        assert losses["patch_pca"] <= row["loss"] + 1e-9
        assert losses["patch_pca"] <= losses["product_filter"] <= losses["dc_overlap"] + 1e-9
        if row["block"] == "ry" and row["layers"] == 1:
            assert row["loss"] == pytest.approx(losses["product_filter"], abs=1e-6)
    found = content(document)
    assert list(found.tables["loss_textures"].columns) == [
        *("P", "BD", "DC overlap", "product ceiling", "ry x 1", "ry x 2", "so4 x 1", "so4 x 2", "PCA ceiling")
    ]
    assert found.tables["loss_textures"]["ry x 1"].tolist() == [
        row["loss"] for row in document["rows"] if row["block"] == "ry" and row["layers"] == 1
    ]
    assert found.values["largest_difference"] < 1e-6
    assert len(found.tables["detection"]) == len(found.tables["difference"]) == 3
    assert found.values["largest_rise"] <= TIE
    for row in document["rows"]:
        dc = next(
            r["metrics"]["aupro"]["value"]
            for r in document["reference_rows"]
            if r["detector"] == "dc_overlap" and r["bottleneck"] == row["bottleneck"]
        )
        difference = row["above_dc_overlap"]["aupro"]
        assert difference["value"] == pytest.approx(row["metrics"]["aupro"]["value"] - dc)
        assert difference["low"] <= difference["high"]


def test_more_layers_never_end_higher(rng: np.random.Generator) -> None:
    mean = MeanState(smooth_sigma(16, rng), factored=False)
    for kind in (RY, SO4):
        fewer, losses = None, []
        for layers in (1, 2, 3, 4):
            specification = ModelSpecification.build(4, 1, 2, kind=kind, layers=layers)
            found = train_to_convergence(specification, mean, layers, starts=1, fewer=fewer)
            fewer = found.angles
            losses.append(found.loss)
        assert (np.diff(losses) <= TIE).all()


def test_of_equally_good_starts_the_first_counts(rng: np.random.Generator) -> None:
    mean = MeanState(smooth_sigma(16, rng), factored=False)
    specification = ModelSpecification.build(4, 1, 2)
    reached = train_to_convergence(specification, mean)
    assert max(reached.losses) - min(reached.losses) < TIE
    first = train_to_convergence(specification, mean, starts=1)
    np.testing.assert_array_equal(reached.angles, first.angles)
