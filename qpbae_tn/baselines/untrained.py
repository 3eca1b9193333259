"""The untrained model: the same circuit at its initial angles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qpbae_tn.baselines.protocol import Array
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.scoring import PatchBatch, Score, check_score, model_scorer
from qpbae_tn.specification import ModelSpecification


@dataclass(frozen=True, eq=False)
class Untrained:
    """What training adds is the difference to this.

    Args:
        specification: of the model.
        angles: its initial angles, shape (parameter_count,), radians.
        engine: computes the fidelities.
        score: the fidelity that the model is scored by, F or F_trash.

    Raises:
        InputError: angles that do not fit, an unknown score.
    """

    specification: ModelSpecification
    angles: Array
    engine: Engine
    score: Score = "reconstruction"
    name: str = "untrained"
    parameter_count: int = 0
    needs_training_images: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "angles", self.specification.ansatz.check_angles(self.angles))
        check_score(self.score)

    def fit(self, patches: Sequence[Array], weights: Array) -> Untrained:
        """There is nothing to learn."""
        return self

    def similarity(self, batch: PatchBatch) -> Array:
        """Shape (N,); see `qpbae_tn.baselines.protocol`."""
        return model_scorer(self.specification, self.angles, self.engine, self.score)(batch)
