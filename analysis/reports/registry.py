"""The reports by name; a new one is one more entry."""

from __future__ import annotations

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


def load_report(name: str) -> Report:
    """The report of this name; raises `InputError` for an unknown one."""
    if name not in MODULES:
        raise InputError(f"unknown report {name!r}", where="NAME", remedy=f"choose from {', '.join(MODULES)}")
    report = import_module(MODULES[name]).REPORT
    assert isinstance(report, Report)
    return report
