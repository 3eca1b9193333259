"""What the store and the runner need to know of a grid: its cells, what computes them, and in which order.

A study's experiments are such a grid (`study.experiments`), and so are the measurements of the scaling study or any
function over settings that a user has (`PointGrid`, with an example at `runner.run_points`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from qpbae_tn.errors import InputError
from qpbae_tn.study.limited import Limits

ID_LENGTH = 16
"""Hexadecimal digits of a cell's id: 64 bits, enough for a million cells with odds of 1e-8 that two meet."""


def canonical(document: Any) -> str:
    """JSON text that is the same for equal documents: keys sorted, no spaces, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def identifier_of(document: Mapping[str, Any]) -> str:
    """The id of the cell with these JSON values: the start of their SHA-256."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()[:ID_LENGTH]


class Cell(Protocol):
    """One thing to compute. Cells travel to workers, so they are plain values."""

    @property
    def identifier(self) -> str:
        """`identifier_of` what `to_json` gives."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values: everything that decides the cell's values, and nothing else."""

    def describe(self) -> str:
        """In words, for messages: no two cells of a grid are described alike."""


def _accept(*_: Any) -> None:
    """No further checks."""


@dataclass(frozen=True)
class Kind:
    """What a results file is a file of.

    Args:
        name: in the file's first line.
        check_document: called with the document of a file's grid and the file's name; raises `InputError` for one that
            this version cannot use.
        check_values: called with the values of a result; raises `ValueError` for values that no cell can have.
    """

    name: str
    check_document: Callable[[Mapping[str, Any], str], object] = _accept
    check_values: Callable[[Mapping[str, Any]], object] = _accept


class Grid(Protocol):
    """What a results file is for."""

    @property
    def kind(self) -> Kind:
        """Which kind of grid."""

    @property
    def name(self) -> str:
        """A results file belongs to one name."""

    @property
    def document(self) -> Mapping[str, Any]:
        """The grid as JSON values, as the file keeps it."""

    def check_goes_on(self, known: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        """Raise `InputError` if this grid does not go on from the one of a file.

        Args:
            known: the document of the file's grid.
            digests: of the data sets that the file has results of.
        """


Values = Mapping[str, Any]
"""What a cell gave, as JSON values."""


@dataclass(frozen=True)
class Work:
    """Cells that are computed together, as they travel to a worker.

    Args:
        function: at the top level of a module, so that a worker can import it; called with `shared` and the cells, it
            gives the values of each in order, the same bits wherever and in whatever company a cell is computed.
        shared: what all cells need besides, such as which images.
        cells: at least one.
        limits: of the process of its own that computes them; without, they are computed in the worker itself.
    """

    function: Callable[[Any, Sequence[Any]], Sequence[Values]]
    shared: Any
    cells: tuple[Any, ...]
    limits: Limits | None = None

    def only(self, cells: Sequence[Cell]) -> Work:
        """The same with these of its cells."""
        return replace(self, cells=tuple(cells))


Series = Sequence[Work]
"""Work of growing size: where a cell of one piece fails, the pieces after it are not tried."""


@dataclass(frozen=True)
class Point:
    """A cell that is a function's arguments.

    Args:
        part: which function, by the name of the part of the grid that it makes.
        inputs: its arguments, JSON values.
        source: what stands for inputs that are not JSON values, such as digests of images; None without such inputs.
    """

    part: str
    inputs: Mapping[str, Any]
    source: Mapping[str, Any] | None = None

    @cached_property
    def identifier(self) -> str:
        """The content hash."""
        return identifier_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Part, inputs and, where there is one, the source."""
        document: dict[str, Any] = {"part": self.part, "point": dict(self.inputs)}
        return document if self.source is None else {**document, "source": dict(self.source)}

    def describe(self) -> str:
        """The part and its inputs."""
        return f"{self.part}: " + ", ".join(f"{key}={value}" for key, value in self.inputs.items())


def point_work(point: Point, measure: Callable[..., Values], limits: Limits | None = None) -> Work:
    """The work of one point.

    Args:
        point: its inputs are the keyword arguments of `measure`.
        measure: a function at the top level of a module, or a partial one of such; gives JSON values.
        limits: of a process of its own, if it is to have one.
    """
    return Work(_measure_points, measure, (point,), limits)


def _measure_points(measure: Callable[..., Values], points: Sequence[Point]) -> list[Values]:
    return [dict(measure(**point.inputs)) for point in points]


@dataclass(frozen=True)
class PointGrid:
    """A grid of points. Each stands for itself, so the grid may grow, shrink or change from run to run; results stay.

    Args:
        name: of the grid.
        series: the work.
        kind: of the results file.
        facts: what else the file shall say of the grid, JSON values.
    """

    name: str
    series: Sequence[Series] = ()
    kind: Kind = Kind("points")
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """Name and facts."""
        return {"name": self.name, **self.facts}

    def check_goes_on(self, known: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        """Any grid of the same name goes on."""
        if known.get("name") != self.name:
            raise InputError(
                f"holds results of {known.get('name')!r}, not of {self.name!r}", remedy="choose another `output`"
            )
