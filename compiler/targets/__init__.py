"""Processors to compile for, with their calibration."""

from qpbae_tn.compiler.targets.device import target_from_device
from qpbae_tn.compiler.targets.native import NativeGate
from qpbae_tn.compiler.targets.program_check import check_program, duration_ns, operation_ns
from qpbae_tn.compiler.targets.registry import known_targets, load_target, parse_target
from qpbae_tn.compiler.targets.target import GateTimes, Pair, ReadoutError, Target
from qpbae_tn.compiler.targets.uniform import uniform_noise_properties

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
