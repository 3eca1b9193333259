"""The section of the page `resources` on fault tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qpbae_tn.report.page import Block, Heading, Table, Text


def fault_tolerance_blocks(document: Mapping[str, Any]) -> list[Block]:
    """Words and a table for each preparation."""
    assumptions, rows = document["assumptions"], document["rows"]
    blocks: list[Block] = [Heading("Fault tolerance"), Text(_logical_words(assumptions))]
    if all(row["physical"] is None for row in rows):
        blocks.append(Text("Qualtran was not installed when this page was made: physical figures are left out."))
    else:
        blocks.append(Text(_physical_words(assumptions)))
    for preparation in dict.fromkeys(row["preparation"] for row in rows):
        blocks.append(_table([row for row in rows if row["preparation"] == preparation], preparation))
    return blocks


def _logical_words(assumptions: Mapping[str, Any]) -> str:
    return (
        "One shot of the literal circuits, one layer of the paper's blocks, BD = 1. A CSWAP is one Toffoli gate "
        f"({assumptions['t_per_toffoli']} T in the total). Rotations share a synthesis error of "
        f"{assumptions['synthesis_budget']:g} a shot, at ceil(0.53 log2(1 / eps) + 5.3) T each (arXiv:2203.10064). "
        "Rotations decide: the SWAP test's Toffoli gates, which cost most on a processor without error correction, "
        "hardly matter here."
    )


def _physical_words(assumptions: Mapping[str, Any]) -> str:
    return (
        f"Physical figures: {assumptions['model']}; physical error {assumptions['physical_error']:g}, "
        f"{assumptions['cycle_time_us']:g} us a cycle, one factory, at most {assumptions['error_budget']:g} for a "
        "logical error in a shot. Qualtran's factory model would take 11 T a rotation whatever the precision; the T "
        "gates are therefore counted here and handed over. The time is that of one shot; a patch takes hundreds."
    )


def _table(rows: list[Mapping[str, Any]], preparation: str) -> Table:
    lines = []
    for row in rows:
        line = [f"P={row['patch_size']}, {row['readout']}", str(row["qubits"]), f"{row['rotations']:,}"]
        line += [str(row["toffolis"]), str(row["t_per_rotation"]), f"{row['total_t_gates']:,}"]
        physical = row["physical"]
        if physical is not None:
            line += [f"{physical['qubits']:,}", str(physical["distance"]), _time(physical["duration_us"] * 1e-6)]
        lines.append(line)
    header = ["cell", "logical qubits", "rotations", "Toffoli", "T a rotation", "T in all"]
    if rows[0]["physical"] is not None:
        header += ["physical qubits", "distance", "time a shot"]
    return Table(header, lines, f"Preparation {preparation}.")


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
