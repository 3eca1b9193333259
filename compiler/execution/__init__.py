"""Running compiled programs on a sampler and turning bits into scores."""

from qpbae_tn.compiler.execution.images import ImageScores, chosen_states, execute_image, patch_states
from qpbae_tn.compiler.execution.run import PatchScore, check_shots, execute
from qpbae_tn.compiler.execution.samplers import (
    NoisySampler,
    SamplerKind,
    make_sampler,
    sampler_kind,
    virtual_engine,
)

__all__ = [
    "ImageScores",
    "NoisySampler",
    "PatchScore",
    "SamplerKind",
    "check_shots",
    "chosen_states",
    "execute",
    "execute_image",
    "make_sampler",
    "patch_states",
    "sampler_kind",
    "virtual_engine",
]
