"""Closed formulas for the gates, qubits and depths of every readout, in n, BD, layers and the block's gates.

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
- An ancilla's reduced SWAP test has one ancilla a pair, and reads their parity. A pair takes 6 two-qubit gates: the
  CNOT into the Bell basis, and five that write the AND of the two bits into the ancilla (three CZ on the ancilla, two
  CNOTs between them on the pair). In the training circuit the Bell CNOT is controlled by a fresh |0> and drops: 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import sympy

from qpbae_tn.compiler.gates import Stage
from qpbae_tn.compiler.preparation.exact import LINE_CZ, ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import BlockKind, Cnot
from qpbae_tn.model.specification import ModelSpecification

N, BD, LAYERS, CNOTS, ANGLES, ZEROS = sympy.symbols("n BD L c a z", integer=True, nonnegative=True)
"""Qubits of a patch, latent qubits, layers, CNOTs and angles a block, and 1 where a block ends with its one CNOT."""

TRASH = N - BD
_SYMBOLS = (N, BD, LAYERS, CNOTS, ANGLES, ZEROS)


@dataclass(frozen=True)
class Formula:
    """A number of gates, qubits or layers as an expression.

    Args:
        name: what it counts.
        expression: in n, BD, L, c, a and z.
    """

    name: str
    expression: sympy.Expr

    @cached_property
    def _evaluate(self) -> Callable[..., float]:
        evaluate: Callable[..., float] = sympy.lambdify(_SYMBOLS, self.expression, modules=[{"Min": min}, "math"])
        return evaluate

    def value(self, qubits: int, bottleneck: int, layers: int, kind: BlockKind) -> int:
        """The number for a staircase of `layers` layers of this kind of block."""
        values = (qubits, bottleneck, layers, kind.cnot_count, kind.parameter_count, ends_with_cnot(kind))
        return round(self._evaluate(*values))

    @property
    def text(self) -> str:
        """As plain text."""
        return str(self.expression)

    @property
    def latex(self) -> str:
        """As LaTeX."""
        return str(sympy.latex(self.expression, symbol_names={BD: "B_D", LAYERS: "L"}))


class Sizes(NamedTuple):
    """What the formulas depend on: n, BD, layers and the block kind of a staircase."""

    qubits: int
    bottleneck: int
    layers: int
    kind: BlockKind


def sizes_of(specification: ModelSpecification) -> Sizes:
    """Of a model whose ansatz is a staircase."""
    n, blocks = specification.qubit_count, specification.ansatz.blocks
    return Sizes(n, specification.bottleneck, len(blocks) // (n - 1), blocks[0].kind)


Formulas = dict[str, Formula]
"""A formula for each readout."""


def ends_with_cnot(kind: BlockKind) -> int:
    """1 where a block's last gate is its one CNOT, controlled by its first qubit, as in the paper's block; else 0."""
    return int(kind.gates[-1] == Cnot(0, 1) and kind.cnot_count == 1)


def _formulas(**expressions: object) -> Formulas:
    return {name: Formula(name, sympy.sympify(expression)) for name, expression in expressions.items()}


def _kept_blocks(layers: sympy.Expr) -> sympy.Expr:
    """Blocks that do not act on latent qubits alone, over this many layers."""
    m = sympy.Min(layers, BD - 1)
    return layers * (N - 1) - m * (2 * BD - 1 - m) / 2


_BLOCKS = LAYERS * (N - 1)
_KEPT = _kept_blocks(LAYERS)
_DIRECT = CNOTS * ((1 - ZEROS) * _KEPT + ZEROS * _kept_blocks(LAYERS - 1))
_DECODER = CNOTS * _KEPT - ZEROS * TRASH

LITERAL_BY_STAGE: dict[Stage, Formulas] = {
    Stage.ENCODER: _formulas(
        ancilla=CNOTS * _BLOCKS,
        ancilla_training=CNOTS * _BLOCKS,
        direct=CNOTS * _BLOCKS,
        destructive=CNOTS * _BLOCKS,
        echo=CNOTS * _BLOCKS,
        latent=2 * CNOTS * _BLOCKS,
    ),
    Stage.DECODER: _formulas(
        ancilla=CNOTS * _BLOCKS,
        ancilla_training=0,
        direct=0,
        destructive=CNOTS * _BLOCKS,
        echo=CNOTS * _BLOCKS,
        latent=0,
    ),
    Stage.READOUT: _formulas(ancilla=8 * N, ancilla_training=8 * TRASH, direct=0, destructive=N, echo=0, latent=BD),
}
"""Two-qubit gates of the paper's circuits, without preparation, before any reduction; the reset is a relabelling."""

REDUCED_BY_STAGE: dict[Stage, Formulas] = {
    Stage.ENCODER: _formulas(
        ancilla=CNOTS * _KEPT,
        ancilla_training=_DIRECT,
        direct=_DIRECT,
        destructive=CNOTS * _KEPT,
        echo=CNOTS * _KEPT,
        latent=CNOTS * _KEPT + _DECODER,
    ),
    Stage.DECODER: _formulas(
        ancilla=_DECODER, ancilla_training=0, direct=0, destructive=_DECODER, echo=_DECODER, latent=0
    ),
    Stage.READOUT: _formulas(ancilla=6 * N, ancilla_training=5 * TRASH, direct=0, destructive=N, echo=0, latent=BD),
}
"""Two-qubit gates after the reductions, without preparation, before placement."""


def _sums(stages: dict[Stage, Formulas]) -> Formulas:
    names = stages[Stage.ENCODER]
    return {
        name: Formula(name, sum((formulas[name].expression for formulas in stages.values()), sympy.Integer(0)))
        for name in names
    }


