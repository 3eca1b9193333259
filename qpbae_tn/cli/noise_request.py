"""The options of `qpbae noise`, checked, and the work they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.analysis.noise.study import NoisePlan
    from qpbae_tn.analysis.shots.material import Material
    from qpbae_tn.data.data_set import DataSet
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.specification import ModelSpecification


@dataclass(frozen=True, eq=False)
class NoiseRequest:
    """The options, checked; nothing is computed yet."""

    model: Model | None
    data_set: DataSet
    patch_sizes: tuple[int, ...]
    plan: NoisePlan
    test: int | None
    train: bool
    seed: int

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
        from qpbae_tn.data.layouts import open_data_set
        from qpbae_tn.model.model import Model

        loaded = Model.load(model) if model is not None else None
        sizes = (loaded.specification.patch_size,) if loaded is not None else _sizes(patch_size)
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
        return cls(loaded, open_data_set(data, minimum_side=max(sizes)), sizes, plan, test, train, seed)

    def price(self) -> dict[str, Any]:
        """What would be worked on."""
        from qpbae_tn.analysis.noise.study import case_count
        from qpbae_tn.model.patches import PatchGrid

        cases, scored = 0, 0
        for specification in self._specifications():
            images = self.data_set.test(specification.image_size, limit=self.test, seed=self.seed)
            grid = PatchGrid.over(images.images, specification.patch_size, specification.stride)
            count = case_count(self.plan, specification.patch_size)
            cases += count
            scored += count * grid.count * len(images)
        return {
            "patch_sizes": ",".join(map(str, self.patch_sizes)),
            "cases": cases,
            "patches_scored": scored,
            "noisy_trainings": len(self.plan.strengths) if self.train and 2 in self.patch_sizes else 0,
        }

    def run(self, reporter: Reporter) -> dict[str, Any]:
        """The study's document."""
        from qpbae_tn.analysis.noise.document import noise_document
        from qpbae_tn.analysis.noise.expectation import TooEntangled
        from qpbae_tn.analysis.noise.images import Scene
        from qpbae_tn.analysis.noise.study import case_count, run_study
        from qpbae_tn.analysis.noise.training import training_rows

        studies, training = [], []
        total = sum(case_count(self.plan, specification.patch_size) for specification in self._specifications())
        with reporter.progress("noise", total) as progress:
            task = progress.task_ids[0]
            for specification in self._specifications():
                material = self._material(specification)

                def told(text: str) -> None:
                    progress.update(task, description=text, advance=1)

                try:
                    studies.append(run_study(Scene.of(material), self.plan, told))
                except TooEntangled as error:
                    raise InputError(
                        f"too large for an exact evaluation ({error})",
                        where="--patch-size",
                        remedy="use smaller patches, or qpbae execute --sampler noisy, which samples trajectories",
                    ) from None
                if self.train and specification.patch_size == 2:
                    training += training_rows(material, self.plan.strengths, seed=self.seed)
        return noise_document(studies, training, seed=self.seed)

    def _specifications(self) -> list[ModelSpecification]:
        from qpbae_tn.model.specification import ModelSpecification

        if self.model is not None:
            return [self.model.specification]
        return [ModelSpecification.build(size, max(1, size // 2), 1) for size in self.patch_sizes]

    def _material(self, specification: ModelSpecification) -> Material:
        from dataclasses import replace

        from qpbae_tn.analysis.shots.material import quickly_trained

        material = quickly_trained(self.data_set, specification, test_limit=self.test, seed=self.seed)
        return material if self.model is None else replace(material, model=self.model)


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
