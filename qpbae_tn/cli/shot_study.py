"""The work of `qpbae shots`: images and model, the study, its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.cli.shot_request import ShotRequest
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from qpbae_tn.analysis.shots.needed import NeededShots
    from qpbae_tn.analysis.shots.study import ShotStudy
    from qpbae_tn.analysis.shots.subject import Subject
    from qpbae_tn.analysis.shots.training_study import TrainingRow
    from qpbae_tn.experiment.loaded import LoadedExperiment


@dataclass(frozen=True, eq=False)
class Found:
    """What a study found."""

    subject: Subject
    study: ShotStudy
    needed: list[NeededShots]
    training: list[TrainingRow]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        from qpbae_tn.analysis.shots.document import study_document

        return study_document(self.subject, self.study, self.needed, self.training, seed=self.seed)


def prepare(request: ShotRequest, reporter: Reporter) -> LoadedExperiment:
    """The model, trained if none was given, and its images."""
    from qpbae_tn.experiment.training import train

    loaded = request.loaded
    if loaded.model is None:
        loaded = loaded.with_model(train(loaded).model)
        reporter.notice("no MODEL given: one with P = 4, S = 1, BD = 2 was trained on these data")
        for notice in loaded.notices:
            reporter.notice(notice)
    if not len(loaded.validation):
        reporter.notice("no normal images to validate on: thresholds are the model's own, without shot noise")
    if request.train_shots and not len(loaded.train):
        raise InputError("the data hold no training images", where="train_shots", remedy="leave it out")
    if loaded.test.vanished:
        side = loaded.test.images.shape[1]
        reporter.notice(f"{len(loaded.test.vanished)} masks vanish at {side} px; their images count as good ones")
    return loaded


def study(request: ShotRequest, loaded: LoadedExperiment, reporter: Reporter) -> Found:
    """Sample, evaluate and train, with progress bars."""
    from qpbae_tn.analysis.shots.needed import needed_shots
    from qpbae_tn.analysis.shots.study import run_study, task_count
    from qpbae_tn.analysis.shots.subject import prepare_subject
    from qpbae_tn.analysis.shots.training_study import run_training_study

    subject = prepare_subject(loaded)
    total = task_count(request.readouts, request.shots, request.repetitions)
    with reporter.progress("sampling", total) as progress:
        found = run_study(
            subject,
            request.readouts,
            request.shots,
            request.repetitions,
            request.seed,
            on_task=lambda: progress.advance(progress.task_ids[0]),
        )
    training: list[TrainingRow] = []
    if request.train_shots:
        plan = request.training_plan()
        with reporter.progress("training", plan.run_count) as progress:
            training = run_training_study(loaded, plan, lambda: progress.advance(progress.task_ids[0]))
    return Found(subject, found, needed_shots(found), training, request.seed)


def write(found: Found, place: Path) -> None:
    """shots.json, rows.csv, and charts of AUROC and AUPRO."""
    import pandas as pd

    from qpbae_tn.analysis.shots.charts import metric_chart
    from qpbae_tn.compiler.readouts import Quantity
    from qpbae_tn.output import write_atomically, write_json
    from qpbae_tn.tables import write_csv

    document = found.to_json()
    write_json(place / "shots.json", document)
    write_csv(place / "rows.csv", document["rows"])
    rows, exact = pd.DataFrame(document["rows"]), document["exact"]
    for values in exact:
        quantity = Quantity(values["quantity"])
        for metric in ("auroc", "aupro"):
            if values[metric] is not None:
                label = f"{metric.upper()} of {quantity.value}"
                figure = metric_chart(rows, values, metric, label, "", quantity)
                write_atomically(place / f"{metric}_{quantity.value.lower()}.svg", figure.content)
