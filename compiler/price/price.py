"""The price as one document: the program, an image, a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qpbae_tn.compiler.price.program import ProgramPrice
from qpbae_tn.compiler.price.runs import ImagePrice, TrainingPrice


@dataclass(frozen=True)
class Price:
    """What it costs to run a program, to score an image with it, and to train the model on hardware.

    Args:
        program: one run of the program that scores a patch.
        standard_error: of a patch's score, that the shots per patch are chosen for.
        variance: of one shot, that they are chosen for.
        image: scoring one image.
        training: the training run, with the training circuit; None where it was not asked for.
    """

    program: ProgramPrice
    standard_error: float
    variance: float
    image: ImagePrice
    training: TrainingPrice | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "program": self.program.to_json(),
            "standard_error": self.standard_error,
            "variance": self.variance,
            "image": self.image.to_json(),
            "training": None if self.training is None else self.training.to_json(),
        }
