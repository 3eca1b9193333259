"""Readouts: five ways to measure F_trash or F, each with its circuit, estimator and variance."""

from qpbae_tn.compiler.readouts.protocol import Needs, Quantity, Readout, one_shot_variance
from qpbae_tn.compiler.readouts.registry import READOUTS, get_readout

__all__ = ["READOUTS", "Needs", "Quantity", "Readout", "get_readout", "one_shot_variance"]
