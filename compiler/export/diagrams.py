"""Circuits to look at: text and SVG."""

from __future__ import annotations

from dataclasses import dataclass

import cirq


@dataclass(frozen=True)
class TextDiagram:
    """`.txt`."""

    name: str = "text diagram"
    suffix: str = ".txt"
    holds_symbols: bool = True

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """One line a qubit, three decimals; tags are left out."""
        text: str = _plain(circuit).to_text_diagram(precision=3)
        return f"{text}\n".encode()


@dataclass(frozen=True)
class SvgDiagram:
    """`.svg`."""

    name: str = "SVG diagram"
    suffix: str = ".svg"
    holds_symbols: bool = True

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """As Cirq draws it."""
        from cirq.contrib.svg import circuit_to_svg

        return str(circuit_to_svg(_plain(circuit))).encode("utf-8")


def _plain(circuit: cirq.Circuit) -> cirq.Circuit:
    return cirq.map_operations(circuit, lambda op, _: op.untagged)
