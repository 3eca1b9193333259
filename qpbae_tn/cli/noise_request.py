"""The options of `qpbae noise`, checked, and the work they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.analysis.noise.study import NoisePlan
    from qpbae_tn.experiment.loaded import LoadedExperiment


@dataclass(frozen=True, eq=False)
class NoiseRequest:
    """The options, checked; nothing is computed yet."""

    experiments: tuple[LoadedExperiment, ...]
    plan: NoisePlan
    train: bool

    @classmethod
    def parse(
        cls,
        model: Path | None,
        data: str,
        patch_size: str,
        p: str,
        target: str,
        readout: str,
        preparation: str,
        patches: int,
        test: int | None,
        train: bool,
        seed: int,
    ) -> NoiseRequest:
        """From the options as they stand on the command line; raises `InputError` for any that is wrong."""
        from qpbae_tn.analysis.noise.depolarising import check_strength
        from qpbae_tn.analysis.noise.study import NoisePlan
        from qpbae_tn.compiler.preparation.names import parse_preparation
        from qpbae_tn.compiler.readouts import READOUTS, get_readout
        from qpbae_tn.compiler.targets.devices import known_targets, parse_target
        from qpbae_tn.experiment.description import Experiment
        from qpbae_tn.experiment.loaded import LoadedExperiment
        from qpbae_tn.model.model import Model

        given = Model.load(model) if model is not None else None
        if given is not None:
            experiments = [Experiment.of_model(given, data=data, test=test, test_seed=seed)]
        else:
            experiments = [
                Experiment(data=data, patch_size=size, stride=max(1, size // 2), bottleneck=1, test=test, seed=seed)
                for size in _sizes(patch_size)
            ]
        sizes = [experiment.patch_size for experiment in experiments]
        strengths = () if p == "none" else tuple(check_strength(_number(part)) for part in p.split(","))
        names = {"none": (), "all": known_targets()}.get(target, tuple(target.split(",")))
        readouts = tuple(READOUTS.values()) if readout == "all" else tuple(map(get_readout, readout.split(",")))
        prepared = parse_preparation(preparation)
        if prepared.assumes_state and names:
            raise InputError("no preparation", where="--preparation", remedy="choose exact or mps, or --target none")
        if not strengths and not names:
            raise InputError("no noise to study", where="--p", remedy="give strengths, or processors with --target")
        if strengths and not names and min(sizes) > 4:
            raise InputError(f"P = {min(sizes)}", where="--patch-size", remedy="depolarising noise takes 2 or 4")
        plan = NoisePlan(strengths, tuple(map(parse_target, names)), readouts, prepared, patches, seed=seed)
        return cls(tuple(LoadedExperiment(one, model=given) for one in experiments), plan, train)

    def price(self) -> dict[str, Any]:
        """What would be worked on."""
        from qpbae_tn.analysis.noise.study import case_count

        sizes = [loaded.experiment.patch_size for loaded in self.experiments]
        counts = [case_count(self.plan, size) for size in sizes]
        patches = [loaded.grid.count * len(loaded.test) for loaded in self.experiments]
        return {
            "patch_sizes": ",".join(map(str, sizes)),
            "cases": sum(counts),
            "patches_scored": sum(count * found for count, found in zip(counts, patches, strict=True)),
            "noisy_trainings": len(self.plan.strengths) if self.train and 2 in sizes else 0,
        }

    def run(self, reporter: Reporter) -> dict[str, Any]:
        """The study's document."""
        from qpbae_tn.analysis.noise.document import noise_document
        from qpbae_tn.analysis.noise.expectation import TooEntangled
        from qpbae_tn.analysis.noise.images import Scene
        from qpbae_tn.analysis.noise.study import case_count, run_study
        from qpbae_tn.analysis.noise.training import training_rows
        from qpbae_tn.experiment.training import train

        studies, training = [], []
        total = sum(case_count(self.plan, loaded.experiment.patch_size) for loaded in self.experiments)
        with reporter.progress("noise", total) as progress:
            task = progress.task_ids[0]
            for given in self.experiments:
                loaded = given if given.model is not None else given.with_model(train(given).model)

                def told(text: str) -> None:
                    progress.update(task, description=text, advance=1)

                try:
                    studies.append(run_study(Scene.of(loaded), self.plan, told))
                except TooEntangled as error:
                    raise InputError(
                        f"too large for an exact evaluation ({error})",
                        where="--patch-size",
                        remedy="use smaller patches, or qpbae execute --sampler noisy, which samples trajectories",
                    ) from None
                if self.train and loaded.experiment.patch_size == 2:
                    training += training_rows(loaded, self.plan.strengths, seed=self.plan.seed)
        return noise_document(studies, training, seed=self.plan.seed)


def _sizes(option: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in option.split(","))
    except ValueError:
        raise InputError(f"{option!r} is not a list of sizes", where="--patch-size", remedy="give e.g. 2,4") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{text.strip()!r} is not a number", where="--p", remedy="give e.g. 0.01,0.2") from None
