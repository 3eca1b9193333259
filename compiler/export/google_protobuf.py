"""Google's program protobuf (cirq_google API v2), and its sweep; what Quantum Engine takes, in single precision."""

from __future__ import annotations

from dataclasses import dataclass

import cirq


@dataclass(frozen=True)
class GoogleProgram:
    """`.pb`: `cirq_google.api.v2.program_pb2.Program`; read with `cirq_google.CIRCUIT_SERIALIZER.deserialize`."""

    name: str = "Google program protobuf v2"
    suffix: str = ".pb"
    holds_symbols: bool = True

    def encode(self, circuit: cirq.Circuit) -> bytes:
        """The program; tags are left out, processors have no use for them."""
        import cirq_google

        plain = cirq.map_operations(circuit, lambda op, _: op.untagged)
        return bytes(cirq_google.CIRCUIT_SERIALIZER.serialize(plain).SerializeToString(deterministic=True))


def encode_sweep(sweep: cirq.Sweep) -> bytes:
    """`cirq_google.api.v2.run_context_pb2.Sweep`; read with `cirq_google.api.v2.sweep_from_proto`."""
    from cirq_google.api import v2

    return bytes(v2.sweep_to_proto(sweep).SerializeToString(deterministic=True))
