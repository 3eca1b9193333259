"""The scikit-learn estimator: its contract with scikit-learn, and its agreement with the command line's route."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Tags
from sklearn.utils.estimator_checks import check_estimator

import qpbae_tn
from qpbae_tn.data.textures import Textures
from qpbae_tn.engines import make_engine
from qpbae_tn.experiment.estimator import PatchAutoencoder
from qpbae_tn.experiment.fit import prepare_problem
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.model.model import Model

Images = NDArray[np.float64]

EXPECTED_FAILURES = {
    "check_n_features_in": "a table's columns are an image's pixels, and images of another size may be mapped",
    "check_n_features_in_after_fitting": "the same",
}
"""scikit-learn's checks that do not hold, each with its reason."""


@pytest.fixture(scope="module")
def images() -> Images:
    return Textures("gravel").train(16).images[:30]


@pytest.fixture
def quick() -> PatchAutoencoder:
    return PatchAutoencoder(patch_size=4, bottleneck=1, epochs=3, random_state=5)


class RowsAsImages(PatchAutoencoder):
    """Takes tables: each row becomes an image of that row repeated, so that scikit-learn's checks can feed it.

    Whatever is no table goes on as it is, to be refused by the estimator itself.
    """

    def __init__(self, patch_size: int = 2, bottleneck: int = 1, epochs: int = 2, random_state: object = None) -> None:
        super().__init__(patch_size, 1, bottleneck, epochs=epochs, random_state=random_state)

    def fit(self, X, y=None):
        return super().fit(self._lifted(X), y)

    def anomaly_map(self, X):
        return super().anomaly_map(self._lifted(X))

    def predict(self, X):
        # One row an image, as the checks of order and subsets want it; a mask of the whole image is the same per row.
        return super().predict(X)[:, 0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def _lifted(self, X):
        if scipy.sparse.issparse(X) or np.ndim(X) != 2 or np.shape(X)[1] == 0:
            return X
        return np.repeat(np.repeat(np.asarray(X), self.patch_size, axis=1)[:, None, :], self.patch_size, axis=1)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_check_estimator_passes_and_says_that_it_skips_what_needs_a_table() -> None:
    results = check_estimator(PatchAutoencoder(), on_fail=None)
    assert {result["status"] for result in results} == {"passed"}
    with pytest.warns(SkipTestWarning, match="PatchAutoencoder"):
        check_estimator(PatchAutoencoder())


def test_all_of_scikit_learns_checks_pass_but_those_listed() -> None:
    results = check_estimator(RowsAsImages(), on_fail=None, on_skip=None, expected_failed_checks=EXPECTED_FAILURES)
    found = {result["check_name"]: result["status"] for result in results}
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
    assert {name for name, status in found.items() if status == "xfail"} == set(EXPECTED_FAILURES)
    assert {name for name, status in found.items() if status == "skipped"} <= {"check_array_api_input"}
    assert len(found) >= 35


def test_it_is_exported_lazily() -> None:
    assert qpbae_tn.PatchAutoencoder is PatchAutoencoder
    assert qpbae_tn.Model is Model
    assert {"PatchAutoencoder", "Model", "ModelSpecification"} <= set(dir(qpbae_tn))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = qpbae_tn.Nothing


def test_it_learns_what_is_normal(images: Images) -> None:
    test = Textures("gravel").test(16)
    model = PatchAutoencoder(4, bottleneck=2, learning_rate=0.05, random_state=0).fit(images)
    maps = model.anomaly_map(test.images)
    assert maps.shape == test.images.shape
    assert ((maps >= 0) & (maps <= 0.5)).all()
    quality = evaluate_maps(maps, test.masks, model.threshold_, resamples=5)
    untrained = clone(model).set_params(epochs=0).fit(images).anomaly_map(test.images)
    assert quality["auroc"].value > evaluate_maps(untrained, test.masks, 0.1, resamples=5)["auroc"].value + 0.1
    assert model.history_[-1].loss < model.history_[0].loss
    assert model.ceiling_loss_ <= model.history_[-1].loss
    assert model.effective_parameters_ == 2


def test_scores_masks_and_decisions_agree(images: Images, quick: PatchAutoencoder) -> None:
    quick.fit(images)
    maps, scores = quick.anomaly_map(images), quick.score_samples(images)
    np.testing.assert_array_equal(scores, -maps.max(axis=(1, 2)))
    masks = quick.predict(images)
    assert masks.dtype == np.bool_
    np.testing.assert_array_equal(masks, maps > quick.threshold_)
    np.testing.assert_array_equal(quick.decision_function(images) < 0, masks.any(axis=(1, 2)))
    assert quick.offset_ == -quick.threshold_
    np.testing.assert_allclose(quick.score(images), 1 - 2 * maps.mean())


def test_the_score_by_trash_fidelity_is_one_minus_the_loss(images: Images, quick: PatchAutoencoder) -> None:
    quick.set_params(fidelity="trash").fit(images)
    specification, engine = quick.model_.specification, make_engine("exact")
    problem = prepare_problem(specification, engine, images, images[:0], batch_size=len(images))
    np.testing.assert_allclose(1 - quick.score(images), problem.batches[0].value(quick.model_.angles))


def test_it_is_the_model_of_the_functions_it_is_made_of(images: Images, quick: PatchAutoencoder) -> None:
    model = quick.fit(images).model_
    scorer = model_scorer(model.specification, model.angles, make_engine("exact"), "reconstruction")
    maps, _ = anomaly_maps(model.specification, images, {"it": scorer})
    np.testing.assert_array_equal(quick.anomaly_map(images), maps["it"])
    split = model.provenance["split"]
    assert sorted(split["train"] + split["val"]) == list(range(30))
    assert len(split["val"]) == 6
    assert quick.threshold_ == np.quantile(maps["it"][split["val"]], 0.99)


def test_a_saved_model_gives_the_same_maps(images: Images, quick: PatchAutoencoder, tmp_path: Path) -> None:
    quick.set_params(patch_size=np.int64(4), epochs=np.int64(2)).fit(images).model_.save(tmp_path / "model.json")
    again = Model.load(tmp_path)
    np.testing.assert_array_equal(again.angles, quick.model_.angles)
    assert again.thresholds["reconstruction"] == quick.threshold_
    assert again.specification == quick.model_.specification
    assert again.specification.image_size == 16


def test_an_integer_seed_gives_the_same_bits_and_a_generator_goes_on(images: Images, quick: PatchAutoencoder) -> None:
    first, second = clone(quick).fit(images), clone(quick).fit(images)
    np.testing.assert_array_equal(first.model_.angles, second.model_.angles)
    generator = np.random.RandomState(3)
    one = clone(quick).set_params(random_state=generator).fit(images)
    quick.random_state = generator
    assert not np.array_equal(one.model_.angles, quick.fit(images).model_.angles)


def test_grey_levels_in_another_unit_give_the_same_maps(images: Images, quick: PatchAutoencoder) -> None:
    bytes_ = np.rint(images * 255).astype(np.uint8)
    quick.fit(bytes_ / 255)
    np.testing.assert_allclose(quick.anomaly_map(bytes_), quick.anomaly_map(bytes_ / 255), atol=1e-12)


def test_images_of_another_size_are_mapped(images: Images, quick: PatchAutoencoder, rng: np.random.Generator) -> None:
    wide = rng.random((2, 9, 30))
    quick.fit(images)
    assert quick.anomaly_map(wide).shape == wide.shape
    assert quick.fit(wide).model_.specification.image_size == 30


def test_it_survives_pickling(images: Images, quick: PatchAutoencoder) -> None:
    again = pickle.loads(pickle.dumps(quick.fit(images)))
    np.testing.assert_array_equal(again.score_samples(images), quick.score_samples(images))


def test_in_a_pipeline(images: Images, quick: PatchAutoencoder) -> None:
    pipeline = make_pipeline(FunctionTransformer(lambda stack: stack[:, ::2, ::2]), quick)
    pipeline.fit(images)
    assert pipeline.predict(images).shape == (30, 8, 8)
    np.testing.assert_array_equal(pipeline.score_samples(images), quick.score_samples(images[:, ::2, ::2]))
    assert pipeline.decision_function(images).shape == (30,)
    assert 0 < pipeline.score(images) <= 1


def test_in_a_grid_search(images: Images, quick: PatchAutoencoder) -> None:
    quick.set_params(epochs=20, learning_rate=0.05, init="dc")
    search = GridSearchCV(quick, {"bottleneck": np.arange(1, 4), "block": ["ry", "so4"]}, cv=2).fit(images)
    assert search.best_params_["bottleneck"] == 3
    assert search.best_estimator_.predict(images).shape == images.shape
    scores = search.cv_results_["mean_test_score"]
    assert ((scores > 0) & (scores <= 1)).all()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"patch_size": 3}, "power of two"),
        ({"patch_size": 32}, "smaller than a patch"),
        ({"stride": 0}, "stride"),
        ({"bottleneck": 4}, "bottleneck"),
        ({"ansatz": "ladder"}, "unknown ansatz"),
        ({"block": "su4"}, "su4"),
        ({"layers": 0}, "layers"),
        ({"trash": "middle"}, "middle"),
        ({"pixel_order": "snake"}, "snake"),
        ({"epochs": -1}, "epochs"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"init": "ones"}, "init"),
        ({"engine": "abacus"}, "unknown engine"),
        ({"fidelity": "both"}, "unknown score"),
        ({"validation_fraction": 0.0}, "validation_fraction"),
        ({"validation_fraction": 1}, "validation_fraction"),
        ({"threshold_quantile": 1.5}, "quantile"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_wrong_parameters_are_told_at_the_fit(images: Images, parameters: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PatchAutoencoder(**{"random_state": 0, **parameters}).fit(images)


def test_wrong_images_are_refused(images: Images, quick: PatchAutoencoder) -> None:
    with pytest.raises(NotFittedError):
        quick.predict(images)
    holed = images.copy()
    holed[3, 2, 1] = np.nan
    for wrong, words in [
        (holed, "NaN"),
        (images[0], "shape .n, H, W."),
        (images[..., None], "shape .n, H, W."),
        (images[:1], "minimum of 2"),
        (images.astype(complex), "Complex"),
        (images[:0], "0 sample"),
    ]:
        with pytest.raises(ValueError, match=words):
            quick.fit(wrong)
    quick.fit(images)
    with pytest.raises(ValueError, match="smaller than a patch"):
        quick.predict(images[:, :3])
