"""Running compiled programs: samplers, and from patches or an image to scores with standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import cirq

from qpbae_tn.compiler.mps_sampler import MpsSampler
from qpbae_tn.compiler.targets.target import Target, check_program
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from cirq_google.engine.abstract_local_engine import AbstractLocalEngine


from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.estimator import Estimate
from qpbae_tn.compiler.outcomes import WeightedEstimate
from qpbae_tn.compiler.program import MEASUREMENT_KEY
from qpbae_tn.compiler.verification import model_scores
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

# Samplers: ideal, noisy, or Google's virtual engine, all of them offline.


class SamplerKind(StrEnum):
    """The samplers that can be chosen by name."""

    IDEAL = "ideal"
    MPS = "mps"
    NOISY = "noisy"
    VIRTUAL = "virtual"


def sampler_kind(name: str) -> SamplerKind:
    """The kind of this name; raises `InputError` for an unknown one."""
    try:
        return SamplerKind(name)
    except ValueError:
        raise InputError(
            f"unknown sampler {name!r}", where="sampler", remedy=f"choose one of {', '.join(SamplerKind)}"
        ) from None


def make_sampler(kind: SamplerKind, target: Target, seed: int = 0) -> cirq.Sampler:
    """A sampler for programs that are compiled for a target.

    Args:
        kind: `IDEAL` has no noise; `MPS` has none either, and takes circuits past a state vector; `NOISY` simulates
            quantum trajectories of the target's noise model with qsim; `VIRTUAL` is the same noise behind Google's
            engine, which refuses programs that a real one would refuse.
        target: the processor.
        seed: of the shots.
    """
    import qsimcirq

    if kind is SamplerKind.IDEAL:
        return qsimcirq.QSimSimulator(seed=seed)
    if kind is SamplerKind.MPS:
        return MpsSampler(seed)
    if kind is SamplerKind.NOISY:
        return NoisySampler(target, seed)
    return virtual_engine(target, seed).get_sampler(target.name)


class NoisySampler(cirq.Sampler):  # type: ignore[misc]
    """qsim with the noise model of a target, for circuits that are placed and lowered for it.

    Google's noise model adds nothing to gates that it has no calibration for; what the target would refuse is therefore
    refused here too, instead of being run without noise.

    Args:
        target: the processor.
        seed: of the shots.
    """

    def __init__(self, target: Target, seed: int = 0) -> None:
        import qsimcirq

        self._target = target
        self._simulator = qsimcirq.QSimSimulator(seed=seed, noise=target.noise_model())

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        """As `cirq.Sampler.run_sweep`; raises `InputError` for a circuit that the target does not take."""
        check_program(program, self._target)
        return list(self._simulator.run_sweep(program, params, repetitions))


def virtual_engine(target: Target, seed: int = 0) -> AbstractLocalEngine:
    """Google's engine, simulated here: one processor with the target's device and noise model, on qsim."""
    import qsimcirq
    from cirq_google import engine

    processor = engine.SimulatedLocalProcessor(
        processor_id=target.name,
        sampler=qsimcirq.QSimSimulator(seed=seed, noise=target.noise_model()),
        device=target.device,
    )
    return engine.SimulatedLocalEngine([processor])


# From a compiled program and patch states to scores.


FloatArray = NDArray[np.float64]

PATCHES_A_SWEEP = 64
"""Patches that are sent to a sampler at once."""


@dataclass(frozen=True)
class PatchScore:
    """The score of one patch from shots.

    Args:
        estimate: counts of the shots' values.
        exact: what an ideal machine with an exact preparation would find in the limit of many shots.
        prepared: the same for the state that the program prepares.
        with_noise: the product-of-errors estimate of what the device makes of `prepared`.
        preparation_fidelity: |<phi|phi~>|^2 of the two states.
    """

    estimate: Estimate | WeightedEstimate
    exact: float
    prepared: float
    with_noise: float
    preparation_fidelity: float

    @property
    def fidelity(self) -> float:
        """The estimate of the readout's quantity, F or F_trash."""
        return self.estimate.value

    @property
    def standard_error(self) -> float:
        """Its standard error from the finite number of shots."""
        return self.estimate.standard_error

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `low` and `high` bound the expectation of the shots at 95%."""
        low, high = self.estimate.interval(0.95)
        return {
            "fidelity": self.fidelity,
            "standard_error": self.standard_error,
            "low": low,
            "high": high,
            "exact": self.exact,
            "prepared": self.prepared,
            "with_noise": self.with_noise,
            "preparation_fidelity": self.preparation_fidelity,
            "shots": self.estimate.shots,
        }


def execute(
    program: CompiledProgram,
    states: FloatArray,
    sampler: cirq.Sampler,
    shots: int,
    *,
    angles: FloatArray | None = None,
    on_patches: Callable[[int], None] | None = None,
) -> tuple[PatchScore, ...]:
    """Score patches from shots.

    Args:
        program: compiled and verified; not with preparation `none`, whose circuit holds no patch.
        states: patch states, shape (N, 2^n), unit norm.
        sampler: any; `make_sampler` has three, a real processor's comes from `cirq_google.Engine.get_sampler`.
        shots: for each patch, at least 1.
        angles: of the model, for a program whose angles are symbols.
        on_patches: called with the number of patches done after each sweep.

    Returns:
        One score a patch, in their order.

    Raises:
        InputError: shots below 1, no patches, or a program that holds no patch.

    Example:
        >>> from qpbae_tn.compiler import compile_program, get_readout, load_target, parse_preparation
        >>> target, states = load_target("willow_pink"), np.full((2, 16), 0.25)
        >>> program = compile_program(
        ...     ModelSpecification.build(4), [0.3] * 6, get_readout("direct"), parse_preparation("exact"), target)
        >>> scores = execute(program, states, make_sampler(SamplerKind.IDEAL, target), shots=400)
        >>> [abs(score.fidelity - score.exact) < 6 * score.standard_error for score in scores]
        [True, True]
    """
    check_shots(shots)
    if len(states) == 0:
        raise InputError("no patches", where="patch", remedy="give at least one")
    if program.preparation.assumes_state:
        raise InputError(
            "a program without preparation holds no patch", where="preparation", remedy="choose exact or mps"
        )
    values, fidelities = program.fit(states, angles)
    model = program.model_angles(angles)
    quantity, estimator = program.readout.quantity, program.estimator
    exact = model_scores(program.specification, model, states, quantity, estimator)
    prepared = model_scores(program.specification, model, program.prepared_states(values), quantity, estimator)
    estimates: list[Estimate | WeightedEstimate] = []
    for start in range(0, len(states), PATCHES_A_SWEEP):
        sweep = program.parameters.sweep(values[start : start + PATCHES_A_SWEEP])
        results = sampler.run_sweep(program.circuit, params=sweep, repetitions=shots)
        estimates += [program.estimator.estimate(result.measurements[MEASUREMENT_KEY]) for result in results]
        if on_patches is not None:
            on_patches(len(results))
    return tuple(
        PatchScore(estimate, float(whole), float(approximate), program.with_noise(float(approximate)), float(fidelity))
        for estimate, whole, approximate, fidelity in zip(estimates, exact, prepared, fidelities, strict=True)
    )


def check_shots(shots: int) -> None:
    """Raises `InputError` unless there is at least one shot."""
    if shots < 1:
        raise InputError(f"{shots} shots", where="shots", remedy="give at least 1")


# Whole images on a sampler: every patch is scored, and the scores are folded to a map.


@dataclass(frozen=True, eq=False)
class ImageScores:
    """The scores of an image.

    Args:
        patches: one a patch, row by row.
        measured: the anomaly map Y = (1 - score) / 2 from shots, shape (H, W).
        exact: the same from the closed formulas.
        zero_patches: patches without any light.
    """

    patches: tuple[PatchScore, ...]
    measured: FloatArray
    exact: FloatArray
    zero_patches: int


def patch_states(specification: ModelSpecification, image: FloatArray) -> tuple[PatchGrid, FloatArray, int]:
    """Where the patches of an image lie, their states (N, 2^n), and how many hold no light.

    Args:
        specification: gives patch size, stride and pixel order.
        image: shape (H, W), values in [0, 1].
    """
    grid = PatchGrid.over(image, specification.patch_size, specification.stride)
    states, zero = embed(grid.cut(image), specification.pixel_order)
    return grid, np.asarray(states, dtype=np.float64), int(zero.sum())


def chosen_states(states: FloatArray, indices: Sequence[int]) -> FloatArray:
    """Some patches of an image by number; raises `InputError` for a number that there is not."""
    for index in indices:
        if not 0 <= index < len(states):
            raise InputError(
                f"patch {index} of an image of {len(states)}", where="patch", remedy=f"give 0 to {len(states) - 1}"
            )
    return states[list(indices)]


def execute_image(
    program: CompiledProgram,
    image: FloatArray,
    sampler: cirq.Sampler,
    shots: int,
    *,
    angles: FloatArray | None = None,
    on_patches: Callable[[int], None] | None = None,
) -> ImageScores:
    """Score every patch of an image; arguments as for `execute`, the image of shape (H, W), values in [0, 1]."""
    grid, states, zero = patch_states(program.specification, image)
    scores = execute(program, states, sampler, shots, angles=angles, on_patches=on_patches)
    measured = grid.fold(np.array([(1 - score.fidelity) / 2 for score in scores]))
    exact = grid.fold(np.array([(1 - score.exact) / 2 for score in scores]))
    return ImageScores(scores, measured, exact, zero)
