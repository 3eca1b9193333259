"""A model with the images that it is studied on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import DataSet, LabelledImageSet
from qpbae_tn.data.splits import random_split
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.fit import FitOptions
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.training import train_model
from qpbae_tn.model.model import Model
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """A model and its images.

    Args:
        model: trained.
        start: angles to train anew from, shape (parameter_count,), radians.
        test: labelled images.
        train: shape (images, H, W), in the order of the batches; None where there are none.
        validation: normal images for thresholds; None where there are none.
        notice: what a reader should know of the split, or None.
    """

    model: Model
    start: FloatArray
    test: LabelledImageSet
    train: FloatArray | None
    validation: FloatArray | None
    notice: str | None = None


def quickly_trained(
    data_set: DataSet,
    specification: ModelSpecification,
    *,
    test_limit: int | None = None,
    seed: int = 0,
    options: FitOptions | None = None,
) -> Material:
    """Train with the paper's settings: 100 images, batches of 4, normal initial angles; a second at P = 4.

    Args:
        data_set: has training and test images.
        specification: the model.
        test_limit: at most this many test images, a stratified subset.
        seed: of split, initial angles and subset.
        options: epochs and learning rate; the paper's by default.

    Raises:
        InputError: a part of the data is missing or cannot be used.
    """
    test = data_set.test(specification.image_size, limit=test_limit, seed=seed)
    images = data_set.train(specification.image_size)
    split = random_split(len(images), seed)
    train, validation = images.images[list(split.train)], images.images[list(split.validation)]
    start = initial_angles(specification.ansatz, "normal", seed)
    options = options or FitOptions()
    provenance = {
        "data": images.provenance.to_json(),
        "split": {"train": list(split.train), "val": list(split.validation)},
        "seed": seed,
        "init": "normal",
        "epochs": options.epochs,
        "learning_rate": options.learning_rate,
        "batch_size": 4,
    }
    outcome = train_model(
        specification, ExactEngine(), train, validation, start, options=options, batch_size=4, provenance=provenance
    )
    return Material(outcome.model, start, test, train, validation, split.notice)
