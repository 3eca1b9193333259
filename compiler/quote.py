"""What an image and a training run take on a processor: shots and wall time, and the quote for a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.preparation.protocol import Preparation
from qpbae_tn.compiler.price import ProgramPrice, price_program
from qpbae_tn.compiler.readouts import Readout, get_readout, one_shot_variance
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.documents import as_json
from qpbae_tn.errors import InputError
from qpbae_tn.model.fidelity import reconstruction_fidelity, trash_fidelity
from qpbae_tn.model.specification import ModelSpecification

# How many shots a standard error takes, and how long a shot takes on a processor of the cloud.


@dataclass(frozen=True)
class ShotPeriod:
    """The time from one shot to the next: reset, program, readout, data; waiting times of a cloud are not in it.

    Args:
        name: of the preset, or any other.
        period_ns: in nanoseconds.
        citation: where it was published.
    """

    name: str
    period_ns: float
    citation: str

    def for_program(self, duration_ns: float) -> float:
        """The period in ns for a program of this duration, which is a lower bound of it."""
        return max(self.period_ns, duration_ns)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self)


WILLOW_2024 = ShotPeriod(
    "willow_2024",
    1e9 / 63_000,
    "Google Quantum AI, Willow spec sheet, 9 December 2024: 63,000 circuit repetitions per second "
    "(random circuit sampling, 103 qubits, depth 40)",
)
SYCAMORE_2021 = ShotPeriod(
    "sycamore_2021",
    1e9 / 24_000,
    "cirq_google.engine.runtime_estimator: about 24,000 repetitions per second for fast circuits, "
    "from runs on Sycamore processors in November 2021",
)
SYCAMORE_2019 = ShotPeriod(
    "sycamore_2019",
    200e9 / 1e6,
    "F. Arute et al., Nature 574, 505 (2019): 200 seconds for a million samples of one circuit",
)
SHOT_PERIODS = {period.name: period for period in (WILLOW_2024, SYCAMORE_2021, SYCAMORE_2019)}
"""The presets by name."""

_DEFAULTS = {"willow_pink": WILLOW_2024, "weber": SYCAMORE_2021, "rainbow": SYCAMORE_2021}


def default_shot_period(target: Target) -> ShotPeriod:
    """The preset for a target that is known by name; raises `InputError` for any other."""
    if target.name not in _DEFAULTS:
        raise InputError(
            f"no shot period is known for {target.name}",
            where="shot_period",
            remedy=f"give a ShotPeriod with its source, or one of the presets {', '.join(SHOT_PERIODS)}",
        )
    return _DEFAULTS[target.name]


def shot_period(name: str) -> ShotPeriod:
    """A preset by name; raises `InputError` for an unknown one."""
    if name not in SHOT_PERIODS:
        raise InputError(
            f"unknown shot period {name!r}", where="shot_period", remedy=f"choose {', '.join(SHOT_PERIODS)}"
        )
    return SHOT_PERIODS[name]


def shots_for(standard_error: float, variance: float) -> int:
    """The least number of shots whose mean has at most this standard error: ceil(variance / standard_error^2).

    Args:
        standard_error: of the mean, above 0.
        variance: of one shot, 0 or more; a readout without variance still takes one shot.

    Raises:
        InputError: a value outside these ranges.
    """
    if not standard_error > 0 or not math.isfinite(standard_error):
        raise InputError(f"standard error {standard_error}", where="standard_error", remedy="give a number above 0")
    if not variance >= 0 or not math.isfinite(variance):
        raise InputError(f"variance {variance}", where="variance", remedy="give a number of at least 0")
    # a relative slack below rounding errors, so that 0.25 at 0.005 is 10000 and not 10001
    return max(1, math.ceil(variance / standard_error**2 * (1 - 1e-12)))


@dataclass(frozen=True)
class ImagePrice:
    """Scoring one image: patches x shots.

    Args:
        patches: patches of the image, one circuit each.
        shots_per_patch: shots for each.
        shot_period: the preset behind `period_ns`.
        period_ns: time from shot to shot in ns, at least the duration of the program.
    """

    patches: int
    shots_per_patch: int
    shot_period: ShotPeriod
    period_ns: float

    @property
    def shots(self) -> int:
        """All shots of the image."""
        return self.patches * self.shots_per_patch

    @property
    def wall_time_s(self) -> float:
        """Shots x period, in seconds."""
        return self.shots * self.period_ns * 1e-9

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self, "shots", "wall_time_s")


@dataclass(frozen=True)
class TrainingPrice:
    """Training by gradient descent with the parameter-shift rule: epochs x images x patches x circuits x shots.

    Args:
        epochs: passes over the images.
        images: training images.
        patches_per_image: patches of an image.
        parameters: RY angles that are differentiated (nominal, or effective: those that the loss depends on).
        shots_per_circuit: shots for each circuit of each patch.
        shot_period: the preset behind `period_ns`.
        period_ns: time from shot to shot in ns, at least the duration of the program.
    """

    epochs: int
    images: int
    patches_per_image: int
    parameters: int
    shots_per_circuit: int
    shot_period: ShotPeriod
    period_ns: float

    @property
    def circuits_per_patch(self) -> int:
        """Two shifted circuits for each angle, and one for the loss itself."""
        return 2 * self.parameters + 1

    @property
    def shots(self) -> int:
        """All shots of the run."""
        patches = self.epochs * self.images * self.patches_per_image
        return patches * self.circuits_per_patch * self.shots_per_circuit

    @property
    def wall_time_s(self) -> float:
        """Shots x period, in seconds."""
        return self.shots * self.period_ns * 1e-9

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return as_json(self, "circuits_per_patch", "shots", "wall_time_s")


def price_image(*, patches: int, shots_per_patch: int, shot_period: ShotPeriod, duration_ns: float) -> ImagePrice:
    """The price of one image with a program of this duration; raises `InputError` for counts below 1."""
    _at_least_one(patches=patches, shots_per_patch=shots_per_patch)
    return ImagePrice(patches, shots_per_patch, shot_period, shot_period.for_program(duration_ns))


def price_training(
    *,
    epochs: int,
    images: int,
    patches_per_image: int,
    parameters: int,
    shots_per_circuit: int,
    shot_period: ShotPeriod,
    duration_ns: float,
) -> TrainingPrice:
    """The price of a training run with a program of this duration.

    An angle that stands in several gates of the training circuit needs two shifted circuits for each of them; in the
    encoder each stands in one. Raises `InputError` for counts below 1 (parameters: below 0).
    """
    _at_least_one(
        epochs=epochs, images=images, patches_per_image=patches_per_image, shots_per_circuit=shots_per_circuit
    )
    if parameters < 0:
        raise InputError(f"{parameters} parameters", where="parameters", remedy="give 0 or more")
    period_ns = shot_period.for_program(duration_ns)
    return TrainingPrice(epochs, images, patches_per_image, parameters, shots_per_circuit, shot_period, period_ns)


def _at_least_one(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise InputError(f"{name} is {value}", where=f"{name.replace('_', '_')}", remedy="give at least 1")


# The price as one document: the program, an image, a training run.


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
        return as_json(self)


# A quote for a model: scoring an image and training, each with the readout that is meant for it.


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
