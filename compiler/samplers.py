"""Samplers to run compiled programs on: ideal, noisy, or Google's virtual engine, all of them offline."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import cirq

from qpbae_tn.compiler.targets.target import Target, check_program
from qpbae_tn.errors import InputError

if TYPE_CHECKING:
    from cirq_google.engine.abstract_local_engine import AbstractLocalEngine


class SamplerKind(StrEnum):
    """The samplers that can be chosen by name."""

    IDEAL = "ideal"
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
        kind: `IDEAL` has no noise; `NOISY` simulates quantum trajectories of the target's noise model with qsim;
            `VIRTUAL` is the same noise behind Google's engine, which refuses programs that a real one would refuse.
        target: the processor.
        seed: of the shots.
    """
    import qsimcirq

    if kind is SamplerKind.IDEAL:
        return qsimcirq.QSimSimulator(seed=seed)
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
