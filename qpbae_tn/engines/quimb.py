"""The `quimb` engine: any ansatz as a network of the model's circuits, contracted in the order that cotengra finds.

The networks come from `qpbae_tn.compiler.networks`; a patch enters as one dense tensor or, with a bond limit or a
cut-off, as a matrix product state. The index that counts the patches stays open, so that one order serves any stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, final, get_args

import numpy as np
from autoray import do, to_numpy
from numpy.typing import NDArray

from qpbae_tn.compiler.networks.build import Register, Start, dense_start, mps_start
from qpbae_tn.compiler.networks.contraction import MEMORY_BYTES, Contraction, ContractionCost, prepare
from qpbae_tn.compiler.networks.questions import WEIGHTS, angle_name, fidelity_network, outcomes_network, trash_network
from qpbae_tn.engines.exact import mean_state
from qpbae_tn.errors import InputError
from qpbae_tn.model.conversion import check_truncation, states_to_mps
from qpbae_tn.model.mps import MpsStack, padded
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.model.truncation import TruncatedScores, score_intervals

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]
Patches = Float64Array | MpsStack
"""Dense states, shape (N, 2^n), or matrix product states."""
Backend = Literal["numpy", "jax", "torch", "cupy"]
"""Array libraries. NumPy and jax are tested; torch and CuPy go through the same interface, untested."""
Question = Literal["fidelity", "trash", "loss", "trash outcomes", "all outcomes", "class outcomes"]
QUESTIONS: dict[OutcomeKind, Question] = {"trash": "trash outcomes", "all": "all outcomes", "classes": "class outcomes"}

NOMINAL_PATCHES = 64
"""Patches of the stack for which an order is searched; it then serves stacks of any size."""
CHUNK_BYTES = 1 << 26
"""What the patches that are contracted together take, about: more gains no time."""


@final
@dataclass(frozen=True)
class QuimbEngine:
    """Contraction of quimb networks; see `qpbae_tn.engines.protocol.Engine`.

    Without a bond limit and a cut-off results are exact to rounding.

    Args:
        bond: largest bond dimension of a patch, None for no limit.
        cutoff: share of a patch's weight that may be left out at each cut, in [0, 1).
        memory_bytes: what a contraction may take; past it it is cut into slices, or refused.
        backend: the array library.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1), an unknown library.
    """

    bond: int | None = None
    cutoff: float = 0.0
    memory_bytes: int = MEMORY_BYTES
    backend: Backend = "numpy"
    name: str = "quimb"

    def __post_init__(self) -> None:
        check_truncation(self.bond, self.cutoff)
        if self.backend not in get_args(Backend):
            raise InputError(
                f"unknown array library {self.backend!r}",
                where="backend",
                remedy=f"choose one of {', '.join(get_args(Backend))}",
            )

    def trash_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> Float64Array:
        """F_trash, shape (N,)."""
        return self._of_states(specification, angles, states, "trash")

    def reconstruction_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> Float64Array:
        """F, shape (N,)."""
        return self._of_states(specification, angles, states, "fidelity")

    def outcome_probabilities(
        self, specification: ModelSpecification, angles: Array, states: Array, kind: OutcomeKind
    ) -> Float64Array:
        """p_k of each patch, shape (N, K)."""
        outcomes = Outcomes(specification, kind)
        return self._of_states(specification, angles, states, QUESTIONS[kind]).reshape(-1, outcomes.count)

    def score(self, specification: ModelSpecification, angles: Array, stack: MpsStack) -> TruncatedScores:
        """F_trash and F of matrix product states, with the intervals that their discarded weights leave."""
        trash = self._contract(specification, angles, stack, "trash")
        fidelity = self._contract(specification, angles, stack, "fidelity")
        return TruncatedScores(
            trash, fidelity, *score_intervals(trash, fidelity, stack.discarded_weight), stack.discarded_weight
        )

    def prepare_loss(
        self, specification: ModelSpecification, batch_states: Sequence[Array], weights: Array
    ) -> QuimbLoss:
        """The batch's loss. Without truncation a factor of the mean state takes the place of the patches."""
        share = np.asarray(weights, dtype=np.float64) / len(batch_states)
        if not self._truncates:
            rows = mean_state(batch_states, weights).factor()
            return QuimbLoss(self, specification, ((rows, np.ones(len(rows))),))
        parts = [(self.convert(states[part]), share[part]) for states in batch_states for part in _parts(states)]
        return QuimbLoss(self, specification, tuple(parts))

    def prepare_mps_loss(self, specification: ModelSpecification, stack: MpsStack, weights: Float64Array) -> QuimbLoss:
        """The loss 1 - sum_p w_p F_trash of patches given as matrix product states; weights of shape (N,)."""
        return QuimbLoss(self, specification, ((stack, np.asarray(weights, dtype=np.float64)),))

    def cost(
        self, specification: ModelSpecification, patches: int = 1, *, bonds: Sequence[int] | None = None
    ) -> ContractionCost:
        """What F of a stack of patches takes; nothing is contracted for it.

        Args:
            specification: the model.
            patches: how many are contracted together.
            bonds: the n - 1 bonds of the patches; None for the largest that the engine's limits leave.

        Raises:
            TooLarge: more than the engine's memory, however it is cut.
        """
        n = specification.qubit_count
        if bonds is None and self._truncates:
            bonds = [min(1 << min(cut, n - cut), self.bond or 1 << n) for cut in range(1, n)]
        return self.contraction(specification, "fidelity", None if bonds is None else tuple(bonds)).cost(patches)

    def convert(self, states: Array) -> Patches:
        """Patch states, shape (N, 2^n), as the networks take them: as they are, or truncated."""
        if not self._truncates:
            return np.asarray(states, dtype=np.float64)
        stack = states_to_mps(states, self.bond, self.cutoff)
        if self.cutoff == 0:
            return stack
        # Bonds that follow the patches would make a structure, and a search, of nearly every stack.
        n = stack.qubit_count
        bonds = [min(1 << (bond - 1).bit_length(), 1 << min(cut, n - cut)) for cut, bond in enumerate(stack.bonds, 1)]
        return padded(stack, bonds)

    def contraction(
        self, specification: ModelSpecification, question: Question, bonds: tuple[int, ...] | None
    ) -> Contraction:
        """The network of a question with its order; the arrays that it lacks are the patches and the angles.

        Args:
            specification: the model.
            question: F, F_trash, the loss, or the kind of outcomes.
            bonds: of the patches, None for dense ones.
        """
        return _contraction(specification, question, bonds, self.memory_bytes)

    @property
    def _truncates(self) -> bool:
        return self.bond is not None or self.cutoff > 0

    def _of_states(
        self, specification: ModelSpecification, angles: Array, states: Array, question: Question
    ) -> Float64Array:
        found = [self._contract(specification, angles, self.convert(states[part]), question) for part in _parts(states)]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _contract(
        self, specification: ModelSpecification, angles: Array, patches: Patches, question: Question
    ) -> Float64Array:
        contraction = self.contraction(specification, question, _bonds(patches))
        rotations = rotation_matrices(specification.ansatz.check_angles(angles))
        step = contraction.patches_at_once(min(CHUNK_BYTES, self.memory_bytes))
        found = []
        with self.precision():
            given = self.arrays({angle_name(number): matrix for number, matrix in enumerate(rotations)})
            for start in range(0, max(_count(patches), 1), step):
                values = given | self.arrays(_tensors(patches[start : start + step]))
                found.append(np.asarray(to_numpy(contraction.value(values)), dtype=np.float64))
        return found[0] if len(found) == 1 else np.concatenate(found)

    def arrays(self, values: Mapping[str, Float64Array]) -> dict[str, Any]:
        """The same in the engine's array library."""
        if self.backend == "numpy":
            return dict(values)
        return {name: do("asarray", value, like=self.backend) for name, value in values.items()}

    def precision(self) -> AbstractContextManager[Any]:
        """In which the array library works in double precision; jax has to be asked."""
        if self.backend != "jax":
            return nullcontext()
        import jax

        precise: AbstractContextManager[Any] = jax.enable_x64(True)
        return precise


