"""The results that the reproduction page is made of: two studies, begun or continued."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from qpbae_tn.errors import InputError
from qpbae_tn.platform import processor_count
from qpbae_tn.study.sources import Source, open_sources
from qpbae_tn.study.specification import read_study
from qpbae_tn.study.store import results_path
from qpbae_tn.study.tables import StudyResults
from qpbae_tn.study.work import run_study
from qpbae_tn.study.workers import LocalProcesses

DATA_NAMES = {"busi_32": "busi", "mvtec_grid_256": "grid"}
"""Names that other reports give the same data sets."""


def run_or_read(
    name: str, data: Mapping[str, Path], place: Path, progress: Callable[[str], None] = lambda _: None
) -> tuple[StudyResults, dict[str, Source]]:
    """A preset's results: continued on the data sets that are given, or read as they are where none is.

    Args:
        name: of the preset.
        data: name to folder; names of other reports and the study's own.
        place: the study's folder.
        progress: called with words on what is being done.
    """
    study = read_study(name)
    progress(study.title)
    folders = {DATA_NAMES.get(key, key): str(folder) for key, folder in data.items()}
    folders = {key: folder for key, folder in folders.items() if key in study.data}
    sources: dict[str, Source] = {}
    if folders:
        sources = open_sources(study, folders)
        jobs = LocalProcesses(processor_count())
        outcome = run_study(study, sources, results_path(place), jobs)
        if outcome.failed:
            raise InputError(
                f"{len(outcome.failed)} cells failed, the first: {next(iter(outcome.failed.values()))}",
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
