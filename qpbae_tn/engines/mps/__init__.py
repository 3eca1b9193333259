"""The `mps` engine: patches of any size as matrix product states, scored and trained by structured sweeps."""

from qpbae_tn.engines.mps.cost import SweepCost, sweep_cost
from qpbae_tn.engines.mps.engine import MpsEngine

__all__ = ["MpsEngine", "SweepCost", "sweep_cost"]
