"""What is normal for a model, learned from the patches of normal images."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.protocol import Engine
from qpbae_tn.experiment.scoring import PatchBatch, Scorer
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.normal import NormalRecord, place_references, require_place_numbers
from qpbae_tn.model.outcomes import MAX_OUTCOMES, Outcomes
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]


def learn_normal(
    specification: ModelSpecification, angles: Array, engine: Engine, images: Array, score: Score | None = None
) -> NormalRecord:
    """lambda over the patches of normal images, for each kind of outcome, and at each place where the score asks it.

    Args:
        specification: the model.
        angles: shape (parameter_count,), radians.
        engine: computes fidelities and outcomes.
        images: shape (images, H, W), values in [0, 1], at least one.
        score: what the model is scored by; says whether places are asked for, and over which outcomes.

    Raises:
        InputError: places asked for, and too many of them to be kept.
    """
    patches = ImagePatches.of(images, specification)
    weights, count = patches.grid.weights, len(images)
    placed = score is not None and score.positions
    by_place = score.outcomes if score is not None and placed and score.kind == "weighted" else None
    if by_place is not None:
        require_place_numbers(patches.grid.count, Outcomes(specification, by_place).count)
    shares: dict[OutcomeKind, Float64Array] = defaultdict(lambda: np.zeros(()))
    place_shares: dict[OutcomeKind, Float64Array] = defaultdict(lambda: np.zeros(()))
    place_means: dict[str, Float64Array] = defaultdict(lambda: np.zeros(()))
    for states in patches:
        for kind, found in probabilities(specification, angles, engine, states).items():
            shares[kind] = shares[kind] + weights @ found / count
            if kind == by_place:
                place_shares[kind] = place_shares[kind] + found / count
        if placed:
            for name, fidelity in (
                ("reconstruction", engine.reconstruction_fidelity(specification, angles, states)),
                ("trash", engine.trash_fidelity(specification, angles, states)),
            ):
                place_means[name] = place_means[name] + (1.0 - fidelity) / (2 * count)
    height, width = images.shape[1:]
    return NormalRecord(count, height, width, dict(shares), dict(place_shares), dict(place_means))


def probabilities(
    specification: ModelSpecification, angles: Array, engine: Engine, states: Array
) -> dict[OutcomeKind, Array]:
    """p over every kind of outcome that is few enough to be held, each of shape (N, K); states of shape (N, 2^n)."""

    def computed(kind: OutcomeKind) -> Array:
        return engine.outcome_probabilities(specification, angles, states, kind)

    if specification.pixel_count <= MAX_OUTCOMES:
        strings = computed("all")
        kinds: tuple[OutcomeKind, ...] = ("trash", "classes")
        return {"all": strings, **{kind: Outcomes(specification, kind).gather(strings) for kind in kinds}}
    held: tuple[OutcomeKind, ...] = ("classes",)
    if 1 << specification.trash_count <= MAX_OUTCOMES:
        held = ("trash", "classes")
    return {kind: computed(kind) for kind in held}


def learn_places(specification: ModelSpecification, scorer: Scorer, images: Array) -> Float64Array:
    """What a scorer without regard to places is divided by at each place of normal images; shape (N,), above 0.

    Args:
        specification: patch size, stride and pixel order.
        scorer: of patches.
        images: shape (images, H, W), values in [0, 1], at least one.
    """
    patches = ImagePatches.of(images, specification)
    means = np.zeros(patches.grid.count)
    for index in range(len(patches)):
        batch = PatchBatch(patches.pixels(index), patches[index])
        means += (1.0 - scorer(batch)) / (2 * len(patches))
    return place_references(means, patches.grid.weights)
