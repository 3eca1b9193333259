"""The results that the reproduction page is made of: two studies, begun or continued."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qpbae_tn.errors import InputError
from qpbae_tn.study.runner import run_study
from qpbae_tn.study.sources import Source, open_sources
from qpbae_tn.study.specification import Study, read_study
from qpbae_tn.study.store import Contents, read_results, results_path
from qpbae_tn.study.tables import Configuration, configurations
from qpbae_tn.study.workers import LocalProcesses

STUDIES = ("paper", "departures")
DATA_NAMES = {"busi_32": "busi", "mvtec_grid_256": "grid"}
"""Names that other reports give the same data sets."""


@dataclass(frozen=True, eq=False)
class StudyResults:
    """One study's results.

    Args:
        study: what was to be done.
        contents: of the results file.
        configurations: the results over seeds.
    """

    study: Study
    contents: Contents
    configurations: tuple[Configuration, ...]

    @classmethod
    def read(cls, place: Path) -> StudyResults:
        """From a study's folder or results file; raises `InputError` if it holds no results."""
        path = results_path(place)
        contents = read_results(path)
        found = tuple(configurations(contents))
        if not found:
            raise InputError("holds no results yet", where=path, remedy="go on with qpbae study run")
        return cls(Study.from_document(contents.study, str(path)), contents, found)

    def one(self, **parameters: object) -> Configuration | None:
        """The first configuration with these parameters, if there is one."""
        return next((one for one in self.configurations if one.matches(**parameters)), None)


def run_or_read(
    name: str, data: Mapping[str, Path], place: Path, told: Callable[[str], None] = lambda _: None
) -> tuple[StudyResults, dict[str, Source]]:
    """A preset's results: continued on the data sets that are given, or read as they are where none is.

    Args:
        name: of the preset.
        data: name to folder; names of other reports and the study's own.
        place: the study's folder.
        told: called with words on what is being done.
    """
    study = read_study(name)
    told(study.title)
    folders = {DATA_NAMES.get(key, key): str(folder) for key, folder in data.items()}
    folders = {key: folder for key, folder in folders.items() if key in study.data}
    sources: dict[str, Source] = {}
    if folders:
        sources = open_sources(study, folders)
        jobs = LocalProcesses(len(os.sched_getaffinity(0)))
        progress = run_study(study, sources, results_path(place), jobs)
        if progress.failed:
            raise InputError(
                f"{len(progress.failed)} cells failed, the first: {next(iter(progress.failed.values()))}",
                where=place,
                remedy="see qpbae study status, and try again with `retry_failed`",
            )
    elif not results_path(place).exists():
        raise InputError(
            "the reproduction needs data that are not bundled",
            where="data",
            remedy=f"give {', '.join(f'`data` {key}=DIR' for key in study.data)}, as many as there are",
        )
    return StudyResults.read(place), sources
