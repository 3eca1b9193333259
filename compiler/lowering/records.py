"""The stage log: what a program looks like after each pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cirq

from qpbae_tn.compiler.lowering.equivalence import Check


@dataclass(frozen=True)
class StageRecord:
    """A program after one pass.

    Args:
        name: of the pass.
        one_qubit_gates: number of one-qubit gates, measurements not counted.
        two_qubit_gates: number of two-qubit gates.
        two_qubit_depth: moments with two-qubit gates.
        depth: all moments, that of the measurements included.
        check: what was verified.
    """

    name: str
    one_qubit_gates: int
    two_qubit_gates: int
    two_qubit_depth: int
    depth: int
    check: Check

    @classmethod
    def of(cls, name: str, circuit: cirq.AbstractCircuit, check: Check) -> StageRecord:
        """Count a circuit moment by moment, as it stands."""
        gates = [[op for op in moment if not cirq.is_measurement(op)] for moment in circuit]
        widths = [[len(op.qubits) for op in moment] for moment in gates]
        return cls(
            name=name,
            one_qubit_gates=sum(moment.count(1) for moment in widths),
            two_qubit_gates=sum(moment.count(2) for moment in widths),
            two_qubit_depth=sum(2 in moment for moment in widths),
            depth=len(circuit),
            check=check,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.name,
            "one_qubit_gates": self.one_qubit_gates,
            "two_qubit_gates": self.two_qubit_gates,
            "two_qubit_depth": self.two_qubit_depth,
            "depth": self.depth,
            "check": self.check.to_json(),
        }