@dataclass(frozen=True, eq=False)
class QuimbLoss:
    """C(t) = 1 - sum of weight * F_trash; see `qpbae_tn.engines.protocol.PreparedLoss`.

    Args:
        engine: contracts.
        specification: the model.
        parts: patches, and the weight of each in the loss.
    """

    engine: QuimbEngine
    specification: ModelSpecification
    parts: tuple[tuple[Patches, Float64Array], ...]

    def value(self, angles: Array) -> float:
        """C(t)."""
        kept = 0.0
        with self.engine.precision():
            for contraction, values in self._chunks(rotation_matrices(angles), gradient=False):
                kept += float(to_numpy(contraction.value(values)))
        return 1.0 - kept

    def value_and_gradient(self, angles: Array) -> tuple[float, Float64Array]:
        """C(t) and dC/dt, the latter of shape (parameter_count,)."""
        names = [angle_name(number) for number in range(self.specification.ansatz.parameter_count)]
        slopes = np.zeros((len(names), 2, 2))
        kept = 0.0
        with self.engine.precision():
            for contraction, values in self._chunks(rotation_matrices(angles), gradient=True):
                value, by_name = contraction.value_and_gradient(values, names)
                kept += float(to_numpy(value))
                slopes += np.stack([to_numpy(by_name[name]) for name in names])
        # dRY(t)/dt = RY(t + pi) / 2.
        turned = rotation_matrices(np.asarray(angles, dtype=np.float64) + np.pi) / 2
        return 1.0 - kept, -np.einsum("kij,kij->k", slopes, turned)

    def _chunks(self, rotations: Float64Array, *, gradient: bool) -> Iterator[tuple[Contraction, dict[str, Any]]]:
        engine = self.engine
        given = engine.arrays({angle_name(number): matrix for number, matrix in enumerate(rotations)})
        for patches, weights in self.parts:
            contraction = engine.contraction(self.specification, "loss", _bonds(patches))
            step = contraction.patches_at_once(min(CHUNK_BYTES, engine.memory_bytes), gradient=gradient)
            for start in range(0, _count(patches), step):
                part = slice(start, start + step)
                yield contraction, given | engine.arrays(_tensors(patches[part]) | {WEIGHTS: weights[part]})


