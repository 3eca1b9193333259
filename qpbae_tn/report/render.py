"""Pages to files: Markdown for a repository, HTML that opens without network; SVG, JSON and CSV beside them."""

from __future__ import annotations

import csv
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from qpbae_tn.output import write_atomically
from qpbae_tn.report.page import Block, Figure, Foot, Heading, Page, Picture, Table, Text
from qpbae_tn.report.template import html_environment

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def write_page(page: Page, folder: Path) -> list[Path]:
    """Write NAME.md, NAME.html and the folder NAME with charts (SVG) and data (JSON, CSV).

    Args:
        page: the page.
        folder: the reports' folder, must exist.

    Returns:
        The files written.
    """
    beside = folder / page.name
    beside.mkdir(exist_ok=True)
    written: dict[Path, str | bytes] = {}
    for block in page.blocks:
        if isinstance(block, Picture):
            written[beside / f"{block.name}.png"] = block.png
        if isinstance(block, Figure):
            written[beside / f"{block.name}.svg"] = block.svg.replace("<svg", _SVG_START, 1)
    written[beside / f"{page.name}.json"] = json.dumps(page.document, indent=1, allow_nan=False) + "\n"
    for name, (header, rows) in page.tables.items():
        written[beside / f"{name}.csv"] = to_csv(header, rows)
    written[folder / f"{page.name}.md"] = to_markdown(page)
    written[folder / f"{page.name}.html"] = to_html(page)
    for path, text in written.items():
        write_atomically(path, text)
    for stale in set(beside.iterdir()) - set(written):
        if stale.suffix in (".svg", ".csv", ".png"):
            stale.unlink()
    return list(written)


# A chart that is opened by itself needs a ground of its own: its lines are made for white pages.
_SVG_START = '<svg style="background:#ffffff"'


def to_markdown(page: Page) -> str:
    """The page as Markdown."""
    parts = [f"# {page.title}", page.lead]
    parts += [_block_markdown(block, page.name) for block in page.blocks]
    data = [f"{page.name}/{page.name}.json", *(f"{page.name}/{name}.csv" for name in page.tables)]
    parts += ["---", "Data: " + ", ".join(f"[{name}]({name})" for name in data) + ".", _foot_markdown(page.foot)]
    return "\n\n".join(parts) + "\n"


def to_html(page: Page) -> str:
    """The page as one HTML file that needs nothing else; only its links to the data lead outside."""
    parts = [_MARKDOWN.render(page.lead)]
    parts += [_block_html(block) for block in page.blocks]
    data = [f"{page.name}/{page.name}.json", *(f"{page.name}/{name}.csv" for name in page.tables)]
    links = ", ".join(f'<a href="{escape(name)}">{escape(Path(name).name)}</a>' for name in data)
    template = html_environment().get_template("page.html.j2")
    return template.render(
        title=page.title,
        body=Markup("\n".join(parts)),
        foot=Markup(f"<p>Data: {links}.</p>" + _MARKDOWN.render(_foot_markdown(page.foot))),
    )


def to_csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table as CSV text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def flatten(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A row of JSON values as one level of columns: nested keys are joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def rows_as_csv(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """JSON rows as a header and rows for `Page.tables`; a column that a row lacks stays empty."""
    flat = [flatten(row) for row in rows]
    header = list(dict.fromkeys(key for row in flat for key in row))
    return header, [[row.get(key, "") for key in header] for row in flat]


def _block_markdown(block: Block, page_name: str) -> str:
    if isinstance(block, Heading):
        return f"## {block.title}"
    if isinstance(block, Text):
        return block.markdown.strip()
    if isinstance(block, Figure):
        return f"![{block.caption}]({page_name}/{block.name}.svg)\n\n*{block.caption}*"
    if isinstance(block, Picture):
        return f"![{block.caption}]({page_name}/{block.name}.png)\n\n*{block.caption}*"
    lines = [_markdown_row(block.header), "|" + "---|" * len(block.header)]
    lines += [_markdown_row(row) for row in block.rows]
    caption = [f"*{block.caption}*", ""] if block.caption else []
    return "\n".join(caption + lines)


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _block_html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.title)}</h2>"
    if isinstance(block, Text):
        return str(_MARKDOWN.render(block.markdown))
    if isinstance(block, Figure):
        caption = escape(block.caption)
        drawing = f'<div class="scroll natural">{block.svg}</div>' if block.natural_size else block.svg
        return f'<figure role="img" aria-label="{caption}">{drawing}<figcaption>{caption}</figcaption></figure>'
    if isinstance(block, Picture):
        source = "data:image/png;base64," + b64encode(block.png).decode("ascii")
        caption = escape(block.caption)
        return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
    return _table_html(block)


def _table_html(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    caption = f"<p class='soft'>{escape(table.caption)}</p>" if table.caption else ""
    return f'{caption}<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _foot_markdown(foot: Foot) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in foot.versions.items())
    seed = "Nothing here is random" if foot.seed is None else f"Seed {foot.seed}"
    return f"Made by `{foot.command}`. {seed}. Data: {foot.data}. Versions: {versions}."
