"""The two-qubit gates that Google's processors run natively."""

from __future__ import annotations

from enum import StrEnum

import cirq


class NativeGate(StrEnum):
    """A native two-qubit gate; each makes a CZ with a fixed number of uses."""

    CZ = "cz"
    SQRT_ISWAP = "sqrt_iswap"
    SYC = "syc"

    @property
    def gate(self) -> cirq.Gate:
        """The gate itself."""
        if self is NativeGate.CZ:
            return cirq.CZ
        if self is NativeGate.SQRT_ISWAP:
            return cirq.SQRT_ISWAP
        import cirq_google

        return cirq_google.SYC

    @property
    def calibration_type(self) -> type[cirq.Gate]:
        """The gate type under which calibrations and gate times are kept."""
        kind: type[cirq.Gate]
        if self is NativeGate.CZ:
            kind = cirq.CZPowGate
        elif self is NativeGate.SQRT_ISWAP:
            kind = cirq.ISwapPowGate
        else:
            import cirq_google

            kind = cirq_google.SycamoreGate
        return kind

    @property
    def uses_per_cz(self) -> int:
        """How many of these gates one CZ takes."""
        return 1 if self is NativeGate.CZ else 2
