from __future__ import annotations

import cirq
import numpy as np
import pytest
import sympy

from qpbae_tn.compiler.parameters import flatten

A, B = sympy.symbols("a b")
QUBITS = cirq.GridQubit.rect(1, 2)


def rotation(exponent: sympy.Expr | float) -> cirq.PhasedXZGate:
    return cirq.PhasedXZGate(x_exponent=exponent, z_exponent=0.2, axis_phase_exponent=0.5)


def test_flat_circuits_equal_substituted_ones() -> None:
    circuit = cirq.Circuit(
        rotation(0.3 * A + 0.25)(QUBITS[0]).with_tags("encoder"),
        cirq.CZ(*QUBITS),
        rotation(-1.5 * B + 0.3 * A)(QUBITS[1]),
        rotation(0.3 * A + 0.25)(QUBITS[1]),
        rotation(0.1)(QUBITS[0]),
        cirq.measure(*QUBITS, key="readout"),
    )
    flat, parameters = flatten(circuit, ["a", "b"])
    assert parameters.names == ("x0", "x1")
    assert next(flat.all_operations()).tags == ("encoder",)
    angles = np.array([[0.4, -2.0], [7.0, 1.0]])
    for row, resolver, point in zip(angles, parameters.resolvers(angles), parameters.sweep(angles), strict=True):
        expected = cirq.resolve_parameters(circuit, {"a": row[0], "b": row[1]})
        assert resolver == point
        cirq.testing.assert_allclose_up_to_global_phase(
            cirq.resolve_parameters(flat, resolver)[:-1].unitary(), expected[:-1].unitary(), atol=1e-9
        )
    assert (np.abs(parameters.exponents(angles)) <= 1).all()


def test_circuits_without_symbols_have_empty_points() -> None:
    flat, parameters = flatten(cirq.Circuit(rotation(0.5)(QUBITS[0])), [])
    assert parameters.names == ()
    assert [dict(point.param_dict) for point in parameters.sweep(np.empty((3, 0)))] == [{}, {}, {}]
    assert not cirq.is_parameterized(flat)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (rotation(A * B)(QUBITS[0]), "not linear"),
        (rotation(sympy.Symbol("c") + A)(QUBITS[0]), "not linear"),
        (cirq.ry(A)(QUBITS[0]), "holds a symbol"),
    ],
)
def test_symbols_that_cannot_be_flattened_are_refused(operation: cirq.Operation, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flatten(cirq.Circuit(operation), ["a", "b"])
