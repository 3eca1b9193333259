"""What every export format offers."""

from __future__ import annotations

from typing import Protocol

import cirq


class Format(Protocol):
    """A file format for native circuits."""

    @property
    def name(self) -> str:
        """What manifests call it."""

    @property
    def suffix(self) -> str:
        """The file name's ending, with its dot."""

    @property
    def holds_symbols(self) -> bool:
        """Whether a circuit may keep its symbols."""

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """The contents of the file.

        Args:
            circuit: native and placed; without symbols unless the format holds them.
        """
