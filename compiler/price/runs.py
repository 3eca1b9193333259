"""What an image and a training run take on a processor: shots and wall time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qpbae_tn.compiler.price.shots import ShotPeriod
from qpbae_tn.errors import InputError


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
        return {
            "patches": self.patches,
            "shots_per_patch": self.shots_per_patch,
            "shots": self.shots,
            "period_ns": self.period_ns,
            "shot_period": self.shot_period.to_json(),
            "wall_time_s": self.wall_time_s,
        }


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
        return {
            "epochs": self.epochs,
            "images": self.images,
            "patches_per_image": self.patches_per_image,
            "parameters": self.parameters,
            "circuits_per_patch": self.circuits_per_patch,
            "shots_per_circuit": self.shots_per_circuit,
            "shots": self.shots,
            "period_ns": self.period_ns,
            "shot_period": self.shot_period.to_json(),
            "wall_time_s": self.wall_time_s,
        }


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
            raise InputError(f"{name} is {value}", where=f"--{name.replace('_', '-')}", remedy="give at least 1")
