"""Symbols of a native circuit: one a gate, each a linear function of the angles of model and preparation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np
import sympy
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ParameterMap:
    """Exponents of gates from angles: x = matrix @ angles + offset, brought to (-1, 1].

    Args:
        names: the symbols that stand in the circuit, (G,).
        sources: names of the angles that they depend on, (K,): t0, ... of the model, p0, ... of the preparation.
        matrix: shape (G, K), half turns a radian.
        offset: shape (G,), half turns.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    matrix: FloatArray
    offset: FloatArray

    def to_json(self) -> dict[str, Any]:
        """As JSON values: for each symbol its coefficients by angle, zeros left out, and its constant."""
        return {
            "angles": list(self.sources),
            "symbols": {
                name: {
                    "half_turns_per_radian": {
                        source: float(value) for source, value in zip(self.sources, row, strict=True) if value
                    },
                    "constant_half_turns": float(offset),
                }
                for name, row, offset in zip(self.names, self.matrix, self.offset, strict=True)
            },
        }

    def exponents(self, angles: FloatArray) -> FloatArray:
        """The values of the symbols, shape (N, G), for angles of shape (N, K) in radians."""
        values = angles @ self.matrix.T + self.offset
        return np.asarray(1.0 - np.mod(1.0 - values, 2.0))

    def resolvers(self, angles: FloatArray) -> list[cirq.ParamResolver]:
        """One resolver for each row of angles, shape (N, K)."""
        return [cirq.ParamResolver(dict(zip(self.names, row, strict=True))) for row in self.exponents(angles).tolist()]

    def sweep(self, angles: FloatArray) -> cirq.Sweep:
        """All rows of angles, shape (N, K), as one sweep."""
        columns = self.exponents(angles).T.tolist()
        if not self.names:
            return cirq.ListSweep([{}] * len(angles))
        return cirq.Zip(*(cirq.Points(name, column) for name, column in zip(self.names, columns, strict=True)))


def flatten(circuit: cirq.Circuit, sources: Sequence[str], prefix: str = "x") -> tuple[cirq.Circuit, ParameterMap]:
    """Give each different symbolic exponent a symbol of its own.

    Plain symbols are all that every format and every processor knows, and binding becomes one matrix product instead of
    a substitution in each gate.

    Args:
        circuit: native; symbols in the x exponents of `cirq.PhasedXZGate` only, linear.
        sources: names of the angles, in the order of the columns.
        prefix: of the new symbols.

    Raises:
        ValueError: a symbol elsewhere, or an exponent that is not linear in the angles.
    """
    column = {name: index for index, name in enumerate(sources)}
    names: dict[sympy.Expr, str] = {}
    rows: list[FloatArray] = []
    offsets: list[float] = []

    def renamed(op: cirq.Operation, _: int) -> cirq.Operation:
        if not cirq.is_parameterized(op):
            return op
        gate = op.gate
        if not isinstance(gate, cirq.PhasedXZGate):
            raise ValueError(f"{op} holds a symbol")
        expression = gate.x_exponent
        if expression not in names:
            row, offset = _linear(expression, column)
            names[expression] = f"{prefix}{len(names)}"
            rows.append(row)
            offsets.append(offset)
        plain = cirq.PhasedXZGate(
            x_exponent=sympy.Symbol(names[expression]),
            z_exponent=gate.z_exponent,
            axis_phase_exponent=gate.axis_phase_exponent,
        )
        return plain.on(*op.qubits).with_tags(*op.tags)

    flat = cirq.map_operations(circuit, renamed)
    matrix = np.array(rows).reshape(len(rows), len(column))
    return flat, ParameterMap(tuple(names.values()), tuple(sources), matrix, np.array(offsets))


def _linear(expression: sympy.Expr, column: Mapping[str, int]) -> tuple[FloatArray, float]:
    row, offset = np.zeros(len(column)), 0.0
    for term, coefficient in expression.as_coefficients_dict().items():
        if term == sympy.S.One:
            offset += float(coefficient)
        elif isinstance(term, sympy.Symbol) and term.name in column:
            row[column[term.name]] += float(coefficient)
        else:
            raise ValueError(f"the exponent {expression} is not linear in the angles")
    return row, offset
