"""The reports by name; a new one is one more entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from qpbae_tn.analysis.reports.report import Report
from qpbae_tn.errors import InputError

MODULES: dict[str, str] = {
    "resources": "qpbae_tn.analysis.resources.report",
    "example": "qpbae_tn.analysis.example.report",
    "expressivity": "qpbae_tn.analysis.expressivity.report",
    "scaling": "qpbae_tn.analysis.scaling.report",
    "shots": "qpbae_tn.analysis.shots.report",
    "noise": "qpbae_tn.analysis.noise.report",
    "hardware": "qpbae_tn.analysis.hardware.report",
    "reproduction": "qpbae_tn.analysis.reproduction.report",
}
"""Report name to the module that holds its `REPORT`, in the order of the index."""


@dataclass(frozen=True)
class Needs:
    """What making a page takes.

    Args:
        minutes: on two cores, measured once with all data sets.
        data: names of the data sets, not bundled, that the page shows where they are given.
        resumes: whether `--resume` goes on from stored results, which takes less.
    """

    minutes: float
    data: tuple[str, ...] = ()
    resumes: bool = False


NEEDS: dict[str, Needs] = {
    "resources": Needs(1),
    "example": Needs(0.1),
    "expressivity": Needs(7, ("busi_32", "mvtec_grid_256")),
    "scaling": Needs(25, ("busi_256", "mvtec_grid_256"), resumes=True),
    "shots": Needs(3, ("busi_32",)),
    "noise": Needs(2.5, ("busi_32",)),
    "hardware": Needs(0.7, ("busi_32",)),
    "reproduction": Needs(
        5, ("busi_32", "mvtec_grid_256", "authors_results", "busi", "grid", "carpet", "leather", "wood"), resumes=True
    ),
}
"""By report; here and not beside each `REPORT`, so that they are known without loading what makes the pages."""


def check_data(names: Sequence[str], reports: Sequence[str]) -> None:
    """Raise `InputError` for the name of a data set that none of these reports takes.

    Args:
        names: of the data sets given.
        reports: names of the reports to make.
    """
    known = list(dict.fromkeys(name for report in reports for name in NEEDS[report].data))
    for name in names:
        if name not in known:
            remedy = f"choose from {', '.join(known)}" if known else "leave it out, these pages take none"
            raise InputError(f"unknown data set {name!r}", where="--data", remedy=remedy)


def load_report(name: str) -> Report:
    """The report of this name; raises `InputError` for an unknown one."""
    if name not in MODULES:
        raise InputError(f"unknown report {name!r}", where="NAME", remedy=f"choose from {', '.join(MODULES)}")
    report = import_module(MODULES[name]).REPORT
    assert isinstance(report, Report)
    return report
