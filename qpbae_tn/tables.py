"""Tables of results: rows of JSON values, as pandas data frames, and as CSV files.

A row is a mapping of JSON values, perhaps nested, as it stands in the document of a command or in a page's data. A
table has one column for each leaf: nested keys are joined by dots, so an interval gives `auroc.value`, `auroc.low` and
`auroc.high`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.output import write_atomically

if TYPE_CHECKING:
    import pandas

Row = Mapping[str, Any]


def flatten(row: Row, prefix: str = "") -> dict[str, Any]:
    """A row as one level of columns.

    Example:
        >>> flatten({"P": 4, "auroc": {"value": 0.9, "low": 0.8}})
        {'P': 4, 'auroc.value': 0.9, 'auroc.low': 0.8}
    """
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def frame(rows: Iterable[Row]) -> pandas.DataFrame:
    """Rows as a data frame, columns in the order in which they first appear; what a row lacks is None or NaN.

    Values keep their types: a column of whole numbers that one row lacks does not become one of floats.
    """
    import pandas

    flat = [flatten(row) for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    return pandas.DataFrame({name: pandas.Series([row.get(name) for row in flat], dtype=object) for name in columns})


def csv_text(rows: Iterable[Row] | pandas.DataFrame) -> str:
    """Rows, or a data frame, as CSV text: numbers in full, empty where a row has no such column or no value."""
    if hasattr(rows, "to_dict"):
        table: Any = rows
        rows = table.astype(object).where(table.notna(), "").to_dict("records")
    flat = [flatten(row) for row in rows]
    header = list(dict.fromkeys(key for row in flat for key in row))
    return lines_as_csv(header, [[row.get(key, "") for key in header] for row in flat])


def lines_as_csv(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """A header and lines of as many cells as CSV text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


def write_csv(path: Path, rows: Iterable[Row] | pandas.DataFrame) -> None:
    """Write a table as a CSV file, atomically.

    Raises:
        InputError: see `write_atomically`.
    """
    write_atomically(path, csv_text(rows))


def facts_html(title: str, facts: Mapping[str, object]) -> str:
    """Names and values as a small HTML table, for notebooks.

    Example:
        >>> facts_html("A < B", {"qubits": 4})
        '<table><caption>A &lt; B</caption><tr><th>qubits</th><td>4</td></tr></table>'
    """
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in facts.items())
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"
