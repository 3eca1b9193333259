"""The `auto` engine: `exact` or `mps`, whichever was measured to be faster at the size at hand, and says which and why.

It trades time only. Without a bond limit both give the same numbers to rounding; with one, patches are truncated
wherever `mps` is chosen, as they would be by `mps` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.mps.plan import plan_sweep
from qpbae_tn.engines.protocol import Engine, PreparedLoss
from qpbae_tn.errors import InputError
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.floating]


@dataclass(frozen=True)
class QubitRange:
    """Where `mps` was faster than `exact`, in qubits of a patch.

    Args:
        first: smallest n.
        last: largest n, None where it stayed faster up to the largest size that was measured.
    """

    first: int
    last: int | None

    def __contains__(self, qubits: int) -> bool:
        return self.first <= qubits and (self.last is None or qubits <= self.last)

    def __str__(self) -> str:
        return f"from {self.first} qubits" + (" on" if self.last is None else f" to {self.last}")


MEASURED_BY = "qpbae scaling, its part on engines"
"""The command that measures the ranges below anew."""
SCORING = QubitRange(10, 16)
"""F without a bond limit, up to 256 patches at once. Work grows as 2^(3n/2) in `mps`, as n 2^n in `exact`."""
SCORING_WITH_BOND = QubitRange(14, None)
"""F with bond 16, conversion from pixels included."""
TRAINING = QubitRange(14, None)
"""A training step, with or without a bond limit, on the patches of 4 images of 256 px at stride P/4 (4 past 256 px)."""
MEASURED_WIRES = 3
"""Open wires of a sweep (one a layer of a staircase) up to which the ranges were measured to hold."""


@dataclass(frozen=True)
class Choice:
    """An engine and the reason for it, in words."""

    engine: Engine
    reason: str

    def __str__(self) -> str:
        return f"{self.engine.name} ({self.reason})"


@final
@dataclass(frozen=True)
class AutoEngine:
    """Delegates to `exact` or `mps`; see `qpbae_tn.engines.protocol.Engine`.

    Args:
        bond: largest bond dimension of a patch where `mps` is chosen, None for no limit.
        cutoff: share of a patch's weight that may be left out at each cut there, in [0, 1).

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """

    bond: int | None = None
    cutoff: float = 0.0
    name: str = "auto"
    _mps: MpsEngine = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_mps", MpsEngine(self.bond, self.cutoff))

    def scoring(self, specification: ModelSpecification) -> Choice:
        """What scores the patches of this model."""
        limited = self.bond is not None or self.cutoff > 0
        return self._choose(specification, SCORING_WITH_BOND if limited else SCORING, "scores")

    def training(self, specification: ModelSpecification) -> Choice:
        """What trains this model."""
        return self._choose(specification, TRAINING, "trains")

    def explain(self, specification: ModelSpecification) -> str:
        """Both choices in one line."""
        scoring, training = self.scoring(specification), self.training(specification)
        return f"engine auto scores with {scoring} and trains with {training}"

    def trash_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> Array:
        """F_trash, shape (N,)."""
        return self.scoring(specification).engine.trash_fidelity(specification, angles, states)

    def reconstruction_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> Array:
        """F, shape (N,)."""
        return self.scoring(specification).engine.reconstruction_fidelity(specification, angles, states)

    def outcome_probabilities(
        self, specification: ModelSpecification, angles: Array, states: Array, kind: OutcomeKind
    ) -> Array:
        """p_k, shape (N, K)."""
        return self.scoring(specification).engine.outcome_probabilities(specification, angles, states, kind)

    def prepare_loss(
        self, specification: ModelSpecification, batch_states: Sequence[Array], weights: Array
    ) -> PreparedLoss:
        """The batch's loss in the chosen engine."""
        return self.training(specification).engine.prepare_loss(specification, batch_states, weights)

    def _choose(self, specification: ModelSpecification, faster: QubitRange, does: str) -> Choice:
        qubits = specification.qubit_count
        try:
            wires = plan_sweep(specification).widest
        except InputError as error:
            return Choice(ExactEngine(), f"mps cannot sweep this ansatz: {error.what}")
        if wires > MEASURED_WIRES:
            return Choice(ExactEngine(), f"a sweep would keep {wires} wires open, past the {MEASURED_WIRES} measured")
        if qubits in faster:
            truncation = f", patches truncated to bond {self.bond}" if self.bond is not None else ""
            return Choice(self._mps, f"{qubits} qubits; mps {does} faster {faster}{truncation}")
        return Choice(ExactEngine(), f"{qubits} qubits; mps {does} faster {faster} only")
