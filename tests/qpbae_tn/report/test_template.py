"""A template becomes Markdown and HTML."""

from __future__ import annotations

import pandas as pd
import pytest
from jinja2 import UndefinedError

from qpbae_tn.report.charts import line_chart
from qpbae_tn.report.content import Content, Figure, Made
from qpbae_tn.report.template import FOLDED_ROWS, fill

MADE = Made("qpbae report demo", 7, {"textures": "ab" * 32, "busi": None}, {"python": "3"})
TEMPLATE = """# A & B

One **bold** summary of {{ count | number }} things.

{{ figure("line", "Two points in a line that rises.", "A *line*.") }}

## Numbers

{{ table("short", "Of `a`.", {"value": ".1f"}) }}
- a list
{% for part in parts %}

## Part {{ part }}

{{ table("long", "All.") }}
{% endfor %}
"""


def content() -> Content:
    short = pd.DataFrame({"name": ["a<b", "c|d"], "value": [{"value": 1.55, "low": 1.0, "high": 2.0}, None]})
    return Content(
        {"count": 12345, "parts": ["x", "y"]},
        {"short": short, "long": pd.DataFrame({"n": range(FOLDED_ROWS + 1)})},
        {"line": Figure(line_chart({"x": ([1, 2], [3, 4])}, "x", "y", title="Line"))},
        {"rows": short},
    )


def test_one_template_gives_markdown_and_html() -> None:
    filled = fill("demo", content(), TEMPLATE)
    markdown, html = filled.markdown(MADE), filled.html(MADE)
    assert filled.title == "A & B"
    assert filled.summary_text == "One **bold** summary of 12,345 things."
    assert filled.sections == ["Numbers", "Part x", "Part y"]
    assert "| a<b | 1.6 (1.0 to 2.0) |\n| c\\|d |  |" in markdown
    assert "![Two points in a line that rises.](demo/line.svg)\n\n*A *line*.*" in markdown
    assert "Contents: [Numbers](#numbers) · [Part x](#part-x)" in markdown
    assert "<td>a&lt;b</td>" in html.replace(" class=text", "")
    assert "<td>1.6<small>1.0 to 2.0</small></td>" in html
    assert "<strong>bold</strong>" in html
    assert '<li><a href="#part-x">Part x</a></li>' in html
    assert '<h2 id="part-x">' in html
    assert '<div role="img" aria-label="Two points in a line that rises."><svg' in html
    assert "<figcaption>A <em>line</em>.</figcaption>" in html
    assert "<li>a list</li>" in html
    for text in (markdown, html):
        assert text.count("<details><summary>All.</summary>") == 2
        assert "qpbae report demo" in text
        assert "Seed 7. Images: textures (SHA-256 abababababab), busi. Versions: python 3." in text
        assert "block" not in text.split("<body>")[-1]
    assert filled.html(MADE) == html


def test_a_name_that_nothing_gives_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="nothing"):
        fill("demo", content(), "# T\n\n{{ nothing }}")
    with pytest.raises(KeyError):
        fill("demo", content(), '# T\n\n{{ figure("nothing", "alternative text") }}')
    with pytest.raises(AssertionError, match="no such columns"):
        fill("demo", content(), '# T\n\n{{ table("long", "", {"m": ".1f"}) }}').markdown(MADE)


def test_the_prose_of_a_page_is_without_tables_and_figures() -> None:
    prose = fill("demo", content(), TEMPLATE).prose
    assert prose == "One **bold** summary of 12,345 things.\n\n## Numbers\n\n- a list\n\n## Part x\n\n## Part y"
