"""The page `shots`: how many shots a map needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.analysis.shots import sections
from qpbae_tn.analysis.shots.cases import Case, CasePlan, Trainings, run_case
from qpbae_tn.analysis.shots.coverage import coverage_rows
from qpbae_tn.analysis.shots.training import Scheme
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.training import versions
from qpbae_tn.report.page import Foot, Page, data_words
from qpbae_tn.report.render import rows_as_csv

NAME = "shots"
TITLE = "Shots"
REAL_DATA = "busi_32"
SHOTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1_000_000)
FEWER_SHOTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000)
OTHER_PATCHES = ((4, 4), (8, 1))
"""Patch sizes and strides beside P = 4, S = 1, for the readouts of F without those that share another's law."""
TRAININGS = Trainings(
    {Scheme.DRAWN_PATCHES: (1, 10, 100, 1000, 10_000), Scheme.EVERY_PATCH: (1, 10)}, ("direct", "ancilla_training"), 5
)
FEWER_TRAININGS = Trainings({Scheme.DRAWN_PATCHES: (1, 10, 100, 1000)}, ("direct",), 3)
"""On the many images of a real data set, to see that it is alike."""


def plans(options: ReportOptions) -> list[CasePlan]:
    """The bundled textures, and BUSI where it is given; each data set's first plan is its main one."""
    data_sets = [("textures", TRAININGS)]
    if REAL_DATA in options.data:
        data_sets.append((str(options.data[REAL_DATA]), FEWER_TRAININGS))
    found = []
    for data, trainings in data_sets:
        found.append(CasePlan(Experiment(data=data), tuple(READOUTS), SHOTS, 20, trainings))
        for size, stride in OTHER_PATCHES:
            other = Experiment(data=data, patch_size=size, stride=stride)
            found.append(CasePlan(other, ("latent", "destructive", "echo"), FEWER_SHOTS, 10))
    return found


def make(options: ReportOptions) -> Page:
    """Run all studies and write the page."""
    cases = [run_case(plan, options.seed, options.progress) for plan in plans(options)]
    options.progress("coverage of intervals")
    return page(cases, coverage_rows(), options)


def page(cases: Sequence[Case], coverage: Sequence[dict[str, Any]], options: ReportOptions) -> Page:
    """The page of these studies."""
    document = {
        "seed": options.seed,
        "notes": cases[0].document["notes"],
        **{
            key: [row for case in cases for row in case.document[key]]
            for key in ("exact", "rows", "needed_shots", "training_rows")
        },
        "coverage_rows": list(coverage),
    }
    digests = {case.provenance.data_set: case.provenance.digest for case in cases}
    return Page(
        name=NAME,
        title=TITLE,
        lead=sections.lead(cases),
        blocks=sections.blocks(cases, coverage),
        document=document,
        foot=Foot(options.command(NAME), options.seed, data_words(digests, digests, "test images"), versions()),
        tables={key: rows_as_csv(document[key]) for key in ("rows", "needed_shots", "training_rows", "coverage_rows")},
    )


REPORT = Report(
    name=NAME,
    title=TITLE,
    make=make,
    inputs=(
        "analysis/shots",
        "compiler/readouts.py",
        "compiler/estimator.py",
        "qpbae_tn/engines/exact.py",
        "qpbae_tn/model/patches.py",
        "qpbae_tn/model/embedding.py",
        "qpbae_tn/experiment",
        "qpbae_tn/data/textures.py",
        "qpbae_tn/model",
    ),
)
