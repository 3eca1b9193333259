"""The `mps` engine: the model on matrix product states, linear in the number of qubits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.cost import SweepCost, plan_cost
from qpbae_tn.engines.mps.gradient import MpsLoss, WeightedStack
from qpbae_tn.engines.mps.outcomes import outcome_probabilities
from qpbae_tn.engines.mps.plan import SweepPlan, plan_sweep
from qpbae_tn.engines.mps.sweep import Fidelities, both_fidelities, plan_sites, trash_fidelity
from qpbae_tn.engines.mps.windows import Windows, window_matrices
from qpbae_tn.errors import InputError
from qpbae_tn.model.conversion import check_truncation, states_to_mps
from qpbae_tn.model.mps import MpsStack, concatenate
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.model.truncation import ExactErrors, TruncatedScores, score_intervals

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]

CHUNK_BYTES = 1 << 26
"""Working memory of the patches that are swept or converted together."""


@final
@dataclass(frozen=True)
class MpsEngine:
    """Structured sweeps over matrix product states; see `qpbae_tn.engines.protocol.Engine`.

    Dense states are converted first, with the engine's limits. Without a bond limit and a cut-off results are exact to
    rounding. Any ansatz of blocks on neighbouring qubits will do.

    Args:
        bond: largest bond dimension of a patch, None for no limit.
        cutoff: share of a patch's weight that may be left out at each cut, in [0, 1).
        memory_bytes: what one patch may take while it is scored; more is refused.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """

    bond: int | None = None
    cutoff: float = 0.0
    memory_bytes: int = 1 << 31
    name: str = "mps"

    def __post_init__(self) -> None:
        check_truncation(self.bond, self.cutoff)

    def convert(self, states: Array) -> MpsStack:
        """Patch states, shape (N, 2^n), as matrix product states within the engine's limits."""
        parts = [states_to_mps(states[chunk], self.bond, self.cutoff) for chunk in _state_chunks(states)]
        return parts[0] if len(parts) == 1 else concatenate(parts)

    def trash_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> Float64Array:
        """F_trash, shape (N,)."""
        sweep = self._sweep(specification, angles)
        return np.concatenate([sweep.trash(self.convert(states[chunk])) for chunk in _state_chunks(states)])

    def reconstruction_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> Float64Array:
        """F, shape (N,)."""
        sweep = self._sweep(specification, angles)
        parts = [sweep.both(self.convert(states[chunk])).reconstruction for chunk in _state_chunks(states)]
        return np.concatenate(parts)

    def outcome_probabilities(
        self, specification: ModelSpecification, angles: Array, states: Array, kind: OutcomeKind
    ) -> Float64Array:
        """p_k, shape (N, K)."""
        parts = [
            self.outcomes_of_mps(specification, angles, self.convert(states[chunk]), kind)
            for chunk in _state_chunks(states)
        ]
        return np.concatenate(parts)

    def outcomes_of_mps(
        self, specification: ModelSpecification, angles: Array, stack: MpsStack, kind: OutcomeKind
    ) -> Float64Array:
        """p_k of patches given as matrix product states, shape (N, K)."""
        outcomes, sweep = Outcomes(specification, kind), self._sweep(specification, angles)
        parts = sweep.parts(stack, sweep.cost(stack).fidelity_bytes)
        return np.concatenate([outcome_probabilities(outcomes, sweep.plan, sweep.windows, part) for part in parts])

    def prepare_loss(self, specification: ModelSpecification, batch_states: Sequence[Array], weights: Array) -> MpsLoss:
        """The batch's loss, its patches converted once."""
        share = np.asarray(weights, dtype=np.float64) / len(batch_states)
        parts = [
            WeightedStack(self.convert(states[chunk]), share[chunk])
            for states in batch_states
            for chunk in _state_chunks(states)
        ]
        return self._bounded_loss(specification, parts)

    def prepare_mps_loss(self, specification: ModelSpecification, stack: MpsStack, weights: Float64Array) -> MpsLoss:
        """The loss 1 - sum_p w_p F_trash of patches given as matrix product states; weights of shape (N,)."""
        return self._bounded_loss(specification, [WeightedStack(stack, np.asarray(weights, dtype=np.float64))])

    def trash_fidelity_of_mps(self, specification: ModelSpecification, angles: Array, stack: MpsStack) -> Float64Array:
        """F_trash of patches given as matrix product states, shape (N,)."""
        return self._sweep(specification, angles).trash(stack)

    def score(self, specification: ModelSpecification, angles: Array, stack: MpsStack) -> TruncatedScores:
        """F_trash and F of matrix product states, with the intervals that their discarded weights leave.

        Raises:
            InputError: states of another number of qubits, an ansatz that cannot be swept, too little memory.
        """
        trash, fidelity = self._sweep(specification, angles).both(stack)
        intervals = score_intervals(trash, fidelity, stack.discarded_weight)
        return TruncatedScores(trash, fidelity, *intervals, stack.discarded_weight)

    def score_states(
        self, specification: ModelSpecification, angles: Array, states: Array, *, exact_errors: bool = True
    ) -> TruncatedScores:
        """`score` of dense patch states, shape (N, 2^n), after conversion.

        Args:
            specification: the model.
            angles: shape (parameter_count,), radians.
            states: shape (N, 2^n), unit norm.
            exact_errors: whether to score the dense states by the exact engine too, and report the differences.
        """
        scores = self.score(specification, angles, self.convert(states))
        if not exact_errors:
            return scores
        exact, dense = ExactEngine(), np.asarray(states, dtype=np.float64)
        errors = ExactErrors(
            scores.trash_fidelity - exact.trash_fidelity(specification, angles, dense),
            scores.fidelity - exact.reconstruction_fidelity(specification, angles, dense),
        )
        return replace(scores, errors=errors)

    def _bounded_loss(self, specification: ModelSpecification, parts: Sequence[WeightedStack]) -> MpsLoss:
        plan = plan_sweep(specification)
        bounded = []
        for stack, weights in parts:
            _require_size(plan, stack)
            needed = plan_cost(plan, stack.bonds).training_bytes(plan.qubit_count)
            _require_memory(plan, stack, needed, self.memory_bytes)
            bounded += [WeightedStack(stack[chunk], weights[chunk]) for chunk in _chunks(stack.count, needed)]
        return MpsLoss(specification, tuple(bounded))

    def _sweep(self, specification: ModelSpecification, angles: Array) -> _Sweep:
        plan = plan_sweep(specification)
        blocks = specification.ansatz.matrices(specification.ansatz.check_angles(angles))
        return _Sweep(plan, window_matrices(plan, np.reshape(blocks, (-1, 4, 4))), self.memory_bytes)


