from __future__ import annotations

import numpy as np
import pytest

from qpbae_tn.analysis.expressivity.convergence import train_to_convergence
from qpbae_tn.analysis.expressivity.flat_directions import moved_along, unseen_directions
from qpbae_tn.analysis.expressivity.report import page
from qpbae_tn.analysis.expressivity.study import ExpressivityPlan, run_study
from qpbae_tn.analysis.pages import ReportOptions
from qpbae_tn.engines.exact import ExactEngine, MeanState
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.ceilings import pca_ceiling, product_ceiling
from qpbae_tn.model.blocks import SO4
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.report.render import to_html, to_markdown


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


def test_unseen_directions_leave_f_trash_and_move_f(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2)
    angles = rng.normal(size=10)
    assert unseen_directions(specification).shape == (10 - 4, 10)
    states = 1 + 0.3 * rng.normal(size=(5, 64))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    engine = ExactEngine()
    for moved in moved_along(specification, angles, 3, 0):
        trash = engine.trash_fidelity(specification, moved, states)
        np.testing.assert_allclose(trash, engine.trash_fidelity(specification, angles, states), atol=1e-12)
        full = engine.reconstruction_fidelity(specification, moved, states)
        assert np.abs(full - engine.reconstruction_fidelity(specification, angles, states)).max() > 1e-4
    with pytest.raises(InputError, match="paper's ansatz"):
        unseen_directions(ModelSpecification.build(8, 1, 2, layers=2))


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
    made = page(document, ReportOptions())
    assert "qpbae report expressivity" in to_markdown(made)
    assert "<svg" in to_html(made)
