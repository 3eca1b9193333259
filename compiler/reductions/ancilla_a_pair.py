"""The SWAP test with an ancilla for each pair, of which only the parity of the ancillas is read.

Let a controlled SWAP stand for each pair (a, b), all with one ancilla in |+>, and let <X> of the ancilla be read and
all else be discarded (the paper's form: H, CSWAPs, H, <Z>).

1. SWAP is diag(1, 1, 1, -1) in the Bell basis of (a, b). The change back to the computational basis after the test
   acts on discarded qubits alone, so that the pair is left in the basis in which the controlled SWAP is a CCZ.
2. The CCZs are diagonal in the pairs' bits u, v; the pairs are discarded, so that these bits may be taken as measured:
   the ancilla is flipped in its X basis by u AND v of each pair, and <X> is the mean of the product of (-1)^(u AND v).
3. That product can be gathered by one ancilla a pair: each is flipped by its own pair only, and the parity of all of
   them is the sign that the one ancilla would have had. No ancilla has to reach more than one pair, or to be copied.
4. One ancilla in |0> becomes |u AND v> by RY(+-pi/4) rotations between Z^u, Z^(u+v), Z^u: as Z RY(s) Z = RY(-s),
   RY(s3) Z^u RY(s2) Z^(u+v) RY(s1) Z^u RY(s0) rotates |0> by s3 + (-1)^u s2 + (-1)^v s1 + (-1)^(u+v) s0 up to a sign,
   which for (s3, s2, s1, s0) = (1, -1, -1, 1) pi/4 is pi u v. (This is Margolus' gate on a target in |0>.)
5. Three CZ with one wire of the pair suffice, which then carries u, u + v, u: a CNOT from the other wire stands between
   them. Only the wires a - b - ancilla have to be neighbours. With the Bell basis' own CNOT that makes 6 gates a pair.

A grid has no triangles, hence the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cirq
import numpy as np

from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.reductions.step import Reduction
from qpbae_tn.compiler.stages import Stage, tagged


def split_ancilla(program: LogicalProgram) -> LogicalProgram:
    """Replace one ancilla that controls all SWAPs by one ancilla a pair."""
    readout = program.operations(Stage.READOUT)
    pairs = [(op.qubits[1], op.qubits[2]) for op in readout if isinstance(op.gate, cirq.CSwapGate)]
    if not pairs or len(program.measured) != 1:
        return program
    ancillas = tuple(cirq.NamedQubit(f"{program.measured[0]}_{index}") for index in range(len(pairs)))
    tests = (_conjunction(*pair, ancilla) for pair, ancilla in zip(pairs, ancillas, strict=True))
    model = program.operations(Stage.ENCODER, Stage.DECODER)
    return replace(
        program.with_operations((model, tagged(tests, Stage.READOUT))),
        measured=ancillas,
        estimator=Estimator(len(ancillas), signs=tuple(range(len(ancillas)))),
    )


def _conjunction(far: cirq.Qid, near: cirq.Qid, ancilla: cirq.Qid) -> Iterator[cirq.Operation]:
    """Write the AND of the pair's Bell bits into an ancilla in |0>; only `far - near` and `near - ancilla` touch.

    The Bell CNOT is controlled by `near`: in the training circuit that is a fresh |0>, and the CNOT drops.
    """
    yield cirq.CNOT(near, far)
    yield cirq.ry(-np.pi / 2)(near)
    yield cirq.ry(np.pi / 4)(ancilla)
    yield cirq.CZ(near, ancilla)
    for _ in range(2):
        yield cirq.ry(-np.pi / 4)(ancilla)
        yield cirq.CNOT(far, near)
        yield cirq.CZ(near, ancilla)
    yield cirq.ry(np.pi / 4)(ancilla)


ANCILLA_A_PAIR = Reduction(
    "ancilla_a_pair",
    "the data are discarded: each CSWAP becomes the AND of two Bell bits in an ancilla of its own, read as a parity",
    split_ancilla,
)
