"""The model as a scikit-learn estimator for stacks of images."""

from __future__ import annotations

from operator import index
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from qpbae_tn.data.splits import random_split
from qpbae_tn.engines import make_engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Initialisation
from qpbae_tn.experiment.fit import FitOptions
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.experiment.training import train_model
from qpbae_tn.metrics.table import decide
from qpbae_tn.model.blocks import block_kind
from qpbae_tn.model.names import PixelOrder, ScoreKind, Trash, check_score
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.float64]


class PatchAutoencoder(BaseEstimator):  # type: ignore[misc]
    """Quantum Patch-Based Autoencoder: fitted on normal grey images, it maps where others differ.

    Images come as arrays of shape (n, H, W). Only ratios of grey levels within a patch matter, so that images in [0, 1]
    and in 0..255 give the same maps. Images to be scored may have another size than those of the fit, but no less than
    a patch a side. An image's score is minus the largest value of its map.

    Args:
        patch_size: P, pixels a side, a power of two.
        stride: S, pixels between neighbouring patches.
        bottleneck: BD, number of latent qubits, 1 <= BD < log2(P^2).
        ansatz: pattern of blocks, "staircase" (the paper) or "brick".
        block: kind of block, "ry" (the paper) or "so4".
        layers: repetitions of the pattern.
        trash: which qubits are thrown away, "first" (the paper) or "last".
        pixel_order: "row" (the paper), "column" or "morton".
        epochs: passes over the training images.
        learning_rate: Adam's step size.
        batch_size: images a step.
        init: initial angles, "normal" (the paper) or "dc" (near the uniform patch).
        engine: how fidelities are computed, a name in `qpbae_tn.engines.ENGINES`.
        fidelity: what scores a patch, "reconstruction" (the paper) or "trash". (Not called `score`, which is a method.)
        validation_fraction: share of the images that is kept for validation and the threshold, at least one image.
        threshold_quantile: share of the validation maps' pixels at or below the threshold.
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
        ansatz: str = "staircase",
        block: str = "ry",
        layers: int = 1,
        trash: Trash = "first",
        pixel_order: PixelOrder = "row",
        epochs: int = 20,
        learning_rate: float = 0.005,
        batch_size: int = 4,
        init: Initialisation = "normal",
        engine: str = "exact",
        fidelity: ScoreKind = "reconstruction",
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
        self.validation_fraction = validation_fraction
        self.threshold_quantile = threshold_quantile
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train on normal images.

        Args:
            X: shape (n, H, W), n at least 2.
            y: ignored.

        Raises:
            ValueError: images or parameters that do not fit (`qpbae_tn.errors.InputError` is one).
        """
        images = _images(X, least=2)
        patch_size, epochs, batch_size = index(self.patch_size), index(self.epochs), index(self.batch_size)
        check_score(self.fidelity)
        specification = ModelSpecification.build(
            patch_size,
            index(self.stride),
            index(self.bottleneck),
            pattern=self.ansatz,
            kind=block_kind(self.block),
            layers=index(self.layers),
            trash=self.trash,
            image_size=max(patch_size, *images.shape[1:]),
            pixel_order=self.pixel_order,
        )
        seed = _seed(self.random_state)
        options = FitOptions(epochs, float(self.learning_rate))
        held_back = _held_back(len(images), self.validation_fraction)
        split = random_split(len(images), seed, len(images) - held_back, held_back)
        outcome = train_model(
            specification,
            make_engine(self.engine),
            images[list(split.train)],
            images[list(split.validation)],
            initial_angles(specification.ansatz, self.init, seed),
            options=options,
            batch_size=batch_size,
            threshold_quantile=self.threshold_quantile,
            provenance={
                "split": {"train": list(split.train), "val": list(split.validation)},
                "seed": seed,
                "init": self.init,
                "epochs": options.epochs,
                "learning_rate": options.learning_rate,
                "batch_size": batch_size,
            },
        )
        self.model_ = outcome.model
        self.history_ = outcome.history
        self.ceiling_loss_ = outcome.ceiling_loss
        self.effective_parameters_ = outcome.effective_parameters
        self.threshold_ = outcome.model.thresholds[self.fidelity]
        self.offset_ = -self.threshold_
        return self

    def anomaly_map(self, X: ArrayLike) -> FloatArray:
        """The maps Y (Eq. 3) of images of shape (n, H, W): the same shape, in [0, 1/2], higher where less normal."""
        check_is_fitted(self, "model_")
        specification = self.model_.specification
        images = _images(X)
        scorer = model_scorer(specification, self.model_.angles, make_engine(self.engine), self.fidelity)
        return anomaly_maps(specification, images, {"model": scorer})[0]["model"]

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
