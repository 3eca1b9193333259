"""Points of the study: what to measure, what was found, and going on from what is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qpbae_tn.analysis.scaling.isolation import PointFailed
from qpbae_tn.errors import InputError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """One thing to measure.

    Args:
        part: of the study.
        inputs: JSON values that decide the result; two points with the same part and inputs are the same point.
        measure: gives the result as JSON values, or raises `PointFailed`.
    """

    part: str
    inputs: Mapping[str, Any]
    measure: Callable[[], Mapping[str, Any]]

    def is_that_of(self, row: Row) -> bool:
        """Whether a row holds this point."""
        return bool(row.get("part") == self.part and row.get("point") == self.inputs)

    def __str__(self) -> str:
        return f"{self.part}: " + ", ".join(f"{key}={value}" for key, value in self.inputs.items())


Series = Sequence[Point]
"""Points of growing size; after one that fails the larger ones are not tried."""


def run_series(
    all_series: Iterable[Series], known: Sequence[Row], progress: Callable[[str], None], on_row: Callable[[Row], None]
) -> list[Row]:
    """Measure what is not known yet.

    Args:
        all_series: what to measure.
        known: rows of an earlier run.
        progress: told what is being worked on.
        on_row: called with each row, known ones included, in order.

    Returns:
        One row a point: `part`, `point`, and `result` or `failed` with the cause.
    """
    rows = []
    for series in all_series:
        for point in series:
            row = next((row for row in known if point.is_that_of(row)), None)
            if row is None:
                progress(str(point))
                row = _measured(point)
            rows.append(row)
            on_row(row)
            if "failed" in row:
                break
    return rows


def read_rows(document: Any, where: object) -> list[Row]:
    """The rows of a document that the study wrote; raises `InputError` for anything else."""
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise InputError("holds no rows of a scaling study", where=where, remedy="give a file that qpbae scaling wrote")
    return rows


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and {"part", "point"} <= set(row) and len({"result", "failed"} & set(row)) == 1


def _measured(point: Point) -> Row:
    row = {"part": point.part, "point": dict(point.inputs)}
    try:
        return {**row, "result": dict(point.measure())}
    except PointFailed as error:
        return {**row, "failed": str(error)}
