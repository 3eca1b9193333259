"""Cirq's own JSON, plain and compressed; read with `cirq.read_json` and `cirq.read_json_gzip`."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import cirq


@dataclass(frozen=True)
class CirqJson:
    """`.json`."""

    name: str = "Cirq JSON"
    suffix: str = ".json"
    holds_symbols: bool = True

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """The circuit with its stage tags, which read back as plain strings."""
        text: str = cirq.to_json(circuit)
        return f"{text}\n".encode()


@dataclass(frozen=True)
class CirqJsonCompressed:
    """`.json.gz`; no time stamp inside, so that equal circuits give equal files."""

    name: str = "Cirq JSON, gzip"
    suffix: str = ".json.gz"
    holds_symbols: bool = True

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """As `CirqJson`, compressed."""
        return gzip.compress(cirq.to_json(circuit).encode("utf-8"), mtime=0)
