"""Templates and style that all HTML pages share."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def page_environment() -> Environment:
    """The templates of this folder, escaping what they are given."""
    return Environment(
        loader=PackageLoader("qpbae_tn.reporting", "."), autoescape=select_autoescape(["j2"]), undefined=StrictUndefined
    )


def stylesheet() -> str:
    """The style of every page."""
    return files("qpbae_tn.reporting").joinpath("page.css").read_text(encoding="utf-8")
