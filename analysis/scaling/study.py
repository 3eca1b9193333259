"""The scaling study: its parts in order, each point once, on the store and the runner of all studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qpbae_tn.analysis.scaling.circuits import circuit_series
from qpbae_tn.analysis.scaling.engines import engine_series, require_room
from qpbae_tn.analysis.scaling.images import detection_series, preparation_series, source_of
from qpbae_tn.analysis.scaling.plan import NEED_DATA, ScalingPlan
from qpbae_tn.analysis.scaling.tables import document_of
from qpbae_tn.analysis.scaling.trainability import trainability_series
from qpbae_tn.errors import InputError
from qpbae_tn.study.grid import Kind, Point, PointGrid, Series, canonical
from qpbae_tn.study.runner import Progress, run_grid
from qpbae_tn.study.store import Contents, ResultsFile, read_results
from qpbae_tn.study.workers import InProcess, Workers

Row = Mapping[str, Any]
"""A point as documents hold it: `part`, `point` (its inputs), and `result` or `failed`, the cause."""

KIND = Kind("scaling")
SERIES: dict[str, Callable[[ScalingPlan], list[Series]]] = {
    "circuits": circuit_series,
    "preparation": preparation_series,
    "engines": engine_series,
    "trainability": trainability_series,
    "detection": detection_series,
}
"""What each of `plan.PARTS` measures. To add a part, name it there and here, and give it its tables in `report`."""


def planned(plan: ScalingPlan) -> list[Series]:
    """Everything that the plan asks for.

    Raises:
        InputError: nothing at all.
    """
    series = [one for part in SERIES if part in plan.parts for one in SERIES[part](plan) if one]
    if not series:
        missing = [part for part in plan.parts if part in NEED_DATA and not plan.data]
        raise InputError(
            "nothing to measure",
            where="parts",
            remedy=f"give `data` NAME=DIR for {', '.join(missing)}" if missing else "raise `max_patch_size`",
        )
    return series


def run_scaling(
    plan: ScalingPlan,
    results: Path,
    workers: Workers | None = None,
    *,
    known: Sequence[Row] = (),
    **options: Any,
) -> tuple[dict[str, Any], Progress]:
    """Measure what the results file does not hold yet.

    Args:
        plan: what to study.
        results: the results file, made if it is missing; what it holds stays, whether the plan asks for it or not.
        workers: where to measure; by default in this process, one point after another. Timed points get processes of
            their own in any case.
        known: rows of an earlier document, which are taken into the file.
        options: as those of `qpbae_tn.study.runner.run_grid`.

    Returns:
        The document of all that the file holds now, see `document_of`, and how the run went.

    Raises:
        InputError: nothing to measure, limits that nothing fits, images or a file that cannot be used.
    """
    series = [_with_sources(one, plan) for one in planned(plan)]
    points = [point for one in series for work in one for point in work.cells]
    with ResultsFile(results, PointGrid("scaling", series, KIND, plan.to_json())) as store:
        _take_over(store, known, points)
        if any(point.part == "engines" and point.identifier not in store.contents.results for point in points):
            require_room(plan.limits)
        progress = run_grid(store, series, workers or InProcess(), **options)
        return document_of(rows_of(store.contents, points), plan, _digests(store.contents)), progress


def read_scaling(results: Path) -> list[Row]:
    """The rows of a results file; raises `InputError` for a file that is none of this study."""
    return rows_of(read_results(results, KIND))


def rows_of(contents: Contents, points: Sequence[Point] = ()) -> list[Row]:
    """All points that a file holds, part by part: these first, in their order, then others in that of the file."""
    lines = {**contents.failures, **contents.results}
    order = dict.fromkeys([point.identifier for point in points] + [*contents.results, *contents.failures])
    found: dict[str, Row] = {}
    for line in (lines[identifier] for identifier in order if identifier in lines):
        row = {"part": line["parameters"]["part"], "point": line["parameters"]["point"]}
        outcome = {"result": line["values"]} if "values" in line else {"failed": line["cause"]}
        # The same point may be there again, measured on other images.
        found.setdefault(canonical(row), {**row, **outcome})
    parts = list(SERIES)
    return sorted(found.values(), key=lambda row: parts.index(row["part"]) if row["part"] in parts else len(parts))


def read_rows(document: Any, where: object) -> list[Row]:
    """The rows of a document of this study, older ones too; raises `InputError` for anything else."""
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(map(_is_row, rows)):
        raise InputError("holds no rows of a scaling study", where=where, remedy="give a file that qpbae scaling wrote")
    return [_in_todays_words(row) for row in rows]


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and {"part", "point"} <= set(row) and len({"result", "failed"} & set(row)) == 1


def _in_todays_words(row: Row) -> Row:
    """Random matrix product states were called trains once."""
    if row["point"].get("source") != "trains":
        return row
    return {**row, "point": {**row["point"], "source": "random_mps"}}


def _with_sources(series: Series, plan: ScalingPlan) -> Series:
    """The digests of their images in the points that have any: `data` or `patches` among the inputs names them."""
    found = []
    for work in series:
        (point,) = work.cells
        name = point.inputs.get("data", point.inputs.get("patches"))
        if name in plan.data:
            source = {**(point.source or {}), **source_of(name, plan.images(name))}
            work = work.only([replace(point, source=source)])
        found.append(work)
    return found


def _digests(contents: Contents) -> dict[str, str]:
    """SHA-256 of the training images of the data sets that a file's points use, by name."""
    sources = [line["parameters"].get("source", {}) for line in {**contents.failures, **contents.results}.values()]
    return {source["data"]: source["digest"] for source in sources if "data" in source}


def _take_over(store: ResultsFile, known: Sequence[Row], points: Sequence[Point]) -> None:
    """Rows of a document into the file; those of planned points are taken to be of the images that are there now."""
    planned_points = {canonical([point.part, point.inputs]): point for point in points}
    for row in known:
        plain = Point(row["part"], row["point"])
        point = planned_points.get(canonical([row["part"], row["point"]]), plain)
        if "result" in row:
            store.add_result(point, row["result"])
        elif point.identifier not in store.contents.failures:
            store.add_failure(point, row["failed"])
