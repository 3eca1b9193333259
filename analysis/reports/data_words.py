"""The data sets of a page in words, for its foot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
