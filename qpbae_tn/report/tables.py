"""Data frames as tables in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from qpbae_tn.report.numbers import DASH

Formats = str | Mapping[str, str]
"""A format specification for all numbers that are no integers, or one by column."""
DEFAULT_FORMAT = ".4g"
LONG_TEXT = 40
"""Characters past which a cell wraps."""


def number(value: Any, specification: str = DEFAULT_FORMAT) -> str:
    """A number for readers; integers with separators, nothing for what is missing, text as it is.

    Example:
        >>> number(40700), number(0.94919, ".3f"), number(None), number(True)
        ('40,700', '0.949', '', 'yes')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, Integral):
        return f"{value:,}"
    return f"{value:{specification}}"


def span(value: Mapping[str, Any], specification: str = DEFAULT_FORMAT) -> str:
    """The interval of a `{"value": , "low": , "high": }`, nothing where it has none."""
    low, high = (number(value.get(end), specification) for end in ("low", "high"))
    return f"{low} to {high}" if low and high else ""


def interval(value: Mapping[str, Any], specification: str = DEFAULT_FORMAT) -> str:
    """A value with its interval, a dash where it is not defined.

    Example:
        >>> interval({"value": 0.949, "low": 0.936, "high": 0.96}, ".2f")
        '0.95 (0.94 to 0.96)'
    """
    middle, ends = number(value["value"], specification) or DASH, span(value, specification)
    return f"{middle} ({ends})" if ends else middle


def markdown_table(table: pd.DataFrame, formats: Formats = DEFAULT_FORMAT) -> str:
    """The table in Markdown; a cell with an interval shows it in brackets."""
    rows = [
        [interval(cell, form) if isinstance(cell, Mapping) else number(cell, form) for cell, form in row]
        for row in _cells(table, formats)
    ]
    lines = [[str(column) for column in table.columns], ["---"] * len(table.columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def html_table(table: pd.DataFrame, formats: Formats = DEFAULT_FORMAT) -> str:
    """The table in HTML, wide ones scroll; a cell with an interval shows it in small print."""
    rows = _cells(table, formats)
    words = [any(isinstance(row[place][0], str) for row in rows) for place in range(len(table.columns))]
    head = "".join(
        f'<th scope="col"{" class=text" if text else ""}>{escape(str(column))}</th>'
        for column, text in zip(table.columns, words, strict=True)
    )
    body = "\n".join("<tr>" + "".join(_html_cell(cell, form) for cell, form in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _html_cell(cell: Any, specification: str) -> str:
    if isinstance(cell, Mapping):
        ends = span(cell, specification)
        middle = number(cell["value"], specification) or DASH
        return f"<td>{middle}{f'<small>{ends}</small>' if ends else ''}</td>"
    kind = ("long" if len(cell) > LONG_TEXT else "text") if isinstance(cell, str) else ""
    return f"<td{f' class={kind}' if kind else ''}>{escape(number(cell, specification))}</td>"


def _cells(table: pd.DataFrame, formats: Formats) -> list[list[tuple[Any, str]]]:
    """Rows of cells, each with its format."""
    columns = [str(column) for column in table.columns]
    if isinstance(formats, str):
        chosen = [formats] * len(columns)
    else:
        unknown = set(formats) - set(columns)
        assert not unknown, f"no such columns: {unknown}"
        chosen = [formats.get(column, DEFAULT_FORMAT) for column in columns]
    return [list(zip(row, chosen, strict=True)) for row in table.astype(object).itertuples(index=False, name=None)]
