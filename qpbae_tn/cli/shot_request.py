"""The options of `qpbae shots`, checked and priced."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.analysis.shots.training import Scheme
    from qpbae_tn.analysis.shots.training_study import TrainingPlan
    from qpbae_tn.compiler.readouts import Readout
    from qpbae_tn.experiment.loaded import LoadedExperiment


@dataclass(frozen=True, eq=False)
class ShotRequest:
    """The options of `qpbae shots`, checked; nothing is computed yet."""

    loaded: LoadedExperiment
    readouts: list[Readout]
    shots: list[int]
    repetitions: int
    train_shots: dict[Scheme, list[int]]
    train_repetitions: int
    seed: int

    @classmethod
    def parse(
        cls,
        model: Path | None,
        data: str,
        readout: str,
        shots: str,
        repetitions: int,
        test: int | None,
        train_shots: str,
        train_scheme: str,
        train_repetitions: int,
        seed: int,
    ) -> ShotRequest:
        """From the options as they stand on the command line; raises `InputError` for any that is wrong."""
        from qpbae_tn.experiment.description import Experiment
        from qpbae_tn.experiment.loaded import LoadedExperiment
        from qpbae_tn.model.model import Model

        readouts, counts = _readouts(readout), _counts(shots, "--shots")
        schemes = _schemes(train_shots, train_scheme)
        given = Model.load(model) if model is not None else None
        if given is not None:
            experiment = Experiment.of_model(given, data=data, test=test, test_seed=seed)
        else:
            experiment = Experiment(data=data, test=test, seed=seed)
        loaded = LoadedExperiment(experiment, model=given)
        request = cls(loaded, readouts, counts, repetitions, schemes, train_repetitions, seed)
        if schemes and not request.train_readouts:
            raise InputError(
                f"--readout {readout} does not estimate F_trash, which training needs",
                where="--train-shots",
                remedy="add direct or ancilla_training to --readout",
            )
        return request

    @property
    def train_readouts(self) -> list[Readout]:
        """Those of the readouts that training can use."""
        from qpbae_tn.compiler.readouts import Quantity

        return [readout for readout in self.readouts if readout.quantity is Quantity.TRASH_FIDELITY]

    def training_plan(self) -> TrainingPlan:
        """Trainings as the model's own was."""
        from qpbae_tn.analysis.shots.training_study import TrainingPlan

        return TrainingPlan(self.train_shots, self.train_readouts, self.train_repetitions, self.seed)


def price(request: ShotRequest) -> dict[str, int]:
    """How much work the study would be, and what the largest of its maps would take on a processor."""
    from qpbae_tn.analysis.shots.study import task_count

    loaded, images = request.loaded, request.loaded.test
    specification, grid = loaded.specification, loaded.grid
    stacks = task_count(request.readouts, request.shots, 1) * request.repetitions
    needs = [readout.needs(specification) for readout in request.readouts]
    preparations = max(need.copies + need.inverse_preparations for need in needs)
    document = {
        "test_images": len(images),
        "patches_per_image": grid.count,
        "stacks_of_maps": stacks,
        "estimates_drawn": stacks * grid.count * len(images),
        "pixels_ranked": stacks * images.images.size,
        "most_shots_per_image": max(request.shots) * grid.count,
        "most_preparations_per_image": max(request.shots) * grid.count * preparations,
    }
    if request.train_shots:
        counts = sum(len(shots) for shots in request.train_shots.values())
        document["trainings"] = 1 + counts * len(request.train_readouts) * request.train_repetitions
    return document


def _readouts(option: str) -> list[Readout]:
    from qpbae_tn.compiler.readouts import READOUTS, get_readout

    if option == "all":
        return list(READOUTS.values())
    return [get_readout(name) for name in dict.fromkeys(part.strip() for part in option.split(","))]


def _counts(option: str, where: str) -> list[int]:
    """Comma-separated whole numbers from 1 up, 1e6 among them."""
    from qpbae_tn.analysis.shots.study import check_counts

    counts = []
    for part in option.split(","):
        try:
            number = float(part)
        except ValueError:
            number = math.nan
        if not (number.is_integer() and abs(number) <= 1e15):
            raise InputError(f"{part.strip()!r} is not a number of shots", where=where, remedy="give e.g. 10,100,1e4")
        counts.append(int(number))
    return check_counts(counts, where)


def _schemes(shots: str, scheme: str) -> dict[Scheme, list[int]]:
    from qpbae_tn.analysis.shots.training import Scheme

    known = {member.value: [member] for member in Scheme} | {"all": list(Scheme)}
    if scheme not in known:
        raise InputError(f"unknown scheme {scheme!r}", where="--train-scheme", remedy=f"choose from {', '.join(known)}")
    if shots == "none":
        return {}
    counts = _counts(shots, "--train-shots")
    return dict.fromkeys(known[scheme], counts)