LITERAL_TWO_QUBIT_GATES = _sums(LITERAL_BY_STAGE)
"""Sum of `LITERAL_BY_STAGE`."""

REDUCED_TWO_QUBIT_GATES = _sums(REDUCED_BY_STAGE)
"""Sum of `REDUCED_BY_STAGE`."""

_ANGLES = ANGLES * _BLOCKS

PAPER_GATES: dict[str, Formulas] = {
    "rotation": _formulas(
        ancilla=2 * _ANGLES,
        ancilla_training=_ANGLES,
        direct=_ANGLES,
        destructive=2 * _ANGLES + N,
        echo=2 * _ANGLES,
        latent=2 * _ANGLES + BD,
    ),
    "cnot": _formulas(
        ancilla=2 * CNOTS * _BLOCKS,
        ancilla_training=CNOTS * _BLOCKS,
        direct=CNOTS * _BLOCKS,
        destructive=2 * CNOTS * _BLOCKS + N,
        echo=2 * CNOTS * _BLOCKS,
        latent=2 * CNOTS * _BLOCKS + BD,
    ),
    "hadamard": _formulas(ancilla=2, ancilla_training=2, direct=0, destructive=0, echo=0, latent=0),
    "swap": _formulas(ancilla=TRASH, ancilla_training=0, direct=0, destructive=TRASH, echo=TRASH, latent=0),
    "cswap": _formulas(ancilla=N, ancilla_training=TRASH, direct=0, destructive=0, echo=0, latent=0),
}
"""Gates by kind as the paper draws them; its resets are SWAPs, its SWAP tests CSWAPs."""

LITERAL_QUBITS = _formulas(
    ancilla=2 * N + TRASH + 1,
    ancilla_training=N + TRASH + 1,
    direct=N,
    destructive=2 * N + TRASH,
    echo=N + TRASH,
    latent=2 * N,
)
"""Qubits of the paper's circuits and of the readouts without an ancilla."""

REDUCED_QUBITS = LITERAL_QUBITS | _formulas(ancilla=3 * N + TRASH, ancilla_training=N + 2 * TRASH)
"""Qubits after the reductions: an ancilla a pair instead of one in all."""

LITERAL_MEASURED = _formulas(ancilla=1, ancilla_training=1, direct=TRASH, destructive=2 * N, echo=N, latent=N + BD)
"""Measured qubits."""

REDUCED_MEASURED = LITERAL_MEASURED | _formulas(ancilla=N, ancilla_training=TRASH)
"""Measured qubits after the reductions."""

LITERAL_DEPTH_ONE_LAYER = _formulas(
    ancilla=7 * N + 1, ancilla_training=5 * TRASH + 4, direct=N - 1, destructive=2 * N - 1, echo=2 * N - 2, latent=N
)
"""Two-qubit depth of one layer of the paper's blocks, without preparation."""

REDUCED_DEPTH_ONE_LAYER = _formulas(
    ancilla=TRASH + 6, ancilla_training=5, direct=0, destructive=TRASH + 1, echo=TRASH, latent=TRASH + 1
)
"""The same after the reductions."""

PREPARATIONS: dict[str, int] = {
    "ancilla": 2,
    "ancilla_training": 1,
    "direct": 1,
    "destructive": 2,
    "echo": 2,
    "latent": 2,
}
"""Preparations a shot; of `echo` one is an inverse."""

PARAMETERS = Formula("parameters", ANGLES * _BLOCKS)
"""2 (n - 1) a layer with the paper's block, n = log2 N_P: the paper's claim."""

EFFECTIVE_PARAMETERS_ONE_LAYER = Formula("effective parameters", TRASH)
"""What training sees of one layer of the paper's blocks."""


def has_depth_formula(layers: int, kind: BlockKind) -> bool:
    """Whether the depth formulas hold: one layer of the paper's blocks."""
    return layers == 1 and kind.cnot_count == 1 and bool(ends_with_cnot(kind))


# State preparation; only preparations whose length does not depend on the data have a formula.

MPS_BOND_2 = Formula("mps:2", 2 * N - 3)
"""Two-qubit gates of a bond-2 matrix product state; a bond K takes min(ceil(log2 K), n // 2) layers of them."""

MPS_BOND_2_DEPTH = Formula("mps:2", sympy.Max(1, N - 1))
"""Two-qubit depth of it, grown from the centre to both sides."""

EXACT = Formula("exact", 2**N - N - 1)
"""Two-qubit gates of the exact preparation past n = 8: linear in the pixels N_P = 2^n. Up to n = 8: `LINE_CZ`."""


def preparation_gates(preparation: Preparation, qubits: int) -> int:
    """Two-qubit gates of one preparation of n qubits.

    Raises:
        InputError: a preparation whose length depends on the data.
    """
    match preparation:
        case NoPreparation():
            return 0
        case ExactPreparation():
            return LINE_CZ.get(qubits, (1 << qubits) - qubits - 1)
        case MpsPreparation():
            return preparation.layers(qubits) * (2 * qubits - 3)
    raise data_dependent(preparation)


def preparation_rotations(preparation: Preparation, qubits: int) -> int:
    """RY gates of one preparation of n qubits; raises `InputError` as `preparation_gates`."""
    if isinstance(preparation, NoPreparation):
        return 0
    if isinstance(preparation, ExactPreparation) and qubits not in LINE_CZ:
        return (1 << qubits) - 1
    return qubits + 2 * preparation_gates(preparation, qubits)


def data_dependent(preparation: Preparation) -> InputError:
    """The error for a preparation without a closed formula."""
    return InputError(
        f"the length of preparation {preparation.name} depends on the patches",
        where="preparation",
        remedy="give none, exact or mps:BOND",
    )
