"""Drawings: a native circuit moment by moment, and qubits and couplers on the device's grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cirq
from matplotlib import rc_context
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.report.charts import PALETTE, STYLE, to_svg

STAGE_COLOURS = dict(zip(Stage, (PALETTE[5], PALETTE[0], PALETTE[2], PALETTE[1]), strict=True))
REGISTER_COLOURS = {"data": PALETTE[0], "copy": PALETTE[1], "fresh": PALETTE[2], "ancilla": PALETTE[3]}
_GREY = "#6B7280"
_SHADES = LinearSegmentedColormap.from_list("error", ["#E5E7EB", "#374151"])


def circuit_svg(program: CompiledProgram, title: str) -> str:
    """The native circuit: a row a qubit, a column a moment; boxes and lines in the colour of their stage."""
    names = {place: str(qubit) for qubit, place in program.qubit_map.items()}
    order = sorted(program.circuit.all_qubits(), key=lambda q: (_register(names.get(q, "~")), names.get(q, ""), q))
    row = {qubit: -index for index, qubit in enumerate(order)}
    columns = len(program.circuit)
    with rc_context(STYLE):
        figure = Figure(figsize=(max(5.0, 1.6 + 0.27 * columns), 0.8 + 0.27 * len(order)), layout="constrained")
        axes = figure.add_subplot()
        for qubit in order:
            axes.plot([-0.6, columns - 0.4], [row[qubit]] * 2, color="#D1D5DB", linewidth=0.8, zorder=0)
            label = f"{names.get(qubit, '')} {qubit.row},{qubit.col}".strip()
            axes.text(-0.9, row[qubit], label, ha="right", va="center", fontsize=7, color="#374151")
        boxes: dict[str, list[Rectangle]] = {}
        lines: dict[str, list[Any]] = {}
        for column, moment in enumerate(program.circuit):
            for op in moment:
                if cirq.is_measurement(op):
                    for qubit in op.qubits:
                        axes.text(column, row[qubit], "M", ha="center", va="center", fontsize=7, fontweight="bold")
                    continue
                colour = STAGE_COLOURS[stage_of(op)]
                rows = [row[qubit] for qubit in op.qubits]
                if len(rows) == 1:
                    boxes.setdefault(colour, []).append(Rectangle((column - 0.36, rows[0] - 0.3), 0.72, 0.6))
                else:
                    lines.setdefault(colour, []).append([(column, rows[0]), (column, rows[1])])
        for colour, members in boxes.items():
            axes.add_collection(PatchCollection(members, facecolor=colour, edgecolor="none"))
        for colour, segments in lines.items():
            axes.add_collection(LineCollection(segments, colors=colour, linewidths=1.4))
            ends = [end for segment in segments for end in segment]
            axes.scatter([x for x, _ in ends], [y for _, y in ends], s=16, color=colour, zorder=3, linewidth=0)
        axes.set_xlim(-3.4, columns - 0.3)
        axes.set_ylim(-len(order) + 0.4, 0.8)
        axes.axis("off")
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
        used = [stage for stage in Stage if any(stage_of(op) is stage for op in _gates(program))]
        figure.legend(
            handles=[Line2D([], [], color=STAGE_COLOURS[s], linewidth=5, label=s.value) for s in used],
            loc="outside lower center",
            ncol=len(used),
            fontsize=7,
        )
        return to_svg(figure)


def grid_svg(programs: Mapping[str, CompiledProgram]) -> str:
    """Where programs stand, a panel each: used qubits by register, couplers by error, those that are used thick."""
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(8.4, 4.1 * -(-len(programs) // 2)), layout="constrained")
        panels: Any = figure.subplots(-(-len(programs) // 2), 2, squeeze=False)
        image = None
        for axes, (title, program) in zip(panels.flat, programs.items(), strict=False):
            image = _grid(axes, program)
            axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
        for axes in panels.flat:
            axes.axis("off")
        if image is not None:
            bar = figure.colorbar(image, ax=panels, shrink=0.5, aspect=30, location="right")
            bar.set_label("Pauli error of the coupler's gate", fontsize=8)
            bar.ax.tick_params(labelsize=7)
        handles = [
            Line2D([], [], marker="s", linestyle="", color=colour, label=name)
            for name, colour in REGISTER_COLOURS.items()
        ]
        handles.append(Line2D([], [], color="#111827", linewidth=3, label="used coupler"))
        figure.legend(handles=handles, loc="outside lower center", ncol=5, fontsize=8)
        return to_svg(figure)


def _grid(axes: Any, program: CompiledProgram) -> LineCollection:
    target = program.target
    names = {place: str(qubit) for qubit, place in program.qubit_map.items()}
    used = {frozenset(op.qubits) for op in _gates(program) if len(op.qubits) == 2}
    pairs = [tuple(pair) for pair in target.graph.edges]
    errors = [target.p_2q_pauli[frozenset(pair)] for pair in pairs]
    ordered = sorted(target.p_2q_pauli.values())
    lines = LineCollection(
        [[_at(a), _at(b)] for a, b in pairs], cmap=_SHADES, norm=LogNorm(ordered[0], ordered[-1]), linewidths=1.6
    )
    lines.set_array(errors)
    axes.add_collection(lines)
    axes.add_collection(LineCollection([[_at(q) for q in pair] for pair in used], colors="#111827", linewidths=4))
    touched = program.circuit.all_qubits()
    idle = [qubit for qubit in target.qubits if qubit not in touched]
    axes.scatter(*zip(*map(_at, idle), strict=True), s=14, color="#D1D5DB", zorder=2, linewidth=0)
    for qubit in touched:
        colour = REGISTER_COLOURS.get(_register_name(names.get(qubit, "")), _GREY)
        axes.scatter(*_at(qubit), s=70, marker="s", color=colour, zorder=3, linewidth=0)
        digits = names.get(qubit, "").rpartition("_")[2]
        axes.text(
            *_at(qubit), digits if digits.isdigit() else "", color="#FFFFFF", fontsize=6, ha="center", va="center"
        )
    axes.set_aspect("equal")
    axes.autoscale_view()
    return lines


def _gates(program: CompiledProgram) -> list[cirq.Operation]:
    return [op for op in program.circuit.all_operations() if not cirq.is_measurement(op)]


def _at(qubit: cirq.GridQubit) -> tuple[float, float]:
    return float(qubit.col), -float(qubit.row)


def _register_name(name: str) -> str:
    return name.partition("_")[0]


def _register(name: str) -> int:
    order: Sequence[str] = list(REGISTER_COLOURS)
    register = _register_name(name)
    return order.index(register) if register in order else len(order)
