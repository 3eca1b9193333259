"""What a page's template is filled with: numbers, tables and figures, each by name."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Figure:
    """A chart, a drawing or a picture.

    Args:
        content: SVG text or the bytes of a PNG file.
        natural_size: whether it keeps its own size and colours, and scrolls where it is wider than the page, as small
            print needs.
    """

    content: str | bytes
    natural_size: bool = False

    @property
    def suffix(self) -> str:
        """Of its file."""
        return ".svg" if isinstance(self.content, str) else ".png"

    def data_uri(self) -> str:
        """The figure as the source of an image element."""
        if isinstance(self.content, str):
            return "data:image/svg+xml;base64," + b64encode(self.content.encode()).decode("ascii")
        return "data:image/png;base64," + b64encode(self.content).decode("ascii")


@dataclass(frozen=True)
class Content:
    """What a template may name.

    Args:
        values: what its sentences say, top-level names of the template; numbers or JSON values, not text made of them.
        tables: what `table("name")` shows; column names are shown as they are, cells are numbers, intervals or text.
        figures: what `figure("name")` shows.
        files: tables that are written beside the page as NAME.csv and not shown.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, DataFrame] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    files: Mapping[str, DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """What a page was made with, the data of its foot.

    Args:
        command: the command line that makes it again, folders left open.
        seed: of everything random.
        data: names of the data sets used, each with the SHA-256 of its images or None.
        versions: of the packages that decide the numbers.
        extras: those of them that belong to an extra of this package.
    """

    command: str
    seed: int
    data: Mapping[str, str | None]
    versions: Mapping[str, str]
    extras: tuple[str, ...] = ()
