"""A page from its template: Markdown for a repository, HTML that opens without network.

A template is Markdown with Jinja's marks, `NAME.md.j2` in the folder `reports`, which is installed as
`qpbae_tn.templates`. Its first line is the title, what follows up to the first section the summary. It names what
`Content` gives: `{{ value | number(".3f") }}`, `{{ value | interval(".2f") }}`, `{{ figure("name", "alternative text",
"caption") }}`, `{{ table("name", "caption", {"column": ".3f"}) }}`. Tables of more than `FOLDED_ROWS` rows are folded.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from itertools import pairwise
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from qpbae_tn.report.charts import follow_theme
from qpbae_tn.report.content import Content, Figure, Made
from qpbae_tn.report.tables import DEFAULT_FORMAT, Formats, html_table, interval, markdown_table, number

FOLDED_ROWS = 20
WIDTH = 120
_UNWRAPPED = re.compile(r"[|#<!>]|```| {4}")
_MARK = re.compile(r"<\?block (\d+)\?>")
# Such a mark stands for a table or a figure while the text is Markdown, which leaves it as it is.
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def html_environment() -> Environment:
    """The HTML templates of this folder, escaping what they are given, with the style that all pages share."""
    environment = Environment(
        loader=PackageLoader("qpbae_tn.report", "."), autoescape=select_autoescape(["j2"]), undefined=StrictUndefined
    )
    environment.globals["css"] = Markup(files("qpbae_tn.report").joinpath("page.css").read_text(encoding="utf-8"))
    return environment


def read_template(name: str) -> str:
    """The template of a page."""
    return files("qpbae_tn.templates").joinpath(f"{name}.md.j2").read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Table:
    content: Content
    name: str
    caption: str
    formats: Formats
    fold: bool | None

    @property
    def folded(self) -> bool:
        return len(self.content.tables[self.name]) > FOLDED_ROWS if self.fold is None else self.fold

    def markdown(self, _: str) -> str:
        table = markdown_table(self.content.tables[self.name], self.formats)
        if self.folded:
            return f"<details><summary>{self.caption or self.name}</summary>\n\n{table}\n\n</details>"
        return f"*{self.caption}*\n\n{table}" if self.caption else table

    def html(self) -> str:
        table, caption = (
            html_table(self.content.tables[self.name], self.formats),
            inline_html(self.caption or self.name),
        )
        if self.folded:
            return f"<details><summary>{caption}</summary>{table}</details>"
        return f'<p class="soft">{caption}</p>{table}' if self.caption else table


@dataclass(frozen=True)
class _Figure:
    figure: Figure
    name: str
    alt: str
    caption: str

    def markdown(self, page: str) -> str:
        caption = f"\n\n*{self.caption}*" if self.caption else ""
        return f"![{self.alt}]({page}/{self.name}{self.figure.suffix}){caption}"

    def html(self) -> str:
        alt, caption = escape(self.alt), f"<figcaption>{inline_html(self.caption)}</figcaption>" if self.caption else ""
        if isinstance(self.figure.content, bytes):
            return f'<figure><img src="{self.figure.data_uri()}" alt="{alt}">{caption}</figure>'
        if self.figure.natural_size:
            drawing = f'<div class="scroll natural">{self.figure.content}</div>'
        else:
            drawing = follow_theme(self.figure.content)
        return f'<figure><div role="img" aria-label="{alt}">{drawing}</div>{caption}</figure>'


@dataclass(frozen=True)
class Filled:
    """A template filled with content.

    Args:
        name: of the page.
        title: its heading.
        summary: Markdown up to the first section.
        body: the sections.
        blocks: tables and figures, which stand in the text as marks.
        files: names of the data files beside the page.
    """

    name: str
    title: str
    summary: str
    body: str
    files: tuple[str, ...]
    blocks: list[_Table | _Figure] = field(repr=False)

    @property
    def sections(self) -> list[str]:
        """Their headings."""
        return re.findall(r"^## (.+)$", self.body, re.MULTILINE)

    @property
    def summary_text(self) -> str:
        """The summary without its figures."""
        return _without_marks(self.summary)

    @property
    def prose(self) -> str:
        """All sentences, without tables, figures and their captions."""
        return _without_marks(f"{self.summary}\n\n{self.body}")

    def markdown(self, made: Made) -> str:
        """The page as Markdown."""
        parts = [f"# {self.title}", self.summary]
        if len(self.sections) > 2:
            parts.append("Contents: " + " · ".join(f"[{title}](#{_slug(title)})" for title in self.sections))
        text = "\n\n".join([*parts, self.body, "---", _foot(self, made)]) + "\n"
        return _replace(text, [block.markdown(self.name) for block in self.blocks])

    def html(self, made: Made) -> str:
        """The page as one HTML file that needs nothing else; only its links to the data lead outside."""
        blocks = [block.html() for block in self.blocks]
        return (
            html_environment()
            .get_template("page.html.j2")
            .render(
                title=self.title,
                summary=Markup(_replace(markdown_html(self.summary), blocks)),
                contents=[(_slug(title), title) for title in self.sections],
                body=Markup(_replace(markdown_html(self.body), blocks)),
                foot=markdown_html(_foot(self, made)),
            )
        )


def fill(name: str, content: Content, template: str | None = None) -> Filled:
    """Fill a page's template.

    Args:
        name: of the page.
        content: what the template may name.
        template: its text; that of the installed page where None.
    """
    blocks: list[_Table | _Figure] = []

    def place(block: _Table | _Figure) -> str:
        blocks.append(block)
        return f"\n\n<?block {len(blocks) - 1}?>\n\n"

    def table(name: str, caption: str = "", formats: Formats = DEFAULT_FORMAT, fold: bool | None = None) -> str:
        return place(_Table(content, name, caption, formats, fold))

    def figure(name: str, alt: str, caption: str = "") -> str:
        return place(_Figure(content.figures[name], name, alt, caption))

    environment = _environment()
    environment.filters |= {"number": number, "interval": interval}
    environment.globals |= {"table": table, "figure": figure, "tables": content.tables, "figures": content.figures}
    text = environment.from_string(read_template(name) if template is None else template).render(content.values)
    text = _wrapped(text)
    head, _, body = text.partition("\n## ")
    title, _, summary = head.partition("\n")
    data = (f"{name}.json", *(f"{file}.csv" for file in content.files))
    return Filled(name, title.removeprefix("# "), summary.strip(), f"## {body}" if body else "", data, blocks)


def inline_html(markdown: str) -> str:
    """One line of Markdown as HTML."""
    return str(_MARKDOWN.renderInline(markdown))


def markdown_html(markdown: str) -> Markup:
    """Markdown as HTML, with names that headings can be linked by."""
    tokens = _MARKDOWN.parse(markdown)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _slug(inline.content))
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _without_marks(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", _MARK.sub("", text)).strip()


def _replace(text: str, blocks: list[str]) -> str:
    return _MARK.sub(lambda found: blocks[int(found[1])], text)


def _wrapped(text: str) -> str:
    """Paragraphs and list items broken into lines of `WIDTH`, since numbers of any length were filled in."""
    parts = re.split(r"\n{2,}", text.strip())
    return "\n\n".join(part if _UNWRAPPED.match(part) else _wrapped_items(part) for part in parts)


def _wrapped_items(part: str) -> str:
    options: dict[str, Any] = {"width": WIDTH, "break_long_words": False, "break_on_hyphens": False}
    items = re.split(r"\n(?=- |\d+\. )", part)
    # What goes on in a list item is indented by three, which suits both kinds of list.
    lists = len(items) > 1 or re.match(r"- |\d+\. ", part)
    indent = "   " if lists else ""
    return "\n".join(textwrap.fill(" ".join(item.split()), subsequent_indent=indent, **options) for item in items)


def _slug(title: str) -> str:
    """The name under which a repository's page links to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


_FOOT = """
Data: {% for file in files %}[{{ name }}/{{ file }}]({{ name }}/{{ file }}){{ ", " if not loop.last }}{% endfor %}.

Made by `{{ made.command }}`. Seed {{ made.seed }}. Images: {% for data, digest in made.data.items() %}
{{- data }}{{ " (SHA-256 " ~ digest[:12] ~ ")" if digest }}{{ ", " if not loop.last }}
{%- else %}none{% endfor %}. Versions: {% for package, version in made.versions.items() %}
{{- package }} {{ version }}{{ ", " if not loop.last }}
{%- endfor %}."""


def _foot(filled: Filled, made: Made) -> str:
    return _environment().from_string(_FOOT).render(files=filled.files, name=filled.name, made=made).strip()


def _environment() -> Environment:
    """For Markdown, which is not escaped; a name that nothing gives is an error."""
    return Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
