"""A report page as a value: sections of text, tables, charts and pictures, and the data behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# The data sets of a page in words, for its foot.


DIGITS = 12


def data_words(names: Iterable[str], digests: Mapping[str, str], part: str) -> str:
    """Data sets with what identifies their files.

    Args:
        names: of the data sets, in the order to tell.
        digests: SHA-256 over names and contents of images that were used, by name; one without is named alone.
        part: which images these are, e.g. "test images".
    """
    words = {name: f"{name}, SHA-256 of its {part} {digest[:DIGITS]}" for name, digest in digests.items()}
    return "; ".join(words.get(name, name) for name in names)


@dataclass(frozen=True)
class Text:
    """A paragraph, list or formula in Markdown."""

    markdown: str


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        header: column names, with units.
        rows: cells as text, numbers already formatted.
        caption: what it shows, in a sentence; may be empty.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart or a drawing.

    Args:
        name: file name without suffix, unique on the page.
        svg: SVG text.
        caption: what it shows, in a sentence or two.
        natural_size: whether it keeps its own size and scrolls where it is wider than the page, as small print needs.
    """

    name: str
    svg: str
    caption: str
    natural_size: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of pixels.

    Args:
        name: file name without suffix, unique on the page.
        png: the PNG file.
        caption: what it shows, in a sentence or two.
    """

    name: str
    png: bytes
    caption: str


@dataclass(frozen=True)
class Heading:
    """A section's heading."""

    title: str


Block = Text | Table | Figure | Picture | Heading


@dataclass(frozen=True)
class Foot:
    """How to make a page again.

    Args:
        command: the command line.
        seed: of everything random; None where nothing is.
        data: names and digests of the images used, in words.
        versions: of the packages that decide the numbers.
    """

    command: str
    seed: int | None
    data: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """One report page.

    Args:
        name: file name without suffix.
        title: heading.
        lead: a paragraph in Markdown: what the page answers, and the answer.
        blocks: in order.
        document: the JSON document that the page was made from; has `rows`.
        foot: how to make it again.
        tables: further data as CSV, by file name without suffix: header and rows.
    """

    name: str
    title: str
    lead: str
    blocks: Sequence[Block]
    document: Mapping[str, Any]
    foot: Foot
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]] = field(default_factory=dict)
