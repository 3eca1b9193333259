"""Processors to compile for, with their calibration."""

from qpbae_tn.compiler.targets.devices import (
    known_targets,
    load_target,
    parse_target,
    target_from_device,
    uniform_noise_properties,
)
from qpbae_tn.compiler.targets.target import (
    GateTimes,
    NativeGate,
    Pair,
    ReadoutError,
    Target,
    check_program,
    duration_ns,
    operation_ns,
)

__all__ = [
    "GateTimes",
    "NativeGate",
    "Pair",
    "ReadoutError",
    "Target",
    "check_program",
    "duration_ns",
    "known_targets",
    "load_target",
    "operation_ns",
    "parse_target",
    "target_from_device",
    "uniform_noise_properties",
]
