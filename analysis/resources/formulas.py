"""Closed formulas for the two-qubit gates of every readout, in n, BD, layers and CNOTs a block.

They hold for staircases of one block kind with trash first. Derivation, for L layers of n - 1 blocks with c CNOTs each:

- Literal circuits hold L (n - 1) blocks an encoder or decoder; a SWAP test costs a CSWAP (8 two-qubit gates: 6 for the
  Toffoli gate, 2 CNOTs around it) a pair with an ancilla, and a CNOT a pair without one.
- Blocks that act on latent qubits alone cancel between encoder and decoder (or between the two encoders of `latent`, or
  lie outside the light cone of `direct`): BD - 1 in the last layer, BD - 2 in the one before it, and so on, which makes
  m (2 BD - 1 - m) / 2 with m = min(L, BD - 1).
- A CNOT whose control is a fresh |0> is the identity. With the paper's block these are the n_t CNOTs of one layer: the
  decoder's first, or the last of an encoder whose trash is projected on |0>. An SO(4) block rotates in between, so
  nothing is saved (z = 0).
- `direct` with z = 1 loses its whole last layer, and with it a layer of the light cone.
- In an ancilla's reduced SWAP test each pair takes 5 two-qubit gates (Bell basis, then a sign that only the ancilla has
  to get right), and one more for the chain of ancillas, which all but the training circuit's pairs keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy

from qpbae_tn.ansatz import BlockKind
from qpbae_tn.errors import InputError

N, BD, LAYERS, CNOTS, ZEROS = sympy.symbols("n BD L c z", integer=True, nonnegative=True)
"""Qubits of a patch, latent qubits, layers, CNOTs a block, and 1 where the last CNOT of a block is its last gate."""

_TRASH = N - BD


def _kept_blocks(layers: sympy.Expr) -> sympy.Expr:
    """Blocks that do not act on latent qubits alone, over this many layers."""
    m = sympy.Min(layers, BD - 1)
    return layers * (N - 1) - m * (2 * BD - 1 - m) / 2


@dataclass(frozen=True)
class Formula:
    """A number of gates as an expression.

    Args:
        name: what it counts.
        expression: in n, BD, L, c and z.
    """

    name: str
    expression: sympy.Expr

    @cached_property
    def _evaluate(self) -> object:
        return sympy.lambdify((N, BD, LAYERS, CNOTS, ZEROS), self.expression, modules=[{"Min": min}, "math"])

    def value(self, qubits: int, bottleneck: int, layers: int, kind: BlockKind) -> int:
        """The number for a staircase of `layers` layers of this kind of block."""
        number = self._evaluate(qubits, bottleneck, layers, kind.cnot_count, ends_with_cnot(kind))  # type: ignore[operator]
        return round(number)

    @property
    def text(self) -> str:
        """As plain text."""
        return str(self.expression)

    @property
    def latex(self) -> str:
        """As LaTeX."""
        return str(sympy.latex(self.expression))


def ends_with_cnot(kind: BlockKind) -> int:
    """1 where a block's last gate is its one CNOT, controlled by its first qubit, as in the paper's block; else 0."""
    from qpbae_tn.ansatz import Cnot

    return int(kind.gates[-1] == Cnot(0, 1) and kind.cnot_count == 1)


_BLOCKS = LAYERS * (N - 1)
_KEPT = _kept_blocks(LAYERS)
_PAIR_OF_CODERS = 2 * CNOTS * _KEPT - ZEROS * _TRASH
_DIRECT = CNOTS * ((1 - ZEROS) * _KEPT + ZEROS * _kept_blocks(LAYERS - 1))

LITERAL_TWO_QUBIT_GATES: dict[str, Formula] = {
    "ancilla": Formula("ancilla", 2 * CNOTS * _BLOCKS + 8 * N),
    "ancilla_training": Formula("ancilla_training", CNOTS * _BLOCKS + 8 * _TRASH),
    "direct": Formula("direct", CNOTS * _BLOCKS),
    "destructive": Formula("destructive", 2 * CNOTS * _BLOCKS + N),
    "echo": Formula("echo", 2 * CNOTS * _BLOCKS),
    "latent": Formula("latent", 2 * CNOTS * _BLOCKS + BD),
}
"""Two-qubit gates of the paper's circuits, without preparation, before any reduction."""

REDUCED_TWO_QUBIT_GATES: dict[str, Formula] = {
    "ancilla": Formula("ancilla", _PAIR_OF_CODERS + 6 * N),
    "ancilla_training": Formula("ancilla_training", _DIRECT + 5 * _TRASH),
    "direct": Formula("direct", _DIRECT),
    "destructive": Formula("destructive", _PAIR_OF_CODERS + N),
    "echo": Formula("echo", _PAIR_OF_CODERS),
    "latent": Formula("latent", _PAIR_OF_CODERS + BD),
}
"""Two-qubit gates after the reductions, without preparation, before placement."""

QUBITS: dict[str, Formula] = {
    "ancilla": Formula("ancilla", 2 * N + _TRASH + 1),
    "ancilla_training": Formula("ancilla_training", N + _TRASH + 1),
    "direct": Formula("direct", N),
    "destructive": Formula("destructive", 2 * N + _TRASH),
    "echo": Formula("echo", N + _TRASH),
    "latent": Formula("latent", 2 * N),
}
"""Qubits of the paper's circuits and of the readouts without an ancilla."""

COPIES: dict[str, int] = {
    "ancilla": 2,
    "ancilla_training": 1,
    "direct": 1,
    "destructive": 2,
    "echo": 2,
    "latent": 2,
}
"""Preparations a shot, inverse ones included."""

PARAMETERS = Formula("parameters of the paper's ansatz", 2 * LAYERS * (N - 1))
"""2 (log2 N_P - 1) a layer: the paper's claim."""

EFFECTIVE_PARAMETERS_ONE_LAYER = Formula("effective parameters of one layer of the paper's ansatz", _TRASH)
"""What training sees of them in one layer."""

MPS_BOND_2 = Formula("bond-2 matrix product state", 2 * N - 3)
"""Two-qubit gates of one preparation, any n from 2."""

EXACT_TEMPLATES = {2: 1, 4: 7, 6: 32}
"""Two-qubit gates of the exact preparation on a line, by n; past 6 a constructive one takes at most 2^n - 2."""


def exact_preparation_gates(qubits: int) -> int:
    """Two-qubit gates of one exact preparation, before routing; 2^n - 2 past the templates: linear in the pixels."""
    return EXACT_TEMPLATES.get(qubits, 2**qubits - 2)


def preparation_gates(name: str, qubits: int) -> int:
    """Two-qubit gates of one preparation whose length does not depend on the data: none, exact or mps:2.

    Raises:
        InputError: another preparation.
    """
    if name == "none":
        return 0
    if name == "exact":
        return exact_preparation_gates(qubits)
    if name in ("mps", "mps:2"):
        return 2 * qubits - 3
    raise InputError(
        f"no closed formula for preparation {name!r}", where="--preparation", remedy="use none, exact or mps:2"
    )
