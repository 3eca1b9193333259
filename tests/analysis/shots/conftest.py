"""A small model and test set with defects, made in a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qpbae_tn.analysis.shots.subject import Subject, prepare_subject
from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.data.textures import Textures
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.training import train_model
from qpbae_tn.model.model import Model
from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True, eq=False)
class Example:
    """Images, a trained model, and what a study starts from."""

    train: np.ndarray
    validation: np.ndarray
    test: LabelledImageSet
    start: np.ndarray
    model: Model
    subject: Subject


@pytest.fixture(scope="module")
def example() -> Example:
    """P = 4, S = 2 on 12 test images of 16 pixels a side."""
    data = Textures()
    images, test = data.train(16).images, data.test(16, limit=12)
    specification = ModelSpecification.build(4, 2, 2, image_size=16)
    start = initial_angles(specification.ansatz, "dc", 1)
    train, validation = images[:8], images[8:14]
    model = train_model(specification, ExactEngine(), train, validation, start).model
    return Example(train, validation, test, start, model, prepare_subject(model, ExactEngine(), test, validation))