@dataclass(frozen=True)
class _Sweep:
    """A model with its angles, ready for stacks of any size, which it takes in chunks."""

    plan: SweepPlan
    windows: Windows
    memory_bytes: int

    def trash(self, stack: MpsStack) -> Float64Array:
        """F_trash, shape (N,)."""
        parts = self.parts(stack, self.cost(stack).trash_bytes)
        return np.concatenate([trash_fidelity(self.plan, self.windows, plan_sites(self.plan, part)) for part in parts])

    def both(self, stack: MpsStack) -> Fidelities:
        """F_trash and F, each of shape (N,)."""
        cost = self.cost(stack)
        parts = [
            both_fidelities(self.plan, self.windows, plan_sites(self.plan, part), cost.meeting)
            for part in self.parts(stack, cost.fidelity_bytes)
        ]
        return Fidelities(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def cost(self, stack: MpsStack) -> SweepCost:
        """What one patch of the stack takes."""
        _require_size(self.plan, stack)
        return plan_cost(self.plan, stack.bonds)

    def parts(self, stack: MpsStack, bytes_each: int) -> list[MpsStack]:
        """The stack in chunks that stay within the working memory."""
        _require_memory(self.plan, stack, bytes_each, self.memory_bytes)
        chunks = list(_chunks(stack.count, bytes_each))
        return [stack] if len(chunks) == 1 else [stack[chunk] for chunk in chunks]


def _require_memory(plan: SweepPlan, stack: MpsStack, bytes_each: int, budget: int) -> None:
    if bytes_each > budget:
        raise InputError(
            f"a patch of bond {stack.bond} with {plan.widest} open wires takes about "
            f"{bytes_each / 2**30:.1f} GiB (at most {budget / 2**30:.1f})",
            where="engine mps",
            remedy="lower the bond, use fewer layers, or raise the memory limit",
        )


def _require_size(plan: SweepPlan, stack: MpsStack) -> None:
    if stack.qubit_count != plan.qubit_count:
        raise InputError(
            f"matrix product states of {stack.qubit_count} qubits for a model of {plan.qubit_count}",
            where="mps",
            remedy=f"give {plan.qubit_count} tensors",
        )


def _state_chunks(states: Array) -> Iterator[slice]:
    """Slices of a stack of dense states that are converted together."""
    return _chunks(states.shape[0], 8 * states.shape[1])


def _chunks(count: int, bytes_each: int) -> Iterator[slice]:
    """Slices of 0..count whose items take at most `CHUNK_BYTES` together, at least one item each."""
    step = max(1, CHUNK_BYTES // max(1, bytes_each))
    for start in range(0, max(count, 1), step):
        yield slice(start, min(start + step, count))
