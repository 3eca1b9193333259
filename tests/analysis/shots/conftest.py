"""A small model and test set with defects, made in a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qpbae_tn.analysis.shots.exact import ExactScores
from qpbae_tn.data.data_set import ImageSet, LabelledImageSet
from qpbae_tn.data.textures import Textures
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import train
from qpbae_tn.model.model import Model


@dataclass(frozen=True, eq=False)
class Example:
    """Images, a trained model, and what a study starts from."""

    loaded: LoadedExperiment
    scored: ExactScores

    @property
    def train(self) -> np.ndarray:
        return self.loaded.train.images

    @property
    def test(self) -> LabelledImageSet:
        return self.loaded.test

    @property
    def start(self) -> np.ndarray:
        return self.loaded.initial_angles

    @property
    def model(self) -> Model:
        return self.loaded.trained_model


@pytest.fixture(scope="module")
def example() -> Example:
    """P = 4, S = 2 on 12 test images of 16 pixels a side."""
    data = Textures()
    images, test = data.train(16).images, data.test(16, limit=12)
    experiment = Experiment(stride=2, image_size=16, init="dc", seed=1)
    parts = ImageSet.of_arrays(images[:8]), ImageSet.of_arrays(images[8:14])
    loaded = LoadedExperiment(experiment, parts=parts, test=test)
    loaded = loaded.with_model(train(loaded).model)
    return Example(loaded, ExactScores.of(loaded))
