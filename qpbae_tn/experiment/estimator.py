"""The model as a scikit-learn estimator for stacks of images."""

from __future__ import annotations

from operator import index
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from qpbae_tn.data.data_set import ImageSet
from qpbae_tn.engines import make_engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import EngineName, Experiment, Initialisation, field_help
from qpbae_tn.experiment.evaluation import operating_threshold_of
from qpbae_tn.experiment.fit import EpochRecord
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.experiment.training import train
from qpbae_tn.metrics.table import decide
from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import (
    AnsatzName,
    BlockName,
    Fold,
    Objective,
    Optimizer,
    OutcomeKind,
    PixelOrder,
    ScoreKind,
    Trash,
    WeightRule,
)
from qpbae_tn.model.score import Score

FloatArray = NDArray[np.float64]

_SHARED = (
    "patch_size", "stride", "bottleneck", "ansatz", "block", "layers", "trash", "pixel_order", "epochs",
    "learning_rate", "batch_size", "init", "engine", "threshold_quantile", "objective", "optimizer", "starts", "steps",
    "outcomes", "weights", "epsilon", "positions", "fold",
)  # fmt: skip
"""Parameters that are settings of the `Experiment` under the same name."""


class PatchAutoencoder(BaseEstimator):  # type: ignore[misc]
    """Quantum Patch-Based Autoencoder: fitted on normal grey images, it maps where others differ.

    Example:
        >>> from qpbae_tn.data.textures import Textures
        >>> normal = Textures().train(32).images[:10]
        >>> detector = PatchAutoencoder(stride=4, epochs=2, random_state=0).fit(normal)
        >>> detector
        PatchAutoencoder(epochs=2, random_state=0, stride=4)
        >>> detector.predict(normal[:2]).shape
        (2, 32, 32)

    Images come as arrays of shape (n, H, W). Only ratios of grey levels within a patch matter, so that images in [0, 1]
    and in 0..255 give the same maps. Images to be scored may have another size than those of the fit, but no less than
    a patch a side. An image's score is minus the largest value of its map.

    Args:
        fidelity: what scores a patch, "reconstruction" (the paper), "trash" or "weighted". (`score` is a method.)
        validation_fraction: share of the images that is kept for validation and the threshold, at least one image.
        random_state: int, `numpy.random.RandomState` or None; an int gives what `qpbae train` gives with that seed.

    Attributes:
        model_: the trained `qpbae_tn.model.Model`; its `save` writes a model file for the command line.
        history_: loss and validation loss of each epoch, `qpbae_tn.experiment.fit.EpochRecord`.
        ceiling_loss_: the least loss that any encoder could reach on the training images (PCA).
        effective_parameters_: directions of the angles that the loss sees; None past 12 qubits.
        threshold_: operating threshold on the scale of Y.
        offset_: minus the threshold: `decision_function` is `score_samples` less this.
    """

    def __init__(
        self,
        patch_size: int = 4,
        stride: int = 1,
        bottleneck: int = 2,
        *,
        ansatz: AnsatzName | Ansatz = "staircase",
        block: BlockName = "ry",
        layers: int = 1,
        trash: Trash = "first",
        pixel_order: PixelOrder = "row",
        epochs: int = 20,
        learning_rate: float = 0.005,
        batch_size: int = 4,
        init: Initialisation = "normal",
        engine: EngineName = "exact",
        fidelity: ScoreKind = "reconstruction",
        outcomes: OutcomeKind = "trash",
        weights: WeightRule = "inverse",
        epsilon: float = 1e-5,
        positions: bool = False,
        fold: Fold = "mean",
        objective: Objective = "fidelity",
        optimizer: Optimizer | None = None,
        starts: int = 2,
        steps: int = 3000,
        validation_fraction: float = 0.2,
        threshold_quantile: float = 0.99,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.patch_size = patch_size
        self.stride = stride
        self.bottleneck = bottleneck
        self.ansatz = ansatz
        self.block = block
        self.layers = layers
        self.trash = trash
        self.pixel_order = pixel_order
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.init = init
        self.engine = engine
        self.fidelity = fidelity
        self.outcomes = outcomes
        self.weights = weights
        self.epsilon = epsilon
        self.positions = positions
        self.fold = fold
        self.objective = objective
        self.optimizer = optimizer
        self.starts = starts
        self.steps = steps
        self.validation_fraction = validation_fraction
        self.threshold_quantile = threshold_quantile
        self.random_state = random_state

    @classmethod
    def from_model(cls, model: Model | Path | str, *, fidelity: ScoreKind | None = None) -> Self:
        """The fitted estimator of a trained model, or of the file that holds it.

        Its parameters are the model's, its score too unless another is given, so that a clone of it can be fitted on
        other images.

        Raises:
            InputError: a file that is no model, or a model without a threshold for this fidelity.
        """
        model = model if isinstance(model, Model) else Model.load(Path(model))
        known = Experiment.of_model(model, **({} if fidelity is None else {"score": fidelity}))
        names = {name: getattr(known, name) for name in _SHARED if name not in ("engine", "init", "threshold_quantile")}
        estimator = cls(**names, fidelity=known.score, random_state=known.seed)
        history = [EpochRecord(**record) for record in model.provenance.get("history", ())]
        return estimator._fitted(model, tuple(history))

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train on normal images.

        Args:
            X: shape (n, H, W), n at least 2.
            y: ignored.

        Raises:
            ValueError: images or parameters that do not fit (`qpbae_tn.errors.InputError` is one).
        """
        images = _images(X, least=2)
        held_back = _held_back(len(images), self.validation_fraction)
        experiment = Experiment(
            **{name: getattr(self, name) for name in _SHARED},
            score=self.fidelity,
            image_size=max(index(self.patch_size), *images.shape[1:]),
            train=len(images) - held_back,
            validation=held_back,
            seed=_seed(self.random_state),
        )
        outcome = train(LoadedExperiment(experiment, normal=ImageSet.of_arrays(images)))
        self.ceiling_loss_ = outcome.ceiling_loss
        self.effective_parameters_ = outcome.effective_parameters
        return self._fitted(outcome.model, outcome.history)

    def _fitted(self, model: Model, history: tuple[EpochRecord, ...]) -> Self:
        self.model_ = model
        self.history_ = history
        self.threshold_ = operating_threshold_of(model, self._score)
        self.offset_ = -self.threshold_
        return self

    def anomaly_map(self, X: ArrayLike) -> FloatArray:
        """The maps Y (Eq. 3) of images of shape (n, H, W): the same shape, higher where less normal.

        For fidelities under the mean fold they lie in [0, 1/2].
        """
        check_is_fitted(self, "model_")
        specification = self.model_.specification
        images = _images(X)
        scorer = model_scorer(
            specification, self.model_.angles, make_engine(self.engine), self._score, self.model_.normal
        )
        return anomaly_maps(specification, images, {"model": scorer}, fold=self.fold)[0]["model"]

    @property
    def _score(self) -> Score:
        return Score(self.fidelity, self.fold, self.positions, self.outcomes, self.weights, self.epsilon)

    def score_samples(self, X: ArrayLike) -> FloatArray:
        """How normal each image is: minus the largest value of its map, shape (n,), higher is more normal."""
        return np.asarray(-self.anomaly_map(X).max(axis=(1, 2)))

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """`score_samples` less `offset_`, shape (n,): negative where `predict` marks at least one pixel."""
        return np.asarray(self.score_samples(X) - self.offset_)

    def predict(self, X: ArrayLike) -> NDArray[np.bool_]:
        """Masks of what is anomalous, Y > `threshold_`, shape (n, H, W)."""
        return decide(self.anomaly_map(X), self.threshold_)

    def score(self, X: ArrayLike, y: object = None) -> float:
        """The mean similarity 1 - 2 Y over all pixels: for normal images, higher is better; `y` is ignored.

        With fidelity "trash" it is one minus the loss (Eq. 8).
        """
        return 1.0 - 2.0 * float(self.anomaly_map(X).mean())

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _images(X: ArrayLike, least: int = 1) -> FloatArray:
    images = check_array(X, dtype=np.float64, ensure_2d=False, allow_nd=True, ensure_min_samples=least)
    if images.ndim != 3:
        raise ValueError(
            f"Expected images of shape (n, H, W), got an array of {images.ndim} dimensions, shape {images.shape}. "
            "Reshape your data: a single image needs a first axis of length 1."
        )
    return np.asarray(images)


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, int | np.integer):
        if random_state < 0:
            raise InputError(f"random_state {random_state}", where="random_state", remedy="give 0 or more")
        return int(random_state)
    generator: Any = check_random_state(random_state)
    return int(generator.randint(np.iinfo(np.int32).max))


def _held_back(count: int, fraction: float) -> int:
    if not 0 < fraction < 1:
        raise InputError(
            f"validation_fraction {fraction}", where="validation_fraction", remedy="give a number between 0 and 1"
        )
    return min(max(round(fraction * count), 1), count - 1)


# The settings of the experiment are documented where they stand.
if PatchAutoencoder.__doc__ is not None:
    _HELP = "".join(f"        {name}: {field_help(name)}\n" for name in _SHARED)
    PatchAutoencoder.__doc__ = PatchAutoencoder.__doc__.replace("    Args:\n", f"    Args:\n{_HELP}", 1)
