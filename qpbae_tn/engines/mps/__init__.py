"""The `mps` engine: patches of any size as matrix product states, scored and trained by structured sweeps.

The literal circuits as tensor networks (`contraction`, `network`, `trees`) are imported from their own modules: they
need quimb and cotengra, the engine does not.
"""

from qpbae_tn.engines.mps.cost import SweepCost, sweep_cost
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.mps.entanglement import compress, entanglement_entropy, schmidt_weights
from qpbae_tn.engines.mps.scores import ExactErrors, MpsScores
from qpbae_tn.engines.mps.trains import Texture, constant, edge, ramp, wave
from qpbae_tn.model.mps import MpsStack, concatenate, mps_stack, states_to_mps

__all__ = [
    "ExactErrors",
    "MpsEngine",
    "MpsScores",
    "MpsStack",
    "SweepCost",
    "Texture",
    "compress",
    "concatenate",
    "constant",
    "edge",
    "entanglement_entropy",
    "mps_stack",
    "ramp",
    "schmidt_weights",
    "states_to_mps",
    "sweep_cost",
    "wave",
]
