"""The processors that are known by name: those whose device and calibration come with cirq_google."""

from __future__ import annotations

from functools import cache

from qpbae_tn.compiler.targets.device import MAX_PROGRAM_DURATION_SOURCE, target_from_device
from qpbae_tn.compiler.targets.native import NativeGate
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.errors import InputError

_CALIBRATIONS = {
    "willow_pink": "willow_pink_d7v1-2024_08_16_calibration.json",
    "weber": "weber_2021_11_03_calibration.json",
    "rainbow": "rainbow_2021_11_16_calibration.json",
}
_GATE_TIMES = {
    "willow_pink": "cirq_google noise properties, from the device specification of 2024-08-16",
    "weber": "cirq_google noise properties, defaults for Sycamore processors",
    "rainbow": "cirq_google noise properties, defaults for Sycamore processors",
}


def known_targets() -> tuple[str, ...]:
    """The names that `load_target` takes."""
    return tuple(_CALIBRATIONS)


def parse_target(text: str) -> Target:
    """The target that a command line names: NAME, or NAME:GATE with a native two-qubit gate (weber:sqrt_iswap).

    Raises:
        InputError: an unknown name or gate, or a gate that carries no calibration there.
    """
    name, _, gate = text.partition(":")
    if not gate and text == name:
        return load_target(name)
    kinds = [kind.value for kind in NativeGate]
    if gate not in kinds:
        raise InputError(f"unknown native gate {gate!r}", where="--target", remedy=f"choose {', '.join(kinds)}")
    return load_target(name, NativeGate(gate))


@cache
def load_target(name: str, native: NativeGate | None = None) -> Target:
    """A target by name; nothing is fetched, loads are kept.

    Args:
        name: one of `known_targets()`.
        native: the two-qubit gate to use; by default the calibrated one that makes a CZ with the least median error
            (CZ on willow_pink, SYC on weber and rainbow).

    Raises:
        InputError: an unknown name, or a gate that the device does not run or that carries no calibration there.
    """
    if name not in _CALIBRATIONS:
        raise InputError(f"unknown target {name!r}", where="--target", remedy=f"choose {', '.join(_CALIBRATIONS)}")
    from cirq_google import engine

    return target_from_device(
        name,
        engine.create_device_from_processor_id(name),
        engine.load_device_noise_properties(name),
        native=native,
        citation=f"median calibration {_CALIBRATIONS[name]} of cirq_google; {MAX_PROGRAM_DURATION_SOURCE}",
        gate_times_source=_GATE_TIMES[name],
    )
