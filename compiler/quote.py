"""A quote for a model: scoring an image and training on a processor, each with the readout that is meant for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.names import parse_preparation
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.price.program import price_program
from qpbae_tn.compiler.price.runs import Price, default_shot_period, price_image, price_training, shots_for
from qpbae_tn.compiler.readouts import Readout, get_readout, one_shot_variance
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.model.fidelity import reconstruction_fidelity, trash_fidelity
from qpbae_tn.model.specification import ModelSpecification

FloatArray = NDArray[np.float64]

STANDARD_ERROR = 0.01
"""Of a patch's fidelity, that shots are counted for unless another is asked for."""


@dataclass(frozen=True)
class TrainingRun:
    """The size of a training run.

    Args:
        epochs: passes over the images.
        images: training images.
    """

    epochs: int = 20
    images: int = 100


@dataclass(frozen=True, eq=False)
class Quote:
    """A price, and the programs that it is for.

    Args:
        price: the price.
        scoring: the program that scores a patch.
        training: the program that training runs.
    """

    price: Price
    scoring: CompiledProgram
    training: CompiledProgram


def quote(
    specification: ModelSpecification,
    angles: FloatArray,
    states: FloatArray,
    target: Target,
    *,
    patches: int,
    run: TrainingRun,
    scoring: Readout | None = None,
    preparation: Preparation | None = None,
    standard_error: float = STANDARD_ERROR,
    seed: int = 0,
) -> Quote:
    """What a model costs on a processor.

    Shots are counted for the median variance over the given patches, as if the device were ideal: noise asks for more.

    Args:
        specification: the model.
        angles: shape (parameter_count,), radians.
        states: patch states that are typical of the images, shape (N, 2^n).
        target: the processor.
        patches: of an image.
        run: the training run.
        scoring: readout of F; `latent` by default.
        preparation: bond-2 matrix product state by default.
        standard_error: of the fidelity of a patch.
        seed: of generic values in numeric checks.

    Raises:
        InputError: a model that does not fit the target, or other wrong input.
    """
    readout, learner = scoring or get_readout("latent"), get_readout("direct")
    prepared = preparation or parse_preparation("mps:2")
    score = compile_program(specification, angles, readout, prepared, target, state=states[0], seed=seed)
    learn = compile_program(specification, angles, learner, prepared, target, state=states[0], seed=seed)
    trash = trash_fidelity(specification, angles, states)
    fidelity = reconstruction_fidelity(specification, angles, states)
    variances = {
        reading.name: float(np.median(one_shot_variance(reading, trash, fidelity))) for reading in (readout, learner)
    }
    period = default_shot_period(target)
    price = Price(
        program=price_program(score.circuit, target),
        standard_error=standard_error,
        variance=variances[readout.name],
        image=price_image(
            patches=patches,
            shots_per_patch=shots_for(standard_error, variances[readout.name]),
            shot_period=period,
            duration_ns=score.verification.duration_ns,
        ),
        training=price_training(
            epochs=run.epochs,
            images=run.images,
            patches_per_image=patches,
            parameters=specification.ansatz.parameter_count,
            shots_per_circuit=shots_for(standard_error, variances[learner.name]),
            shot_period=period,
            duration_ns=learn.verification.duration_ns,
        )
        if run.epochs
        else None,
    )
    return Quote(price, score, learn)