def rotation_matrices(angles: Array) -> Float64Array:
    """RY of each angle, shape (angles, 2, 2)."""
    half = np.asarray(angles, dtype=np.float64) / 2
    return np.stack([np.cos(half), -np.sin(half), np.sin(half), np.cos(half)], axis=-1).reshape(-1, 2, 2)


@lru_cache(maxsize=64)
def _contraction(
    specification: ModelSpecification,
    question: Question,
    bonds: tuple[int, ...] | None,
    memory_bytes: int,
) -> Contraction:
    n = specification.qubit_count

    def start(register: Register) -> Start:
        if bonds is None:
            return dense_start(register, np.broadcast_to(0.0, (NOMINAL_PATCHES, 1 << n)), "state")
        shapes = [(NOMINAL_PATCHES, left, 2, right) for left, right in pairwise((1, *bonds, 1))]
        return mps_start(register, [np.broadcast_to(0.0, shape) for shape in shapes], [_site(q) for q in range(n)])

    if question == "fidelity":
        network = fidelity_network(specification, start)
    elif question == "trash" or question == "loss":
        network = trash_network(specification, start, summed=question == "loss")
    else:
        network = outcomes_network(
            Outcomes(specification, {own: kind for kind, own in QUESTIONS.items()}[question]), start
        )
    return prepare(network, memory_bytes=memory_bytes)


def _site(qubit: int) -> str:
    return f"site{qubit}"


def _bonds(patches: Patches) -> tuple[int, ...] | None:
    return patches.bonds if isinstance(patches, MpsStack) else None


def _count(patches: Patches) -> int:
    return patches.count if isinstance(patches, MpsStack) else len(patches)


def _tensors(patches: Patches) -> dict[str, Float64Array]:
    if isinstance(patches, MpsStack):
        return {_site(qubit): tensor for qubit, tensor in enumerate(patches.tensors)}
    count, size = patches.shape
    return {"state": patches.reshape(count, *(2,) * (size.bit_length() - 1))}


def _parts(states: Array) -> Iterator[slice]:
    """Slices of a stack of dense states that are converted together."""
    step = max(1, CHUNK_BYTES // (8 * states.shape[1]))
    for start in range(0, max(len(states), 1), step):
        yield slice(start, start + step)
